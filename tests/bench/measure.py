"""Beside prometheus_client: runs both sides in turns and takes medians."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from tests.bench import ours, theirs
from tests.bench.child import Child, child
from tests.bench.honest import expect_the_same
from tests.bench.records import pages
from tests.bench.report import CPU, MEMORY, POLL, PYTHON, SCRAPE, Row


@dataclass(frozen=True)
class Turns:
    """How many records, how often each side is measured, and how many scrapes of ours follow each one of theirs."""

    records: int
    rounds: int
    scrapes: int


def measure(turns: Turns) -> Iterator[Row]:
    """The rows of one size. Raises ValueError if the two sides do not expose the same."""
    bodies = pages(turns.records)
    with child(theirs.run, bodies) as them, child(ours.run, bodies) as us:
        expect_the_same(turns.records, them.client.scrape(), us.client.scrape())
        their, our = _Times(them), _Times(us)
        for _ in range(turns.rounds):
            their.poll()
            our.poll()
            their.scrape(1)
            our.scrape(turns.scrapes)
        size = f"{turns.records:,} records"
        yield Row(SCRAPE, size, "ms", 1e3 * median(our.scrapes), 1e3 * median(their.scrapes), PYTHON)
        yield Row(CPU, size, "ms", 1e3 * our.cpu_per_scrape(), 1e3 * their.cpu_per_scrape(), PYTHON)
        yield Row(POLL, size, "ms", 1e3 * median(our.polls), 1e3 * median(their.polls), PYTHON)
        yield Row(MEMORY, size, "MiB", us.kept / 2**20, them.kept / 2**20, PYTHON)


@dataclass
class _Times:
    """What one side took, in seconds."""

    child: Child
    scrapes: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    cpu: float = 0

    def poll(self):
        self.polls.append(self.child.poll_seconds())

    def scrape(self, times):
        self.cpu -= self.child.cpu_seconds()
        for _ in range(times):
            started = time.perf_counter()
            self.child.client.scrape()
            self.scrapes.append(time.perf_counter() - started)
        self.cpu += self.child.cpu_seconds()

    def cpu_per_scrape(self):
        return self.cpu / len(self.scrapes)
