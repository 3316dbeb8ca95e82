"""PromQL over what a real Prometheus scrapes."""

import subprocess
import urllib.parse
import urllib.request
from contextlib import contextmanager

from exporter import web
from tests.proxy import forwarding
from tests.service import ask, until

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


@contextmanager
def prometheus(program, target, folder, first="anthropic_exporter_poll_success"):
    """PromQL over what a real Prometheus scrapes from `target`."""
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 2s}\n"
        f"scrape_configs: [{{job_name: anthropic-exporter, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    with web.listen("a free port", "127.0.0.1:0") as listening:
        port = listening.getsockname()[1]
    flags = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([program, *flags, f"--web.listen-address=127.0.0.1:{port}"], stderr=log)

    def query(expression):
        answer = ask(f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        return {
            tuple(value for name, value in sorted(one["metric"].items()) if name != "__name__"): float(one["value"][1])
            for one in answer["data"]["result"]
        }

    try:
        until(lambda: query(first), "a first scrape")
        yield query
    finally:
        server.terminate()
        server.wait(30)


def sums(query, metric, *by):
    """Sums by one label, or by two as pairs; a label that is empty is no label to Prometheus."""
    answer = query(f"sum by ({','.join(by)}) ({metric})")
    if len(by) == 1:
        return {names[0] if names else "": value for names, value in answer.items()}
    return {tuple(sorted(names)): value for names, value in answer.items()}
