"""The way to the API: a private certificate authority, and a proxy, as `check` sees them."""

import urllib.request

import pytest
import trustme

from exporter import web
from exporter.api.credential import Credential
from exporter.app import utc_now
from exporter.check import check
from exporter.demo.options import Options
from exporter.demo.server import build_app
from exporter.polls import ALL
from exporter.settings import Settings
from tests.conftest import SUNDAY_NOON
from tests.proxy import forwarding
from tests.serving import serving

KEY = Credential(key=Options.key)


@pytest.fixture(scope="module")
def authority():
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
    with serving(server, listening):
        yield f"https://localhost:{listening.getsockname()[1]}"


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
    assert lines.count("CERTIFICATE_VERIFY_FAILED") == len(ALL)
    assert lines.count("put its authority into api.ca-file") == 1


async def test_a_clock_that_is_wrong_is_named(ca_file, tls_url):
    _, lines = await lines_of(now=lambda: SUNDAY_NOON, base_url=tls_url, ca_file=ca_file)
    assert "clock              wrong by -" in lines
    assert "which day is read depends on it" in lines


async def test_a_proxy_is_used_and_shown_without_its_password(simulate):
    simulator, asked = simulate(people=10, days=3), []

    def onward(path, headers):
        asked.append(path)
        return urllib.request.Request(
            path, headers={name: headers[name] for name in ("x-api-key", "anthropic-version")}
        )

    with forwarding(onward) as address:
        proxy = f"http://user:secret@{address}"
        code, lines = await lines_of(base_url=simulator.url, proxy_url=proxy)
    assert code == 0
    assert f"{simulator.url}/v1/organizations/me" in asked
    assert f"proxy              http://{address}" in lines
    assert "secret" not in lines
