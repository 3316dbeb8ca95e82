"""Runs one poll: reads, renders, publishes, measures. A poll that fails harms nothing but its own freshness."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from exporter.advice import advice
from exporter.api.client import AdminApi
from exporter.api.credential import Credential
from exporter.api.wire import Organization
from exporter.catchup import CatchUp, cancelled
from exporter.errors import AdminApiError, Reason
from exporter.folding import Ranking
from exporter.health import Health
from exporter.labels import label
from exporter.ledger import Ledger
from exporter.model import Day, Members, Workspaces
from exporter.polls import MembersPoll, OrganizationPoll, Poll, Reading, ReportPoll, WorkspacesPoll
from exporter.publisher import Publisher
from exporter.settled import Settled
from exporter.snapshots import Snapshots
from exporter.teams import Teams
from exporter.views.base import View

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

    `organization` is the value of the label; if None, the name that the ledger remembers, else the one that /me gives
    first. It is fixed with the first published series, so that none changes its identity.
    `ledger` keeps `keep_days` settled days of each report; those that are missing, or younger than `restate_days`, are
    read after a poll, unless it is told not to `catch_up`. `views` are made again when a poll gives them something new.
    Teams of fewer than `least_team` members are not shown by themselves, families named in `drop` not at all.
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
        ledger: Ledger,
        keep_days: int = 62,
        restate_days: int = 3,
        catch_up: bool = True,
        views: Iterable[View] = (),
        organization: str | None = None,
        least_team: int = 1,
        drop: Collection[str] = (),
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
        self._ledger = ledger
        self._settled = {
            poll.name: Settled(poll, ledger, keep_days, restate_days, health.day_corrected)
            for poll in self.polls.values()
            if isinstance(poll, ReportPoll)
        }
        self._publisher = Publisher(self.polls, views, snapshots, now=now, max_age=max_age, drop=drop)
        self._teams: Teams | None = None
        self._least_team = least_team
        self._catch_up = CatchUp(api, snapshots, self._keep, now=now)
        self._catches_up = catch_up
        self._behind: dict[str, tuple[date, datetime]] = {}
        self._running: dict[str, asyncio.Task[Outcome]] = {}
        self._publishing = asyncio.Lock()
        self._named = False
        health.ledger(persistent=ledger.persistent)
        remembered = ledger.organization()
        if remembered is None:  # whose days they are nobody knows
            for name in self._settled:
                ledger.forget(name, date.max)
        elif organization is None and remembered[1]:
            organization = remembered[1]
        if organization is not None:
            self._name(organization)

    def running(self, name: str) -> bool:
        """Whether the poll runs now."""
        return name in self._running

    @property
    def organization(self) -> str:
        """The value of the label; empty while it is not known."""
        return self._publisher.organization

    def labels_known(self) -> bool:
        """Whether days can get their labels: the organization's name, and what the default workspace's id is."""
        if not self.organization:
            return False
        workspaces = self.outcomes.get(WorkspacesPoll.name)
        refused = workspaces is not None and workspaces.reason in (Reason.FORBIDDEN, Reason.NOT_FOUND)
        return WorkspacesPoll.name not in self.polls or refused or self._snapshots.model(Workspaces) is not None

    def days_held(self) -> dict[str, str]:
        """Of every report how many settled days are held, and of how many."""
        return {name: f"{settled.held} of {settled.keep}" for name, settled in self._settled.items()}

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
        await self._catch_up.stop()
        await cancelled(self._running.values())

    async def _run(self, poll: Poll[Any]) -> Outcome:
        if self._credential.refresh():
            log.info("the key was replaced")
            self._api.credential_changed()
            self.key_changed()
        started, clock = self._now(), time.monotonic()
        reading = Reading(poll.name, self._api, self._snapshots, started, background=poll.in_background)
        limit = max(poll.interval, LEAST_LIMIT)
        error: Exception | None = None
        series = 0
        try:
            async with asyncio.timeout(limit.total_seconds()):
                await self._know_teams(poll)
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

    async def _publish(self, poll: Poll[Any], model: object, started: datetime) -> int:
        """Keep and show, one poll at a time, so that each sees the newest models of the others."""
        async with self._publishing:
            remembering = asyncio.to_thread(self._remember, poll, model, started)
            series = await self._publisher.publish(poll, model, remembering, started)
            self._published()
            if isinstance(model, Members) and self._least_team > 1:
                await self._show_teams()
        if self._catches_up and isinstance(poll, ReportPoll) and isinstance(model, Day):
            self._behind[poll.name] = (model.day, started)
        return series

    def _remember(self, poll: Poll[Any], model: object, started: datetime) -> tuple[object, ...]:
        ledger = self._ledger
        if self._api.organization_id and not ledger.organization():
            ledger.remember_organization(self._api.organization_id, self._publisher.organization)
        if isinstance(poll, ReportPoll) and isinstance(model, Day):
            days = self._settled[poll.name].store([model], model.day, started)
            beside: tuple[object, ...] = (days, *poll.beside(days))
        else:
            beside = tuple(poll.remember(model, ledger))
        ledger.succeeded(poll.name, started)
        return beside

    async def _keep(self, settled: Settled, days: list[Day[Any, Any]], read_at: datetime) -> None:
        """Store and show days that a catch-up has read."""
        async with self._publishing:
            held = self._snapshots.get(settled.poll.name)
            if held is not None and isinstance(held.model, Day):
                known = await asyncio.to_thread(settled.store, days, held.model.day, read_at)
                await self._publisher.further(settled.poll, known, *settled.poll.beside(known))
            self._published()

    def _published(self) -> None:
        self._health.ledger(persistent=self._ledger.persistent)
        ranking = self._snapshots.model(Ranking)
        self._health.folded(ranking.folded if ranking else 0)

    async def restore(self) -> None:
        """Serve what the ledger holds from before a restart, as old as it is."""
        ledger = self._ledger
        for name, at in ledger.successes().items():
            if name in self.polls:
                self.successes[name] = at
                self._health.succeeded(name, at=at)
        for name, settled in self._settled.items():
            restored = await asyncio.to_thread(settled.restore, self._now())
            if restored and self._named:
                at = self.successes.get(name, restored.read_at)
                remembered = asyncio.sleep(0, [restored.days, *settled.poll.beside(restored.days)])
                async with self._publishing:
                    await self._publisher.publish(settled.poll, restored.day, remembered, at)

    async def show_teams(self, teams: Teams) -> None:
        """Have polls and views look at these teams, as soon as it is known which of them are too small to be shown."""
        async with self._publishing:
            self._teams = teams
            if self._least_team == 1 or self._snapshots.model(Teams) is not None:
                await self._show_teams()

    async def _know_teams(self, poll: Poll[Any]) -> None:
        """Have teams before rows are given theirs: how large they are the members tell, so these come first."""
        if self._teams is None or Teams not in poll.reads or self._snapshots.model(Teams) is not None:
            return
        if MembersPoll.name in self.polls and MembersPoll.name not in self.outcomes:
            await self.run(MembersPoll.name)
        async with self._publishing:
            await self._show_teams()

    async def _show_teams(self) -> None:
        teams, members = self._teams, self._snapshots.model(Members)
        if teams is None:
            return
        if self._least_team > 1:
            teams = teams.of_at_least(self._least_team, [one.email or "" for one in members.all] if members else None)
        if self._least_team == 1 or members:  # else they are of a passing trouble, and days need not be read for it
            since = await asyncio.to_thread(self._ledger.teams_since, teams.fingerprint, self._now())
            for settled in self._settled.values():
                settled.teams_since = since
        if teams != self._snapshots.model(Teams):
            await self._publisher.hold("teams", teams)

    async def caught_up(self) -> None:
        """Wait until the settled days that are missing have been read, as far as they can be."""
        self._begin_catching_up()
        await self._catch_up.done()

    def _begin_catching_up(self) -> None:
        while self._behind:
            name, (newest, since) = self._behind.popitem()
            self._catch_up.start(self._settled[name], newest, since)

    def _ended(self, poll: Poll[Any], reading: Reading, outcome: Outcome) -> None:
        before = self.outcomes.get(poll.name)
        self.outcomes[poll.name] = outcome
        # What a first complete scrape needs comes before the days of the past.
        if all(one.in_background or name in self.outcomes for name, one in self.polls.items()):
            self._begin_catching_up()
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
        if not self._named:
            self._named = True
            organization = label(organization)
            self._publisher.name(organization)
            self._health.named(organization)

    async def _know_organization(self, poll: Poll[Any], started: datetime) -> None:
        """Wait for /me's answer, or for a failure that is not older than this run."""
        source = OrganizationPoll.name
        if not self._named and source in self.polls and poll.name != source:
            last = self.outcomes.get(source)
            if last is None or last.ended < started:
                await self.run(source)
        if not self._named:
            log.warning("the organization's name is unknown, its label stays empty until a restart: set `organization`")
            self._name("")
