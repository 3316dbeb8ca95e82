"""Real receivers of remote write: two generations of Prometheus, and VictoriaMetrics."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests import promql
from tests.service import Process, get

PROGRAMS = {"prometheus2": "prometheus", "prometheus3": "prometheus3", "victoria": "victoria-metrics"}
PROMTOOLS = {"prometheus2": "promtool", "prometheus3": "promtool3"}
CONFIG = Path(__file__).parent.parent / "deploy" / "history" / "prometheus.yml"


@dataclass(frozen=True)
class Receiver:
    """One that runs: where it is written to, and what it then has."""

    kind: str
    port: int
    process: Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def write_url(self) -> str:
        return f"{self.url}/api/v1/write"

    def query(self, expression: str, at: datetime) -> dict[tuple[str, ...], float]:
        """PromQL at a time, over all that was written before.

        VictoriaMetrics finds the oldest sample of a series only after its very instant, not at it. It keeps numbers to
        twelve digits, those of a series to as many places as its greatest leaves.
        """
        if self.kind != "victoria":
            return promql.query(self.url, expression, at)
        # It shows new samples after a second, and answers what it was asked before from a cache.
        get(f"{self.url}/internal/force_flush")
        return promql.query(self.url, expression, at, nocache="1")


def command(kind: str, program: str, folder: Path, port: int) -> list[str]:
    data, listen = folder / "data", f"127.0.0.1:{port}"
    if kind == "victoria":
        # It keeps a sample as often as it is written, and adds it up as often, unless told to tell twins apart.
        flags = ["-retentionPeriod=3y", "-search.latencyOffset=1s", "-dedup.minScrapeInterval=1ms"]
        return [program, f"-storageDataPath={data}", f"-httpListenAddr={listen}", *flags]
    flags = [f"--config.file={CONFIG}", "--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=3y"]
    if kind == "prometheus2":
        # 2.42 loses one of some ten thousand samples that come in any order while it makes blocks, whoever sends them:
        # here it makes none.
        flags += ["--storage.tsdb.min-block-duration=365d", "--storage.tsdb.max-block-duration=365d"]
    return [program, f"--storage.tsdb.path={data}", f"--web.listen-address={listen}", *flags]


@contextmanager
def receiving(kind: str, tool: Callable[[str], str], folder: Path, port: int | None = None) -> Iterator[Receiver]:
    """A receiver on what `folder` has from an earlier one, or on nothing; on a free port, or on a given one."""
    port = port or promql.free_port()
    ready = f"http://127.0.0.1:{port}" + ("/health" if kind == "victoria" else "/-/ready")
    arguments = command(kind, tool(PROGRAMS[kind]), folder, port)
    with promql.started(folder, arguments, lambda: get(ready)) as process:
        yield Receiver(kind, port, process)


@contextmanager
def blocks(kind: str, tool: Callable[[str], str], folder: Path, *openmetrics: Path) -> Iterator[Receiver]:
    """A Prometheus on the blocks that its promtool makes of files, one after the other."""
    promtool = [tool(PROMTOOLS[kind]), "tsdb", "create-blocks-from", "openmetrics"]
    for file in openmetrics:
        made = subprocess.run([*promtool, file, folder / "data"], capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr
    with receiving(kind, tool, folder) as receiver:
        yield receiver
