from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import mean, median

import pytest

from tests.demo.simulated import NOW, read

RESOURCES = ["me", "users", "invites", "workspaces", "api_keys"]
DAYS = [NOW.date() - timedelta(days=back) for back in range(1, 76)]


@pytest.fixture(scope="module")
def history(api):
    """Rows of every day of the history."""
    return {day: api.day(day.isoformat()) for day in DAYS}


@pytest.fixture(scope="module")
def rows(history):
    return [row for rows in history.values() for row in rows]


def everything(api):
    return [api.ask(path, None if path == "me" else {"limit": 1000}).content for path in RESOURCES] + [api.day()]


def test_the_same_seed_gives_the_same_organization(simulate):
    assert everything(simulate(seed=7)) == everything(simulate(seed=7))


def test_another_seed_gives_another_organization(simulate):
    assert all(
        one != other for one, other in zip(everything(simulate(seed=7)), everything(simulate(seed=8)), strict=True)
    )


def test_it_is_as_large_as_it_was_asked_to_be(simulate):
    api = simulate(people=1300, api_keys=1200, workspaces=30, days=2)
    sizes = {path: len(api.rows(path)) for path in ("users", "api_keys", "workspaces")}
    assert sizes == {"users": 1300, "api_keys": 1200, "workspaces": 30}
    assert [len(page) for page in api.pages("users")] == [1000, 300]


@pytest.mark.parametrize("people", [1, 2, 5, 49, 50])
def test_a_small_organization_has_somebody_in_charge(simulate, people):
    users = simulate(people=people, api_keys=0).rows("users")
    assert len(users) == people
    assert "admin" in {user["role"] for user in users}


def test_people_have_every_documented_role_and_one_became_admin_lately(api):
    users = api.rows("users")
    assert {"user", "claude_code_user", "developer", "billing", "admin"} < {user["role"] for user in users}
    assert [user["added_at"] > "2026-11-17" for user in users if user["role"] == "admin"].count(True) == 1
    assert len({user["email"] for user in users}) == len({user["id"] for user in users}) == 200


def test_weekends_are_quiet(history):
    working = mean(len(rows) for day, rows in history.items() if day.weekday() < 5)
    weekend = mean(len(rows) for day, rows in history.items() if day.weekday() >= 5)
    assert 0.03 < weekend / working < 0.25


def test_a_few_people_spend_most(rows):
    spent = sorted(read(rows)["cost_by_actor"].values(), reverse=True)
    assert sum(spent[: len(spent) // 10]) > sum(spent) / 4
    assert spent[0] > 8 * median(spent)


def test_some_never_use_it_some_joined_and_some_left(api, history):
    members = {user["email"].casefold(): user for user in api.rows("users")}
    active = {
        row["actor"]["email_address"].casefold()
        for rows in history.values()
        for row in rows
        if "email_address" in row["actor"]
    }
    assert len(members.keys() - active) > 5
    assert active - members.keys()
    newcomers = [user for user in members.values() if user["added_at"] > DAYS[-1].isoformat()]
    assert len(newcomers) > 5
    for user in newcomers:
        days = [
            day for day, rows in history.items() if user["email"] in {row["actor"].get("email_address") for row in rows}
        ]
        assert all(day.isoformat() >= user["added_at"][:10] for day in days)


def test_one_actor_and_day_has_several_rows(history):
    counts = Counter(str(row["actor"]) for row in history[date(2026, 11, 18)])
    assert max(counts.values()) >= 2


def test_costs_run_away_twice_in_the_history(history):
    def largest(rows):
        return max(read(rows)["cost_by_actor"].values())

    usual = median(largest(rows) for rows in history.values())
    assert largest(history[NOW.date() - timedelta(days=3)]) > 3 * usual
    assert largest(history[NOW.date() - timedelta(days=50)]) > 3 * usual


def test_an_old_model_fades_while_a_new_one_is_adopted(history):
    early = read([row for day, rows in history.items() if day < DAYS[-15] for row in rows])["tokens_by_model"]
    late = read([row for day, rows in history.items() if day > DAYS[14] for row in rows])["tokens_by_model"]

    def share(models, name):
        return sum(models[name].values()) / sum(sum(tokens.values()) for tokens in models.values())

    assert share(early, "claude-sonnet-4-5-20250929") > 3 * share(late, "claude-sonnet-4-5-20250929") > 0
    assert share(early, "claude-fable-5-2") == 0 < share(late, "claude-fable-5-2")


def test_estimates_are_list_prices_in_cents(plain):
    prices = {"claude-opus-5-5": ("4", "20", "0.20", "5"), "claude-haiku-5-5": ("0.10", "0.50", "0.01", "0.125")}
    seen = set()
    for row in plain.day():
        for use in row["model_breakdown"]:
            if use["model"] in prices:
                seen.add(use["model"])
                kinds = ("input", "output", "cache_read", "cache_creation")
                priced = zip(kinds, prices[use["model"]], strict=True)
                cents = sum(use["tokens"][kind] * Decimal(price) for kind, price in priced) / 10_000
                assert abs(Decimal(use["estimated_cost"]["amount"]) - cents) <= Decimal("0.5")
    assert seen == prices.keys()


def test_rows_are_of_both_kinds_of_actors_and_customers(rows):
    assert {row["actor"]["type"] for row in rows} == {"user_actor", "api_actor"}
    kinds = {(row["customer_type"], row.get("subscription_type")) for row in rows}
    assert {("api", None), ("subscription", "team"), ("subscription", "enterprise"), ("subscription", None)} <= kinds
    assert {row.get("is_remote") for row in rows} == {True, False, None}
    assert len({row.get("terminal_type") for row in rows}) > 12


def test_keys_have_every_fate(api):
    keys = api.rows("api_keys")
    members = {user["id"] for user in api.rows("users")}
    creators = [key["created_by"] for key in keys]
    today = NOW.isoformat()
    soon = (NOW + timedelta(days=7)).isoformat()
    assert {"active", "inactive", "archived", "expired"} <= {key["status"] for key in keys}
    assert any(today < (key.get("expires_at") or "") < soon and key["status"] == "active" for key in keys)
    assert all(key["expires_at"] < today for key in keys if key["status"] == "expired")
    assert any(one and one["type"] == "user" and one["id"] not in members for one in creators)
    assert any(one and one["type"] == "service_account" and one["id"].startswith("svac_") for one in creators)
    assert None in creators
    assert {"type": "organization"} in [key.get("scope") for key in keys]
    ages = [(NOW - datetime.fromisoformat(key["created_at"])).days for key in keys]
    assert max(ages) > 700
    assert 0 <= min(ages) < 200


def test_a_key_acts_as_its_creator_in_both_shapes_on_record_or_as_nobody(api):
    shapes = {str(sorted((key.get("principal") or {}).keys())) for key in api.rows("api_keys")}
    assert {"[]", "['id', 'type']", "['type', 'user_id']"} <= shapes


def test_minted_keys_live_in_their_workspace_and_are_named_after_people(api):
    workspace = next(one["id"] for one in api.rows("workspaces") if one["name"] == "Claude Code")
    minted = api.rows("api_keys", {"workspace_id": workspace})
    assert len(minted) > 10
    assert all(key["name"].startswith("claude_code_key_") and key["created_by"]["type"] == "user" for key in minted)


def test_the_default_workspace_is_null_at_the_top_and_real_in_the_scope(api):
    default = api.truth()["organization"]["default_workspace_id"]
    found = api.rows("api_keys", {"workspace_id": default})
    assert found
    assert {key["workspace_id"] for key in found} == {None}
    assert default in {key["scope"]["workspace_id"] for key in found if "scope" in key}


def test_key_actors_are_keys(api, rows):
    names = {key["name"] for key in api.rows("api_keys")}
    assert {row["actor"]["api_key_name"] for row in rows if row["actor"]["type"] == "api_actor"} <= names


_POSSIBLE = {
    ("pending", False), ("expired", True), ("accepted", False), ("accepted", True), ("deleted", True),
    ("revoked", True),
}  # fmt: skip


def test_invites_live_for_three_weeks(api):
    for invite in api.rows("invites"):
        life = datetime.fromisoformat(invite["expires_at"]) - datetime.fromisoformat(invite["invited_at"])
        assert life == timedelta(days=21)
        over = datetime.fromisoformat(invite["expires_at"]) <= NOW
        assert (invite["status"], over) in _POSSIBLE


def test_workspaces_have_members_with_every_documented_role(api):
    roles = {
        row["workspace_role"] for one in api.rows("workspaces") for row in api.rows(f"workspaces/{one['id']}/members")
    }
    assert roles == {
        "workspace_admin", "workspace_billing", "workspace_developer", "workspace_restricted_developer",
        "workspace_user",
    }  # fmt: skip


def test_times_have_microseconds_and_a_z(api):
    for path, field in {"users": "added_at", "invites": "invited_at", "workspaces": "created_at"}.items():
        assert all(row[field].endswith("Z") and "." in row[field] for row in api.rows(path))
