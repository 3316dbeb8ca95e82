"""The client: what it sends, how it pages, waits and gives up. The API here is a function behind httpx."""

import asyncio
import ssl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.api import client as client_module
from exporter.api.wire import API_KEYS, CLAUDE_CODE, USAGE, USERS, WORKSPACE_MEMBERS
from exporter.errors import AdminApiError, Reason
from tests.scripted import KEY, Api


def user(number):
    return {
        "id": f"user_{number}",
        "email": f"u{number}@example.com",
        "role": "user",
        "added_at": "2026-01-01T00:00:00Z",
    }


def page(*numbers, more=False):
    ids: list[str | None] = [f"user_{number}" for number in numbers] or [None]
    return {"data": [user(number) for number in numbers], "has_more": more, "first_id": ids[0], "last_id": ids[-1]}


def error(status, kind="some_error", message="words", **headers):
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
    return httpx.Response(status, json=body, headers=headers)


async def failure(api, *arguments, **options) -> AdminApiError:
    with pytest.raises(AdminApiError) as caught:
        await api.rows(*arguments, **options)
    assert KEY not in str(caught.value) + repr(caught.value) + caught.value.detail
    return caught.value


# What is sent.


async def test_the_key_goes_into_x_api_key_or_a_bearer_token():
    plain, bearer = Api(page(1)), Api(page(1), bearer=True)
    await plain.rows()
    await bearer.rows()
    assert plain.requests[0].headers["x-api-key"] == KEY
    assert "authorization" not in plain.requests[0].headers
    assert bearer.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert "x-api-key" not in bearer.requests[0].headers


async def test_only_get_is_sent_and_always_with_the_largest_limit():
    api = Api(page(1, more=True), page(2))
    await api.rows()
    assert [request.method for request in api.requests] == ["GET", "GET"]
    assert api.seen("limit") == ["1000", "1000"]


async def test_the_path_is_filled_and_the_endpoint_keeps_its_name_in_metrics():
    api = Api({"data": [{"user_id": "user_1", "workspace_role": "workspace_user"}]})
    await api.rows(WORKSPACE_MEMBERS, workspace_id="wrkspc_1")
    assert api.requests[0].url.path == "/v1/organizations/workspaces/wrkspc_1/members"
    assert api.observed == [("workspaces/{workspace_id}/members", "200")]


async def test_an_id_in_a_path_cannot_lead_elsewhere():
    api = Api({"data": []})
    await api.rows(WORKSPACE_MEMBERS, workspace_id="../../v1/messages?x")
    assert api.requests[0].url.raw_path.startswith(b"/v1/organizations/workspaces/..%2F..%2Fv1%2Fmessages%3Fx/members?")


# Pages.


async def test_lists_are_followed_by_their_last_id_until_there_is_no_more():
    api = Api(page(1, 2, more=True), page(3, more=True), page())
    assert [row.id for row in await api.rows()] == ["user_1", "user_2", "user_3"]
    assert api.seen("after_id") == [None, "user_2", "user_3"]
    assert api.seen("page") == [None] * 3


async def test_reports_are_followed_by_their_cursor_with_the_same_parameters():
    api = Api({"data": [], "has_more": True, "next_page": "p2"}, {"data": [], "has_more": False, "next_page": None})
    await api.rows(CLAUDE_CODE, {"starting_at": "2026-02-28"})
    assert api.seen("page") == [None, "p2"]
    assert api.seen("starting_at") == ["2026-02-28"] * 2
    assert api.seen("after_id") == [None] * 2


@pytest.mark.parametrize(
    "last", [{"has_more": True, "next_page": None}, {"next_page": ""}, {}, {"has_more": False, "next_page": "p"}]
)
async def test_a_report_ends_where_there_is_no_cursor_or_no_more(last):
    api = Api({"data": []} | last)
    assert await api.rows(CLAUDE_CODE) == []
    assert len(api.requests) == 1


async def test_a_cursor_without_has_more_is_followed():
    api = Api({"data": [], "next_page": "p2"}, {"data": [], "next_page": None})
    await api.rows(CLAUDE_CODE)
    assert len(api.requests) == 2


async def test_a_cursor_that_repeats_fails_the_walk():
    api = Api({"data": [], "has_more": True, "next_page": "p"})
    assert (await failure(api, CLAUDE_CODE)).reason is Reason.BAD_RESPONSE
    assert len(api.requests) == 2


async def test_an_id_that_repeats_fails_the_walk():
    api = Api(page(1, 2, more=True), page(2, 3))
    assert "repeats" in str(await failure(api))


async def test_a_page_that_promises_more_without_saying_where_fails_the_walk():
    api = Api({"data": [], "has_more": True, "last_id": None})
    assert (await failure(api)).reason is Reason.BAD_RESPONSE


async def test_a_walk_that_does_not_end_fails(monkeypatch):
    monkeypatch.setattr(client_module, "MAX_PAGES", 5)
    api = Api(lambda request: {"data": [], "next_page": request.url.params.get("page", "") + "x"})
    assert "more than 5 pages" in str(await failure(api, CLAUDE_CODE))


@given(st.lists(st.integers(0, 4), max_size=6))
async def test_every_row_comes_once_whatever_the_page_sizes(sizes):
    numbers = iter(range(100))
    pages = [[next(numbers) for _ in range(size)] for size in [*sizes, 1]]
    answers = [
        {"data": [user(n) for n in some], "has_more": index < len(sizes), "last_id": f"cursor_{index}"}
        for index, some in enumerate(pages)
    ]
    api = Api(*answers)
    assert [row.id for row in await api.rows()] == [f"user_{n}" for some in pages for n in some]


# Rows.


async def test_unknown_fields_and_values_pass():
    api = Api({"data": [user(1) | {"role": "wizard", "new": {"a": [1]}}], "has_more": False, "news": 1})
    assert (await api.rows())[0].role == "wizard"


async def test_a_row_of_a_wrong_type_is_left_out_and_named_without_its_content():
    bad = user(2) | {"role": {"secret": "content"}}
    api = Api({"data": [user(1), bad, user(3)], "has_more": False})
    assert [row.id for row in await api.rows()] == ["user_1", "user_3"]
    assert await api.wrong() == ["row 1: Expected `str`, got `object` - at `$.role`"]


async def test_a_lone_surrogate_in_a_string_is_read():
    api = Api(
        httpx.Response(
            200,
            content=rb'{"data":[{"id":"k","name":"a\ud800","status":"active","created_at":"2026-01-01T00:00:00Z"}]}',
        )
    )
    assert (await api.rows(API_KEYS))[0].name == "a\ud800"


async def test_amounts_are_exact_on_the_slow_path_too():
    cost = (
        '{"model":"m","tokens":null,"estimated_cost":{"amount":0.1000000000000000055511151231257827,"currency":"USD"}}'
    )
    rest = '"actor":{"type":"user_actor"},"core_metrics":null,"tool_actions":null'
    row = f'{{"date":"2026-02-28",{rest},"model_breakdown":[%s]}}'
    api = Api(
        httpx.Response(200, text=f'{{"data":[{row % cost}]}}'),
        httpx.Response(200, text=f'{{"data":[{row % cost}, 5]}}'),
    )
    fast, slow = await api.rows(CLAUDE_CODE), await api.rows(CLAUDE_CODE)
    assert str(fast[0].model_breakdown[0].estimated_cost.amount) == "0.1000000000000000055511151231257827"
    assert fast == slow


@pytest.mark.parametrize("identifier", ["", ".", "..", "\ud800", "x" * 70_000])
async def test_an_id_that_no_path_can_hold_is_not_sent(identifier):
    api = Api({"data": []})
    assert (await failure(api, WORKSPACE_MEMBERS, workspace_id=identifier)).reason is Reason.BAD_RESPONSE
    assert api.requests == []


@pytest.mark.parametrize("number", ["-1", "1.0", "9007199254740993", "18446744073709551616", "9" * 4000, "9" * 5000])
@pytest.mark.parametrize("other", ["", r',{"x": "\ud800"}'])
async def test_a_count_that_can_be_none_costs_one_row_on_both_ways_to_read(number, other):
    row = '{"uncached_input_tokens":1,"output_tokens":1,"cache_read_input_tokens":COUNT}'
    rows = ",".join([row.replace("COUNT", number), row.replace("COUNT", str(2**53))]) + other
    body = '{"data":[{"starting_at":"2026-02-28T00:00:00Z","results":[ROWS]}]}'.replace("ROWS", rows)
    api = Api(httpx.Response(200, text=body))
    (bucket,) = await api.rows(USAGE)
    assert [one.cache_read_input_tokens for one in bucket.results] == [2**53]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"data":[{', b"[]", b'{"data":{}}', b'{"data":[NaN]}', b"[" * 100_000]
)
async def test_what_is_no_page_is_a_bad_response(body):
    error = await failure(Api(httpx.Response(200, content=body)))
    assert error.reason is Reason.BAD_RESPONSE
    assert "html" not in str(error)


# Errors.


@pytest.mark.parametrize(
    ("status", "reason", "requests"),
    [
        (400, Reason.BAD_REQUEST, 1),
        (401, Reason.UNAUTHORIZED, 1),
        (402, Reason.FORBIDDEN, 1),
        (403, Reason.FORBIDDEN, 1),
        (404, Reason.NOT_FOUND, 1),
        (413, Reason.BAD_REQUEST, 1),
        (429, Reason.RATE_LIMITED, 5),
        (500, Reason.SERVER_ERROR, 5),
        (503, Reason.SERVER_ERROR, 5),
        (504, Reason.TIMEOUT, 5),
        (529, Reason.SERVER_ERROR, 5),
        (204, Reason.BAD_RESPONSE, 1),
    ],
)
async def test_a_status_has_its_reason_and_only_passing_trouble_is_asked_again(status, reason, requests):
    api = Api(error(status, "kind_of_error", "the words"))
    caught = await failure(api)
    assert (caught.reason, len(api.requests)) == (reason, requests)
    assert str(caught).startswith(f"users: HTTP {status} (kind_of_error), request req_1")
    assert caught.detail == "the words"
    assert api.observed == [("users", str(status))] * requests


async def test_an_error_page_that_is_not_json_is_judged_by_its_status():
    api = Api(httpx.Response(502, html="<h1>Bad gateway</h1>"))
    assert str(await failure(api)) == "users: HTTP 502 (no error body), request unknown"


async def test_a_redirect_is_never_followed():
    api = Api(httpx.Response(302, headers={"location": "https://elsewhere.example/"}))
    caught = await failure(api)
    assert caught.reason is Reason.BAD_RESPONSE
    assert "never followed" in str(caught)
    assert [request.url.host for request in api.requests] == ["api.example"]


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (httpx.ConnectError("refused"), Reason.CONNECTION),
        (httpx.RemoteProtocolError("peer closed"), Reason.CONNECTION),
        (ssl.SSLError("certificate required"), Reason.CONNECTION),
        (httpx.ReadTimeout("slow"), Reason.TIMEOUT),
    ],
)
async def test_a_broken_connection_is_asked_again_and_has_no_code(raised, reason):
    api = Api(raised)
    assert (await failure(api)).reason is reason
    assert api.observed == [("users", "none")] * 5


async def test_a_body_that_never_ends_is_cut_off():
    async def endless():
        while True:
            yield b" " * (1 << 20)

    caught = await failure(Api(lambda _: httpx.Response(200, content=endless())))
    assert caught.reason is Reason.BAD_RESPONSE
    assert "more than 65536 KiB" in str(caught)


async def test_an_answer_that_drips_is_a_timeout_as_a_whole():
    async def drip():
        while True:
            yield b" "
            await asyncio.sleep(0)

    api = Api(lambda _: httpx.Response(200, content=drip()), timeout_seconds=0.05, retries=0)
    assert (await failure(api)).reason is Reason.TIMEOUT


async def test_the_key_is_in_no_error_even_if_the_api_repeats_it():
    caught = await failure(Api(error(403, f"kind {KEY}", f"your key {KEY}\nis bad")))
    assert caught.detail == "your key [key] is bad"


@pytest.mark.parametrize("before", [0, 40, 60, 480, 495])
async def test_not_even_a_part_of_the_key_is_shown_where_words_are_cut(before):
    long = "sk-ant-admin01-" + "secret-" * 20
    words = "x" * before + long
    for answer in (error(401, words, words), error(401, "x", "x", **{"request-id": words})):
        with pytest.raises(AdminApiError) as caught:
            await Api(answer, key=long).rows()
        assert "sk-ant" not in str(caught.value) + caught.value.detail


# Waiting.


async def test_retry_after_is_honoured():
    api = Api(
        error(429, **{"retry-after": "7"}), error(429, **{"retry-after": "Sun, 01 Mar 2026 12:00:30 GMT"}), page(1)
    )
    assert len(await api.rows()) == 1
    assert api.waits == [7, 30]


@pytest.mark.parametrize("text", ["301", "1e9", "Fri, 31 Dec 9999 23:59:59 -2359"])
async def test_a_retry_after_beyond_five_minutes_ends_the_poll_and_is_passed_on(text):
    api = Api(error(429, **{"retry-after": text}))
    assert ((await failure(api)).retry_after or 0) > 300
    assert api.waits == []


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "",
        "nan",
        "inf",
        "-5",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 1601 00:00:00 -0000",
    ],
)
async def test_an_odd_retry_after_does_no_harm(text):
    api = Api(error(503, **{"retry-after": text}), page(1))
    await api.rows()
    assert 0 <= api.waits[0] <= 2


async def test_without_retry_after_waits_grow_with_jitter_and_are_capped():
    api = Api(error(500), retries=10)
    await failure(api)
    assert all(least <= wait <= least + 1 for least, wait in zip([1, 2, 4, 8, 16, 32], api.waits, strict=False))
    assert max(api.waits) <= 60
    assert len(set(api.waits)) > 6


async def done_soon(*coroutines):
    """Which of them get done while no time goes by."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    for _ in range(100):
        await asyncio.sleep(0)
    done = [task.done() for task in tasks]
    for task in tasks:
        task.cancel()
    return done


async def test_requests_beyond_the_pace_wait():
    api = Api(page(1), requests_per_minute=2)
    assert await done_soon(api.rows(), api.rows(), api.rows()) == [True, True, False]


async def test_background_requests_keep_to_half_of_the_pace():
    api = Api(page(1), requests_per_minute=3)
    background = api.rows(background=True), api.rows(background=True)
    assert await done_soon(*background, api.rows(), api.rows()) == [True, False, True, True]


# The organization.


def organization(identity):
    return {"id": identity, "type": "organization", "name": "Acme"}


def with_header(body, identity):
    return httpx.Response(200, json=body, headers={"anthropic-organization-id": identity})


async def test_another_organization_than_before_is_refused():
    api = Api(organization("one"), organization("two"))
    assert (await api.client.organization()).name == "Acme"
    with pytest.raises(AdminApiError) as caught:
        await api.client.organization()
    assert caught.value.reason is Reason.WRONG_ORGANIZATION


async def test_an_answer_for_another_organization_is_refused_on_every_endpoint():
    api = Api(organization("one"), with_header(page(1), "one"), with_header(page(1), "two"))
    await api.client.organization()
    assert len(await api.rows()) == 1
    assert (await failure(api)).reason is Reason.WRONG_ORGANIZATION


async def test_after_a_change_of_key_the_organization_is_asked_for_first():
    api = Api(organization("one"), organization("two"))
    await api.client.organization()
    api.client.credential_changed()
    assert (await failure(api)).reason is Reason.WRONG_ORGANIZATION
    api.answers = [organization("one"), page(1)]
    assert len(await api.rows()) == 1
    assert [request.url.path.rpartition("/")[2] for request in api.requests] == ["me", "me", "me", "users"]


async def test_a_change_of_key_in_the_middle_of_a_walk_is_noticed_before_the_next_page():
    api = Api(organization("one"), page(1, more=True), organization("two"))
    await api.client.organization()
    walk = api.client.pages(USERS)
    await anext(walk)
    api.client.credential_changed()
    with pytest.raises(AdminApiError) as caught:
        await anext(walk)
    assert caught.value.reason is Reason.WRONG_ORGANIZATION


async def test_a_key_that_may_not_read_me_is_judged_by_the_header_alone():
    api = Api(organization("one"), error(403), with_header(page(1), "one"))
    await api.client.organization()
    api.client.credential_changed()
    assert len(await api.rows()) == 1


async def test_an_organization_without_an_id_is_a_bad_response():
    with pytest.raises(AdminApiError, match="missing required field `id`"):
        await Api({"name": "Acme"}).client.organization()
