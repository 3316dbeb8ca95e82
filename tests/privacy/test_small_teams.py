"""Teams of few people are shown together, so that a team's numbers are not one person's."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.app import http_client
from exporter.teams import Teams, TeamsFile
from tests.service import ask
from tests.world import World, settings_for

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
COST = "anthropic_claude_code_estimated_cost_usd"
WINDOW = "anthropic_claude_code_window_estimated_cost_usd"
FEW = {"labels": {"actor": "team", "min_team_size": 5}, "storage": {"days": 5}}


def teams(**sizes):
    """Teams, and as many e-mails of each."""
    patterns = {f"{team}-*": team for team in sizes}
    people = [f"{team}-{number}@example.com" for team, size in sizes.items() for number in range(size)]
    return Teams(dict.fromkeys(sizes, ""), actors=patterns, api_keys={"ci-*": "machines"}), people


def shown(merged, team):
    return merged.of_actor(f"{team}-0@example.com", "user")


def test_teams_below_the_limit_are_small_and_who_has_no_team_counts_as_one():
    file, people = teams(large=5, two=2, three=3)
    merged = file.of_at_least(5, people)
    assert [shown(merged, team) for team in ("large", "two", "three", "none")] == ["large", "small", "small", "small"]
    assert merged.small == {"two", "three", "unassigned"}
    assert file.small == frozenset()


def test_small_takes_the_next_team_too_until_it_is_large_enough_itself():
    file, people = teams(large=9, middle=5, lonely=1)
    merged = file.of_at_least(5, people)
    assert merged.small == {"unassigned", "lonely", "middle"}
    assert shown(merged, "large") == "large"


def test_a_team_of_nobody_is_merged_alone_since_it_hides_nobody():
    file, people = teams(large=5, empty=0)
    assert file.of_at_least(5, people).small == {"unassigned", "empty"}


def test_a_team_of_machines_is_no_team_of_people():
    file, people = teams(large=5)
    merged = file.of_at_least(5, people)
    assert merged.of_actor("ci-main", "api_key") == "machines"
    assert merged.of_api_key("apikey_1", "ci-main", None) == "machines"


def test_while_nobody_knows_who_belongs_where_every_team_is_small():
    file, _ = teams(large=5)
    assert shown(file.of_at_least(5, None), "large") == "small"


def test_an_api_keys_team_is_small_like_its_peoples_and_a_workspaces_is_not():
    file = Teams({"duo": ""}, actors={"ann@*": "duo"}, api_keys={"ann-*": "duo"}, workspaces={"Lab": "duo"})
    merged = file.of_at_least(3, ["ann@example.com"])
    assert merged.of_api_key("apikey_1", "ann-laptop", None) == "small"
    assert merged.of_api_key("apikey_2", "other", ("wrkspc_1", "Lab")) == "small"
    assert merged.of_workspace("wrkspc_1", "Lab") == "duo"


@given(st.lists(st.integers(0, 9), max_size=6), st.integers(2, 6))
def test_no_team_that_is_shown_has_fewer_people_than_may_be(sizes, least):
    file, people = teams(**{f"t{number}": size for number, size in enumerate(sizes)})
    merged = file.of_at_least(least, people)
    counts: dict[str, int] = {}
    for email in people:
        counts[merged.of_actor(email, "user")] = counts.get(merged.of_actor(email, "user"), 0) + 1
    assert all(count >= least for count in counts.values()) or set(counts) == {"small"}
    assert merged == file.of_at_least(least, people[::-1])
    assert merged.fingerprint == file.of_at_least(least, people).fingerprint


@pytest.fixture
def simulator(simulate):
    return simulate(now=NOON, people=40, days=10)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "teams.yml"
    path.write_text('teams:\n  - {team: many, actors: ["[a-n]*"]}\n  - {team: one, actors: ["y*"]}\n')
    return path


async def test_rows_get_their_teams_once_the_members_are_known_whichever_poll_comes_first(simulator, file):
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http, teams_file=file, **FEW)
        await world.parts.restore()
        await world.poll("claude_code")
        assert set(world.by("team", COST)) == {"many", "small"}
        assert world.total("anthropic_exporter_poll_success", poll="members") == 1
        await world.poll_all()
        assert set(world.by("team", WINDOW)) == {"many", "small"}


async def test_without_the_right_to_read_members_all_teams_are_small(simulator, file):
    ask(f"{simulator.url}/simulator/faults", ["users:403"], "PUT")
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http, teams_file=file, **FEW)
        await world.parts.restore()
        await world.poll("claude_code")
        assert set(world.by("team", COST)) == {"small"}


@pytest.mark.parametrize("labels", [{"actor": "email", "min_team_size": 2}, {"actor": "hash"}], ids=str)
async def test_days_are_read_again_when_the_teams_file_changes_also_after_a_restart_and_only_then(
    simulator, file, tmp_path, labels
):
    (tmp_path / "hash.key").write_text("0123456789abcdef")
    settings = {
        "labels": labels | {"hash_key_file": tmp_path / "hash.key"},
        "storage": {"path": tmp_path / "ledger.db", "days": 8},
        "teams_file": file,
    }
    renamed = file.read_text().replace("many", "most")
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http, **settings)
        await world.parts.restore()
        await world.poll_all()
        costs = world.by("team", WINDOW, window="7d")
        assert set(costs) == {"many", "one", "unassigned"}
        file.write_text(renamed)
        simulator.now += timedelta(minutes=1)
        await world.parts.refresh_teams()
        await world.poll_all()
        assert world.by("team", WINDOW, window="7d") == {"most": costs.pop("many"), **costs}
        world.parts.ledger.close()

        for text, asked in ((renamed, 3), (renamed.replace("most", "all"), 8)):
            file.write_text(text)
            simulator.now += timedelta(hours=1)
            after = World(simulator, http, **settings)
            ask(f"{simulator.url}/simulator/requests", method="DELETE")
            await after.parts.restore()
            before = after.by("team", WINDOW, window="7d")
            assert set(before) == {"most", "one", "unassigned"}
            await after.poll_all()
            requests = ask(f"{simulator.url}/simulator/requests")
            days = {one["query"][12:22] for one in requests if one["path"].endswith("usage_report/claude_code")}
            assert len(days - {"2026-03-11"}) == asked
            after.parts.ledger.close()
        assert set(after.by("team", WINDOW, window="7d")) == {"all", "one", "unassigned"}


async def test_with_e_mails_teams_are_looked_up_when_they_are_shown_and_no_day_is_read_again(simulator, file):
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http, teams_file=file, storage={"days": 5})
        await world.parts.restore()
        await world.poll_all()
        file.write_text(file.read_text().replace("many", "most"))
        ask(f"{simulator.url}/simulator/requests", method="DELETE")
        await world.parts.refresh_teams()
        assert set(world.by("team", WINDOW)) == {"most", "one", "unassigned"}
        assert set(world.by("team", COST)) <= {"most", "one", "unassigned"}
        assert ask(f"{simulator.url}/simulator/requests") == []


async def test_a_budget_of_a_team_that_is_too_small_tells_nothing(simulator, file):
    budgets = [{"name": name, "usd": 100, "scope": "team", "of": name} for name in ("many", "one")]
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http, teams_file=file, budgets=budgets, **(FEW | {"storage": {"days": 12}}))
        await world.parts.restore()
        await world.poll_all()
        assert set(world.by("budget", "anthropic_budget_usd")) == {"many", "one"}
        assert set(world.by("budget", "anthropic_budget_spent_usd")) == {"many"}


def test_teams_with_other_small_ones_are_other_teams(file):
    read = TeamsFile(file).teams
    assert read.of_at_least(5, []) != read
    assert hash(read.of_at_least(5, [])) == hash(read.of_at_least(4, []))
