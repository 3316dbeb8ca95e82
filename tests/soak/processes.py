"""The processes of a soak: the simulated API, the service, its clients. Each has a folder with what it says."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.promql import free_port, started
from tests.service import Process, get
from tests.soak.clock import Clock
from tests.soak.trouble import TEAMS, Trouble
from tests.soak.truth import KEPT_DAYS

BUDGETS = [
    {"name": "all", "usd": 100_000},
    {"name": "default", "usd": 2000, "scope": "workspace", "of": "default"},
    *({"name": team, "usd": 5000, "scope": "team", "of": team} for team in TEAMS),
]


@contextmanager
def simulated(clock: Clock, people: int, folder: Path) -> Iterator[str]:
    """The URL of an API on this clock. Its days change for three days after they have ended."""
    options = {"people": people, "days": KEPT_DAYS + 10, "restate": True}
    address = f"127.0.0.1:{free_port()}"
    with _child(folder, "api", [clock.text(), json.dumps(options), address], f"http://{address}/simulator/faults"):
        yield f"http://{address}"


@dataclass(frozen=True)
class Service:
    """The exporter under test, with its files."""

    url: str
    process: Process
    ledger: Path
    samples: Path


@contextmanager
def serving(clock: Clock, api: str, trouble: Trouble, folder: Path) -> Iterator[Service]:
    """The service, all polls as often as they are by default. Only patience is short: an outage may be so, too."""
    address = f"127.0.0.1:{free_port()}"
    ledger, samples = folder / "ledger.db", folder / "samples.csv"
    settings = {
        "api": {
            "base_url": api,
            "key_file": str(trouble.key_file),
            "requests_per_minute": 100_000,
            "timeout": "2s",
            "retries": 1,
        },
        "web": {"listen_address": address},
        "storage": {"path": str(ledger), "days": KEPT_DAYS},
        "teams_file": str(trouble.teams_file),
        "budgets": BUDGETS,
    }
    arguments = [clock.text(), json.dumps(settings), str(samples)]
    with _child(folder, "service", arguments, f"http://{address}/-/ready") as process:
        yield Service(f"http://{address}", process, ledger, samples)


@contextmanager
def clients(service: Service, count: int, seed: int, folder: Path) -> Iterator[Process]:
    """So many clients that no server wants."""
    port = service.url.rpartition(":")[2]
    with _child(folder, "clients", [port, str(count), str(seed)], service.url) as process:
        yield process


@contextmanager
def _child(folder: Path, name: str, arguments: list[str], answers: str) -> Iterator[Process]:
    own = folder / name
    own.mkdir()
    with started(own, [sys.executable, "-m", f"tests.soak.{name}", *arguments], lambda: get(answers)) as process:
        yield process
