"""TLS that proves nothing: no request, and so no key, leaves for a server that cannot show who it is."""

import gc
import socket
import ssl
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from tests.hostile.upstream import KEY, exporting, head, listening, page, whole

LONG_AGO = datetime.now(UTC) - timedelta(days=2)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority, tmp_path_factory):
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return file


def context_of(authority, host="localhost", **options):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, **options).configure_cert(context)
    return context


async def test_a_certificate_that_is_right_is_enough(authority, ca_file):
    with listening(whole(page()), context_of(authority)) as upstream:
        async with exporting(upstream.url, ca_file=ca_file) as exporter:
            assert (await exporter.poll()).error is None


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (lambda _: context_of(trustme.CA()), "unable to get local issuer certificate"),
        (lambda authority: context_of(authority, "elsewhere.example"), "Hostname mismatch"),
        (lambda authority: context_of(authority, not_after=LONG_AGO), "certificate has expired"),
    ],
    ids=["another authority's", "another host's", "expired"],
)
async def test_a_certificate_that_is_wrong_fails_the_poll_before_the_key_is_sent(
    certificate, words, authority, ca_file
):
    with listening(whole(page()), certificate(authority)) as upstream:
        async with exporting(upstream.url, ca_file=ca_file) as exporter:
            failed = await exporter.poll()
    assert failed.reason == "connection"
    assert words in failed.message
    assert upstream.requests == []


async def test_a_server_without_tls_is_not_told_the_key(ca_file):
    with listening(whole(page())) as upstream:
        async with exporting(upstream.url.replace("http:", "https:"), ca_file=ca_file) as exporter:
            assert (await exporter.poll()).reason == "connection"
    assert KEY.encode() not in b"".join(upstream.requests)


@contextmanager
def silent():
    """The port of a server that takes a connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_a_handshake_that_stalls_is_a_timeout():
    with silent() as port:
        async with exporting(f"https://localhost:{port}", timeout="500ms") as exporter:
            assert (await exporter.poll()).reason == "timeout"
            assert exporter.seconds < 5
    gc.collect()  # a socket that was not closed warns now


async def test_an_end_in_the_middle_is_a_broken_connection_over_tls_too(authority, ca_file):
    with listening([head("content-length: 99"), b"{"], context_of(authority)) as upstream:
        async with exporting(upstream.url, ca_file=ca_file) as exporter:
            assert (await exporter.poll()).reason == "connection"
