"""A comparison is worth something only if both sides say the same."""

import gzip
from collections.abc import Iterable
from math import fsum, isclose
from typing import NamedTuple

from tests.bench.records import SAMPLES_PER_RECORD

FAMILIES = b"anthropic_claude_code_"
OURS_ALONE = (
    b"anthropic_claude_code_report_day_timestamp_seconds",
    b"anthropic_claude_code_active_actors",
    b"anthropic_claude_code_window_estimated_cost_usd",
)
"""What the other side leaves out, and its work with it."""


class Tally(NamedTuple):
    """Number of samples, and their total."""

    samples: int
    total: float


def expect_the_same(records: int, theirs: bytes | memoryview, ours: bytes | memoryview) -> None:
    """Raise ValueError unless these two gzip bodies hold as many samples, and the same total, of each family."""
    their, our = tallies(theirs), tallies(ours)
    if their.keys() != our.keys():
        raise ValueError(f"other families: {sorted(their)} and {sorted(our)}")
    for family, (samples, total) in their.items():
        if our[family].samples != samples or not isclose(our[family].total, total, rel_tol=1e-9):
            raise ValueError(f"{family}: {their[family]} and {our[family]}")
    if sum(tally.samples for tally in our.values()) != records * SAMPLES_PER_RECORD:
        raise ValueError(f"not {SAMPLES_PER_RECORD} samples of each of {records} records: {our}")


def tallies(body: bytes | memoryview) -> dict[str, Tally]:
    """Each Claude Code family of a gzip body."""
    values: dict[bytes, list[float]] = {}
    for line in gzip.decompress(body).splitlines():
        if line.startswith(FAMILIES):
            values.setdefault(line[: line.index(b"{")], []).append(float(line[line.rindex(b" ") :]))
    return {family.decode(): _tally(numbers) for family, numbers in values.items() if family not in OURS_ALONE}


def _tally(numbers: Iterable[float]) -> Tally:
    numbers = list(numbers)
    return Tally(len(numbers), fsum(numbers))
