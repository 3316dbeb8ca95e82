"""Runs one poll: reads, renders, publishes, measures. A poll that fails harms nothing but its own freshness."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from exporter.advice import advice
from exporter.api.client import AdminApi
from exporter.api.credential import Credential
from exporter.api.wire import Organization
from exporter.deflate import Segment, segment
from exporter.errors import AdminApiError, Reason
from exporter.exposition import Family, render
from exporter.health import Health
from exporter.polls import OrganizationPoll, Poll, Reading
from exporter.snapshots import Snapshot, Snapshots

log = logging.getLogger(__name__)

LEAST_LIMIT = timedelta(hours=1)


@dataclass(frozen=True)
class Outcome:
    """How one run of a poll ended, for the schedule and for people."""

    started: datetime
    ended: datetime
    seconds: float
    rows: int = 0
    series: int = 0
    error: Exception | None = None
    hint: str = ""

    @property
    def reason(self) -> Reason | None:
        """Why it failed, or None."""
        if self.error is None:
            return None
        return self.error.reason if isinstance(self.error, AdminApiError) else Reason.BUG

    @property
    def retry_after(self) -> timedelta:
        """For how long the API asked not to be asked again."""
        seconds = self.error.retry_after if isinstance(self.error, AdminApiError) else None
        return timedelta(seconds=min(seconds or 0, 86400))

    @property
    def message(self) -> str:
        """The error in words fit for logs and pages."""
        if self.error is None or isinstance(self.error, AdminApiError):
            return str(self.error or "")
        return f"{type(self.error).__name__}: a defect of the exporter; the log has the traceback"


class Runner:
    """Runs polls one at a time each, and keeps how the last run of each ended.

    `organization` is the value of the label; if None, the name that /me gives first. It is fixed with the first
    published series, so that none changes its identity.
    """

    def __init__(
        self,
        polls: Iterable[Poll[Any]],
        api: AdminApi,
        credential: Credential,
        snapshots: Snapshots,
        health: Health,
        *,
        now: Callable[[], datetime],
        max_age: timedelta,
        organization: str | None = None,
    ) -> None:
        self.polls = {poll.name: poll for poll in polls}
        self.outcomes: dict[str, Outcome] = {}
        self.successes: dict[str, datetime] = {}
        self.key_changed: Callable[[], None] = lambda: None
        self._api = api
        self._credential = credential
        self._snapshots = snapshots
        self._health = health
        self._now = now
        self._max_age = max_age
        self._running: dict[str, asyncio.Task[Outcome]] = {}
        self._publishing = asyncio.Lock()
        self._organization: str | None = None
        if organization is not None:
            self._name(organization)

    def running(self, name: str) -> bool:
        """Whether the poll runs now."""
        return name in self._running

    def answered(self) -> bool:
        """Whether every poll has ended at least once, well or not."""
        return self.polls.keys() <= self.outcomes.keys()

    async def run(self, name: str) -> Outcome:
        """Run a poll, or join the run that is under way. Raises nothing but cancellation."""
        task = self._running.get(name)
        if task is None:
            task = self._running[name] = asyncio.create_task(self._run(self.polls[name]), name=name)
            task.add_done_callback(lambda _: self._running.pop(name, None))
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """End all runs."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, poll: Poll[Any]) -> Outcome:
        if self._credential.refresh():
            log.info("the key was replaced")
            self._api.credential_changed()
            self.key_changed()
        started, clock = self._now(), time.monotonic()
        reading = Reading(poll.name, self._api, self._snapshots, started)
        limit = max(poll.interval, LEAST_LIMIT)
        error: Exception | None = None
        series = 0
        try:
            async with asyncio.timeout(limit.total_seconds()):
                model = await poll.fetch(reading)
            reading.check()
            if isinstance(model, Organization):
                self._name(model.name)
            await self._know_organization(poll, started)
            series = await self._publish(poll, model, started)
        except TimeoutError:
            error = AdminApiError(Reason.TIMEOUT, f"not complete within {limit}")
        except Exception as caught:  # noqa: BLE001
            error = caught
        outcome = Outcome(started, self._now(), time.monotonic() - clock, reading.rows, series, error)
        if outcome.reason:
            outcome = replace(outcome, hint=advice(outcome.reason, outcome.message, self._credential))
        self._ended(poll, reading, outcome)
        return outcome

    async def _publish(self, poll: Poll[Any], model: object, fetched_at: datetime) -> int:
        """Render and publish, one poll at a time, so that each sees the newest models of the others."""
        async with self._publishing:
            before = self._snapshots.get(poll.name)
            body, series = await self._rendered(poll.families(model, self._snapshots.model))
            lasting, lasting_series = await self._rendered(poll.lasting(model))
            age = min(self._max_age, poll.max_age)
            true = poll.true(model)
            self._snapshots.publish(poll.name, Snapshot(model, body, fetched_at + age, true, lasting))
            if before is None or before.model != model:
                await self._render_readers_of(type(model))
        return series + lasting_series

    async def _render_readers_of(self, kind: type) -> None:
        for name, poll in self.polls.items():
            held = self._snapshots.get(name)
            if held is None or kind not in poll.reads:
                continue
            try:
                body, _ = await self._rendered(poll.families(held.model, self._snapshots.model))
            except Exception:
                log.exception("its last rows stay: they cannot be made again", extra={"poll": name})
            else:
                self._snapshots.publish(name, replace(held, body=body))

    async def _rendered(self, families: Iterable[Family]) -> tuple[Segment, int]:
        """Rows to bytes, in a thread, so that scrapes go on meanwhile."""
        return await asyncio.to_thread(_render, families, self._organization or "")

    def _ended(self, poll: Poll[Any], reading: Reading, outcome: Outcome) -> None:
        before = self.outcomes.get(poll.name)
        self.outcomes[poll.name] = outcome
        self._health.polled(poll.name, seconds=outcome.seconds, skipped=reading.skipped, reason=outcome.reason)
        facts = {
            "poll": poll.name,
            "rows": outcome.rows,
            "series": outcome.series,
            "seconds": round(outcome.seconds, 3),
        }
        if outcome.error is None:
            self.successes[poll.name] = outcome.started
            self._health.published(poll.name, at=outcome.started, rows=outcome.rows, series=outcome.series)
            log.info("poll succeeded", extra=facts)
            return
        facts |= {"reason": outcome.reason, "error": outcome.message, "hint": outcome.hint}
        if outcome.reason is Reason.BUG:
            log.error("poll failed", extra=facts, exc_info=outcome.error)
        elif outcome.reason and outcome.reason.lasts and before and before.reason == outcome.reason:
            log.debug("poll failed again", extra=facts)
        else:
            log.warning("poll failed", extra=facts)

    # The label.

    def _name(self, organization: str) -> None:
        if self._organization is None:
            self._organization = organization
            self._health.named(organization)

    async def _know_organization(self, poll: Poll[Any], started: datetime) -> None:
        """Wait for /me's answer, or for a failure that is not older than this run."""
        source = OrganizationPoll.name
        if self._organization is None and source in self.polls and poll.name != source:
            last = self.outcomes.get(source)
            if last is None or last.ended < started:
                await self.run(source)
        if self._organization is None:
            log.warning("the organization's name is unknown, its label stays empty until a restart: set `organization`")
            self._name("")


def _render(families: Iterable[Family], organization: str) -> tuple[Segment, int]:
    series = 0

    def counted() -> Iterable[bytes]:
        nonlocal series
        for chunk, samples in render(families, organization):
            series += samples
            yield chunk

    return segment(counted()), series
