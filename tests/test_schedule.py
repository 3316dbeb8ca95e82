"""The schedule: when a poll is due, whatever happened and whatever the clock does."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.days import next_report, report_day
from exporter.errors import AdminApiError, Reason
from exporter.polls import ALL
from exporter.polls.claude_code import ClaudeCodePoll
from exporter.polls.members import MembersPoll
from exporter.runner import Outcome
from exporter.schedule import Schedule, next_run

SETTLE = timedelta(hours=2)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

instants = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
chances = st.floats(0, 1, exclude_max=True)


def outcome(started=NOON, took=timedelta(), reason=None, retry_after=None) -> Outcome:
    error = AdminApiError(reason, "words", retry_after=retry_after) if reason else None
    return Outcome(started, started + took, took.total_seconds(), error=error)


def due(poll=MembersPoll, interval=None, chance=0.5, **facts) -> timedelta:
    ended = outcome(**facts)
    return next_run(poll(SETTLE), interval or poll.interval, ended, chance) - ended.ended


@given(chances)
def test_a_poll_is_due_after_its_interval_give_or_take_five_percent(chance):
    assert 9.5 * MINUTE <= due(chance=chance) <= 10.5 * MINUTE


@pytest.mark.parametrize("reason", [Reason.FORBIDDEN, Reason.NOT_FOUND, Reason.BAD_REQUEST, Reason.WRONG_ORGANIZATION])
def test_what_only_somebody_can_mend_is_tried_again_at_the_interval(reason):
    assert due(interval=timedelta(hours=6), reason=reason) == timedelta(hours=6)


@pytest.mark.parametrize(
    "reason", [Reason.TIMEOUT, Reason.SERVER_ERROR, Reason.UNAUTHORIZED, Reason.BAD_RESPONSE, Reason.BUG]
)
def test_what_may_pass_is_tried_again_within_five_minutes(reason):
    assert due(interval=timedelta(hours=6), reason=reason) == 5 * MINUTE
    assert due(interval=MINUTE, reason=reason) == MINUTE


def test_the_api_is_not_asked_again_before_it_wishes():
    assert due(interval=timedelta(hours=6), reason=Reason.RATE_LIMITED, retry_after=1800) == 30 * MINUTE
    assert due(interval=10 * MINUTE, reason=Reason.RATE_LIMITED, retry_after=86400) == 10 * MINUTE


@given(instants, st.timedeltas(timedelta(), timedelta(minutes=20)), chances)
def test_the_report_day_is_read_within_five_minutes_of_being_complete(started, took, chance):
    poll = ClaudeCodePoll(SETTLE)
    complete = next_report(started, SETTLE)
    planned = next_run(poll, poll.interval, outcome(started, took), chance)
    assert planned <= max(complete + 5 * MINUTE, started + took)
    assert planned >= started + took
    if planned >= complete:
        assert report_day(planned, SETTLE) > report_day(started, SETTLE)


@given(instants, st.lists(chances, min_size=60, max_size=60))
def test_over_two_days_every_report_day_is_read_about_every_hour_and_none_is_left_out(start, rolls):
    poll = ClaudeCodePoll(SETTLE)
    now, read = start, []
    for chance in rolls:
        read.append((now, report_day(now, SETTLE)))
        now = next_run(poll, poll.interval, outcome(now), chance)
    days = sorted({day for _, day in read})
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))
    assert all(later - earlier <= 64 * MINUTE for (earlier, _), (later, _) in pairwise(read))


class Clock:
    def __init__(self, speed=1):
        self.shift = timedelta()
        self.began = datetime.now(UTC)
        self.speed = speed

    def __call__(self):
        return self.began + (datetime.now(UTC) - self.began) * self.speed + self.shift


class Runs:
    """A runner whose polls take as long as a test says, and that remembers how many ran at a time."""

    def __init__(self, *names, ends=True, speed=1):
        self.clock = Clock(speed)
        self.polls = {name: MembersPoll(SETTLE) for name in names}
        self.outcomes = {}
        self.count = dict.fromkeys(names, 0)
        self.under_way = set()
        self.end = asyncio.Event()
        if ends:
            self.end.set()

    def running(self, name):
        return name in self.under_way

    async def run(self, name):
        assert name not in self.under_way
        self.under_way.add(name)
        self.count[name] += 1
        await self.end.wait()
        self.under_way.discard(name)
        self.outcomes[name] = outcome(self.clock())
        return self.outcomes[name]

    async def stop(self):
        self.end.set()


def schedule_of(runs, interval=10 * MINUTE) -> tuple[Schedule, dict[str, datetime]]:
    plans: dict[str, datetime] = {}
    intervals = dict.fromkeys(runs.polls, interval)
    return Schedule(runs, intervals, now=runs.clock, planned=plans.__setitem__, speed=runs.clock.speed), plans


async def until(condition):
    """Let the loop turn until `condition` holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_every_poll_runs_at_once_and_is_planned_when_it_has_ended():
    runs = Runs("a", "b")
    schedule, plans = schedule_of(runs)
    schedule.start()
    await until(lambda: runs.outcomes.keys() == {"a", "b"} and min(plans.values()) > datetime.now(UTC))
    assert runs.count == {"a": 1, "b": 1}
    assert schedule.alive()
    await schedule.stop()


async def test_a_poll_that_is_due_again_as_soon_as_it_has_ended_goes_on_for_ever():
    runs = Runs("a", "b", "c")
    schedule, _ = schedule_of(runs, timedelta())
    schedule.start()
    await until(lambda: min(runs.count.values()) > 500)
    await schedule.stop()


async def test_a_poll_that_runs_is_not_run_a_second_time_and_delays_no_other():
    runs = Runs("slow", "quick", ends=False)
    schedule, _ = schedule_of(runs)
    schedule.start()
    await until(lambda: runs.under_way == {"slow", "quick"})
    schedule.run_now(["slow"])
    await asyncio.sleep(0.01)
    assert runs.count == {"slow": 1, "quick": 1}
    assert schedule.alive()
    await schedule.stop()


@pytest.mark.parametrize("turns", range(8))
async def test_an_end_at_any_moment_is_no_error(turns, caplog):
    runs = Runs("a", "b", ends=False)
    schedule, _ = schedule_of(runs)
    schedule.start()
    for _ in range(turns):
        await asyncio.sleep(0)
    await schedule.stop()
    await asyncio.sleep(0.01)
    assert caplog.records == []


@pytest.mark.parametrize("change", [timedelta(days=-1), timedelta(hours=3)])
async def test_a_clock_that_was_changed_makes_every_poll_run_again(change):
    runs = Runs("a")
    clock = runs.clock
    schedule, plans = schedule_of(runs)
    schedule.start()
    await until(lambda: runs.count["a"] == 1 and plans["a"] > clock() + MINUTE)
    before = clock()
    clock.shift = change
    schedule.check_clock(before, 100.0, clock(), 100.0)
    await until(lambda: runs.count["a"] == 2)
    await schedule.stop()


async def test_a_clock_that_only_went_on_changes_nothing():
    runs = Runs("a")
    schedule, _ = schedule_of(runs)
    schedule.check_clock(NOON, 100.0, NOON + timedelta(days=3, seconds=1), 100.0 + 3 * 86400)
    assert schedule.plans == {}


async def test_on_a_fast_clock_polls_come_as_often_as_on_that_clock():
    runs = Runs("a", speed=86_400)
    schedule, _ = schedule_of(runs)
    schedule.start()
    await until(lambda: runs.count["a"] == 20)
    assert runs.clock() - runs.clock.began >= 19 * 9.5 * MINUTE
    plans = dict(schedule.plans)
    schedule.check_clock(NOON, 100.0, NOON + timedelta(days=3), 103.0)
    assert schedule.plans == plans
    await schedule.stop()


async def test_a_schedule_that_missed_a_plan_is_not_alive():
    runs = Runs("a")
    clock = runs.clock
    schedule, plans = schedule_of(runs)
    assert not schedule.alive()
    schedule.start()
    await until(lambda: runs.count["a"] == 1 and plans["a"] > clock() + MINUTE)
    assert schedule.alive()
    clock.shift = timedelta(minutes=13)
    assert not schedule.alive()
    await schedule.stop()


async def test_failed_polls_run_again_on_demand_and_others_do_not():
    runs = Runs("good", "bad")
    schedule, plans = schedule_of(runs)
    schedule.start()
    await until(lambda: min(plans.values()) > datetime.now(UTC) + MINUTE)
    runs.outcomes["bad"] = outcome(reason=Reason.UNAUTHORIZED)
    schedule.retry_failed()
    await until(lambda: runs.count["bad"] == 2)
    assert runs.count["good"] == 1
    await schedule.stop()


def test_polls_have_the_intervals_of_the_design():
    minutes = {poll.name: poll.interval / MINUTE for poll in ALL}
    assert minutes == {
        "organization": 60,
        "members": 10,
        "invites": 10,
        "workspaces": 10,
        "workspace_members": 360,
        "api_keys": 10,
        "claude_code": 60,
        "claude_code_today": 15,
        "usage": 60,
        "usage_today": 15,
        "cost": 60,
        "cost_today": 15,
    }
