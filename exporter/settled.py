"""The settled days of one source: whole in the ledger, and in memory what windows need of them."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import msgspec

from exporter.days import DAY, final_at, report_day
from exporter.ledger import Ledger
from exporter.model import Day
from exporter.polls import ReportPoll
from exporter.snapshots import BEGINNING
from exporter.windows import Days, ranges, span

log = logging.getLogger(__name__)

Kept = TypeVar("Kept")

LAST_LOOK = timedelta(days=7)
"""So long after a day can no longer change it is read once more: whether that is true the API does not promise."""


@dataclass(frozen=True, eq=False)
class Restored:
    """What the ledger gives after a restart: the newest settled day, and all of them."""

    day: Day[Any, Any]
    days: Days[Any]
    read_at: datetime


def kept_day(ledger: Ledger, poll: ReportPoll[Any], day: date, decode: Callable[[bytes], Kept]) -> Kept | None:
    """What `decode` makes of a day of the ledger; None if it is not held, or cannot be read."""
    content = ledger.day(poll.name, day, poll.shape)
    try:
        return None if content is None else decode(content)
    except (msgspec.DecodeError, ArithmeticError):
        facts = {"poll": poll.name, "day": day.isoformat()}
        log.warning("a kept day cannot be read, it will be asked for again", extra=facts)
        return None


def put_days(
    ledger: Ledger, poll: ReportPoll[Any], days: Iterable[Day[Any, Any]], read_at: datetime
) -> dict[date, Mapping[Any, Any]]:
    """Put days into the ledger. The digest of each."""
    digests = {day: poll.digest(day) for day in days}
    ledger.put(poll.name, {day.day: poll.encode(day, digest) for day, digest in digests.items()}, poll.shape, read_at)
    return {day.day: digest for day, digest in digests.items()}


class Settled:
    """The days of `poll` that are held, `keep` of them at most. The API may correct one for `restate_days`.

    `corrected(source)` hears of a day that changed after it was pushed.
    """

    def __init__(
        self,
        poll: ReportPoll[Any],
        ledger: Ledger,
        keep: int,
        restate_days: int = 3,
        corrected: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.poll = poll
        self._ledger = ledger
        self.keep = keep
        self._restate_days = restate_days
        self._corrected = corrected
        self._digests: dict[date, dict[Any, Any]] = {}
        self._shared: dict[Any, Any] = {}
        self._incomplete: set[date] = set()
        self.teams_since = BEGINNING
        """Since when the teams are those of today: days that were read before may have people in other ones."""

    @property
    def held(self) -> int:
        """How many days are held."""
        return len(self._digests)

    def restore(self, now: datetime) -> Restored | None:
        """What the ledger holds, if it holds a day. Days of another shape are gone from then on."""
        if gone := self._ledger.keep_shape(self.poll.name, self.poll.shape):
            log.info("days that were kept in another way are read again", extra={"poll": self.poll.name, "days": gone})
        newest = report_day(now, self.poll.settle)
        read = {day: at for day, at in self._ledger.days(self.poll.name, self.poll.shape).items() if day <= newest}
        for day in sorted(read)[-self.keep :]:
            digest = kept_day(self._ledger, self.poll, day, self.poll.decode_digest)
            if digest is not None:
                self._digests[day] = self._share(digest)
                if self.poll.incomplete(digest, newest - day):
                    self._incomplete.add(day)
        for day in sorted(self._digests, reverse=True):
            model = kept_day(self._ledger, self.poll, day, partial(self.poll.decode, day))
            if model is not None:
                return Restored(model, self._days(day), read[day])
            del self._digests[day]
        return None

    def store(self, days: Iterable[Day[Any, Any]], newest: date, read_at: datetime) -> Days[Any]:
        """Keep these days; what is held afterwards, for windows that end with `newest`."""
        days = list(days)
        self._compare(days)
        self._incomplete -= {day.day for day in days}
        first = newest - (self.keep - 1) * DAY
        digests = put_days(self._ledger, self.poll, days, read_at)
        self._ledger.forget(self.poll.name, first)
        held = self._digests | {day: self._share(digest) for day, digest in digests.items()}
        self._digests = {day: digest for day, digest in held.items() if day >= first}
        if len(self._digests) < len(held):  # once a day: what only the days that left had is not kept for them
            self._shared = {one: one for digest in self._digests.values() for pair in digest.items() for one in pair}
        return self._days(newest)

    def _compare(self, days: Iterable[Day[Any, Any]]) -> None:
        pushed = self._ledger.pushed(self.poll.name)
        for day in days:
            decode = partial(self.poll.decode, day.day)
            before = kept_day(self._ledger, self.poll, day.day, decode) if day.day in pushed else None
            if before is not None and before.by != day.by:
                facts = {"poll": self.poll.name, "day": day.day.isoformat()}
                log.warning("a day changed after it was pushed: raise history.restate-days", extra=facts)
                self._corrected(self.poll.name)

    def _share(self, digest: Mapping[Any, Any]) -> dict[Any, Any]:
        """The digest, with people and amounts that come again every day held once."""
        share = self._shared.setdefault
        return {share(key, key): share(value, value) for key, value in digest.items()}

    def _days(self, newest: date) -> Days[Any]:
        held = {day: self._digests[day] for day in sorted(self._digests) if day <= newest}
        days: Days[Any] = self.poll.kept(newest, held)
        return days

    def missing(self, newest: date, read_since: datetime) -> list[tuple[date, date]]:
        """What to read beside the report day `newest`, newest first, in ranges that one request may ask for.

        Days that are not held, and again those that may have been corrected since they were read; `read_since` is when
        this round began.
        """
        read = self._ledger.days(self.poll.name, self.poll.shape)
        wanted = [
            day
            for day in span(newest - (self.keep - 1) * DAY, newest - DAY)
            if day not in self._digests or self._outdated(day, read.get(day, read_since), read_since)
        ]
        return ranges(wanted, self.poll.days_at_once)

    def _outdated(self, day: date, read_at: datetime, now: datetime) -> bool:
        """Whether a day may have been corrected since it was read, or is not as it would be if it were read now."""
        if day in self._incomplete or (self.poll.teams_when_read and read_at < self.teams_since):
            return True
        final = final_at(day, self.poll.settle, self._restate_days)
        return read_at < min(now, final) or read_at < final + LAST_LOOK <= now
