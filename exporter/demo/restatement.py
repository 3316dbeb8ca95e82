"""Days that are not final when they end: rows come late, numbers grow, and three noons later all is told."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import TypeVar

from exporter.demo.activity import Day, Record
from exporter.demo.chance import stream
from exporter.demo.people import start_of
from exporter.demo.traffic import Charge, Traffic

FINAL = 3
"""The revision of a day that will not change any more."""
FIRST_NOON = timedelta(hours=36)
LATE = 0.05
"""Share of rows that come with each of the three noons."""
LOW = 0.5
"""Share of rows that come late or are first told too low."""
Row = TypeVar("Row", Record, Traffic, Charge)


def revision(day: date, now: datetime) -> int:
    """Return how many noons UTC have passed since a day ended, three at the most."""
    passed = (now - start_of(day) - FIRST_NOON) // timedelta(days=1) + 1
    return min(max(passed, 0), FINAL)


def as_told(day: Day, number: int, seed: int) -> Day:
    """Return a day as it is told in one of its revisions. From one to the next no row vanishes and nothing falls."""
    if number == FINAL:
        return day
    return replace(
        day,
        claude_code=_told(day.claude_code, number, stream(seed, "late work", day.date)),
        traffic=_told(day.traffic, number, stream(seed, "late traffic", day.date)),
        charges=_told(day.charges, number, stream(seed, "late charges", day.date)),
    )


def _told(rows: Sequence[Row], number: int, rng: Random) -> tuple[Row, ...]:
    return tuple(_so_far(rows, number, rng))


def _so_far(rows: Sequence[Row], number: int, rng: Random) -> Iterator[Row]:
    for row in rows:
        lot = rng.random()
        if lot < LATE * (FINAL - number):
            continue
        yield row.scaled(17 + number, 20) if lot < LOW else row
