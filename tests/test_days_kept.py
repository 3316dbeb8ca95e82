"""Settled days: windows are the truth, restarts lose nothing, corrections show everywhere."""

from datetime import UTC, date, datetime, timedelta

import pytest

from exporter.app import http_client
from tests.service import ask
from tests.world import World, settings_for

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
REPORT_DAY = date(2026, 3, 10)
WINDOWS = {
    "7d": (date(2026, 3, 4), REPORT_DAY),
    "30d": (date(2026, 2, 9), REPORT_DAY),
    "mtd": (date(2026, 3, 1), REPORT_DAY),
    "last_month": (date(2026, 2, 1), date(2026, 2, 28)),
}
LENGTHS = {"7d": 7, "30d": 30, "mtd": 10, "last_month": 28}
SOURCES = ("claude_code", "usage", "cost")


def truth(simulator, first, last):
    return ask(f"{simulator.url}/simulator/truth?since={first}&until={last}")


def dollars(amounts):
    return {name: pytest.approx(float(amount)) for name, amount in amounts.items() if float(amount)}


async def windows_are_the_truth(world):
    """What a scrape says of every window is what the simulator says."""
    for window, (first, last) in WINDOWS.items():
        want = truth(world.simulator, first, last)
        billed = world.by("workspace_id", "anthropic_cost_window_usd", window=window)
        assert {name: value for name, value in billed.items() if value} == dollars(want["cost_usd_by_workspace"])
        estimated = world.by("actor", "anthropic_claude_code_window_estimated_cost_usd", window=window)
        assert {name: value for name, value in estimated.items() if value} == dollars(
            want["estimated_cost_usd_by_actor"]
        )
    for source in SOURCES:
        assert world.by("window", "anthropic_window_days", source=source) == LENGTHS


@pytest.fixture
def simulator(simulate):
    return simulate(now=NOON, people=30, days=70)


async def test_windows_hold_what_the_simulated_organization_did(simulator):
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http)
        await world.poll_all()
        await windows_are_the_truth(world)
        for window, days in (("1d", 1), ("7d", 7), ("30d", 30)):
            want = truth(simulator, REPORT_DAY - timedelta(days=days - 1), REPORT_DAY)["active_actors"]
            assert world.by("actor_type", "anthropic_claude_code_active_actors", window=window) == want
        used = truth(simulator, REPORT_DAY - timedelta(days=61), REPORT_DAY)["key_last_used_day"]
        last = world.by("api_key_id", "anthropic_api_key_last_used_day_timestamp_seconds")
        assert {key: datetime.fromtimestamp(at, UTC).date().isoformat() for key, at in last.items()} == used


async def test_a_restart_serves_the_windows_without_asking_and_reads_only_what_may_have_changed(simulator, tmp_path):
    storage = {"path": tmp_path / "ledger.db"}
    async with http_client(settings_for(simulator)) as http:
        before = World(simulator, http, storage=storage)
        await before.poll_all()
        before.parts.ledger.close()
        ask(f"{simulator.url}/simulator/requests", method="DELETE")
        simulator.now += timedelta(hours=5)
        after = World(simulator, http, storage=storage)
        await after.parts.restore()
        assert ask(f"{simulator.url}/simulator/requests") == []
        kept = {name for name in before.scrape() if not name.startswith("anthropic_exporter_")}
        gone = {name for name in kept if name not in after.scrape()}
        assert not [name for name in gone if "claude_code_window" in name or "cost_window" in name]
        assert after.report_day("cost") == after.report_day("usage") == after.report_day() == REPORT_DAY
        await windows_are_the_truth(after)
        last = after.by("poll", "anthropic_exporter_last_success_timestamp_seconds")
        assert last == dict.fromkeys(after.parts.runner.polls, NOON.timestamp())
        await after.poll_all()
        asked = ask(f"{simulator.url}/simulator/requests")
        days = sorted(one["query"][12:22] for one in asked if one["path"].endswith("usage_report/claude_code"))
        assert days == ["2026-03-07", "2026-03-08", "2026-03-09", "2026-03-10", "2026-03-11"]
        after.parts.ledger.close()


async def test_with_the_api_down_a_restart_serves_what_is_kept_until_it_is_too_old(simulator, tmp_path):
    storage = {"path": tmp_path / "ledger.db"}
    async with http_client(settings_for(simulator)) as http:
        before = World(simulator, http, storage=storage)
        await before.poll_all()
        before.parts.ledger.close()
        ask(f"{simulator.url}/simulator/faults", [f"{name}:500" for name in ("me", *SOURCES)], "PUT")
        for hours, served in ((20, True), (36, False)):
            simulator.now = NOON + timedelta(hours=hours)
            after = World(simulator, http, storage=storage)
            await after.parts.restore()
            assert (after.total("anthropic_cost_usd") is not None) is served
            assert (after.total("anthropic_cost_window_usd") is not None) is served
            assert (after.total("anthropic_window_days") is not None) is served
            assert after.report_day("cost") == REPORT_DAY
            assert after.by("poll", "anthropic_exporter_snapshot_withdrawn")["cost"] == (not served)
            after.parts.ledger.close()


async def test_corrected_days_show_within_a_poll_everywhere_they_count(simulate):
    simulator = simulate(now=NOON - timedelta(minutes=5), people=30, days=70, restate=True)
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http)
        await world.poll_all()
        await windows_are_the_truth(world)
        before = world.scrape()
        simulator.now = NOON + timedelta(minutes=5)
        await world.poll_all()
        await windows_are_the_truth(world)
        after = world.scrape()
        for metric in (
            "anthropic_claude_code_sessions",
            "anthropic_claude_code_window_estimated_cost_usd",
            "anthropic_usage_tokens",
            "anthropic_cost_usd",
            "anthropic_cost_window_usd",
        ):
            assert any(before.get(name) != value for name, value in after.items() if name.startswith(metric)), metric
