"""What was seen, as a table, and what of it is a problem."""

from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from tests.soak.run import Findings
from tests.soak.samples import growth

FLAT = {"resident": 0.1, "blocks": 0.05}
"""By how much either may grow. Without a leak it was up to 3 % and 2 %: pages wait for the next poll, and days differ.
In 20 minutes there are some 20,000 polls and 2,400 scrapes: 1 KiB that stays of each poll is found, or 10 of a scrape.
"""
MIB = 1 << 20


def not_flat(found: Findings) -> list[str]:
    """What grew by more than may be."""
    grown = {name: growth(found.samples, name) for name in FLAT}
    return [
        f"{name}: the last quarter is {ratio:.1%} above the second, more than {FLAT[name]:.0%}"
        for name, ratio in grown.items()
        if ratio > FLAT[name]
    ]


def table(found: Findings) -> Iterator[str]:
    """The table's lines."""
    samples = found.samples
    quarter = len(samples) // 4
    yield "| what | 2nd quarter, median | last quarter, median | least | most |"
    yield "|---|---:|---:|---:|---:|"
    for name, unit, text in (
        ("resident", MIB, "resident memory, MiB"),
        ("blocks", 1000, "Python's objects, thousands"),
        ("ledger", MIB, "ledger, MiB"),
        ("files", 1, "open files"),
        ("threads", 1, "threads"),
        ("tasks", 1, "tasks"),
    ):
        values = [getattr(one, name) / unit for one in samples]
        cells = (median(values[quarter : 2 * quarter]), median(values[-quarter:]), min(values), max(values))
        yield f"| {text} | {' | '.join(f'{value:,.1f}' for value in cells)} |"
    for job, one in found.scrapes.items():
        yield (
            f"{job}: {one.count} scrapes, {one.failed} failed; "
            f"{one.median * 1000:.0f} ms median, {one.p99 * 1000:.0f} ms p99, {one.longest * 1000:.0f} ms at most"
        )
    waits = [later.waited - earlier.waited for earlier, later in pairwise(samples)]
    yield f"without a CPU: {sum(waits) / 1000:.0f} s in all, {max(waits) / 1000:.1f} s at most between two samples"
    yield f"slow clients: {found.clients}; episodes of trouble: {found.episodes}; amounts compared: {found.compared}"
