"""`python -m tests.bench.running [ACTORS ...]`: what it costs to run, by the size of the organization, as a table.

The exporter and a simulated API are on a clock of their own, which stands still until all days are read, and then goes
on for some hours of a workday while the exporter is scraped every two minutes of it. It runs so fast that polls come a
little late: requests in an hour are counted by `tests.bench.pace`.
"""

import asyncio
import gzip
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from exporter import app, logs
from exporter.demo.options import Options
from exporter.front.listeners import opened
from exporter.settings import Settings
from tests.bench.client import Client
from tests.bench.ledger import PATIENCE_SECONDS, SOURCES, requests, say
from tests.bench.start import NOW, SESSIONS, simulated
from tests.promql import free_port, started
from tests.service import Process, get, samples, until
from tests.soak.clock import Clock

SIZES = (50, 1_000, 4_000)
MEMBERS_AN_ACTOR = 1.589
"""So many more people are members than use Claude Code on the workday on which the clock begins."""
PERIOD = timedelta(hours=6)
SPEED = 240
SCRAPE = timedelta(minutes=2)
DAY_SECONDS = 86_400
IDLE_SECONDS = 5
MIB = 2**20


@dataclass(frozen=True)
class Moment:
    """What the exporter has used until now."""

    cpu_seconds: float
    requests: int
    peak: int


@dataclass(frozen=True)
class Cost:
    """What one organization costs."""

    actors: int
    series: int
    body: int
    zipped: int
    memory: int
    peak: int
    first: int
    cpu_seconds: float
    ledger: int

    def cells(self) -> tuple[str, ...]:
        """A line of the table."""
        return (
            f"{self.actors:,}",
            f"{self.series:,}",
            f"{self.body / MIB:.1f} MiB, {self.zipped / MIB:.2f} gzipped",
            f"{self.memory / MIB:.0f} MiB, {self.peak / MIB:.0f} at most",
            f"{self.cpu_seconds:.0f} s",
            f"{self.first:,}",
            f"{self.ledger / MIB:.1f} MiB",
        )


HEAD = ("actors", "series", "a scrape", "memory", "CPU a day", "requests at the start", "ledger")


def main(sizes: list[int]) -> None:
    """Print a line for each size."""
    say(f"| {' | '.join(HEAD)} |")
    say("|---:" * len(HEAD) + "|")
    for actors in sizes:
        with TemporaryDirectory() as folder:
            say(f"| {' | '.join(measure(Path(folder), actors).cells())} |")


def measure(folder: Path, actors: int) -> Cost:
    """Run an exporter for an organization in which about so many people use Claude Code on a workday."""
    clock = Clock(NOW, NOW + PERIOD, SPEED, folder / "begun")
    with (
        simulated(clock, {"people": round(actors * MEMBERS_AN_ACTOR), "days": 70}, folder) as api,
        serving(clock, api, folder) as (url, process),
    ):
        until(lambda: process.said().count("settled days are complete") == SOURCES, "all days", PATIENCE_SECONDS)
        body = get(f"{url}/metrics").encode()
        started_with = moment(url, process)
        time.sleep(IDLE_SECONDS)
        idle = (moment(url, process).cpu_seconds - started_with.cpu_seconds) / IDLE_SECONDS
        client, began = Client(int(url.rpartition(":")[2])), time.monotonic()
        before = moment(url, process)
        clock.begin()
        while clock.now() < clock.end:
            zipped = len(client.scrape())
            time.sleep(SCRAPE.total_seconds() / SPEED)
        took = time.monotonic() - began
        after = moment(url, process)
        working = max(0.0, after.cpu_seconds - before.cpu_seconds - idle * took) / PERIOD.total_seconds()
        found = samples(gzip.decompress(bytes(client.scrape())).decode())
        client.close()
        return Cost(
            actors=len({one.split('actor="')[1].split('"')[0] for one in found if one.startswith(SESSIONS.decode())}),
            series=len(found),
            body=len(body),
            zipped=zipped,
            memory=round(found["process_resident_memory_bytes"]),
            peak=after.peak,
            first=started_with.requests,
            cpu_seconds=DAY_SECONDS * (working + idle),
            ledger=(folder / "ledger.db").stat().st_size,
        )


def moment(url: str, process: Process) -> Moment:
    """What there is to see now."""
    found = samples(get(f"{url}/metrics"))
    status = Path(f"/proc/{process.child.pid}/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) << 10
    return Moment(found["process_cpu_seconds_total"], requests(found), peak)


@contextmanager
def serving(clock: Clock, api: str, folder: Path) -> Iterator[tuple[str, Process]]:
    """The URL of an exporter on this clock, with default settings but for a pace that is no limit."""
    own, address = folder / "exporter", f"127.0.0.1:{free_port()}"
    own.mkdir()
    settings = {
        "api": {"base_url": api, "requests_per_minute": 100_000, "timeout": "5m"},
        "web": {"listen_address": address},
        "storage": {"path": str(folder / "ledger.db")},
        "log": {"level": "info"},
    }
    command = [sys.executable, "-m", "tests.bench.running", "serve", clock.text(), json.dumps(settings)]
    with started(own, command, lambda: get(f"http://{address}/-/healthy")) as process:
        yield f"http://{address}", process


async def serve(clock: Clock, settings: Settings) -> None:
    """The exporter, until SIGTERM."""
    with opened(settings) as front:
        key = app.credential(settings, {"ANTHROPIC_ADMIN_KEY": Options.key})
        await app.serve(settings, key, front, now=clock.now, speed=clock.speed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        logs.set_up("info", "logfmt")
        asyncio.run(serve(Clock.parse(sys.argv[2]), Settings(**json.loads(sys.argv[3]))))
    else:
        main([int(text) for text in sys.argv[1:]] or list(SIZES))
