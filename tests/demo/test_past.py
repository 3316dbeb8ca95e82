"""An organization that is asked about at an instant before the day on which it was first looked at."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.demo.simulated import NOW, USAGE, Api, one_day, used

INSTANTS = [NOW - timedelta(days=days, hours=hours) for days, hours in ((0, 0), (1, 9), (9, 1), (31, 14), (45, 0))]
LISTS = {
    "users": ("added_at",),
    "invites": ("invited_at", "accepted_at"),
    "workspaces": ("created_at", "archived_at"),
    "api_keys": ("created_at",),
}


@pytest.fixture(scope="module")
def old():
    """As many keys as there are people, of every fate; for tests that set the clock."""
    return Api(people=120, api_keys=120)


def listed(api, now, path):
    api.now = now
    params = {"include_archived": "true"} if path == "workspaces" else {}
    return api.rows(path, params)


def since(instant):
    return datetime.fromisoformat(instant)


@pytest.mark.parametrize("now", INSTANTS, ids=str)
@pytest.mark.parametrize("path", LISTS)
def test_nothing_is_told_that_has_yet_to_happen(old, now, path):
    rows = listed(old, now, path)
    assert rows
    assert all(since(row[field]) <= now for row in rows for field in LISTS[path] if row.get(field))


@pytest.mark.parametrize("path", ["invites", "workspaces", "api_keys"])
def test_what_was_listed_once_stays_listed(old, path):
    ids = [{row["id"] for row in listed(old, now, path)} for now in INSTANTS]
    assert all(earlier <= later for later, earlier in pairwise(ids))
    assert path == "workspaces" or ids[0] > ids[-1]


def test_a_workspace_is_there_from_its_first_instant(simulate):
    api = simulate(people=20, quirks=False)
    api.now = NOW
    newest = api.rows("workspaces")[0]
    api.now = since(newest["created_at"])
    assert newest in api.rows("workspaces")
    assert api.ask(f"workspaces/{newest['id']}/members").status_code == 200
    api.now -= timedelta(microseconds=1)
    assert newest["id"] not in {row["id"] for row in api.rows("workspaces")}
    assert api.ask(f"workspaces/{newest['id']}/members").status_code == 404


def test_a_workspace_is_archived_from_one_instant_on(old):
    archived = [row for row in listed(old, NOW, "workspaces") if row["archived_at"]]
    assert archived
    for row in archived:
        before = listed(old, since(row["archived_at"]) - timedelta(microseconds=1), "workspaces")
        assert {**row, "archived_at": None} in before
        assert row in listed(old, since(row["archived_at"]), "workspaces")


def test_an_invite_is_pending_until_it_is_accepted_deleted_or_over(old):
    now = {row["id"]: row for row in listed(old, NOW, "invites")}
    assert {"accepted", "expired", "deleted", "pending"} <= {row["status"] for row in now.values()}
    for row in now.values():
        first = {one["id"]: one for one in listed(old, since(row["invited_at"]), "invites")}[row["id"]]
        assert first["status"] == "pending"
        assert first.get("accepted_at") is None


def test_a_key_is_active_on_every_day_of_its_use_and_used_on_none_before_it_was_made(old):
    days = [NOW - timedelta(days=back) for back in range(1, 60)]
    switched_off = {row["id"] for row in listed(old, NOW, "api_keys") if row["status"] in ("inactive", "archived")}
    seen: Counter[str] = Counter()
    for day in days:
        midnight = day.replace(hour=0, minute=0)
        status = {row["id"]: row["status"] for row in listed(old, midnight + timedelta(days=1), "api_keys")}
        old.now = NOW
        [bucket] = old.buckets(USAGE, {**one_day(day.date().isoformat()), "group_by[]": ["api_key_id"]})
        keys = used(bucket["results"], "api_key_id").keys() - {"None"}
        assert keys <= status.keys()
        began = {row["id"]: row["status"] for row in listed(old, midnight, "api_keys")}
        for key in keys & switched_off:
            assert began.get(key, "active") == "active"
            seen[key] += 1
    assert seen


def test_a_key_has_no_use_before_the_second_in_which_it_was_made(simulate):
    api = simulate(people=40, api_keys=200, quirks=False)
    newest = next(row for row in api.rows("api_keys") if row["name"].startswith("claude_code_key"))
    others = [row for row in api.rows("api_keys") if not row["name"].startswith("claude_code_key")][:5]
    for key in [newest, *others]:
        created = since(key["created_at"])
        query = {**one_day(created.date().isoformat()), "api_key_ids[]": key["id"]}
        api.now = created
        assert not api.buckets(USAGE, query)[0]["results"]
    assert any(_uses(api, key) for key in others)


def _uses(api, key):
    api.now = NOW
    day = since(key["created_at"]).date().isoformat()
    return api.buckets(USAGE, {**one_day(day), "api_key_ids[]": key["id"]})[0]["results"]


def test_the_truth_of_the_past_is_what_is_listed(old):
    for now in INSTANTS:
        rows = {path: listed(old, now, path) for path in LISTS}
        truth = old.truth()["organization"]
        assert truth["api_keys"] == Counter(row["status"] for row in rows["api_keys"])
        assert {status: sum(roles.values()) for status, roles in truth["invites"].items()} == Counter(
            row["status"] for row in rows["invites"]
        )
        archived = sum(row["archived_at"] is not None for row in rows["workspaces"])
        assert truth["workspaces"] == {"active": len(rows["workspaces"]) + 1 - archived, "archived": archived}
