"""Incidents that can be asked for: their text form, and the UTC day on which each happens.

`cost-day@2026-11-15` makes that day cost five times as much as usual, `cost-day@3` the third day before the first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

OF_WORK = {
    "cost-day": "one service key makes the day cost some 5 times a working day's usual bill",
    "actor-day": "one person's Claude Code costs 20 times their usual and more than 200 USD",
    "model-takeover": "from the day on one model has nine tenths of the cost",
    "cache-drop": "from the day on the share of cache reads is a quarter of what it was",
    "pipeline-still": "the Claude Code report of the day and the next has no rows",
    "actors-halved": "only a third of the usual actors are in the Claude Code report",
}
"""Kinds that show in reports only, and therefore best on a working day."""
KINDS = {
    **OF_WORK,
    "key-created": "a key is made at 10:00",
    "key-never-expires": "a key that never expires is 400 days old, and used",
    "key-expiring": "a used key expires at 12:00 two days later; it is archived 12 hours before",
    "expired-key-used": "a key expires at 12:00 and was used until then",
    "orphaned-key": "a member who made a used key leaves at 10:00",
    "unused-key": "a key is 60 days old and was never used",
    "keys-jump": "15 keys are made between 10:00 and 11:00",
    "admin-added": "a member becomes an admin at 10:00",
    "invite-expiring": "an invite that nobody accepts expires at 12:00 two days later",
}
"""What can happen on a day, and what it is."""


def working_day(day: date) -> date:
    """Return a day, or the Friday before it if it is at a weekend."""
    return day - timedelta(days=max(day.weekday() - 4, 0))


class IncidentError(ValueError):
    """An incident's text is not understood; the message names what is allowed."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that happens once, on one UTC day."""

    kind: str
    day: date | int | None = None
    """A date, or so many days before the first day; None for the newest day that is sensible."""

    @classmethod
    def parse(cls, text: str) -> "Incident":
        """Read `KIND[@DAY]`. Raises IncidentError."""
        kind, at, day = (part.strip() for part in text.partition("@"))
        if kind not in KINDS:
            raise IncidentError(f"incident {text!r}: kind {kind!r} is not one of {', '.join(KINDS)}")
        return cls(kind, _day(text, day) if at else None)

    def __str__(self) -> str:
        """Give back the text it can be parsed from."""
        return self.kind if self.day is None else f"{self.kind}@{self.day}"

    def on(self, anchor: date) -> date:
        """Return the day in an organization that began on another; unless told otherwise the last one before that.

        What shows in reports is by default on the last day before it that is no Saturday or Sunday.
        """
        if isinstance(self.day, date):
            return self.day
        if self.day is not None:
            return anchor - timedelta(days=self.day)
        yesterday = anchor - timedelta(days=1)
        return working_day(yesterday) if self.kind in OF_WORK else yesterday


class Calendar:
    """When what happens in one organization."""

    def __init__(self, incidents: Iterable[Incident], anchor: date) -> None:
        self._incidents = [(one.kind, one.on(anchor)) for one in incidents]

    def days(self, kind: str) -> list[date]:
        """Return the days on which something of a kind happens, in the order in which they were asked for."""
        return [day for one, day in self._incidents if one == kind]

    def since(self, kind: str, day: date) -> bool:
        """Whether something of a kind has happened on a day or before it."""
        return any(first <= day for first in self.days(kind))


def _day(text: str, day: str) -> date | int:
    if day.isascii() and day.isdigit() and len(day) <= 4:
        return int(day)
    try:
        found = date.fromisoformat(day)
    except ValueError:
        found = date.min
    if not 2000 <= found.year < 3000:
        raise IncidentError(f"incident {text!r}: {day!r} is neither a date such as 2026-11-15 nor a number of days")
    return found
