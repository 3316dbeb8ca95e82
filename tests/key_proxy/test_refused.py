"""What the key proxy refuses never reaches the API, whoever asks."""

import pytest

from tests.key_proxy.proxy import status

USERS = "/v1/organizations/users"
ALLOWED = f"GET {USERS}?limit=1 HTTP/1.1"

METHODS = ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "GETGET", ""]
OTHER_PATHS = [
    "/",
    "/v1/messages",
    "/v1/organizations",
    "/v1/organizations/",
    "/v1/organizations/users/user_1",
    "/v1/organizations/api_keys/apikey_1",
    "/v1/organizations/invites/invite_1",
    "/v1/organizations/workspaces/wrkspc_1",
    "/v1/organizations/workspaces/wrkspc_1/members/user_1",
    "/v1/organizations/workspaces/wrkspc_1/rate_limits",
    "/v1/organizations/usage_report",
    "/v1/organizations/service_accounts",
    "/v1/compliance/activities",
    "/simulator/requests",
]
TRICKS = [
    "/v1/organizations/users/",
    "/v1/organizations//users",
    "//v1/organizations/users",
    "/v1/organizations/./users",
    "/v1/organizations/users/.",
    "/v1/organizations/messages/../users",
    "/v1/organizations/users/../api_keys",
    "/v1/messages/../organizations/users",
    "/v1/organizations/users/%2e%2e/api_keys",
    "/v1/organizations/users%2f..%2f..%2fmessages",
    "/v1/organizations%2Fusers",
    "/v1/organizations/%75sers",
    "/v1/organizations/users%3Flimit=1",
    "/v1/organizations/users%00",
    "/v1/organizations/users%20",
    "/v1/organizations/users;x=1",
    "/v1/organizations/users#x",
    "/v1/organizations/users\\x",
    "/v1/organizations/Users",
    "/V1/organizations/users",
    "/v1/organizations/workspaces//members",
    "/v1/organizations/workspaces/../members",
    "/v1/organizations/workspaces/a/b/members",
    "/v1/organizations/workspaces/a%2Fb/members",
    "/v1/organizations/workspaces/a.b/members",
    "/v1/organizations/workspaces/wrkspc_1/members/",
    "/v1/organizations/workspaces/wrkspc_1/Members",
    "/v1/organizations/users?a b",
    "/v1/organizations/users?\x01",
    "/v1/organizations/users?ä",
    "v1/organizations/users",
    "*",
    "@api.anthropic.com/v1/organizations/users",
    "api.anthropic.com:443",
    "http://127.0.0.1/v1/organizations/users",
    "http://localhost/v1/organizations/users",
    "http://api.anthropic.com/v1/organizations/users",
    "https://api.anthropic.com/v1/organizations/users",
]
VERSIONS = [f"GET {USERS} HTTP/1.0", f"GET {USERS} HTTP/2.0", f"GET {USERS}", f" GET {USERS} HTTP/1.1"]
LINES = [
    *(f"{method} {path} HTTP/1.1" for method in METHODS for path in (USERS, "/v1/organizations/me")),
    *(f"{method} {path} HTTP/1.1" for method in ("GET", "DELETE", "POST") for path in OTHER_PATHS),
    *(f"GET {path} HTTP/1.1" for path in TRICKS),
    *VERSIONS,
]


@pytest.fixture(autouse=True)
def nothing_but_what_is_allowed(api, proxy):
    """After each test: one request that is allowed has reached the API, and none before it."""
    api.requests.clear()
    yield
    assert status(proxy.send(ALLOWED)) == 200
    assert [f"{seen.method} {seen.target} HTTP/1.1" for seen in api.requests] == [ALLOWED]


@pytest.mark.parametrize("line", LINES, ids=repr)
def test_any_other_request_is_refused(proxy, line):
    answer = proxy.send(line)
    if line in VERSIONS:  # a request of HTTP/0.9 is answered by a body alone, or not at all
        assert "does not let this request through" in answer or status(answer) in (0, 400, 403, 505)
    else:
        assert status(answer) in (400, 403, 405)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "api.anthropic.com", "127.0.0.1.evil.example", "127.0.0.2", "127.0.0.1\r\nhost: localhost"],
)
def test_another_host_is_refused(proxy, host):
    assert status(proxy.send(f"GET {USERS} HTTP/1.1", host=host)) in (400, 403)


def test_a_token_that_is_not_the_proxys_is_refused(proxy):
    for token in ("", "x", proxy.token[:-1], f"{proxy.token}0", "default", "include", "~."):
        answer = proxy.send(f"GET {USERS} HTTP/1.1", token=token)
        assert status(answer) == 401
        assert '"message":"the key proxy does not know this token"' in answer
    assert status(proxy.raw(f"GET {USERS} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())) == 401


def test_a_bearer_token_or_a_query_is_no_token(proxy):
    more = f"authorization: Bearer {proxy.token}\r\n"
    assert status(proxy.send(f"GET {USERS}?x-api-key={proxy.token} HTTP/1.1", token="", more=more)) == 401


@pytest.mark.parametrize("framing", ["content-length: 40", "transfer-encoding: chunked"])
def test_a_request_with_a_body_is_refused_and_what_stands_in_it_is_no_request(proxy, framing):
    hidden = f"DELETE {USERS}/user_1 HTTP/1.1\r\n\r\n"
    body = f"{len(hidden):x}\r\n{hidden}\r\n0\r\n\r\n" if "chunked" in framing else hidden
    assert status(proxy.send(f"GET {USERS} HTTP/1.1", more=f"{framing}\r\n\r\n{body}")) == 413


def test_two_lengths_of_a_body_are_refused(proxy):
    for lengths in ("content-length: 4\r\ntransfer-encoding: chunked", "content-length: 4\r\ncontent-length: 5"):
        assert status(proxy.send(f"GET {USERS} HTTP/1.1", more=f"{lengths}\r\n\r\n0\r\n\r\n")) == 400


def test_a_refusal_leaves_a_line_without_headers(proxy):
    proxy.send("DELETE /v1/organizations/users/user_7 HTTP/1.1")
    last = (proxy.folder / "run" / "refused.log").read_text().splitlines()[-1]
    assert last.endswith(' 403 "DELETE /v1/organizations/users/user_7 HTTP/1.1"')
