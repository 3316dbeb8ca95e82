"""When polls run: at once, then at their intervals with jitter; never two runs of one poll.

Each run plans the next one when it has ended. Times are the wall clock's, because days are; a clock that is
changed would leave plans in a far future, so a change is looked for and makes every poll run again.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from exporter.polls import Poll
from exporter.runner import Outcome, Runner

log = logging.getLogger(__name__)

Job = tuple[Callable[[], Awaitable[None]], float]
"""Something that runs beside the polls, and the seconds between two runs."""
RETRY = timedelta(minutes=5)
DAY_JITTER = timedelta(minutes=5)
OVERDUE = timedelta(minutes=1)
CLOCK_CHECK_SECONDS = 10.0
CLOCK_CHANGE = timedelta(seconds=30)


def next_run(poll: Poll[Any], interval: timedelta, outcome: Outcome, chance: float) -> datetime:
    """When `poll` is due after a run that ended like `outcome`; `chance` in [0, 1) spreads polls.

    After its interval give or take 5 %; sooner after a failure that may pass, but no sooner than the API asked for;
    and within five minutes of the instant at which it has something new to read.
    """
    wait = interval
    if outcome.reason and not outcome.reason.lasts:
        wait = max(min(interval, RETRY), min(interval, outcome.retry_after))
    due = outcome.ended + wait * (0.95 + 0.1 * chance)
    also = poll.also_due(outcome.started)
    return min(due, max(also + DAY_JITTER * chance, outcome.ended)) if also else due


class Schedule:
    """Runs every poll of `runner` in time. `planned(poll, at)` hears of every plan.

    `beside` are further jobs. `speed`: so many seconds of `now` are one of the machine's, for tests in which weeks go
    by in minutes.
    """

    def __init__(
        self,
        runner: Runner,
        intervals: Mapping[str, timedelta],
        *,
        now: Callable[[], datetime],
        planned: Callable[[str, datetime], None],
        beside: Iterable[Job] = (),
        speed: float = 1,
    ) -> None:
        self._runner = runner
        self._intervals = intervals
        self._now = now
        self._speed = speed
        self._planned = planned
        self._beside = tuple(beside)
        # A run plans the next one while APScheduler still counts it as running, and a plan beyond max_instances would
        # be dropped for ever. That no poll runs twice at a time is the runner's doing.
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 100}
        )
        self._clock_watch: asyncio.Task[None] | None = None
        self.plans: dict[str, datetime] = {}

    def start(self) -> None:
        """Run every poll at once, and from then on."""
        self._scheduler.start()
        for job, seconds in self._beside:
            self._repeat_after(seconds, job)
        self.run_now(self._runner.polls)
        self._clock_watch = asyncio.create_task(self._watch_clock(), name="clock watch")

    async def stop(self) -> None:
        """End everything, runs under way included."""
        if self._clock_watch:
            self._clock_watch.cancel()
        self._scheduler.pause()
        await asyncio.sleep(0)  # what was due just now begins: APScheduler logs it as an error if it never does
        self._scheduler.shutdown(wait=False)
        await self._runner.stop()

    def alive(self) -> bool:
        """Whether every poll runs or will, and none is overdue."""
        latest = self._now() - OVERDUE * self._speed
        return all(self._runner.running(name) or self.plans.get(name, latest) > latest for name in self._runner.polls)

    def run_now(self, polls: Iterable[str]) -> None:
        """Run these polls, those that run already excepted."""
        for name in polls:
            if not self._runner.running(name):
                self._plan(name, self._now())

    def retry_failed(self) -> None:
        """Run those polls again that failed: whatever they failed at may be mended."""
        self.run_now([name for name, outcome in self._runner.outcomes.items() if outcome.error])

    def _plan(self, name: str, at: datetime) -> None:
        self.plans[name] = at
        self._planned(name, at)
        # APScheduler reads the time itself.
        on_its_clock = datetime.now(UTC) + (at - self._now()) / self._speed
        self._scheduler.add_job(self._run, "date", run_date=on_its_clock, args=[name], id=name, replace_existing=True)

    async def _run(self, name: str) -> None:
        try:
            outcome = await self._runner.run(name)
        except asyncio.CancelledError:  # the service ends; APScheduler would log it as an error of the job
            return
        chance = random.random()  # noqa: S311
        self._plan(name, next_run(self._runner.polls[name], self._intervals[name], outcome, chance))

    def _repeat_after(self, seconds: float, job: Callable[[], Awaitable[None]]) -> None:
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        self._scheduler.add_job(self._repeat, "date", run_date=at, args=[seconds, job])

    async def _repeat(self, seconds: float, job: Callable[[], Awaitable[None]]) -> None:
        try:
            await job()
        except asyncio.CancelledError:
            return
        except Exception:
            log.exception("a job failed, it will run again")
        self._repeat_after(seconds, job)

    async def _watch_clock(self) -> None:
        wall, steady = self._now(), time.monotonic()
        while True:
            await asyncio.sleep(CLOCK_CHECK_SECONDS)
            wall, steady = self.check_clock(wall, steady, self._now(), time.monotonic())

    def check_clock(
        self, wall_before: datetime, steady_before: float, wall: datetime, steady: float
    ) -> tuple[datetime, float]:
        """Run everything again if the wall clock moved otherwise than the steady one."""
        change = (wall - wall_before) / self._speed - timedelta(seconds=steady - steady_before)
        if abs(change) > CLOCK_CHANGE:
            log.warning("the clock was changed, all polls run again", extra={"seconds": change.total_seconds()})
            self.run_now(self._runner.polls)
        return wall, steady
