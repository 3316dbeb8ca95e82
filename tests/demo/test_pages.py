import base64
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.demo.simulated import REPORT, SETTLED, Api

SMALL = Api(people=25, days=10, api_keys=12)
LISTS = {"users": "id", "invites": "id", "workspaces": "id", "api_keys": "id"}
unhurried = settings(deadline=None, max_examples=50)
limits = st.integers(1, 1000) | st.integers(1, 12)


@unhurried
@given(limit=limits, path=st.sampled_from(sorted(LISTS)))
def test_a_walk_by_id_gives_each_row_once_in_the_same_order(limit, path):
    everything = SMALL.rows(path)
    pages = SMALL.pages(path, limit=limit)
    assert [row for page in pages for row in page] == everything
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1]
    assert len({row["id"] for row in everything}) == len(everything) > 0


@unhurried
@given(limit=limits)
def test_a_walk_by_cursor_gives_each_row_once_in_the_same_order(limit):
    pages = SMALL.pages(REPORT, {"starting_at": SETTLED}, limit)
    assert [row for page in pages for row in page] == SMALL.day()
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1]


@unhurried
@given(limit=limits)
def test_a_walk_backwards_meets_the_same_rows(limit):
    everything = [row["id"] for row in SMALL.rows("users")]
    place = everything[-1]
    met: list[str] = []
    while True:
        page = SMALL.get("users", {"before_id": place, "limit": limit})
        met = [row["id"] for row in page["data"]] + met
        if not page["has_more"]:
            break
        place = page["first_id"]
    assert met == everything[:-1]


def test_lists_are_newest_first(api):
    for path, when in {
        "users": "added_at",
        "invites": "invited_at",
        "workspaces": "created_at",
        "api_keys": "created_at",
    }.items():
        times = [row[when] for row in api.rows(path)]
        assert times == sorted(times, reverse=True)


def test_a_page_names_its_first_and_last_id(api):
    page = api.get("users", {"limit": 3})
    ids = [row["id"] for row in api.rows("users")[:3]]
    assert ([row["id"] for row in page["data"]], page["first_id"], page["last_id"]) == (ids, ids[0], ids[2])
    assert page["has_more"] is True


def test_the_cursor_of_a_member_list_is_the_user(api):
    workspace = next(one for one in api.rows("workspaces") if one["name"] == "Claude Code")["id"]
    page = api.get(f"workspaces/{workspace}/members", {"limit": 2})
    assert page["last_id"] == page["data"][1]["user_id"]
    assert len(api.rows(f"workspaces/{workspace}/members", limit=7)) == len(api.rows(f"workspaces/{workspace}/members"))


def test_an_empty_page_has_null_ids(plain):
    page = plain.get("users", {"email": "nobody@example.com"})
    assert page == {"data": [], "first_id": None, "last_id": None, "has_more": False}


def test_the_page_after_the_last_row_is_empty(plain):
    last = plain.rows("users")[-1]["id"]
    assert plain.get("users", {"after_id": last})["data"] == []


def test_somebody_who_leaves_in_the_middle_of_a_walk_does_not_break_it(simulate):
    api = simulate()
    users = api.app.routes[0].app.simulator.directory.main.people
    leaver = max((one for one in users if one.left_at), key=lambda one: one.left_at)
    api.now = leaver.left_at - timedelta(seconds=1)
    before = [row["id"] for row in api.rows("users")]
    api.now = leaver.left_at
    after = [row["id"] for row in api.rows("users", {"after_id": leaver.id})]
    assert leaver.id in before
    assert after == before[before.index(leaver.id) + 1 :]


@pytest.fixture
def cursor(api):
    return api.get(REPORT, {"starting_at": SETTLED, "limit": 5})["next_page"]


def test_a_cursor_looks_like_those_of_the_api(cursor):
    assert cursor.startswith("page_")
    assert json.loads(base64.urlsafe_b64decode(cursor[5:]))


@pytest.mark.parametrize("change", [{"starting_at": "2026-11-17"}, {"limit": 6}, {"limit": None}])
def test_a_cursor_belongs_to_its_query(api, cursor, change):
    params = {"starting_at": SETTLED, "limit": 5, "page": cursor, **change}
    params = {name: value for name, value in params.items() if value}
    assert "page" in api.refused(REPORT, params)[2]


def test_a_cursor_belongs_to_its_organization(api, cursor):
    other = {"anthropic-version": "2023-06-01", "x-api-key": "sk-ant-admin01-other-organization"}
    params = {"starting_at": SETTLED, "limit": 5, "page": cursor}
    assert api.refused(REPORT, params, headers=other)[0] == 400


def sealed(content):
    return "page_" + base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "", "page_", "page_x", "page_é", "2", "page_" + "A" * 5000, sealed("x"), sealed([]), sealed({}),
        sealed([1, 2, 3]), sealed(["2026-11-19T00:00:00+00:00", float("inf"), ""]),
        sealed(["2026-11-19T00:00:00+00:00", 5, "00" * 8]),
    ],
)  # fmt: skip
def test_a_cursor_that_was_made_up_is_refused(api, text):
    assert api.refused(REPORT, {"starting_at": SETTLED, "page": text})[:2] == (400, "invalid_request_error")


@unhurried
@given(text=st.text())
def test_no_text_is_taken_for_a_cursor(text):
    assert SMALL.refused(REPORT, {"starting_at": SETTLED, "page": text})[0] == 400


def test_one_walk_over_the_running_day_sees_one_boundary(simulate):
    api = simulate()
    today = {"starting_at": "2026-11-20", "limit": 40}
    expected = api.pages(REPORT, {"starting_at": "2026-11-20"}, 40)
    page, walked = api.get(REPORT, today), []
    while True:
        walked.append(page["data"])
        if not page["has_more"]:
            break
        api.now += timedelta(hours=3)
        page = api.get(REPORT, {**today, "page": page["next_page"]})
    assert walked == expected
    assert len(walked) > 2
    assert api.pages(REPORT, {"starting_at": "2026-11-20"}, 40) != expected
