import http.client
import itertools
import json
import time

import httpx
import pytest

from exporter.demo.faults import Fault
from tests.demo.simulated import COST, REPORT, SETTLED, USAGE, one_day, served

TODAY = {"starting_at": "2026-11-20"}
PAST = {"starting_at": SETTLED}
USERS = "/v1/organizations/users"


def with_faults(simulate, *texts):
    return simulate(faults=tuple(map(Fault.parse, texts)))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("401", "authentication_error"),
        ("403", "permission_error"),
        ("404", "not_found_error"),
        ("429", "rate_limit_error"),
        ("500", "api_error"),
        ("529", "overloaded_error"),
    ],
)
def test_an_error_has_the_documented_body(simulate, kind, name):
    assert with_faults(simulate, f"users:{kind}").refused("users")[:2] == (int(kind), name)


@pytest.mark.parametrize("kind", ["429", "529"])
def test_when_to_come_back_is_told_only_if_asked(simulate, kind):
    api = with_faults(simulate, f"users:{kind},retry-after=7", f"me:{kind}")
    assert api.ask("users").headers["retry-after"] == "7"
    assert "retry-after" not in api.ask("me").headers


@pytest.mark.parametrize(
    ("fault", "statuses"), [("claude_code:500", [500, 200]), ("claude_code_today:500", [200, 500])]
)
def test_past_days_and_the_running_day_fail_apart(simulate, fault, statuses):
    api = with_faults(simulate, fault)
    assert [api.ask(REPORT, day).status_code for day in (PAST, TODAY)] == statuses


@pytest.mark.parametrize(("path", "name"), [(USAGE, "usage"), (COST, "cost")])
@pytest.mark.parametrize(
    ("params", "running"),
    [
        (one_day(), False),
        (one_day("2026-11-19"), False),
        ({"starting_at": "2026-11-01", "ending_at": "2026-11-20T23:59:59Z"}, False),
        ({"starting_at": "2026-11-01", "ending_at": "2026-11-21"}, True),
        ({"starting_at": "2026-11-20T00:00:00Z"}, True),
        ({"starting_at": "2026-09-01"}, True),
        ({"starting_at": "2026-11-21"}, False),
    ],
)
def test_a_range_with_the_running_day_in_it_fails_apart(simulate, path, name, params, running):
    past, today = with_faults(simulate, f"{name}:500"), with_faults(simulate, f"{name}_today:500")
    assert [api.ask(path, params).status_code for api in (past, today)] == ([200, 500] if running else [500, 200])


@pytest.mark.parametrize(("path", "name"), [(USAGE, "usage"), (COST, "cost")])
def test_a_range_that_cannot_be_read_is_not_todays(simulate, path, name):
    api = with_faults(simulate, f"{name}_today:500")
    assert [api.ask(path, params).status_code for params in ({}, {"starting_at": "x"})] == [400, 400]


def test_a_fault_can_begin_on_a_later_page_of_buckets(simulate):
    api = with_faults(simulate, "cost:500,page=2")
    params = {"starting_at": "2026-11-01", "ending_at": "2026-11-11", "limit": 5}
    first = api.ask(COST, params)
    assert first.status_code == 200
    assert api.ask(COST, {**params, "page": first.json()["next_page"]}).status_code == 500


@pytest.mark.parametrize(("path", "name", "group"), [(USAGE, "usage", "model"), (COST, "cost", "description")])
def test_a_wrong_row_is_one_of_a_bucket(simulate, path, name, group):
    params = {"starting_at": "2026-11-16", "ending_at": "2026-11-19", "group_by[]": group}
    right, one, every = (
        [row for bucket in api.buckets(path, params) for row in bucket["results"]]
        for api in (simulate(), *(with_faults(simulate, f"{name}:{kind}") for kind in ("wrong-row", "wrong-rows")))
    )
    assert [good == bad for good, bad in zip(right, one, strict=True)].count(False) == 1
    for good, bad in zip(right, every, strict=True):
        (field,) = [name for name in good if good[name] != bad[name]]
        assert type(good[field]) is not type(bad[field])


@pytest.mark.parametrize(("path", "name"), [(USAGE, "usage"), (COST, "cost")])
@pytest.mark.parametrize("limit", [1, 31])
def test_a_cursor_of_buckets_can_repeat_for_ever(simulate, path, name, limit):
    api = with_faults(simulate, f"{name}:repeat-cursor")
    params = {"starting_at": "2026-11-10", "ending_at": "2026-11-15", "limit": limit}
    page = api.get(path, params)
    for _ in range(3):
        following = api.get(path, {**params, "page": page["next_page"]})
        assert following["has_more"] is True
        assert following["next_page"] == page["next_page"]


def test_member_lists_fail_apart_from_workspaces(simulate):
    api = with_faults(simulate, "workspace_members:403")
    workspace = api.rows("workspaces")[0]["id"]
    assert api.refused(f"workspaces/{workspace}/members")[0] == 403


def test_a_fault_can_begin_in_the_middle_of_a_walk(simulate):
    api = with_faults(simulate, "users:500,page=3", "claude_code:500,page=2")
    pages = [{"limit": 10}]
    for _ in range(2):
        answer = api.ask("users", pages[-1])
        assert answer.status_code == 200
        pages.append({"limit": 10, "after_id": answer.json()["last_id"]})
    assert api.ask("users", pages[-1]).status_code == 500
    first = api.ask(REPORT, {**PAST, "limit": 10})
    assert api.ask(REPORT, {**PAST, "limit": 10, "page": first.json()["next_page"]}).status_code == 500


@pytest.mark.parametrize(
    ("endpoint", "path", "params"),
    [
        ("users", "users", {}),
        ("invites", "invites", {}),
        ("workspaces", "workspaces", {}),
        ("api_keys", "api_keys", {}),
        ("claude_code", REPORT, PAST),
    ],
)
def test_wrong_rows_have_one_field_of_another_type(simulate, endpoint, path, params):
    right = simulate().rows(path, params, 5)
    one = with_faults(simulate, f"{endpoint}:wrong-row").rows(path, params, 5)
    every = with_faults(simulate, f"{endpoint}:wrong-rows").rows(path, params, 5)
    differing = [index for index, row in enumerate(right) if row != one[index]]
    assert len(differing) == 1
    assert differing[0] < 5
    for good, bad in zip(right, every, strict=True):
        fields = [name for name in good if good[name] != bad[name]]
        assert len(fields) == 1
        assert type(good[fields[0]]) is not type(bad[fields[0]])


def test_the_wrong_row_can_be_on_a_later_page(simulate):
    right, wrong = (
        simulate().pages("users", limit=20),
        with_faults(simulate, "users:wrong-row,page=2").pages("users", limit=20),
    )
    assert [one == other for one, other in zip(right, wrong, strict=True)][:3] == [True, False, True]


def test_the_name_of_the_organization_can_be_of_the_wrong_type(simulate):
    assert with_faults(simulate, "me:wrong-row").get("me")["name"] == 17


@pytest.mark.parametrize("limit", [1, 20, 1000])
def test_a_cursor_can_repeat_for_ever(simulate, limit):
    api = with_faults(simulate, "claude_code:repeat-cursor", "users:repeat-cursor")
    page = api.get(REPORT, {**PAST, "limit": limit})
    for _ in range(3):
        following = api.get(REPORT, {**PAST, "limit": limit, "page": page["next_page"]})
        assert following["has_more"] is True
        assert following["next_page"] == page["next_page"]
    users = api.get("users", {"limit": limit})
    for _ in range(3):
        following = api.get("users", {"limit": limit, "after_id": users["last_id"]})
        assert following["has_more"] is True
        assert following["last_id"] == users["last_id"]


def test_a_cut_answer_is_consistent_but_for_its_json(simulate):
    whole, cut = simulate().ask("users"), with_faults(simulate, "users:cut").ask("users")
    assert cut.status_code == 200
    assert cut.headers["content-length"] == str(len(cut.content)) == str(len(whole.content) // 2)
    with pytest.raises(json.JSONDecodeError):
        cut.json()


def test_a_page_of_html_is_a_success(simulate):
    answer = with_faults(simulate, "users:html").ask("users")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_redirect_leads_to_another_host(simulate):
    answer = with_faults(simulate, "users:redirect").ask("users")
    assert answer.status_code == 302
    assert httpx.URL(answer.headers["location"]).host not in ("", "simulated")


def test_a_real_server_answers_as_documented():
    with served() as client:
        answer = client.get(USERS, params={"limit": 2})
        assert answer.status_code == 200
        assert len(answer.json()["data"]) == 2
        assert answer.headers["date"]
        assert client.get("/v1/organizations/nothing").json()["error"]["type"] == "not_found_error"
        assert client.head(USERS).status_code == 405


def test_unusual_statuses_pass_a_real_server():
    with served("users:529", "me:redirect") as client:
        assert client.get(USERS).status_code == 529
        assert client.get("/v1/organizations/me").status_code == 302


@pytest.mark.parametrize("parser", ["h11", "httptools"])
def test_a_connection_is_dropped_without_an_answer(parser):
    with served("users:drop,times=1", http=parser) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            client.get(USERS)
        assert client.get(USERS).status_code == 200


@pytest.mark.parametrize("parser", ["h11", "httptools"])
def test_a_connection_is_cut_in_the_middle_of_a_body(parser):
    with served("users:cut-connection,times=1", http=parser) as client:
        connection = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=5)
        connection.request("GET", USERS, headers=dict(client.headers))
        answer = connection.getresponse()
        with pytest.raises(http.client.IncompleteRead) as caught:
            answer.read()
        connection.close()
        whole = client.get(USERS).content
        assert caught.value.partial == whole[: len(whole) // 2]


def test_a_hanging_request_gets_no_answer_while_others_do():
    with served("users:hang") as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(USERS, timeout=0.2)
        assert client.get("/v1/organizations/me").status_code == 200
        asked = client.get("/simulator/requests").json()
        assert [one["status"] for one in asked] == [None, 200]


def test_a_dripping_answer_comes_byte_by_byte():
    with served("users:drip") as client:
        started = time.monotonic()
        with client.stream("GET", USERS) as answer:
            first_two = list(itertools.islice(answer.iter_raw(), 2))
        assert first_two == [b"{", b'"']
        assert time.monotonic() - started > 0.9


def test_a_huge_answer_does_not_end():
    with served("users:huge") as client, client.stream("GET", USERS) as answer:
        assert answer.status_code == 200
        size = 0
        for part in answer.iter_raw():
            size += len(part)
            if size > 20_000_000:
                break
        assert size > 20_000_000


def test_a_server_with_broken_connections_still_stops():
    with served("users:hang", "me:drip") as client:
        for path in (USERS, "/v1/organizations/me"):
            with pytest.raises(httpx.ReadTimeout), client.stream("GET", path, timeout=0.1) as answer:
                answer.read()
