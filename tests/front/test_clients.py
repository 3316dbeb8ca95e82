"""Those who ask for metrics, as they are: curl, Python's requests and Prometheus, over TLS and with passwords."""

import re
import subprocess
import urllib.error
from urllib.parse import urlsplit

import pytest
import requests

from exporter.demo.options import Options
from tests.front.certificates import FIXTURES, Certificates
from tests.front.entrance import basic, trusting
from tests.promql import prometheus
from tests.service import first_url, get, running, simulator, until

CONFIG = """
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: VerifyClientCertIfGiven
  client_ca_file: ca.crt
"""
CLIENTS_ONLY = CONFIG.replace("VerifyClientCertIfGiven", "RequireAndVerifyClientCert")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("api"), "--people=20", "--days=3") as url:
        yield url


def served(folder, api, config, *flags, command="serve"):
    """A process that serves as a configuration wants it."""
    target = [f"--api.base-url={api}"] if command == "serve" else ["--people=20", "--days=3"]
    listening = ["--web.listen-address=127.0.0.1:0", f"--web.config-file={config}", *flags]
    return running(folder, command, *target, *listening, ANTHROPIC_ADMIN_KEY=Options.key)


@pytest.fixture(scope="module")
def process(certificates, api, tmp_path_factory):
    """The exporter with TLS, passwords and probes, its headers those of the fixture."""
    users = (FIXTURES / "users_without_tls.good.yml").read_text()
    config = certificates.write(CONFIG + users + (FIXTURES / "headers.good.yml").read_text())
    folder = tmp_path_factory.mktemp("exporter")
    with served(folder, api, config, "--web.health-address=127.0.0.1:0", "--log.level=debug") as process:
        until(lambda: first_url(process), "the exporter")
        yield process
    for secret in ("wonderland", basic("alice:wonderland").split()[1], "$2y", "PRIVATE KEY", "Traceback"):
        assert secret not in process.said()


@pytest.fixture(scope="module")
def url(process):
    found = first_url(process)
    assert found
    assert found.startswith("https://127.0.0.1:")
    return found


def health_url(process):
    (url,) = re.findall(r"probes at (http://[\d.]+:\d+)", process.said())
    return url


def curl(tool, url, *options):
    command = [tool("curl"), "--silent", "--show-error", "--output", "-", "--write-out", "%{http_code}", *options, url]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_curl_gets_in_with_the_authority_and_a_password(tool, certificates, url):
    trust = ("--cacert", str(certificates.ca))
    assert curl(tool, f"{url}/metrics", *trust, "--user", "alice:wonderland").stdout.endswith("200")
    assert curl(tool, f"{url}/metrics", *trust, "--user", "alice:wonder").stdout == "Unauthorized\n401"
    assert curl(tool, f"{url}/metrics", *trust).stdout == "Unauthorized\n401"
    assert curl(tool, f"{url}/metrics", "--user", "alice:wonderland").returncode == 60  # certificate not known


def test_curl_that_wants_http2_gets_http1(tool, certificates, url):
    options = ("--cacert", str(certificates.ca), "--user", "alice:wonderland", "--http2", "--head")
    assert curl(tool, f"{url}/-/healthy", *options).stdout.startswith("HTTP/1.1 200 OK")


def test_requests_gets_in_with_the_authority_and_a_password(certificates, url):
    with requests.Session() as session:
        session.trust_env = False  # a bundle of authorities that the environment names would win over this one
        session.verify, session.auth = str(certificates.ca), ("alice", "wonderland")
        answer = session.get(f"{url}/metrics", timeout=10)
        assert "anthropic_exporter_web_config_success" in answer.text
        assert answer.headers["content-encoding"] == "gzip"
        assert session.get(f"{url}/", timeout=10).headers["x-frame-options"] == "deny"
        assert session.get(f"{url}/metrics", timeout=10, auth=("alice", "wonder")).status_code == 401
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"{url}/metrics", timeout=10, verify=True)


def test_probes_are_answered_in_plain_and_without_a_password(process):
    health = health_url(process)
    assert get(f"{health}/-/healthy") == "the schedule runs\n"
    assert until(lambda: get(f"{health}/-/ready"), "every poll to have answered") == "ready\n"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{health}/metrics")


def test_prometheus_scrapes_over_tls_with_a_password(tool, certificates, url, tmp_path):
    with prometheus(
        tool("prometheus"),
        urlsplit(url).netloc,
        tmp_path,
        scheme="https",
        basic_auth={"username": "alice", "password": "wonderland"},
        tls_config={"ca_file": str(certificates.ca)},
    ) as query:
        assert set(query("up").values()) == {1}
        assert set(query("anthropic_exporter_web_config_success").values()) == {1}


def test_prometheus_shows_its_certificate_and_one_without_is_not_let_in(tool, certificates, api, tmp_path):
    config = certificates.folder / "clients.yml"
    config.write_text(CLIENTS_ONLY + "  client_allowed_sans: [prometheus.example]\n")
    cert, key = certificates.pair("client")
    trust = {"ca_file": str(certificates.ca)}
    with served(tmp_path, api, config) as process:
        target = urlsplit(until(lambda: first_url(process), "the exporter")).netloc
        program, tls = tool("prometheus"), trust | {"cert_file": cert, "key_file": key}
        with prometheus(program, target, tmp_path, scheme="https", tls_config=tls) as query:
            assert set(query("up").values()) == {1}
        (tmp_path / "without").mkdir()
        with prometheus(program, target, tmp_path / "without", "up", scheme="https", tls_config=trust) as query:
            assert set(query("up").values()) == {0}


def test_a_service_with_an_open_connection_over_tls_ends_in_time(certificates, api, tmp_path):
    config = certificates.folder / "ends.yml"
    config.write_text(CONFIG)
    with served(tmp_path, api, config) as process:
        url = until(lambda: first_url(process), "the exporter")
        with requests.Session() as session:
            session.trust_env = False
            assert session.get(f"{url}/-/healthy", timeout=10, verify=str(certificates.ca)).status_code == 200
            code, seconds = process.stop()
    assert (code, seconds < 2.5) == (0, True)  # it would be more than 3 if it waited for the client to go


def test_the_demo_has_a_web_configuration_too(certificates, tmp_path):
    config = certificates.folder / "demo.yml"
    config.write_text(CONFIG)
    with served(tmp_path, "", config, command="demo") as process:
        url = until(lambda: first_url(process), "the demo")
        assert get(f"{url}/-/healthy", context=trusting(certificates)) == "the schedule runs\n"
