"""Sums over settled days: which days a window covers, and what is held of them. Pure functions of the report day.

Every window ends with the report day, except `last_month`.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Generic, TypeVar

from exporter.days import DAY

Key = TypeVar("Key", bound=Hashable)
Of = TypeVar("Of", covariant=True)  # noqa: PLC0105


@dataclass(frozen=True)
class Days(Generic[Of]):
    """What windows need of the settled days of one source that are held. `report_day` is the newest one."""

    report_day: date
    by_day: Mapping[date, Of]

    @cached_property
    def windows(self) -> dict[str, list[date]]:
        """The days that are held of every window, oldest first."""
        return {name: self.held(first, last) for name, (first, last) in windows(self.report_day).items()}

    def newest(self, length: int) -> list[date]:
        """The days of the window of so many days, held or not."""
        return span(self.report_day - (length - 1) * DAY, self.report_day)

    def held(self, first: date, last: date) -> list[date]:
        """The days from `first` to `last`, both included, that are held."""
        return [day for day in span(first, last) if day in self.by_day]


def windows(report_day: date) -> dict[str, tuple[date, date]]:
    """First and last day of every window."""
    month = report_day.replace(day=1)
    before = month - DAY
    return {
        "7d": (report_day - 6 * DAY, report_day),
        "30d": (report_day - 29 * DAY, report_day),
        "mtd": (month, report_day),
        "last_month": (before.replace(day=1), before),
    }


def span(first: date, last: date) -> list[date]:
    """All days from `first` to `last`, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def ranges(days: list[date], most: int) -> list[tuple[date, date]]:
    """Ascending days as ranges of at most `most` days without a gap, newest first."""
    result: list[tuple[date, date]] = []
    for day in reversed(days):
        if result and result[-1][0] - day == DAY and (result[-1][1] - day).days < most:
            result[-1] = (day, result[-1][1])
        else:
            result.append((day, day))
    return result


def sums(days: Days[Mapping[Key, Decimal]]) -> dict[str, dict[Key, Decimal]]:
    """For every window of which days are held, the sums by key."""
    result: dict[str, dict[Key, Decimal]] = {}
    for name, held in days.windows.items():
        if held:
            totals = result[name] = dict(days.by_day[held[0]])
            for day in held[1:]:
                for key, amount in days.by_day[day].items():
                    totals[key] = totals.get(key, 0) + amount
    return result


def last_seen(days: Days[Mapping[Key, object]]) -> dict[Key, date]:
    """For every key, the newest day held on which it is."""
    result: dict[Key, date] = {}
    for day in sorted(days.by_day):
        for key in days.by_day[day]:
            result[key] = day
    return result
