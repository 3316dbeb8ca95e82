"""What the service takes, every second, and whether it stays so."""

import asyncio
import csv
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median

from tests.soak.clock import Clock

EVERY_SECONDS = 1.0
A_FEW = 8


@dataclass(frozen=True)
class Sample:
    """A process at one moment."""

    seconds: float
    """For so long the clock has run."""
    now: str
    """What the clock shows."""
    resident: int
    blocks: int
    """Objects that Python has allocated and not freed: unlike pages, they do not stay for the allocator's sake."""
    files: int
    threads: int
    tasks: int
    ledger: int
    """Bytes of the ledger, its log included."""
    waited: int
    """Milliseconds so far for which the event loop's thread could have run, but had no CPU: where it is much, the
    machine is busy with something else, and a scrape that fails says nothing."""


def sample(clock: Clock, ledger: Path) -> Sample:
    """This process now. Called within its event loop."""
    return Sample(
        seconds=round(clock.seconds(), 1),
        now=f"{clock.now():%Y-%m-%dT%H:%M}",
        resident=int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
        blocks=sys.getallocatedblocks(),
        files=len(os.listdir("/proc/self/fd")),  # noqa: PTH208
        threads=threading.active_count(),
        tasks=len(asyncio.all_tasks()),
        ledger=sum(file.stat().st_size for file in ledger.parent.glob(f"{ledger.name}*")),
        waited=int(Path("/proc/self/schedstat").read_text().split()[1]) // 1_000_000,
    )


async def sampling(clock: Clock, ledger: Path, path: Path) -> None:
    """Write samples until cancelled."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Sample)])
        writer.writeheader()
        while True:
            writer.writerow(asdict(sample(clock, ledger)))
            file.flush()
            await asyncio.sleep(EVERY_SECONDS)


def read(path: Path) -> list[Sample]:
    """The samples of a file."""
    with path.open(newline="") as file:
        return [
            Sample(float(row.pop("seconds")), row.pop("now"), **{name: int(text) for name, text in row.items()})
            for row in csv.DictReader(file)
        ]


def growth(samples: Sequence[Sample], name: str) -> float:
    """By how much, as a ratio, the median of the last quarter is above that of the second.

    In the first one the allocator finds its size. Medians, because a fault may make for a peak at any time.
    """
    values: list[float] = [getattr(one, name) for one in samples]
    quarter = len(values) // 4
    return median(values[-quarter:]) / median(values[quarter : 2 * quarter]) - 1


def left_behind(before: Sequence[Sample], after: Sequence[Sample]) -> list[str]:
    """What there is more of without clients than there was before them, in words.

    A few connections to the API and threads of its pools come and go all the time; what each of hundreds of clients
    left behind would be far more.
    """
    problems = []
    for name in ("files", "threads", "tasks"):
        was, left = (min(getattr(one, name) for one in some) for some in (before, after))
        if left > was + A_FEW:
            problems.append(f"{left} {name} are left of {was} before the clients came")
    return problems
