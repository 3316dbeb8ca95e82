"""HTTP, over a real socket: formats, methods, paths, and clients that do not read."""

import gzip
import socket
import zlib

import httpx
import pytest

from exporter import web
from exporter.connections import Limits
from exporter.errors import SettingsError
from exporter.values import address
from exporter.web import quality
from tests.pages import Pages, served
from tests.service import until


@pytest.fixture
def service():
    return Pages()


@pytest.fixture
def url(service):
    with served(service) as (url, _):
        yield url


FAMILY = b"# HELP test_sheep Sheep.\n# TYPE test_sheep gauge\n" + b'test_sheep{flock="north"} 3\n'
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


@pytest.mark.parametrize(
    "accept", ["*/*", "text/plain", "text/plain;q=1,application/openmetrics-text;q=0.5", OPENMETRICS]
)
@pytest.mark.parametrize("encoding", ["gzip", "identity", "gzip;q=0", "br"])
def test_a_scrape_comes_in_the_format_and_encoding_that_the_client_prefers(service, url, accept, encoding):
    service.body(FAMILY)
    answer = httpx.get(f"{url}/metrics", headers={"accept": accept, "accept-encoding": encoding})
    openmetrics = accept == OPENMETRICS
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(
        "application/openmetrics-text; version=1.0.0" if openmetrics else "text/plain; version=0.0.4"
    )
    assert answer.headers.get("content-encoding") == ("gzip" if encoding == "gzip" else None)
    assert answer.content.startswith(FAMILY)
    assert answer.content.count(b"anthropic_exporter_build_info{") == 1
    assert answer.content.count(b"\nprocess_") > 0
    assert answer.content.endswith(b"# EOF\n") is openmetrics


def test_the_stated_length_is_the_length_with_and_without_gzip(service, url):
    service.body(*[FAMILY] * 1000)
    for encoding in ("gzip", "identity"):
        with httpx.stream("GET", f"{url}/metrics", headers={"accept-encoding": encoding}) as answer:
            assert len(b"".join(answer.iter_raw())) == int(answer.headers["content-length"])


def test_head_is_like_get_without_the_body(url):
    for path in ("/metrics", "/", "/-/healthy", "/-/ready"):
        head, get = httpx.head(url + path), httpx.get(url + path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(url, method):
    answer = httpx.request(method, f"{url}/metrics")
    assert answer.status_code == 405
    assert {name.strip() for name in answer.headers["allow"].split(",")} == {"GET", "HEAD"}


@pytest.mark.parametrize("path", ["/metric", "/metrics/", "/-/", "/../metrics/x", "/favicon.ico"])
def test_other_paths_are_not_found(url, path):
    assert httpx.get(url + path).status_code == 404


def test_the_pictures_of_the_landing_page_are_there_and_nothing_else_of_their_folder(url):
    for name in ("overview", "developers", "cost", "keys", "health", "history"):
        picture = httpx.get(f"{url}/pictures/{name}.png")
        assert picture.headers["content-type"] == "image/png"
        assert picture.content.startswith(b"\x89PNG")
    for name in ("sheep.png", "..%2Fpage.py", "%2Fetc%2Fpasswd", ""):
        assert httpx.get(f"{url}/pictures/{name}").status_code == 404


def test_probes_tell_by_their_status(service, url):
    assert [httpx.get(f"{url}/-/{probe}").status_code for probe in ("healthy", "ready")] == [200, 200]
    service.good = False
    assert [httpx.get(f"{url}/-/{probe}").status_code for probe in ("healthy", "ready")] == [503, 503]


def test_a_client_that_stops_reading_is_cut_and_nobody_else_waits_for_it(service):
    service.body(*[b"x" * (1 << 20)] * 64)
    with (
        served(service, Limits(stalled_seconds=0.1), SO_SNDBUF=4096) as (url, server),
        socket.create_connection(address(url[7:])) as client,
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 OK")
        assert httpx.get(f"{url}/-/healthy").status_code == 200
        until(lambda: not server.server_state.connections, "the cut")
        assert received(client) < 64 << 20


def received(client):
    """How many bytes still come."""
    size = 0
    try:
        while chunk := client.recv(1 << 20):
            size += len(chunk)
    except ConnectionResetError:
        pass
    return size


@pytest.mark.parametrize(
    ("header", "name", "q"),
    [
        ("gzip", "gzip", 1),
        ("deflate, GZIP;q=0.5", "gzip", 0.5),
        ("gzip; q=0", "gzip", 0),
        ("gzip;q=much", "gzip", 0),
        ("", "gzip", 0),
        ("xgzip", "gzip", 0),
        ("text/html, text/plain;version=0.0.4;q=0.3", "text/plain", 0.3),
    ],
)
def test_quality(header, name, q):
    assert quality(header, name) == q


def test_the_gzip_body_is_one_member_for_clients_that_stop_after_the_first(service):
    service.body(FAMILY)
    body = b"".join(service.scrape(openmetrics=True).gzip())
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert inflater.decompress(body) == gzip.decompress(body)
    assert inflater.unused_data == b""


def test_an_address_in_use_is_named():
    taken = web.listen("web.listen-address", "127.0.0.1:0")
    host, port = taken.getsockname()
    with pytest.raises(SettingsError, match=f"web.listen-address: cannot listen on {host}:{port}: Address already"):
        web.listen("web.listen-address", f"{host}:{port}")
    taken.close()


def test_answers_do_not_wait_for_acknowledgements():
    with web.listen("test", "127.0.0.1:0") as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_all_addresses_are_both_families():
    with web.listen("test", ":0") as listening:
        port = listening.getsockname()[1]
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port), timeout=5).close()
        assert web.url_of(listening) == f"http://localhost:{port}"
