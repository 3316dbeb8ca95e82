"""The daily twins of what `/metrics` says about the report day, of every day that the ledger holds."""

from collections.abc import Container, Iterable, Iterator
from datetime import date, datetime
from functools import partial
from typing import Any

from exporter.catalog import daily
from exporter.days import final_at
from exporter.errors import LedgerError
from exporter.exposition import Family
from exporter.ledger import Ledger
from exporter.model import Day
from exporter.polls import ReportPoll
from exporter.settled import kept_day, put_days
from exporter.snapshots import Snapshots


class KeptDays:
    """The settled days in `ledger`; `snapshots` hold what their labels need: teams, workspaces.

    The API may correct a day for `restate_days` after it has settled. Families named in `drop` are left out.
    """

    def __init__(self, ledger: Ledger, snapshots: Snapshots, restate_days: int, drop: Container[str] = ()) -> None:
        self._ledger = ledger
        self._snapshots = snapshots
        self._restate_days = restate_days
        self._drop = drop

    def final(self, poll: ReportPoll[Any], now: datetime) -> dict[date, bool]:
        """The days held that can no longer change at `now`, and whether they have been read since."""
        read = self._ledger.days(poll.name, poll.shape)
        ends = {day: self._final_at(poll, day) for day in read}
        return {day: read[day] >= end for day, end in ends.items() if end <= now}

    def lacking(self, poll: ReportPoll[Any], days: Iterable[date], now: datetime) -> list[date]:
        """Those of `days` that are not held, or may have changed since they were read."""
        read = self._ledger.days(poll.name, poll.shape)
        return [day for day in days if day not in read or read[day] < min(now, self._final_at(poll, day))]

    def held(self, poll: ReportPoll[Any], days: Iterable[date]) -> list[date]:
        """Those of `days` that are held."""
        return sorted(self._ledger.days(poll.name, poll.shape).keys() & {*days})

    def keep(self, poll: ReportPoll[Any], days: Iterable[Day[Any, Any]], read_at: datetime) -> None:
        """Keep days that were read."""
        put_days(self._ledger, poll, days, read_at)

    def _final_at(self, poll: ReportPoll[Any], day: date) -> datetime:
        return final_at(day, poll.settle, self._restate_days)

    def families(self, poll: ReportPoll[Any], day: date) -> Iterator[Family]:
        """The daily families of a day, without organization and timestamp. Raises LedgerError if it cannot be read."""
        model = kept_day(self._ledger, poll, day, partial(poll.decode, day))
        if model is None:
            raise LedgerError(f"{poll.name} of {day} cannot be read from the ledger: read it anew")
        families = poll.families(model, self._snapshots.model)
        twins = (Family(daily(metric), groups) for metric, groups in families)
        return (twin for twin in twins if twin.metric.name not in self._drop)
