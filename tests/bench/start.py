"""From the start of the process until everything is there, with default settings, against a simulated API."""

import gzip
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from exporter.demo.options import Options
from exporter.polls import ALL
from tests.bench.client import Client
from tests.bench.report import START, Row
from tests.promql import free_port, started
from tests.service import get
from tests.soak.clock import Clock

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
"""A Thursday: on weekends few people use Claude Code."""
SUCCESS, SESSIONS = b"anthropic_exporter_last_success_timestamp_seconds{", b"anthropic_claude_code_sessions{"


def measure(folder: Path, people: int, actors: int, starts: int) -> Iterator[Row]:
    """The median of so many starts, for an organization in which so many people use Claude Code on a workday."""
    clock = Clock(NOW, NOW, 0, folder / "never begins")
    with simulated(clock, {"people": people}, folder) as api:
        took = [seconds(folder / f"start {number}", api, actors) for number in range(starts)]
    yield Row(START, f"{actors:,} actors", "s", median(took))


@contextmanager
def simulated(clock: Clock, options: dict[str, int], folder: Path) -> Iterator[str]:
    """The URL of a simulated API on this clock."""
    own, listen = folder / "simulated", f"127.0.0.1:{free_port()}"
    own.mkdir()
    command = [sys.executable, "-m", "tests.soak.api", clock.text(), json.dumps(options), listen]
    with started(own, command, lambda: get(f"http://{listen}/simulator/faults")):
        yield f"http://{listen}"


def seconds(folder: Path, api: str, actors: int) -> float:
    """One start."""
    folder.mkdir()
    (folder / "key").write_text(Options.key)
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.at", NOW.isoformat(), "serve"]
    flags = [
        f"--api.base-url={api}",
        f"--api.key-file={folder}/key",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    client = Client(port)
    began = time.perf_counter()
    with started(folder, [*command, *flags], lambda: complete(client)):
        took = time.perf_counter() - began
        found = {line.split(b'actor="')[1].split(b'"')[0] for line in lines(client) if line.startswith(SESSIONS)}
        client.close()
    if len(found) != actors:
        raise ValueError(f"{len(found)} actors instead of {actors}")
    return took


def complete(client: Client) -> bool:
    """Whether every poll has answered, and the answers are there."""
    return sum(line.startswith(SUCCESS) for line in lines(client)) == len(ALL)


def lines(client: Client) -> list[bytes]:
    """One scrape."""
    return gzip.decompress(client.scrape()).splitlines()
