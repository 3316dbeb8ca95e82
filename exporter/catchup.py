"""Reads the settled days that are missing, newest first, in the background's pace, while `/metrics` already answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import date, datetime
from functools import partial
from typing import Any

from exporter.api.client import AdminApi
from exporter.errors import AdminApiError, Reason
from exporter.model import Day
from exporter.polls import Reading
from exporter.settled import Settled
from exporter.snapshots import Snapshots
from exporter.windows import span

log = logging.getLogger(__name__)

_PERHAPS_TOO_MUCH = frozenset({Reason.BAD_RESPONSE, Reason.TIMEOUT, Reason.BAD_REQUEST})
"""Why a range of days may fail where its days would not."""

Keep = Callable[[Settled, list[Day[Any, Any]], datetime], Awaitable[None]]
MOST_FAILURES = 3
"""So many ranges of days in a row that cannot be read end a round. The next successful poll begins another."""


class CatchUp:
    """One round at a time for every source. `keep(settled, days, read_at)` stores and shows what was read."""

    def __init__(self, api: AdminApi, snapshots: Snapshots, keep: Keep, *, now: Callable[[], datetime]) -> None:
        self._api = api
        self._snapshots = snapshots
        self._keep = keep
        self._now = now
        self._rounds: dict[str, asyncio.Task[None]] = {}
        self._said: set[tuple[str, Reason]] = set()
        self._held: dict[str, int] = {}

    def start(self, settled: Settled, newest: date, since: datetime) -> None:
        """Begin a round beside the report day `newest`, which a poll that began at `since` has read."""
        name = settled.poll.name
        if name not in self._rounds:
            task = self._rounds[name] = asyncio.create_task(self._round(settled, newest, since), name=f"{name} days")
            task.add_done_callback(lambda _: self._rounds.pop(name, None))

    async def done(self) -> None:
        """Wait for the rounds that are under way."""
        await asyncio.gather(*self._rounds.values())

    async def stop(self) -> None:
        """End them."""
        await cancelled(self._rounds.values())

    async def _round(self, settled: Settled, newest: date, since: datetime) -> None:
        error = await each_range(settled.missing(newest, since), partial(self._read, settled))
        if error is None:
            self._complete(settled.poll.name, settled.held)

    def _complete(self, name: str, days: int) -> None:
        self._said = {one for one in self._said if one[0] != name}
        level = logging.DEBUG if self._held.get(name) == days else logging.INFO
        self._held[name] = days
        log.log(level, "settled days are complete", extra={"poll": name, "days": days})

    async def _read(self, settled: Settled, first: date, last: date) -> AdminApiError | None:
        name = settled.poll.name
        reading = Reading(name, self._api, self._snapshots, self._now(), background=True)
        facts = {"poll": name, "first": first.isoformat(), "last": last.isoformat()}
        try:
            days = await settled.poll.read(reading, first, last)
            reading.check()
            await self._keep(settled, days, reading.now)
        except AdminApiError as error:
            # What lasts fails again every hour: once is enough to say so.
            known = error.reason.lasts and (name, error.reason) in self._said
            self._said.add((name, error.reason))
            level = logging.DEBUG if known else logging.WARNING
            log.log(level, "days could not be read", extra={**facts, "reason": error.reason, "error": str(error)})
            return error
        except Exception as error:
            log.exception("days could not be kept", extra=facts)
            return AdminApiError(Reason.BUG, str(error))
        log.debug("days were read", extra=facts)
        return None


async def each_range(
    ranges: Iterable[tuple[date, date]], read: Callable[[date, date], Awaitable[AdminApiError | None]]
) -> AdminApiError | None:
    """Read these ranges of days, until some in a row cannot be read. The last error, if there was any.

    Where a range may have asked for too much, its days are read one by one.
    """
    todo = list(ranges)
    failures, failed = 0, None
    while todo and failures < MOST_FAILURES:
        first, last = todo.pop(0)
        error = await read(first, last)
        if error is None:
            failures = 0
        elif error.reason in _PERHAPS_TOO_MUCH and first < last:
            todo[:0] = [(day, day) for day in reversed(span(first, last))]
        else:
            failures, failed = failures + 1, error
    return failed


async def cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """End these tasks, and wait until they have ended."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
