"""Pushes settled days to a receiver, each once it is final: receivers keep the first value of a timestamp."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from exporter.days import day_start
from exporter.errors import LedgerError, PushError, Reason
from exporter.health import HistoryHealth
from exporter.history import remote_write
from exporter.history.daily import KeptDays
from exporter.history.delivery import Delivered, deliver
from exporter.history.receiver import Receiver
from exporter.ledger import Ledger
from exporter.polls import ReportPoll

log = logging.getLogger(__name__)

T = TypeVar("T")

RETRY = timedelta(minutes=5)
REFUSED_RETRY = timedelta(hours=1)
"""A day that the receiver refuses as a whole does so until somebody changes the receiver."""


class Pusher:
    """Sends kept days of `organization`, and remembers in `ledger` which ones have arrived."""

    def __init__(
        self, days: KeptDays, ledger: Ledger, receiver: Receiver, organization: str, now: Callable[[], datetime]
    ) -> None:
        self._days = days
        self._ledger = ledger
        self._receiver = receiver
        self._organization = organization
        self._target = receiver.target(organization)
        self._now = now

    def pushed(self, poll: ReportPoll[Any]) -> set[date]:
        """The days that have arrived."""
        return self._ledger.pushed(poll.name, self._target)

    async def push(self, poll: ReportPoll[Any], day: date) -> Delivered:
        """Send a day that is kept. Raises PushError."""
        try:
            families = await asyncio.to_thread(self._days.families, poll, day)
        except LedgerError as error:
            raise PushError(Reason.BUG, str(error)) from None
        stamp = int(day_start(day).timestamp()) * 1000
        requests = remote_write.requests(families, self._organization, stamp, self._receiver.batch)
        done = await deliver(self._receiver, _in_threads(requests))
        await asyncio.to_thread(self._ledger.remember_push, poll.name, self._target, day, self._now())
        return done


async def _in_threads(items: Iterator[T]) -> AsyncIterator[T]:
    """What takes a while to make, without holding up anything else."""
    while (item := await asyncio.to_thread(next, items, None)) is not None:
        yield item


class LivePush:
    """Pushes what `serve` keeps, the newest day first. `pusher` gives None while days cannot get their labels.

    The oldest first would look in order to a receiver that is empty: a Prometheus without an out-of-order window takes
    all of it, refuses the next backfill, and cuts blocks of the past while it is still arriving.
    """

    def __init__(
        self,
        polls: Iterable[ReportPoll[Any]],
        days: KeptDays,
        pusher: Callable[[], Pusher | None],
        health: HistoryHealth,
        now: Callable[[], datetime],
    ) -> None:
        self._polls = {poll.name: poll for poll in polls}
        self._days = days
        self._pusher = pusher
        self._health = health
        self._now = now
        self._rest_until: dict[tuple[str, date] | None, datetime] = {}
        self._said: tuple[Reason, str] | None = None
        self.last_day: date | None = None
        self.waiting = 0

    async def round(self) -> None:
        """Push the days that are due. Called again and again."""
        sent = 0
        while pusher := None if self._rests(None) else self._pusher():
            due = await asyncio.to_thread(self._next, pusher)
            if due is None:
                break
            if error := await self._push(pusher, *due):
                alone = error.reason in (Reason.BAD_REQUEST, Reason.BUG)
                wait = REFUSED_RETRY if alone else max(RETRY, timedelta(seconds=error.retry_after or 0))
                self._rest_until[due if alone else None] = self._now() + wait
            else:
                sent += 1
        if sent:
            log.info("history was pushed", extra={"daily_reports": sent, "waiting": self.waiting})

    def _rests(self, what: tuple[str, date] | None) -> bool:
        until = self._rest_until.get(what)
        return until is not None and self._now() < until

    def _next(self, pusher: Pusher) -> tuple[str, date] | None:
        """The newest day that is due; how much waits is counted on the way."""
        due: list[tuple[str, date]] = []
        self.waiting = 0
        newest: set[date] = set()
        for source, poll in self._polls.items():
            pushed = pusher.pushed(poll)
            final = {day: read for day, read in self._days.final(poll, self._now()).items() if day not in pushed}
            due += [(source, day) for day, read in final.items() if read and not self._rests((source, day))]
            self.waiting += len(final)
            newest |= pushed
            self._health.state(source, len(final), max(pushed, default=None))
        self.last_day = max(newest, default=None)
        return max(due, key=lambda one: one[1], default=None)

    async def _push(self, pusher: Pusher, source: str, day: date) -> PushError | None:
        facts = {"poll": source, "day": day.isoformat()}
        try:
            done = await pusher.push(self._polls[source], day)
        except PushError as error:
            self._failed(error, facts)
            return error
        except Exception as error:
            log.exception("a day could not be pushed", extra=facts)
            self._health.failed(Reason.BUG)
            return PushError(Reason.BUG, str(error))
        self._said = None
        self._health.pushed(source, samples=done.samples, refused=len(done.refused))
        log.debug("a day was pushed", extra={**facts, "samples": done.samples, "refused": len(done.refused)})
        return None

    def _failed(self, error: PushError, facts: dict[str, str]) -> None:
        self._health.failed(error.reason)
        said = (error.reason, str(error))
        level = logging.DEBUG if said == self._said else logging.WARNING
        self._said = said
        more = {"reason": error.reason, "error": str(error), "detail": error.detail}
        log.log(level, "a day could not be pushed", extra={**facts, **more})
