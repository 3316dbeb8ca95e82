"""Requests that do not end, that are broken, or that mean one thing here and another in a proxy."""

import pytest

from tests.hostile.sockets import connected, flood, received, statuses

GET = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /-/healthy HTTP/1.1\r\nHost: x\r\n"
NEXT = b"GET /-/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"", b"A" * 4096),
        (b"GET /", b"a" * 4096),
        (b"GET / HTTP/1.1\r\n", b"a" * 4096),
        (b"GET / HTTP/1.1\r\na: ", b"a" * 4096),
        (b"GET / HTTP/1.1\r\na: ", b" " * 4096),
        (b"GET / HTTP/1.1\r\n", b"a: b\r\n" * 50),
        (b"", b"\r\n" * 2048),
    ],
    ids=["method", "target", "name", "value", "blanks", "headers", "empty lines"],
)
def test_a_head_without_an_end_is_refused(attacked, start, more):
    with attacked() as (url, _), connected(url) as client:
        assert flood(client, start, more) < 4 << 20
        assert statuses(received(client)) in ([400], [])  # a reset can overtake the answer


@pytest.mark.parametrize("request_line", [GET, POST])
@pytest.mark.parametrize(
    ("header", "more"),
    [
        (b"Content-Length: 1000000000000", b"a" * 4096),
        (b"Transfer-Encoding: chunked", b"1000\r\n" + b"a" * 4096 + b"\r\n"),
        (b"Transfer-Encoding: chunked", b"1;" + b"a" * 4096 + b"\r\na\r\n"),
        (b"Transfer-Encoding: chunked\r\n\r\n0", b"\r\na: b" * 50),
    ],
    ids=["length", "chunks", "extensions", "trailers"],
)
def test_a_body_without_an_end_is_cut(attacked, request_line, header, more):
    with attacked() as (url, _), connected(url) as client:
        start = request_line + header + (b"" if b"\n0" in header else b"\r\n\r\n")
        assert flood(client, start, more) < 4 << 20


def test_a_hundred_headers_and_long_ones_are_taken(attacked):
    with attacked() as (url, _), connected(url) as client:
        client.sendall(GET + b"a: b\r\n" * 99 + b"\r\n" + GET + b"a: " + b"b" * 65_000 + b"\r\n\r\n" + NEXT)
        assert statuses(received(client)) == [200, 200, 200]


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (GET + b"\r\n" + NEXT, [200, 200]),
        (b"\r\n" + GET + b"\r\n\r\n" + NEXT, [200, 200]),
        (GET + b"Content-Length: 5\r\n\r\nhello" + NEXT, [200, 200]),
        (POST + b"Content-Length: 5\r\n\r\nhello" + NEXT, [405, 200]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + NEXT, [405, 200]),
        (POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello" + NEXT, [405, 200]),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n" + NEXT, [404, 200]),
        (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n" + NEXT, [405, 200]),
        (b"GET http://x/-/healthy HTTP/1.1\r\nHost: x\r\n\r\n" + NEXT, [200, 200]),
        (b"GET /-/healthy HTTP/1.0\r\n\r\n" + NEXT, [200]),
        (b"GET /-/healthy HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + NEXT, [200]),
        (GET + b"Connection: close\r\n\r\n" + NEXT, [200]),
    ],
)
def test_what_is_allowed_is_answered_in_order(attacked, sent, answers):
    with attacked() as (url, _), connected(url) as client:
        client.sendall(sent)
        assert statuses(received(client)) == answers


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"SHEAR /metrics HTTP/1.1\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\n\r\n",
        b"GET http://x HTTP/1.1\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        GET + b"a: \0\r\n\r\n",
        GET + b"a: b\r\n c\r\n\r\n",
        GET + b"a : b\r\n\r\n",
        GET + b"a: b\r\n" * 100 + b"\r\n",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT,
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + NEXT,
        POST + b"Content-Length: 0\r\nContent-Length: 60\r\n\r\n" + NEXT,
        POST + b"Content-Length: -1\r\n\r\n" + NEXT,
        POST + b"Content-Length: 18446744073709551616\r\n\r\n" + NEXT,
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + NEXT,
    ],
)
def test_what_is_broken_or_means_two_things_is_refused_and_nothing_after_it_is_read(attacked, sent):
    with attacked() as (url, _), connected(url) as client:
        client.sendall(sent)
        assert statuses(received(client)) == [400]


@pytest.mark.parametrize("coding", [b"gzip", b"xchunked"])
def test_after_a_body_of_unknown_length_nothing_is_read(attacked, coding):
    with attacked() as (url, _), connected(url) as client:
        client.sendall(POST + b"Transfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n" + NEXT)
        assert statuses(received(client)) in ([405], [])


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"TLS/1.0", b"sheep"])
def test_an_upgrade_is_declined_by_an_answer_and_a_close(attacked, protocol):
    with attacked() as (url, _), connected(url) as client:
        client.sendall(GET + b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n\r\n" + NEXT)
        answer = received(client)
        assert statuses(answer) == [200]
        assert b"connection: close" in answer


@pytest.mark.parametrize(("body", "garbage"), [(b"\r\n", b"\0"), (b"Content-Length: 1\r\n\r\n", b"x\0")])
def test_garbage_after_a_request_does_not_stand_in_its_answer(attacked, pages, body, garbage):
    pages.body(*[b"x" * (1 << 20)] * 64)
    with attacked() as (url, _), connected(url) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\n" + body)
        head, start = client.recv(1 << 16).split(b"\r\n\r\n", 1)
        length = next(int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"content-length: "))
        client.sendall(garbage)
        assert b"HTTP/1.1" not in (start + received(client))[:length]


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"//metrics", 404),
        (b"/metrics/", 404),
        (b"/METRICS", 404),
        (b"/%2e%2e/metrics", 404),
        (b"/./metrics", 404),
        (b"/metrics%00", 404),
        (b"/metrics;x", 404),
        (b"/pictures/../../../../etc/passwd", 404),
        (b"/pictures/..%2f..%2f..%2f..%2fetc%2fpasswd", 404),
        (b"/pictures/%2e%2e/page.py", 404),
        (b"/pictures/cost.png%00.txt", 404),
        (b"/pictures/", 404),
        (b"/%ff%fe", 404),
        (b"/-/healthy?x=%00&y[]=../..", 200),
        (b"/%2d/healthy", 200),
    ],
)
def test_a_path_is_one_of_ours_or_is_not_found(attacked, target, status):
    with attacked() as (url, _), connected(url) as client:
        client.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert statuses(received(client)) == [status]


def test_thousands_of_ranges_of_a_picture_are_one_answer(attacked):
    with attacked() as (url, _), connected(url) as client:
        head = b"GET /pictures/cost.png HTTP/1.1\r\nConnection: close\r\nRange: bytes="
        client.sendall(head + b",".join(b"%d-" % start for start in range(8000)) + b"\r\n\r\n")
        assert len(received(client)) < 1 << 20
