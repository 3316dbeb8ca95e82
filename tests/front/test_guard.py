"""What a request passes before the pages, and what every answer gets."""

import asyncio
import logging
import socket
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.front.guard import Guard
from exporter.front.listeners import Front
from exporter.front.web_config import parsed
from exporter.web import build
from tests.front.certificates import FIXTURES
from tests.front.entrance import ask, basic, connection, entered, status
from tests.pages import Pages

ANN = basic("alice:wonderland")
BOB = basic("bob:builder: yes we can")
PATHS = ["/metrics", "/", "/-/healthy", "/-/ready", "/pictures/overview.png", "/nothing"]


@pytest.fixture(scope="module")
def protected(tmp_path_factory):
    path = tmp_path_factory.mktemp("protected") / "web.yml"
    hashes = (FIXTURES / "tls_and_users.good.yml").read_text().partition("basic_auth_users")[2]
    headers = (FIXTURES / "headers.good.yml").read_text()
    path.write_text(f"{headers}\nbasic_auth_users{hashes}")
    with entered(path, probes=True) as front:
        yield front


@pytest.mark.parametrize("path", PATHS)
def test_everything_needs_a_password(protected, path):
    with closing(connection(protected)) as one:
        refusal, headers = ask(one, path)
        assert (refusal, headers["www-authenticate"]) == (401, 'Basic realm="anthropic-exporter", charset="UTF-8"')
        assert ask(one, path, ANN)[0] == ask(one, path, BOB)[0] == (404 if path == "/nothing" else 200)


@pytest.mark.parametrize(
    "authorization",
    [
        basic("alice:builder: yes we can"),
        basic("bob:builder"),
        basic("eve:wonderland"),
        basic("alice:" + "w" * 73),
        basic("älice:wonderland"),
        basic(b"alice:wonderland\xff"),
        basic("alice:wonder\0land"),
        basic("alice"),
        basic(""),
        ANN.replace("Basic", "Bearer"),
        ANN.replace("Basic ", "Basic"),
        ANN + "=",
        ANN[:-1],
        ANN + " x",
        "Basic",
        "Basic *",
    ],
)
def test_what_is_not_right_is_refused(protected, authorization):
    assert status(protected, authorization=authorization) == 401


def test_the_scheme_may_be_written_in_any_case(protected):
    assert status(protected, authorization=ANN.replace("Basic", "bAsIc")) == 200


def test_two_authorizations_are_none(protected):
    with socket.create_connection(("127.0.0.1", urlsplit(protected.url).port)) as client:
        line = f"Authorization: {ANN}\r\n".encode()
        client.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n" + line + line + b"\r\n")
        assert client.recv(12) == b"HTTP/1.1 401"


def test_every_answer_has_the_headers_once_and_ours_give_way(protected):
    for path, authorization, wanted in (("/", ANN, 200), ("/nothing", ANN, 404), ("/", "", 401)):
        with closing(connection(protected)) as one:
            got, headers = ask(one, path, authorization)
        assert got == wanted
        assert headers.get_all("content-security-policy") == ["default-src 'self' *.pictures.example"]
        assert headers.get_all("x-frame-options") == ["deny"]
        assert headers.get_all("x-xss-protection") == ["1"]
        assert headers.get_all("x-content-type-options") == ["nosniff"]
        assert headers.get_all("strict-transport-security") == ["max-age=31536000; includeSubDomains"]


def test_the_listener_of_probes_has_those_alone_and_asks_for_nothing(protected):
    plain = Front(protected._probes, None, None)
    assert [status(plain, path) for path in PATHS] == [404, 404, 200, 200, 404, 404]


def test_no_secret_is_in_an_answer_or_a_log(protected, caplog):
    caplog.set_level(logging.DEBUG)
    for authorization in (ANN, BOB, basic("alice:hush-hush")):
        with closing(connection(protected)) as one:
            one.request("GET", "/", headers={"authorization": authorization})
            body = str(one.getresponse().read())
        for secret in ("wonderland", "hush-hush", authorization.split()[1], "$2"):
            assert secret not in body + caplog.text


def test_requests_beyond_the_rate_are_refused_before_their_password_is_looked_at(tmp_path):
    path = tmp_path / "web.yml"
    users = (FIXTURES / "users_without_tls.good.yml").read_text()
    path.write_text(f"{users}\nrate_limit: {{interval: 1h, burst: 3}}\n")
    with entered(path) as front:
        found = [status(front, authorization=authorization) for authorization in (ANN, "", ANN, ANN, "")]
        with closing(connection(front)) as one:
            assert ask(one)[1]["retry-after"] == "1"
    assert found == [200, 401, 200, 429, 429]


# Any header at all.

CONFIG = parsed({"basic_auth_users": {"alice": "$2y$04$.RNwv.0ClI1lT2l83qUbQeXU/ylj8ffH.XxYWF.M6m/iaU1gLMmC2"}})
ANYTHING = st.binary() | st.binary(max_size=90).map(lambda raw: basic(raw).encode()) | st.text("Basic =:", max_size=12)


async def answered(headers):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        raise AssertionError("nobody asks for a body")

    scope = {"type": "http", "method": "GET", "path": "/-/healthy", "headers": headers, "client": None}
    await Guard(build(Pages()), CONFIG)(scope, receive, send)
    return sent[0]["status"]


@given(st.lists(ANYTHING.map(lambda value: value.encode() if isinstance(value, str) else value), max_size=2))
@example([basic("alice:wonderland").encode()])
@example([basic("alice:\0").encode()])
@example([basic("alice:" + "\N{SNOWMAN}" * 24).encode()])
def test_any_authorization_is_answered_with_200_or_401(values):
    good = basic("alice:wonderland").encode()
    found = asyncio.run(answered([(b"authorization", value) for value in values]))
    assert found == (200 if values == [good] else 401)
