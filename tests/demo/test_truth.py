from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.demo.simulated import NOW, Api, read

SAME = (
    "rows", "sessions", "commits", "pull_requests", "lines", "tokens", "tokens_by_model", "sessions_by_actor",
)  # fmt: skip


def assert_true(api, day, limit=1000):
    truth, seen = api.truth(day), read(api.day(day, limit))
    assert {name: truth[name] for name in SAME} == {name: seen[name] for name in SAME}
    assert Decimal(truth["cost_usd"]) == seen["cost"]
    assert {model: Decimal(cost) for model, cost in truth["cost_usd_by_model"].items()} == seen["cost_by_model"]
    assert {actor: Decimal(cost) for actor, cost in truth["cost_usd_by_actor"].items()} == seen["cost_by_actor"]
    assert {tool: use["accepted"] for tool, use in truth["tool_actions"].items()} == seen["tools_accepted"]
    assert {tool: use["rejected"] for tool, use in truth["tool_actions"].items()} == seen["tools_rejected"]
    assert truth["actors"] == len(seen["sessions_by_actor"])
    return truth


@pytest.mark.parametrize("back", [1, 2, 3, 5, 6, 30, 45])
def test_the_pages_of_a_past_day_add_up_to_its_truth(api, back):
    truth = assert_true(api, (NOW.date() - timedelta(days=back)).isoformat(), limit=7)
    assert truth["rows"] > 0


@pytest.mark.parametrize("hour", [0, 1, 2, 7, 12, 18, 23])
def test_the_pages_of_the_running_day_add_up_to_its_truth(simulate, hour):
    api = simulate(now=datetime(2026, 11, 20, hour, 59, 59, tzinfo=UTC))
    truth = assert_true(api, "2026-11-20", limit=50)
    assert (truth["rows"] > 0) == (hour > 0)


@pytest.mark.parametrize(("seed", "people"), [(2, 1), (3, 10), (4, 60), (5, 700)])
def test_organizations_of_every_size_add_up(simulate, seed, people):
    api = simulate(seed=seed, people=people)
    for back in range(1, 6):
        assert_true(api, (NOW.date() - timedelta(days=back)).isoformat())


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2028, 3, 2, 9, tzinfo=UTC), date(2028, 2, 29)),
        (datetime(2027, 1, 2, 9, tzinfo=UTC), date(2026, 12, 31)),
    ],
)
def test_leap_days_and_ends_of_years_are_days_like_others(now, day):
    assert assert_true(Api(now=now), day.isoformat())["rows"] > 0


def test_yesterday_is_told_unless_another_day_is_asked_for(api):
    assert api.truth() == api.truth("2026-11-19")
    assert api.truth()["day"] == "2026-11-19"


def test_a_day_that_is_none_is_refused(api):
    assert api.ask("/simulator/truth", {"day": "tomorrow"}).status_code == 400


def counted(rows, *fields):
    return dict(Counter(tuple(row[field] for field in fields) for row in rows))


def flat(groups):
    return {(outer, inner): count for outer, group in groups.items() for inner, count in group.items()}


def test_the_inventory_adds_up(api):
    truth = api.truth()["organization"]
    assert (truth["id"], truth["name"]) == (api.get("me")["id"], api.get("me")["name"])
    assert {(role,): count for role, count in truth["members"].items()} == counted(api.rows("users"), "role")
    assert flat(truth["invites"]) == counted(api.rows("invites"), "status", "role")
    workspaces = api.rows("workspaces", {"include_archived": "true", "include_default": "true"})
    assert truth["workspaces"] == {
        "active": sum(one["archived_at"] is None for one in workspaces),
        "archived": sum(one["archived_at"] is not None for one in workspaces),
    }
    members = [row for one in api.rows("workspaces") for row in api.rows(f"workspaces/{one['id']}/members")]
    assert flat(truth["workspace_members"]) == counted(members, "workspace_id", "workspace_role")
    assert truth["default_workspace_id"] == next(one["id"] for one in workspaces if one["name"] == "Default")


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
def test_keys_add_up_in_both_api_versions(api, version):
    truth = api.truth()["organization"]
    keys = api.rows("api_keys", headers={"x-api-key": api.options.key, "anthropic-version": version})

    def label(key):
        scope = key.get("scope") or {}
        if scope.get("type") == "organization":
            return "organization"
        workspace = scope.get("workspace_id") or key.get("workspace_id") or "default"
        return "default" if workspace == truth["default_workspace_id"] else workspace

    assert {(status,): count for status, count in truth["api_keys"].items()} == counted(keys, "status")
    assert flat(truth["api_keys_by_workspace"]) == dict(Counter((key["status"], label(key)) for key in keys))
    assert all(("workspace_id" in key) == (version == "2023-06-01") for key in keys)
