"""A real Prometheus that scrapes every second in both formats, and what it thought of the scrapes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.promql import free_port, query, started
from tests.service import get, samples

JOBS = {"text": "PrometheusText0.0.4", "openmetrics": "OpenMetricsText1.0.0"}
COMPLAINTS = (
    "prometheus_target_scrapes_exceeded_sample_limit_total",
    "prometheus_target_scrapes_sample_duplicate_timestamp_total",
    "prometheus_target_scrapes_sample_out_of_bounds_total",
    "prometheus_target_scrapes_sample_out_of_order_total",
)


@dataclass(frozen=True)
class Scrapes:
    """All scrapes of one job: how many, how many of them failed, and how many seconds they took."""

    count: int
    failed: int
    median: float
    p99: float
    longest: float


class Prometheus:
    """It, while it runs."""

    def __init__(self, url: str) -> None:
        self._url = url

    def query(self, expression: str) -> dict[tuple[str, ...], float]:
        """The values now by their labels, as `tests.promql.query` has it."""
        return query(self._url, expression)

    def scrapes(self, job: str, seconds: float) -> Scrapes:
        """Those of the last so many seconds."""

        def value(expression: str) -> float:
            (found,) = self.query(expression.replace("$", f'{{job="{job}"}}[{seconds:.0f}s]')).values()
            return found

        count = value("count_over_time(up$)")
        took = "scrape_duration_seconds$"
        return Scrapes(
            int(count),
            int(count - value("sum_over_time(up$)")),
            *(value(f"quantile_over_time({part}, {took})") for part in (0.5, 0.99, 1)),
        )

    def complaints(self) -> dict[str, float]:
        """What it counted of samples that it could not keep."""
        own = samples(get(f"{self._url}/metrics"))
        return {name: own[name] for name in COMPLAINTS if own[name]}


@contextmanager
def scraping(program: str, target: str, seconds: int, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus 3 that scrapes HOST:PORT once in each format every so many seconds, which it has to answer in."""
    jobs = [
        f"{{job_name: {job}, scrape_protocols: [{protocol}], static_configs: [{{targets: ['{target}']}}]}}"
        for job, protocol in JOBS.items()
    ]
    (folder / "prometheus.yml").write_text(
        f"global: {{scrape_interval: {seconds}s}}\nscrape_configs: [{', '.join(jobs)}]\n"
    )
    listen = f"127.0.0.1:{free_port()}"
    flags = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    made = Prometheus(f"http://{listen}")
    command = [program, *flags, f"--web.listen-address={listen}"]
    with started(folder, command, lambda: len(made.query("up")) == len(JOBS)):
        yield made
