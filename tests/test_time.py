"""From one day to the next: the exporter's own parts against the simulated organization, both told the time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from exporter.app import http_client
from tests.world import World, settings_for

HALF_AN_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("start", "hours"),
    [
        (datetime(2028, 2, 28, 20, tzinfo=UTC), 34),  # a leap day and the end of a month
        (datetime(2026, 12, 31, 20, tzinfo=UTC), 8),  # the end of a year
        (datetime(2026, 3, 28, 20, tzinfo=UTC), 12),  # where others change to summer time
    ],
)
async def test_every_half_hour_shows_the_right_day_and_its_truth(simulate, start, hours):
    simulator = simulate(now=start, people=25, days=4)
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http)
        for step in range(2 * hours):
            now = simulator.now = start + step * HALF_AN_HOUR
            await world.poll("organization", "claude_code", "claude_code_today", "cost", "cost_today", "usage_today")
            complete = now.date() - timedelta(days=1 if now.hour >= 2 else 2)
            assert world.report_day() == complete, now
            assert (world.total("anthropic_claude_code_sessions") or 0) == simulator.truth(complete)["sessions"], now
            today = simulator.truth(now.date())
            assert (world.total("anthropic_claude_code_today_sessions") or 0) == today["sessions"], now
            cost = world.total("anthropic_claude_code_today_estimated_cost_usd") or 0
            assert cost == pytest.approx(float(today["cost_usd"])), now
            billed = world.total("anthropic_cost_today_usd") or 0
            assert billed == pytest.approx(float(today["cost"]["usd"])), now
            tokens = world.by("token_type", "anthropic_usage_today_tokens")
            assert (tokens or dict.fromkeys(today["usage"]["tokens"], 0)) == today["usage"]["tokens"], now


async def test_today_vanishes_at_midnight_without_any_poll_and_yesterday_stays(simulate):
    simulator = simulate(now=datetime(2026, 3, 4, 23, 50, tzinfo=UTC), people=40, days=4)
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http)
        await world.poll("organization", "claude_code", "claude_code_today")
        today = "anthropic_claude_code_today_sessions"
        assert world.total(today) == simulator.truth(date(2026, 3, 4))["sessions"] > 0
        simulator.now = datetime(2026, 3, 4, 23, 59, 59, 999999, tzinfo=UTC)
        assert world.total(today) > 0
        simulator.now = datetime(2026, 3, 5, tzinfo=UTC)
        assert world.total(today) is None
        assert world.report_day() == date(2026, 3, 3)
        assert world.total("anthropic_claude_code_sessions") == simulator.truth(date(2026, 3, 3))["sessions"]


async def test_an_outage_withdraws_today_after_3_hours_and_the_report_day_after_36_but_says_which_day_it_was(simulate):
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    simulator = simulate(now=noon, people=40, days=4)
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http)
        await world.poll("organization", "claude_code", "claude_code_today")
        simulator.now = noon + timedelta(hours=3)
        assert world.total("anthropic_claude_code_today_sessions") is None
        assert world.total("anthropic_claude_code_sessions") > 0
        simulator.now = noon + timedelta(hours=36)
        assert world.total("anthropic_claude_code_sessions") is None
        assert world.report_day() == date(2026, 3, 3)
        assert world.total("anthropic_exporter_snapshot_withdrawn") == 3
