import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.demo.simulated import NOW, REPORT, SETTLED

KNOWN_TOOLS = {"edit_tool", "multi_edit_tool", "write_tool", "notebook_edit_tool"}
ROW = {
    "date", "organization_id", "actor", "customer_type", "subscription_type", "is_remote", "terminal_type",
    "core_metrics", "tool_actions", "model_breakdown",
}  # fmt: skip


@pytest.fixture(scope="module")
def day(api):
    return api.day()


def where(row):
    return (row.get("terminal_type"), row.get("is_remote"), row["customer_type"], row.get("subscription_type"))


def some(rows, condition):
    """Whether there are such rows, but not many."""
    return 0 < sum(map(bool, map(condition, rows))) < len(rows) / 5


ODD_ROWS = {
    "terminal is null": lambda row: row.get("terminal_type", "-") is None,
    "terminal is empty": lambda row: row.get("terminal_type") == "",
    "terminal is missing": lambda row: "terminal_type" not in row,
    "terminal is long": lambda row: len(row.get("terminal_type") or "") > 512,
    "terminal needs escaping": lambda row: {'"', "\\"} <= set(row.get("terminal_type") or ""),
    "remote is missing": lambda row: "is_remote" not in row,
    "subscription type is missing": lambda row: "subscription_type" not in row,
    "customer type is null": lambda row: row["customer_type"] is None,
    "date is plain": lambda row: row["date"] == SETTLED,
    "no models": lambda row: row["model_breakdown"] == [],
    "sessions without tokens": lambda row: (
        row["model_breakdown"] and not any(sum(use["tokens"].values()) for use in row["model_breakdown"])
    ),
    "unheard-of model": lambda row: any("preview" in use["model"] for use in row["model_breakdown"]),
    "unheard-of tool": lambda row: row["tool_actions"].keys() - KNOWN_TOOLS,
    "no tools": lambda row: row["tool_actions"] == {},
    "two tools that differ by their suffix": lambda row: {"browser", "browser_tool"} <= row["tool_actions"].keys(),
    "fraction of a cent": lambda row: any(use["estimated_cost"]["amount"] % 1 for use in row["model_breakdown"]),
    "e-mail beyond ASCII": lambda row: not row["actor"].get("email_address", "").isascii(),
    "unknown fields": lambda row: row.keys() - ROW,
}


@pytest.mark.parametrize("oddity", ODD_ROWS)
def test_a_few_rows_of_an_ordinary_day_are_odd(day, oddity):
    assert some(day, ODD_ROWS[oddity])


@pytest.mark.parametrize("oddity", sorted(ODD_ROWS.keys() - {"fraction of a cent"}))
def test_without_quirks_no_row_is_odd(plain, oddity):
    plain.now = NOW
    assert not any(map(ODD_ROWS[oddity], plain.day()))


def test_some_rows_are_twins(day, plain):
    twins = [text for text, count in Counter(json.dumps(row, default=str) for row in day).items() if count > 1]
    assert twins
    assert len({json.dumps(row, default=str) for row in plain.day()}) == len(plain.day())


def test_some_people_are_spelled_in_two_ways_on_one_day_and_place(day):
    spellings: dict[tuple[Any, ...], set[str]] = {}
    for row in day:
        if email := row["actor"].get("email_address"):
            spellings.setdefault((email.casefold(), *where(row)), set()).add(email)
    assert any(len(found) > 1 for found in spellings.values())


def test_unknown_fields_stand_at_every_level(day):
    odd = next(row for row in day if row.keys() - ROW and row["model_breakdown"])
    use = odd["model_breakdown"][0]
    assert len(odd["actor"]) == 3
    assert len(odd["core_metrics"]) == 5
    assert len(odd["core_metrics"]["lines_of_code"]) == 3
    assert {len(actions) for actions in odd["tool_actions"].values()} == {3}
    assert [len(use), len(use["tokens"]), len(use["estimated_cost"])] == [4, 5, 3]


def test_envelopes_have_unknown_fields(api):
    assert api.get("users").keys() - {"data", "first_id", "last_id", "has_more"}
    assert api.get(REPORT, {"starting_at": SETTLED}).keys() - {"data", "has_more", "next_page"}


def test_names_of_keys_are_hard_to_escape(api):
    names = "".join(key["name"] for key in api.rows("api_keys"))
    assert {'"', "\\", "\n", "\t", "🤖", "к", "ב", "{", "%"} <= set(names)
    actors = "".join(row["actor"].get("api_key_name", "") for back in range(1, 8) for row in days_ago(api, back))
    assert {'"', "\\", "🤖", "к"} & set(actors)


def test_two_keys_may_have_one_name(api):
    names = Counter(key["name"] for key in api.rows("api_keys"))
    day = [row["actor"]["api_key_name"] for row in api.day() if row["actor"]["type"] == "api_actor"]
    assert {names["ci-main"], day.count("ci-main")} == {2}


def days_ago(api, back):
    return api.day((NOW.date() - timedelta(days=back)).isoformat())


def test_some_roles_and_statuses_are_unheard_of(api):
    assert {"auditor", "membership_admin"} <= {user["role"] for user in api.rows("users")}
    assert "suspended" in {key["status"] for key in api.rows("api_keys")}
    assert "revoked" in {invite["status"] for invite in api.rows("invites")}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("api_keys", "expires_at"),
        ("api_keys", "scope"),
        ("api_keys", "principal"),
        ("invites", "accepted_at"),
        ("workspaces", "tags"),
    ],
)
def test_old_rows_lack_newer_fields(api, path, field):
    shown = {field in row for row in api.rows(path, {"include_archived": "true"} if path == "workspaces" else None)}
    assert shown == {True, False}
