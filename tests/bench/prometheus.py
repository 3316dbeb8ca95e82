"""A real Prometheus that scrapes this exporter, and nginx with the same bytes."""

import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.report import NGINX, PROMETHEUS, Row
from tests.bench.service import Exporter
from tests.bench.tools import program
from tests.promql import free_port, started
from tests.service import ask, get, until

JOBS = ("exporter", NGINX)
PATIENCE_SECONDS = 300


def compare(exporter: Exporter, port: int, size: str, folder: Path, *, interval: int, scrapes: int) -> Iterator[Row]:
    """The median of so many scrapes of both; first ones, which make the series, do not count."""
    own, listen = folder / "prometheus", f"127.0.0.1:{free_port()}"
    own.mkdir()
    url, targets = f"http://{listen}", dict(zip(JOBS, (exporter.port, port), strict=True))
    jobs = [
        f"{{job_name: {job}, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}" for job, port in targets.items()
    ]
    (own / "prometheus.yml").write_text(
        f"global: {{scrape_interval: {interval}s}}\nscrape_configs: [{', '.join(jobs)}]\n"
    )
    command = [
        program("prometheus"),
        f"--config.file={own}/prometheus.yml",
        f"--storage.tsdb.path={own}/data",
        f"--web.listen-address={listen}",
    ]
    with started(own, command, lambda: get(f"{url}/-/ready")):
        took = until(lambda: enough(url, scrapes), "scrapes of Prometheus", PATIENCE_SECONDS)
        if 0.0 in [value for series in values(url, "up").values() for value in series]:
            raise ValueError("Prometheus: a scrape failed")
        ours, theirs = (median(took[job][1 : scrapes + 1]) for job in JOBS)
        yield Row(PROMETHEUS, size, "s", ours, theirs, NGINX)


def enough(url: str, scrapes: int) -> dict[str, list[float]] | None:
    """How long each scrape of each job took, once there are as many after the first."""
    took = values(url, "scrape_duration_seconds")
    return took if all(len(took.get(job, ())) > scrapes for job in JOBS) else None


def values(url: str, metric: str) -> dict[str, list[float]]:
    """All values of a metric by job."""
    query = urllib.parse.urlencode({"query": f"{metric}[1h]"})
    found: list[Any] = ask(f"{url}/api/v1/query?{query}")["data"]["result"]
    return {one["metric"]["job"]: [float(value) for _, value in one["values"]] for one in found}
