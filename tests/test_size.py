"""What `check` says about the size is what comes."""

import re
from datetime import UTC, datetime

import pytest

from exporter import size
from exporter.app import http_client
from tests.world import World, settings_for

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)


@pytest.fixture
def simulator(simulate):
    return simulate(now=NOON, people=60, days=70)


def number(pattern, lines):
    (found,) = [match[1] for line in lines if (match := re.search(pattern, line))]
    return int(found.replace(",", ""))


def test_series_are_counted_whatever_their_labels_hold():
    text = '# HELP a A.\n# TYPE a gauge\na{x="\r"} 1\na{x="\u2028{"} 2\nb{} 3\n'
    assert size.series_of(text.encode()) == {"a": 2, "b": 1}


async def test_full_windows_have_about_as_many_series_as_was_said_before_they_were_read(simulator):
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http)
        await world.poll(*world.parts.runner.polls)
        lines = list(size.size(world.parts))
        assert number(r"([\d,]+) series,", lines) == len(world.scrape())
        said = number(r"some ([\d,]+) series once", lines)
        await world.parts.runner.caught_up()
        assert len(world.scrape()) == pytest.approx(said, rel=0.05)
        assert number(r"sample_limit of ([\d,]+)", lines) >= 2 * said


async def test_what_a_label_costs_is_what_dropping_it_saves(simulator, monkeypatch):
    monkeypatch.setattr(size, "_WORTH_SAYING", 10)
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http)
        await world.poll("workspaces", "claude_code")
        lines = list(size.size(world.parts))
        without = World(simulator, http, labels={"drop": ["terminal"]})
        await without.poll("workspaces", "claude_code")
        saved = len(world.scrape()) - len(without.scrape())
        assert number(r"labels.drop=terminal would save some ([\d,]+) of them", lines) == pytest.approx(saved, rel=0.4)
        assert [line for line in lines if "the largest are anthropic_claude_code_" in line]
        monkeypatch.setattr(size, "_WORTH_SAYING", 10**6)
        assert not [line for line in size.size(world.parts) if "labels.drop" in line or "largest" in line]


async def test_families_that_are_dropped_are_nowhere(simulator):
    async with http_client(settings_for(simulator)) as http:
        drop = ["anthropic_claude_code_t*", "anthropic_window_days", "anthropic_cost_report_day_timestamp_seconds"]
        world = World(simulator, http, metrics={"drop": drop})
        await world.poll(*world.parts.runner.polls)
        everything = World(simulator, http)
        await everything.poll(*everything.parts.runner.polls)
        names = {name.partition("{")[0] for name in world.scrape()}
        assert {name.partition("{")[0] for name in everything.scrape()} - names == {
            "anthropic_claude_code_tokens",
            "anthropic_claude_code_tool_actions",
            "anthropic_claude_code_today_sessions",
            "anthropic_claude_code_today_estimated_cost_usd",
            "anthropic_window_days",
            "anthropic_cost_report_day_timestamp_seconds",
        }
        daily = World(simulator, http, metrics={"drop": ["anthropic_daily_*cost*"]})
        await daily.poll("workspaces", "claude_code")
        (poll,) = [one for one in daily.parts.reports() if one.name == "claude_code"]
        names = {family.metric.name for family in daily.parts.days.families(poll, daily.report_day())}
        assert "anthropic_daily_claude_code_tokens" in names
        assert "anthropic_daily_claude_code_estimated_cost_usd" not in names
