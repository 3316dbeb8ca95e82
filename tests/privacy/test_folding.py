"""More actors than may be named: who spends least is `other`, in every family alike, and nothing is lost."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.app import http_client
from exporter.folding import OTHER, Ranker, Ranking, ranking
from exporter.model import ClaudeCodeDays, Spender
from exporter.polls import ClaudeCodePoll
from tests.service import ask
from tests.world import World, settings_for

TODAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
NAMED = 12
OF_ACTORS = (
    "anthropic_claude_code_sessions",
    "anthropic_claude_code_lines_of_code",
    "anthropic_claude_code_commits",
    "anthropic_claude_code_pull_requests",
    "anthropic_claude_code_tool_actions",
    "anthropic_claude_code_tokens",
    "anthropic_claude_code_estimated_cost_usd",
    "anthropic_claude_code_today_sessions",
    "anthropic_claude_code_today_estimated_cost_usd",
    "anthropic_claude_code_window_estimated_cost_usd",
)


def days(*amounts):
    """Settled days, the newest last; each says what people spent, by name."""
    by_day = {
        TODAY - timedelta(days=age): {Spender(name, "user", "api"): Decimal(usd) for name, usd in spent.items()}
        for age, spent in enumerate(reversed(amounts))
    }
    return ClaudeCodeDays(TODAY, by_day)


def named(ranked):
    return sorted(name for name, _ in ranked.named)


def test_those_who_spent_most_in_30_days_are_named():
    ranked = ranking(days({"ann": 1, "ben": 9}, {"ann": 9, "cy": 9}), [TODAY, TODAY - timedelta(days=1)], 2)
    assert (named(ranked), ranked.folded) == (["ann", "ben"], 1)
    assert ranked.others([("ann", "user"), ("cy", "user"), ("new", "user"), ("", "user")]) == {
        ("cy", "user"),
        ("new", "user"),
    }


def test_where_there_is_room_everybody_is_named_newcomers_too():
    ranked = ranking(days({"ann": 1, "ben": 9}), [TODAY], 3)
    assert ranked.others([("ann", "user"), ("new", "user")]) == frozenset()
    assert ranked.others([("new", "user"), ("newer", "user")]) == {("new", "user"), ("newer", "user")}


def test_days_older_than_30_do_not_count():
    ranker = Ranker(1)
    assert named(ranker.rank(days({"ann": 1000}, *[{"ben": 1}] * 30))) == ["ben"]


def test_the_ranking_stays_until_another_day_is_the_report_day_however_the_newest_is_corrected():
    ranker = Ranker(1)
    first = ranker.rank(days({"ann": 2, "ben": 1}))
    assert ranker.rank(days({"ann": 2, "ben": 3})) is first
    newer = ClaudeCodeDays(TODAY + timedelta(days=1), days({"ann": 2, "ben": 3}).by_day)
    assert named(ranker.rank(newer)) == ["ann"]
    assert named(ranker.rank(days({}, {"ann": 2, "ben": 3}))) == ["ben"]


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 3), max_size=20), st.integers(1, 20))
def test_never_are_more_named_than_may_be(spent, most):
    ranked = ranking(days(spent), [TODAY], most)
    actors = {(name, "user") for name in spent} | {("new", "user"), ("newer", "user")}
    shown = actors - ranked.others(actors)
    assert len(shown) <= most
    assert ranked.folded == max(0, len(spent) - most)
    poorest = min((spent[name] for name, _ in ranked.named), default=0)
    assert all(spent[name] <= poorest for name, _ in ranked.others({(name, "user") for name in spent}))


def test_nobody_is_folded_before_anything_is_ranked():
    assert Ranking(5).others([("ann", "user")]) == frozenset()


async def test_where_everybody_is_named_rows_are_made_once(simulator, monkeypatch):
    made = []
    families = ClaudeCodePoll.families

    def counted(self, model, held):
        made.append(model.day)
        return families(self, model, held)

    monkeypatch.setattr(ClaudeCodePoll, "families", counted)
    async with http_client(settings_for(simulator)) as http:
        await World(simulator, http).poll("workspaces", "claude_code")
        assert made == [NOON.date() - timedelta(days=1)]
        await World(simulator, http, limits={"actors": 3}).poll("workspaces", "claude_code")
        assert len(made) == 3


@pytest.fixture
def simulator(simulate):
    return simulate(now=NOON, people=40, days=40)


async def worlds(simulator, http, **folding):
    everybody, few = World(simulator, http), World(simulator, http, **folding)
    for world in (everybody, few):
        await world.parts.restore()
        await world.poll_all()
    return everybody, few


async def test_totals_of_every_family_by_every_label_stay_when_actors_are_folded(simulator):
    async with http_client(settings_for(simulator)) as http:
        everybody, few = await worlds(simulator, http, limits={"actors": NAMED})
        kept = set(few.by("actor", "anthropic_claude_code_window_estimated_cost_usd", window="30d"))
        assert len(kept) == NAMED + 1
        for metric in OF_ACTORS:
            assert few.total(metric) == pytest.approx(everybody.total(metric)), metric
            assert set(few.by("actor", metric)) <= kept, metric
            for label in ("actor_type", "customer_type", "window", "model", "tool", "terminal"):
                if label in everybody.matching(metric)[0].labels:
                    assert few.by(label, metric) == pytest.approx(everybody.by(label, metric)), (metric, label)
        month = everybody.by("actor", "anthropic_claude_code_window_estimated_cost_usd", window="30d")
        assert kept - {OTHER} == {name for name, _ in Counter(month).most_common(NAMED)}
        assert few.total("anthropic_exporter_folded_actors") == len(month) - NAMED
        assert everybody.total("anthropic_exporter_folded_actors") == 0
        same = ("anthropic_claude_code_active_actors", "anthropic_member_last_active_day_timestamp_seconds")
        for metric in same:
            assert len(few.matching(metric)) == len(everybody.matching(metric))


async def test_from_one_report_day_to_the_next_all_families_speak_of_the_same_ranking(simulator):
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http, limits={"actors": NAMED})
        await world.poll_all()
        simulator.now += timedelta(days=1)
        await world.poll("claude_code")
        kept = set(world.by("actor", "anthropic_claude_code_window_estimated_cost_usd", window="30d"))
        assert len(kept) == NAMED + 1
        assert set(world.by("actor", "anthropic_claude_code_sessions")) <= kept
        truth = ask(f"{simulator.url}/simulator/truth?day={world.report_day()}")
        assert world.total("anthropic_claude_code_sessions") == truth["sessions"]
