"""The way to the API: a private certificate authority, and a proxy, as `check` sees them."""

import asyncio
import threading
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme

from exporter import web
from exporter.api.credential import Credential
from exporter.app import utc_now
from exporter.check import check
from exporter.demo.options import Options
from exporter.demo.server import build_app
from exporter.settings import Settings
from tests.conftest import SUNDAY_NOON
from tests.service import until

KEY = Credential(key=Options.key)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate authority nobody knows."""
    return trustme.CA(organization_name="Private Authority")


@pytest.fixture(scope="module")
def ca_file(authority, tmp_path_factory):
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return file


@pytest.fixture(scope="module")
def tls_url(authority, tmp_path_factory):
    """A simulated Admin API over HTTPS with a certificate of that authority."""
    pem = tmp_path_factory.mktemp("tls") / "server.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(pem)
    server = web.server(build_app(Options(people=10, days=3), lambda: SUNDAY_NOON))
    server.config.ssl_certfile = server.config.ssl_keyfile = pem
    listening = web.listen("test", "127.0.0.1:0")
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    until(lambda: server.started, "the server")
    yield f"https://localhost:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


async def lines_of(now=utc_now, **api):
    lines: list[str] = []
    code = await check(Settings(api=api), KEY, lines.append, now)
    return code, "\n".join(lines)


async def test_a_private_authority_is_trusted_when_it_is_named_and_check_says_who_it_is(ca_file, tls_url):
    code, lines = await lines_of(base_url=tls_url, ca_file=ca_file)
    assert code == 0
    assert "certificate        issued by Private Authority" in lines


async def test_an_unknown_authority_is_refused_with_the_setting_that_helps(tls_url):
    code, lines = await lines_of(base_url=tls_url)
    assert code == 1
    assert lines.count("CERTIFICATE_VERIFY_FAILED") == 8
    assert lines.count("put its authority into api.ca-file") == 1


async def test_a_clock_that_is_wrong_is_named(ca_file, tls_url):
    _, lines = await lines_of(now=lambda: SUNDAY_NOON, base_url=tls_url, ca_file=ca_file)
    assert "clock              wrong by -" in lines
    assert "which day is read depends on it" in lines


@contextmanager
def proxy():
    """A forward proxy, and the URLs that it was asked for."""
    asked = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            names = ("x-api-key", "anthropic-version")
            request = urllib.request.Request(self.path, headers={name: self.headers[name] for name in names})
            with urllib.request.urlopen(request) as answer:
                body = answer.read()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"user:secret@127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_proxy_is_used_and_shown_without_its_password(simulate):
    simulator = simulate(people=10, days=3)
    with proxy() as (address, asked):
        code, lines = await asyncio.to_thread(
            lambda: asyncio.run(lines_of(base_url=simulator.url, proxy_url=f"http://{address}"))
        )
    assert code == 0
    assert f"{simulator.url}/v1/organizations/me" in asked
    assert f"proxy              http://{address.partition('@')[2]}" in lines
    assert "secret" not in lines
