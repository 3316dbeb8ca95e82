"""Settled days: windows are the truth, restarts lose nothing, corrections show everywhere."""

from datetime import UTC, date, datetime, timedelta

import pytest

from exporter.app import http_client
from exporter.demo.options import Options
from exporter.errors import Reason
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
    async with http_client(settings_for(simulator)) as http:
        before = World(simulator, http, storage=storage(tmp_path))
        await before.poll_all()
        before.parts.ledger.close()
        ask(f"{simulator.url}/simulator/requests", method="DELETE")
        simulator.now += timedelta(hours=5)
        after = World(simulator, http, storage=storage(tmp_path))
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
        assert days_asked_for(asked) == ["2026-03-08", "2026-03-09", "2026-03-10", "2026-03-11"]
        after.parts.ledger.close()


def days_asked_for(requests):
    return sorted(one["query"][12:22] for one in requests if one["path"].endswith("usage_report/claude_code"))


async def test_however_long_it_was_down_days_that_were_not_final_are_read_again_and_old_ones_once_more(
    simulator, tmp_path
):
    async with http_client(settings_for(simulator)) as http:
        before = World(simulator, http, storage=storage(tmp_path))
        await before.poll_all()
        before.parts.ledger.close()
        ask(f"{simulator.url}/simulator/requests", method="DELETE")
        simulator.now += timedelta(days=6)
        after = World(simulator, http, storage=storage(tmp_path))
        await after.parts.restore()
        await after.poll_all()
        asked = days_asked_for(ask(f"{simulator.url}/simulator/requests"))
        last_look = [f"2026-03-{day:02}" for day in range(1, 7)]
        not_final = ["2026-03-08", "2026-03-09", "2026-03-10"]
        new = [f"2026-03-{day:02}" for day in range(11, 18)]
        assert asked == last_look + not_final + new
        ask(f"{simulator.url}/simulator/requests", method="DELETE")
        simulator.now += timedelta(hours=1)
        await after.poll_all()
        assert days_asked_for(ask(f"{simulator.url}/simulator/requests")) == new[-4:]
        after.parts.ledger.close()


async def test_with_the_api_down_a_restart_serves_what_is_kept_until_it_is_too_old(simulator, tmp_path):
    async with http_client(settings_for(simulator)) as http:
        before = World(simulator, http, storage=storage(tmp_path))
        await before.poll_all()
        before.parts.ledger.close()
        ask(f"{simulator.url}/simulator/faults", [f"{name}:500" for name in ("me", *SOURCES)], "PUT")
        for hours, served in ((20, True), (36, False)):
            simulator.now = NOON + timedelta(hours=hours)
            after = World(simulator, http, storage=storage(tmp_path))
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


def storage(tmp_path):
    return {"path": tmp_path / "ledger.db"}


async def test_the_key_of_another_organization_publishes_nothing_after_a_restart_either(simulator, tmp_path):
    async with http_client(settings_for(simulator)) as http:
        before = World(simulator, http, storage=storage(tmp_path))
        await before.poll_all()
        before.parts.ledger.close()
        simulator.now += timedelta(hours=1)
        after = World(simulator, http, key="sk-ant-admin01-other-organization", storage=storage(tmp_path))
        await after.parts.restore()
        outcomes = [await after.parts.runner.run(name) for name in after.parts.runner.polls]
        assert {outcome.reason for outcome in outcomes} == {Reason.WRONG_ORGANIZATION}
        assert all("ledger" in outcome.hint for outcome in outcomes)
        assert after.total("anthropic_members") is None
        await windows_are_the_truth(after)
        after.parts.ledger.close()


async def test_the_remembered_name_is_the_label_even_if_me_is_refused_or_tells_another(simulator, tmp_path):
    async with http_client(settings_for(simulator)) as http:
        before = World(simulator, http, organization="Chosen", storage=storage(tmp_path))
        await before.poll_all()
        before.parts.ledger.close()
        for faults in (["me:403"], []):
            ask(f"{simulator.url}/simulator/faults", faults, "PUT")
            after = World(simulator, http, storage=storage(tmp_path))
            await after.parts.restore()
            await after.poll("members", "cost")
            assert after.by("organization", "anthropic_members").keys() == {"Chosen"}
            assert after.by("organization", "anthropic_cost_window_usd").keys() == {"Chosen"}
            after.parts.ledger.close()


async def test_a_second_exporter_on_the_same_file_keeps_its_days_in_memory_and_says_so(simulator, tmp_path):
    async with http_client(settings_for(simulator)) as http:
        first = World(simulator, http, storage=storage(tmp_path))
        second = World(simulator, http, storage=storage(tmp_path))
        for world, persistent in ((first, 1), (second, 0)):
            await world.poll_all()
            assert world.total("anthropic_exporter_ledger_persistent") == persistent
            await windows_are_the_truth(world)
            world.parts.ledger.close()


async def test_without_a_path_days_are_in_memory(simulator):
    async with http_client(settings_for(simulator)) as http:
        assert World(simulator, http).total("anthropic_exporter_ledger_persistent") == 0


async def test_days_before_an_organization_began_are_held_but_not_active(simulate):
    simulator = simulate(now=NOON, people=30, days=9)  # ended before it began on the second of March
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http)
        await world.poll_all()
        for source in ("claude_code", "cost"):
            assert world.by("window", "anthropic_window_days", source=source) == LENGTHS
            active = world.by("window", "anthropic_window_active_days", source=source)
            assert active == {"7d": 7, "30d": 9, "mtd": 9, "last_month": 0}
        assert not world.matching("anthropic_window_active_days", source="usage")


async def test_another_grouping_reads_the_kept_days_of_usage_again(simulator, tmp_path):
    async with http_client(settings_for(simulator)) as http:
        for group_by in ("model,api_key_id", "model", "model,api_key_id"):
            world = World(simulator, http, storage=storage(tmp_path), polls={"usage": {"group_by": group_by}})
            await world.parts.restore()
            assert world.total("anthropic_usage_tokens") is None or group_by == "model,api_key_id"
            await world.poll_all()
            assert world.by("window", "anthropic_window_days", source="usage") == LENGTHS
            assert (world.total("anthropic_api_key_last_used_day_timestamp_seconds") is None) is (group_by == "model")
            world.parts.ledger.close()


async def test_a_day_that_fails_is_left_out_said_and_read_with_the_next_round(simulator, caplog):
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http)
        await world.poll("organization")
        ask(f"{simulator.url}/simulator/faults", ["cost:html,after=1,times=1"], "PUT")
        await world.poll_all()
        assert [record.reason for record in caplog.records if record.message == "days could not be read"] == [
            Reason.BAD_RESPONSE
        ]
        await windows_are_the_truth(world)  # day by day what was refused as a whole


async def test_an_outage_ends_a_round_and_the_next_poll_begins_another(simulator):
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http)
        await world.poll("organization")
        ask(f"{simulator.url}/simulator/faults", ["claude_code:500,after=11"], "PUT")
        await world.poll("claude_code")
        await world.parts.runner.caught_up()
        assert world.by("window", "anthropic_window_days", source="claude_code")["30d"] == 11
        ask(f"{simulator.url}/simulator/faults", [], "PUT")
        await world.poll("claude_code")
        await world.parts.runner.caught_up()
        assert world.by("window", "anthropic_window_days", source="claude_code") == LENGTHS


async def test_windows_end_with_the_day_that_was_read_until_the_next_one_is(simulator):
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http)
        await world.poll_all()
        simulator.now += timedelta(days=1)
        await windows_are_the_truth(world)
        await world.poll_all()
        assert world.report_day("cost") == REPORT_DAY + timedelta(days=1)
        want = truth(simulator, REPORT_DAY - timedelta(days=5), REPORT_DAY + timedelta(days=1))
        billed = world.by("workspace_id", "anthropic_cost_window_usd", window="7d")
        assert {name: value for name, value in billed.items() if value} == dollars(want["cost_usd_by_workspace"])


async def test_an_organization_that_began_yesterday_has_whole_windows_of_what_there_was(simulate):
    simulator = simulate(now=NOON, people=30, days=1)
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http, budgets=[{"name": "all", "usd": 1000}])
        await world.poll_all()
        await windows_are_the_truth(world)
        day = world.total("anthropic_cost_usd")
        assert world.total("anthropic_cost_window_usd", window="30d") == pytest.approx(day)
        spent = world.total("anthropic_budget_spent_usd")
        assert spent == pytest.approx(day + world.total("anthropic_cost_today_usd"))
        assert world.total("anthropic_budget_forecast_usd") > 15 * day


async def test_teams_are_labels_that_follow_their_file(simulator, tmp_path):
    file = tmp_path / "teams.yml"
    file.write_text("teams: [{team: red, cost-center: 7, actors: ['*@*'], workspaces: [default]}]")
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http, teams_file=file)
        await world.parts.restore()
        await world.poll_all()
        windows = "anthropic_claude_code_window_estimated_cost_usd"
        for team in ("red", "blue"):
            file.write_text(file.read_text().replace("red", team))
            await world.parts.refresh_teams()
            for metric in ("anthropic_claude_code_sessions", windows, "anthropic_claude_code_active_actors"):
                assert world.by("team", metric, actor_type="user").keys() == {team}, metric
                assert world.by("team", metric, actor_type="api_key").keys() <= {"unassigned"}, metric
            assert team in world.by("team", "anthropic_api_key_info")
            assert world.by("team", "anthropic_workspace_info", workspace_id="default") == {team: 1}
            assert world.by("cost_center", "anthropic_team_info", team=team) == {"7": 1}
        file.write_text("teams: nonsense")
        await world.parts.refresh_teams()
        assert world.by("team", windows, actor_type="user").keys() == {"blue"}
        assert world.total("anthropic_exporter_teams_file_success") == 0


async def test_without_a_teams_file_no_series_has_a_team(simulator):
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http)
        await world.poll_all()
        assert "team=" not in world.text()


async def test_a_role_is_since_joining_until_it_is_seen_to_change(simulator, tmp_path):
    async with http_client(settings_for(simulator)) as http:
        first = World(simulator, http, storage=storage(tmp_path))
        await first.poll("organization", "members")
        added = first.by("user_id", "anthropic_member_added_timestamp_seconds")
        assert first.by("user_id", "anthropic_member_role_since_timestamp_seconds") == added
        roles = first.parts.ledger.roles()
        changed = next(iter(roles))
        first.parts.ledger.set_roles(roles | {changed: ("intern", roles[changed][1])})
        first.parts.ledger.close()
        simulator.now += timedelta(days=1)
        for _ in range(2):
            world = World(simulator, http, storage=storage(tmp_path))
            await world.poll("organization", "members")
            since = world.by("user_id", "anthropic_member_role_since_timestamp_seconds")
            assert since.pop(changed) == (NOON + timedelta(days=1)).timestamp()
            assert all(since[user] == added[user] for user in since if user in added)
            world.parts.ledger.close()
            simulator.now += timedelta(days=1)


async def test_what_stays_refused_is_said_once_and_never_asked_for_without_end(simulator, caplog):
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http)
        await world.poll("organization")
        ask(f"{simulator.url}/simulator/faults", ["cost:403,after=1"], "PUT")
        await world.poll("cost")
        ask(f"{simulator.url}/simulator/requests", method="DELETE")
        await world.parts.runner.caught_up()
        assert len(ask(f"{simulator.url}/simulator/requests")) <= 3
        said = [record for record in caplog.records if record.message == "days could not be read"]
        assert [record.levelname for record in said] == ["WARNING"]
        assert world.by("window", "anthropic_window_days", source="cost")["30d"] == 1


async def test_teams_wait_for_the_name_of_the_organization(simulator, tmp_path):
    file = tmp_path / "teams.yml"
    file.write_text("teams: [{team: red, actors: ['*@*']}]")
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http, teams_file=file)
        await world.parts.restore()
        assert world.matching("anthropic_team_info") == []
        await world.poll("members")
        assert world.by("organization", "anthropic_team_info") == {Options.organization_name: 1}
