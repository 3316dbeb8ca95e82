"""The way to the API: a private certificate authority, and a proxy, as `check` and the service see them."""

import signal
import ssl
import urllib.request
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import trustme

from exporter import web
from exporter.api.credential import Credential
from exporter.app import http_client, utc_now
from exporter.check import check
from exporter.demo.options import Options
from exporter.demo.server import build_app
from exporter.errors import SettingsError
from exporter.history.receiver import receiver_client
from exporter.polls import ALL
from exporter.proxies import proxy_url
from exporter.settings import RemoteWriteSection, Settings
from exporter.tls import client_context
from tests.conftest import SUNDAY_NOON
from tests.proxy import forwarding, tunnelling
from tests.service import first_url, get, ready, running, until
from tests.serving import serving

KEY = Credential(key=Options.key)
NAME = "api.simulated.example"
URL = f"https://{NAME}"


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
    authority.issue_cert("localhost", NAME).private_key_and_cert_chain_pem.write_to_path(pem)
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


def test_an_authority_that_is_named_may_be_as_plain_as_those_of_companies_are(ca_file, monkeypatch):
    as_in_313 = httpx.create_ssl_context()
    as_in_313.verify_flags |= ssl.VERIFY_X509_STRICT
    monkeypatch.setattr(httpx, "create_ssl_context", lambda: as_in_313)
    assert client_context("api", None).verify_flags & ssl.VERIFY_X509_STRICT
    assert not client_context("api", ca_file).verify_flags & ssl.VERIFY_X509_STRICT


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


# A proxy that makes tunnels.


@pytest.fixture
def port(tls_url):
    return urlsplit(tls_url).port


@pytest.fixture
def own_tls(authority):
    """A proxy's own certificate, of the private authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(autouse=True)
def no_proxy_from_elsewhere(monkeypatch):
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def basic(text):
    return f"Basic {b64encode(text.encode()).decode()}"


@pytest.mark.parametrize("variable", [None, "HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_a_tunnel_is_made_by_the_proxy_of_the_settings_or_the_environment(port, ca_file, monkeypatch, variable):
    with tunnelling(port, "me:p@ss:/wörd") as proxy:
        url = f"http://me:p%40ss%3A%2Fw%C3%B6rd@{proxy.address}"
        if variable:
            monkeypatch.setenv(variable, url)
        code, lines = await lines_of(base_url=URL, ca_file=ca_file, proxy_url=None if variable else url)
    assert code == 0, lines
    assert set(proxy.asked) == {(f"{NAME}:443", basic("me:p@ss:/wörd"))}
    assert f"proxy              http://{proxy.address}\n" in lines
    assert "certificate        issued by Private Authority" in lines


@pytest.mark.parametrize("variable", [None, "HTTPS_PROXY"])
async def test_a_proxy_that_speaks_tls_is_trusted_by_the_same_authority(port, ca_file, own_tls, monkeypatch, variable):
    with tunnelling(port, "me:hush", own_tls) as proxy:
        url = f"https://me:hush@{proxy.address}"
        if variable:
            monkeypatch.setenv(variable, url)
        code, lines = await lines_of(base_url=URL, ca_file=ca_file, proxy_url=None if variable else url)
    assert code == 0, lines
    assert f"proxy              https://{proxy.address}\n" in lines


async def test_a_proxy_without_a_scheme_speaks_http(port, ca_file, monkeypatch):
    with tunnelling(port, "me:hush") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"me:hush@{proxy.address}")
        code, lines = await lines_of(base_url=URL, ca_file=ca_file)
    assert code == 0
    assert f"proxy              http://{proxy.address}\n" in lines


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("exception", [NAME, "a, simulated.example", ".simulated.example", "*", f"{NAME}:443"])
def test_no_proxy_is_heeded_but_not_against_the_settings(monkeypatch, variable, exception):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert proxy_url(f"{URL}:443") == "http://proxy.example:3128"
    monkeypatch.setenv(variable, exception)
    assert proxy_url(f"{URL}:443") is None
    assert proxy_url(f"{URL}:443", "http://other.example:3128") == "http://other.example:3128"


async def test_a_proxy_is_not_asked_for_what_is_on_this_machine_or_excepted(tls_url, port, ca_file, monkeypatch):
    with tunnelling(port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        assert (await lines_of(base_url=tls_url, ca_file=ca_file))[0] == 0
        monkeypatch.setenv("NO_PROXY", NAME)
        code, lines = await lines_of(base_url=URL, ca_file=ca_file)
    assert (code, proxy.asked) == (1, [])
    assert "proxy              none" in lines


async def test_a_proxy_whose_certificate_is_unknown_gets_neither_key_nor_password(port, own_tls):
    with tunnelling(port, "me:hush", own_tls) as proxy:
        code, lines = await lines_of(base_url=URL, proxy_url=f"https://me:hush@{proxy.address}")
    assert (code, proxy.asked) == (1, [])
    assert "put its authority into api.ca-file" in lines


@pytest.mark.parametrize("url", ["socks5://me:hush@127.0.0.1:1080", "http://me:hush@127.0.0.1:port", "http://me:hush@"])
def test_a_proxy_of_the_environment_that_cannot_be_used_is_named_without_its_password(url, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", url)
    with pytest.raises(SettingsError, match="HTTPS_PROXY or ALL_PROXY in the environment cannot") as caught:
        http_client(Settings(api={"base_url": URL}))
    assert "hush" not in str(caught.value)
    http_client(Settings(api={"base_url": URL, "proxy_url": "http://127.0.0.1:1"}))
    http_client(Settings(api={"base_url": "http://127.0.0.1:1"}))
    receiver_client(RemoteWriteSection())


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_a_service_shows_key_and_password_nowhere_also_when_the_proxy_refuses_it(port, ca_file, tmp_path, form):
    secrets = (Options.key, "hush", basic("me:hush").split()[1])
    flags = [f"--api.base-url={URL}", f"--api.ca-file={ca_file}", "--web.listen-address=127.0.0.1:0"]
    with tunnelling(port, "me:another") as proxy:
        environment = {"ANTHROPIC_ADMIN_KEY": Options.key, "HTTPS_PROXY": f"http://me:hush@{proxy.address}"}
        logs = [f"--log.format={form}", "--log.level=debug", "--api.retries=0"]
        with running(tmp_path, "serve", *flags, *logs, **environment) as process:
            url = until(lambda: first_url(process), "the service")
            until(lambda: ready(url), "every poll to have answered")
            shown = get(url) + get(f"{url}/metrics") + process.said()
            shown += Path(f"/proc/{process.child.pid}/cmdline").read_text()
            assert process.stop(signal.SIGTERM)[0] == 0
            shown += process.said()
    assert proxy.asked
    assert "407" in shown
    assert not any(secret in shown for secret in secrets)
