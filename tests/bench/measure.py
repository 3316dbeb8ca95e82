"""Runs both sides in turns and takes medians."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from tests.bench import ours, theirs
from tests.bench.child import Child, child
from tests.bench.honest import expect_the_same
from tests.bench.records import pages


@dataclass(frozen=True)
class Plan:
    """How many records, how often each side is measured, and how many scrapes of ours follow each one of theirs."""

    records: int
    rounds: int
    scrapes: int


FULL = (Plan(100, 15, 50), Plan(1_000, 5, 50), Plan(10_000, 3, 50))
QUICK = (Plan(100, 3, 5),)


@dataclass(frozen=True)
class Row:
    """One thing measured: theirs and ours, in `unit`."""

    records: int
    what: str
    unit: str
    theirs: float
    ours: float


SCRAPE, CPU, POLL, MEMORY = "gzip scrape, p50", "gzip scrape, server CPU", "poll to ready bytes", "memory kept"


def measure(plan: Plan) -> Iterator[Row]:
    """The rows of one size. Raises ValueError if the two sides do not expose the same."""
    bodies = pages(plan.records)
    with child(theirs.run, bodies) as them, child(ours.run, bodies) as us:
        expect_the_same(plan.records, them.client.scrape(), us.client.scrape())
        their, our = _Times(them), _Times(us)
        for _ in range(plan.rounds):
            their.poll()
            our.poll()
            their.scrape(1)
            our.scrape(plan.scrapes)
        yield Row(plan.records, SCRAPE, "ms", 1e3 * median(their.scrapes), 1e3 * median(our.scrapes))
        yield Row(plan.records, CPU, "ms", 1e3 * their.cpu_per_scrape(), 1e3 * our.cpu_per_scrape())
        yield Row(plan.records, POLL, "ms", 1e3 * median(their.polls), 1e3 * median(our.polls))
        yield Row(plan.records, MEMORY, "MiB", them.kept / 2**20, us.kept / 2**20)


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
