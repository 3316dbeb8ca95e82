"""Whatever is sent: an answer or a close, nothing in the log, and the next scrape succeeds."""

import socket

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.connections import Limits
from tests.hostile.sockets import complaints, connected, contexts, received
from tests.pages import Pages, served

WORDS = (
    [method + b" " for method in (b"GET", b"HEAD", b"POST", b"OPTIONS", b"CONNECT", b"PRI", b"get", b"")]
    + [
        b"/",
        b"/metrics",
        b"//",
        b"/-/ready",
        b"/pictures/cost.png",
        b"/%00",
        b"*",
        b"http://x/",
        b"?",
        b"#",
        b"%",
        b"\0",
    ]
    + [b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b" HTTP/2.0\r\n", b" HTTP/1.1\n", b" ICE/1.0\r\n"]
    + [b"GET /-/healthy HTTP/1.1\r\n\r\n", b"GET /metrics HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n"]
    + [b"Host: x\r\n", b"a: b\r\n", b" folded\r\n", b": \r\n", b"a" * 3000, b"a: b\r\n" * 60, b"\xff", b"a:\0\r\n"]
    + [b"Content-Length: 5\r\n", b"Content-Length: 99999\r\n", b"Content-Length: 0\r\n", b"Content-Length: 5, 5\r\n"]
    + [b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Expect: 100-continue\r\n"]
    + [b"Connection: close\r\n", b"Connection: upgrade\r\n", b"Upgrade: h2c\r\n", b"Upgrade: websocket\r\n"]
    + [b"Range: bytes=0-1,3-\r\n", b"Range: bytes=-\r\n", b"Accept: a;q=,*;q=nan\r\n", b"If-Range: x\r\n"]
    + [b"hello", b"5\r\nhello\r\n", b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"\r\n", b"\n", b"\r", b"\r\n\r\n"]
)
some_bytes = st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(WORDS), max_size=20).map(b"".join))


@pytest.fixture(scope="module", params=["http", "https"])
def url(request):
    tls = contexts()[0] if request.param == "https" else None
    # asyncio's TLS does not close a connection that it does not read when the client does: the limit does.
    with served(Pages(), Limits(stalled_seconds=1), tls) as (url, _):
        yield url


@pytest.fixture(scope="module")
def honest():
    with httpx.Client(verify=contexts()[1]) as client:
        yield client


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(some_bytes, min_size=1, max_size=4), encrypted=st.booleans())
def test_any_bytes_are_answered_or_end_the_connection(url, honest, caplog, parts, encrypted):
    caplog.clear()
    with connected(url) as client:
        if encrypted and url.startswith("https"):
            client = contexts()[1].wrap_socket(client, server_hostname="127.0.0.1")  # noqa: PLW2901
        try:
            for part in parts:
                client.sendall(part)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it was closed on the way
        received(client)
        client.close()
    assert honest.get(f"{url}/metrics").status_code == 200
    assert not complaints(caplog)
