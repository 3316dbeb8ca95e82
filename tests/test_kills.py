"""kill -9 at random moments of catch-up and polling, over a ledger in a file: no day is lost, doubled or mixed."""

import random
import signal
import time
from datetime import date, timedelta
from decimal import Decimal

from exporter.days import day_start
from exporter.ledger import Ledger
from exporter.polls import claude_code, cost
from exporter.polls.usage import UsagePoll
from tests.service import ask, exporter, get, samples, simulator, until

SETTLE = timedelta(hours=2)
POLLS = (claude_code.ClaudeCodePoll(SETTLE), UsagePoll(SETTLE), cost.CostPoll(SETTLE))
QUICK = [f"--polls.{poll.name.replace('_', '-')}.interval=300ms" for poll in POLLS]


def amount_of(poll, day):
    """What can be compared with the truth of a day."""
    if poll.name == "claude_code":
        return sum(claude_code.spent(day).values(), Decimal())
    if poll.name == "cost":
        return sum(cost.spent(day).values(), Decimal())
    return sum(tokens.output for tokens in day.by.values())


def amount_in(poll, truth):
    if poll.name == "claude_code":
        return Decimal(truth["cost_usd"])
    return Decimal(truth["cost"]["usd"]) if poll.name == "cost" else truth["usage"]["tokens"]["output"]


class Truth:
    """The truth of settled days, which never changes here."""

    def __init__(self, api):
        self.api = api
        self.known = {}

    def of(self, day):
        if day not in self.known:
            self.known[day] = ask(f"{self.api}/simulator/truth?day={day}")
        return self.known[day]


def days_held(path, truth):
    """The days of every source in the file, each compared with the truth."""
    ledger = Ledger(path)
    assert ledger.persistent, ledger.trouble
    held = {}
    for poll in POLLS:
        held[poll.name] = set(ledger.days(poll.name, poll.shape))
        for day in held[poll.name]:
            content = ledger.day(poll.name, day, poll.shape)
            assert content is not None, (poll.name, day)
            assert amount_of(poll, poll.decode(day, content)) == amount_in(poll, truth.of(day)), (poll.name, day)
    ledger.close()
    return held


def serves_at_once(found, held, truth):
    """The very first scrape after a restart shows the newest day that was held."""
    for poll in POLLS:
        if not held[poll.name]:
            continue
        newest = max(held[poll.name])
        (start,) = [value for name, value in found.items() if f"{poll.name}_report_day" in name]
        assert start == day_start(newest).timestamp()
        metric = {"usage": "anthropic_usage_tokens{", "cost": "anthropic_cost_usd{"}.get(poll.name)
        if metric:
            served = sum(value for name, value in found.items() if name.startswith(metric))
            want = truth.of(newest)
            total = sum(want["usage"]["tokens"].values()) if poll.name == "usage" else float(want["cost"]["usd"])
            assert abs(served - total) < 1e-6 * total


def test_whenever_it_is_killed_every_restart_serves_the_last_settled_day_and_all_days_stay(tmp_path, request):
    rng = random.Random(request.config.getoption("--kills"))
    path = tmp_path / "ledger.db"
    with simulator(tmp_path, "--people=25", "--days=70") as api:
        truth = Truth(api)
        held: dict[str, set[date]] = {poll.name: set() for poll in POLLS}
        for _ in range(request.config.getoption("--kills")):
            pace = rng.choice(["20", "100000"])  # a few days of a catch-up, or all of it and polls again and again
            flags = [f"--storage.path={path}", f"--api.requests-per-minute={pace}", *QUICK]
            with exporter(tmp_path, api, *flags) as (url, process):
                first = until(lambda: samples(get(f"{url}/metrics")), "a scrape")
                serves_at_once(first, held, truth)
                time.sleep(rng.uniform(0, 0.8))  # any moment is a moment to die
                process.stop(signal.SIGKILL)
            before, held = held, days_held(path, truth)
            assert all(before[name] <= held[name] for name in before)
        with exporter(tmp_path, api, f"--storage.path={path}") as (_, process):
            until(lambda: process.said().count("settled days are complete") == len(POLLS), "the days that were missing")
            process.stop()
        assert {len(days) for days in days_held(path, truth).values()} == {62}
