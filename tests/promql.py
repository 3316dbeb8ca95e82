"""PromQL over what a real Prometheus holds."""

import os
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from exporter import web
from tests.proxy import forwarding
from tests.service import Process, ask, until

FORMATS = {"text": "text/plain", "openmetrics": "application/openmetrics-text;version=1.0.0"}
ERROR_OF_A_SUM = 1e-11
"""A sample is the float nearest to the exact decimal, off by one part in 2**53 at most. Adding up n of them is off by n
parts at most, and here are some ten thousand."""


def asking_for(accept, url):
    """A proxy that asks `url` for one format: this Prometheus prefers OpenMetrics and cannot be told otherwise."""
    return forwarding(
        lambda path, headers: urllib.request.Request(
            url + path, headers={"accept": accept, "accept-encoding": headers["accept-encoding"]}
        )
    )


def free_port() -> int:
    with web.listen("a free port", "127.0.0.1:0") as listening:
        return int(listening.getsockname()[1])


@contextmanager
def started(folder: Path, command: list[str], answers: Callable[[], Any]) -> Iterator[Process]:
    """A server from its first answer to its orderly end; what it says is in `folder`."""
    with (folder / "log").open("w") as log:
        process = Process(command, dict(os.environ), log)

    def answering() -> Any:
        assert process.child.poll() is None, process.said()
        return answers()

    try:
        until(answering, f"an answer of {command[0]}")
        yield process
    finally:
        process.stop()


def query(url: str, expression: str, at: datetime | None = None, **parameters: str) -> dict[tuple[str, ...], float]:
    """The values at a time, now if none is given, by the values of their labels in the order of the labels' names."""
    time = {"time": str(at.timestamp())} if at else {}
    answer = ask(f"{url}/api/v1/query?" + urllib.parse.urlencode({"query": expression} | time | parameters))
    return {
        tuple(value for name, value in sorted(one["metric"].items()) if name != "__name__"): float(one["value"][1])
        for one in answer["data"]["result"]
    }


@contextmanager
def prometheus(program, target, folder, first="anthropic_exporter_poll_success", **options):
    """PromQL over what a real Prometheus scrapes from `target`; `options` are further ones of its job."""
    job = {"job_name": "anthropic-exporter", "static_configs": [{"targets": [target]}], **options}
    (folder / "prometheus.yml").write_text(
        yaml.safe_dump({"global": {"scrape_interval": "2s"}, "scrape_configs": [job]})
    )
    listen = f"127.0.0.1:{free_port()}"
    flags = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    asking = partial(query, f"http://{listen}")
    with started(folder, [program, *flags, f"--web.listen-address={listen}"], lambda: asking(first)):
        yield asking


def sums(query, metric, *by):
    """Sums by one label, or by two as pairs; a label that is empty is no label to Prometheus."""
    answer = query(f"sum by ({','.join(by)}) ({metric})")
    if len(by) == 1:
        return {names[0] if names else "": value for names, value in answer.items()}
    return {tuple(sorted(names)): value for names, value in answer.items()}
