"""kill -9 at random moments of catch-up and polling, over a ledger in a file: no day is lost, doubled or mixed."""

import random
import signal
import time
from datetime import date

from exporter.days import day_start
from tests.held import POLLS, Truth, days_held
from tests.service import exporter, get, samples, simulator, until

QUICK = [f"--polls.{poll.name.replace('_', '-')}.interval=300ms" for poll in POLLS]


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
        held = {poll.name: set[date]() for poll in POLLS}
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
