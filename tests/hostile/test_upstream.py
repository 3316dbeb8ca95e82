"""An API that does harm: a poll fails with its reason and in time, the last series stay, the next answer counts."""

import gzip
import zlib

import pytest

from tests.hostile.upstream import BODY, CURSOR, ENDLESS, KEY, exporting, head, listening, page, repeated, user, whole

DEEP = "[" * 100_000 + "]" * 100_000
DEEP_OBJECTS = '{"a":' * 100_000 + "1" + "}" * 100_000
BOMB = gzip.compress(b" " * (100 << 20))
LONG = "x" * 10_000_000
GZIP = "content-encoding: gzip"


def in_row(**texts):
    """A page with two good rows and one with these texts of JSON in it."""
    fields = "".join(f'"{name}":{text},' for name, text in texts.items())
    return page(user(1), user(2), user(3)).replace('{"id": "user_3",', f'{{{fields}"id": "user_3",')


HARM = {
    # Without an end.
    "a body without end": (lambda: repeated(ENDLESS, head()), "bad_response"),
    "chunks without end": (
        lambda: repeated(b"10000\r\n%b\r\n" % ENDLESS, head("transfer-encoding: chunked")),
        "bad_response",
    ),
    "an error without end": (lambda: repeated(ENDLESS, head(status="500 Oops")), "server_error"),
    "a header without end": (lambda: repeated(b"x" * 4096, head()[:-2], b"x-long: "), "connection"),
    "headers without end": (lambda: repeated(b"x-more: 1\r\n" * 400, head()[:-2]), "connection"),
    "interim answers without end": (lambda: repeated(b"HTTP/1.1 103 Wait\r\nx: y\r\n\r\n" * 100), "timeout"),
    # Compressed.
    "a gzip bomb": (lambda: whole(BOMB, GZIP), "bad_response"),
    "gzip in gzip": (lambda: whole(gzip.compress(BOMB), "content-encoding: gzip, gzip"), "bad_response"),
    "gzip in gzip, in two headers": (lambda: whole(gzip.compress(BOMB), GZIP, GZIP), "bad_response"),
    "an encoding nobody asked for": (lambda: whole(zlib.compress(b"{}"), "content-encoding: deflate"), "bad_response"),
    "gzip that is none": (lambda: whole(page(), GZIP), "bad_response"),
    "gzip that is cut": (lambda: whole(gzip.compress(page().encode())[:-9], GZIP), "bad_response"),
    "gzip that goes on": (lambda: repeated(ENDLESS, head(GZIP), gzip.compress(page().encode())), "bad_response"),
    "gzip of nothing without end": (
        lambda: repeated(b"\0\0\0\xff\xff" * 1000, head(GZIP), gzip.compress(b"")[:10]),
        "timeout",
    ),
    # Nested, on both ways to read a page.
    "a deep page": (lambda: whole(DEEP), "bad_response"),
    "a deep known field": (lambda: whole(in_row(role=DEEP)), "bad_response"),
    "a deep unknown field": (lambda: whole(in_row(new=DEEP)), "bad_response"),
    "a deep unknown field of objects": (lambda: whole(in_row(new=DEEP_OBJECTS)), "bad_response"),
    "a deep field beside a row that is wrong": (
        lambda: whole(page(user(), 5, user(2, new=[])).replace("[]", DEEP)),
        "bad_response",
    ),
    "a deep error": (lambda: whole(DEEP_OBJECTS, status="403 No"), "forbidden"),
    # Too much, or of the wrong kind.
    "a page of brackets": (lambda: whole('{"data":[%s{}]}' % ("{}," * 2_000_000)), "bad_response"),
    "a cursor of 10 MB": (lambda: whole(page(has_more=True, last_id=CURSOR + LONG)), "bad_response"),
    "a cursor that is no text": (
        lambda: whole(page(user(), 5, has_more=True, last_id=CURSOR).replace(CURSOR, CURSOR + r"\ud800")),
        "bad_response",
    ),
    "bytes that are no text": (lambda: whole(page().encode().replace(b"user", b"\x80")), "bad_response"),
    "not a number": (lambda: whole(in_row(role="NaN")), "bad_response"),
    "a login page": (lambda: whole(f"<html>{BODY}</html>"), "bad_response"),
    "nothing": (lambda: whole(""), "bad_response"),
    "no content": (lambda: [head(status="204 No Content")], "bad_response"),
    "another protocol": (lambda: [head("upgrade: x", "connection: upgrade", status="101 Go")], "connection"),
    "an error of 10 MB": (
        lambda: whole(f'{{"error":{{"message":"{BODY}{LONG}"}}}}', status="529 Busy"),
        "server_error",
    ),
    # Not HTTP, and not to the end.
    "no HTTP": (lambda: [f"{BODY} {KEY}\r\n\r\n".encode()], "connection"),
    "a header that is none": (lambda: [head()[:-2], f"{BODY} {KEY}\r\n\r\n".encode()], "connection"),
    "a chunk that is none": (lambda: [head("transfer-encoding: chunked"), f"{BODY} {KEY}\r\n".encode()], "connection"),
    "an end in the middle of the head": (lambda: [head()[:40]], "connection"),
    "an end in the middle of the body": (lambda: [head("content-length: 99"), b"{"], "connection"),
    "an end in the middle of a chunk": (lambda: [head("transfer-encoding: chunked"), b"99\r\n{"], "connection"),
}


@pytest.mark.parametrize("kind", HARM)
async def test_harm_fails_a_poll_and_nothing_else(kind, caplog):
    answer, reason = HARM[kind]
    with listening(whole(page(user(1)))) as upstream:
        async with exporting(upstream.url, timeout="1s" if reason == "timeout" else "30s") as exporter:
            assert (await exporter.poll()).error is None
            before = exporter.series()
            upstream.answer = lambda _: answer()
            failed = await exporter.poll()
            assert (failed.reason, exporter.series()) == (reason, before)
            upstream.answer = lambda _: whole(page(user(2)))
            assert (await exporter.poll()).error is None
            assert "user_2" in exporter.series()
            assert "user_1" not in exporter.series()
    said = caplog.text + repr([vars(record) for record in caplog.records]) + failed.message + failed.hint
    assert not [secret for secret in (KEY, BODY, CURSOR) if secret in said]
    assert len(failed.message) < 200
    assert KEY not in failed.error.detail


@pytest.mark.parametrize("first", [head(), head()[:-2], b"HTTP/1.1"])
async def test_a_byte_a_moment_is_a_timeout_as_a_whole(first):
    with listening(repeated(b" ", first)) as upstream:
        upstream.seconds_between = 0.1
        async with exporting(upstream.url, timeout="500ms") as exporter:
            assert (await exporter.poll()).reason == "timeout"
            assert exporter.seconds < 5


async def test_an_error_that_repeats_the_key_shows_no_part_of_it():
    body = f'{{"error":{{"type":"{"x" * 60}{KEY}","message":"{"x" * 490}{KEY}"}}}}'
    with listening(whole(body, f"request-id: {'x' * 60}{KEY}", status="403 No")) as upstream:
        async with exporting(upstream.url) as exporter:
            failed = await exporter.poll()
    assert KEY[:4] not in failed.message + failed.error.detail


async def test_a_redirect_takes_the_key_nowhere():
    with listening(whole(page())) as elsewhere:
        for status in ("301 There", "302 There", "303 There", "307 There", "308 There"):
            with listening(whole("", f"location: {elsewhere.url}/v1/organizations/users", status=status)) as upstream:
                async with exporting(upstream.url) as exporter:
                    assert (await exporter.poll()).reason == "bad_response"
                assert len(upstream.requests) == 1
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    "encoded", [page().encode("utf-8-sig"), page().encode("utf-16"), gzip.compress(page().encode())]
)
async def test_a_page_in_another_encoding_is_read_where_it_says_so_itself(encoded):
    lines = [GZIP] if encoded[:2] == b"\x1f\x8b" else []
    with listening(whole(encoded, *lines)) as upstream:
        async with exporting(upstream.url) as exporter:
            assert (await exporter.poll()).error is None
    assert b"accept-encoding: gzip\r\n" in upstream.requests[0].lower()


async def test_texts_of_10_mb_are_cut():
    with listening(
        whole(page(user(id=LONG + "1", email=LONG, role=LONG), user(id=LONG + "2", email="\0")))
    ) as upstream:
        async with exporting(upstream.url) as exporter:
            assert (await exporter.poll()).error is None
            assert exporter.series().count("…") == 10
            assert len(exporter.series()) < 10_000
