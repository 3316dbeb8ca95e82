"""What deploy/history/README.md names is there: settings, that reach a receiver as it says, metrics, log lines."""

import re
import subprocess
from base64 import b64encode
from datetime import UTC, datetime

import pytest
import trustme
import yaml

from exporter.catalog import API_METRICS, DAILY_METRICS, EXPORTER_METRICS
from exporter.history import remote_write
from exporter.history.receiver import Receiver, receiver_client
from exporter.sources import leaves, load
from tests.history.document import ROOT, TEXT, block, blocks, queries
from tests.proxy import faulty

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
NAMES = {metric.name: metric for metric in (*API_METRICS, *DAILY_METRICS, *EXPORTER_METRICS)}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the files that the document's settings name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "receiver.password").write_text("secret\n")
    (tmp_path / "receiver.token").write_text("token\n")
    authority = trustme.CA()
    authority.cert_pem.write_to_path("ca.pem")
    certificate = authority.issue_cert("exporter.example.com")
    certificate.cert_chain_pems[0].write_to_path("client.pem")
    certificate.private_key_pem.write_to_path("client.key")
    return tmp_path


async def arrived(here, text):
    """What a receiver is asked with these settings, its host apart."""
    with faulty("http://127.0.0.1/", lambda _: 204) as proxy:
        host = proxy.write_url.removesuffix("/")
        (here / "exporter.yml").write_text(re.sub(r"https?://[^/\s]+", host, text))
        section = load({"config": {"file": "exporter.yml"}}, {}).history.remote_write
        async with receiver_client(section) as http:
            await Receiver(section, http, now=lambda: NOW).write(remote_write.WriteRequest())
    (request,) = proxy.requests
    return request


@pytest.mark.parametrize("text", blocks("yaml"))
async def test_all_settings_are_ones_and_reach_the_path_of_their_url(here, text):
    request = await arrived(here, text)
    (path,) = re.findall(r"https?://[^/\s]+(/\S+)", text)
    assert request.path == path
    assert request.headers["content-encoding"] == "snappy"


@pytest.mark.parametrize(
    ("receiver", "path", "header"),
    [
        ("mimir", "/api/v1/push", "X-Scope-OrgID"),
        ("cortex", "/api/v1/push", "X-Scope-OrgID"),
        ("thanos", "/api/v1/receive", "THANOS-TENANT"),
        ("vminsert", "/insert/0/prometheus/api/v1/write", None),
    ],
)
async def test_a_receiver_of_many_tenants_is_told_which(here, receiver, path, header):
    request = await arrived(here, block("yaml", f"//{receiver}."))
    assert request.path == path
    assert request.headers["x-scope-orgid"] == ("engineering" if header == "X-Scope-OrgID" else None)
    assert request.headers["thanos-tenant"] == ("engineering" if header == "THANOS-TENANT" else None)


async def test_a_receiver_is_told_who_pushes(here):
    basic = await arrived(here, block("yaml", "password-file"))
    assert basic.headers["authorization"] == f"Basic {b64encode(b'exporter:secret').decode()}"
    bearer = await arrived(here, block("yaml", "bearer-token-file: "))
    assert (bearer.headers["authorization"], bearer.headers["x-team"]) == ("Bearer token", "platform")


def test_every_metric_and_label_exists():
    names = set(re.findall(r"\banthropic_\w*\w\b(?!_?\*)", TEXT)) - {"anthropic_daily_", "anthropic_"}
    assert names
    assert names <= NAMES.keys()
    labels = {label for metric in NAMES.values() for label in metric.labels}
    assert set(re.findall(r"by \((\w+)\)", "\n".join(queries().values()))) <= labels


def test_every_setting_of_the_exporter_exists():
    named = set(re.findall(r"`(?:--)?((?:api|history|storage)\.(?!tsdb|db)[a-z.-]+)", TEXT))
    assert {"history.restate-days", "history.remote-write.batch", "storage.path", "storage.days"} <= named
    assert named - {"history.remote-write"} <= {name for name, _ in leaves()}


def test_every_query_is_promql(tool, tmp_path):
    rules = [{"record": f"test:{number}", "expr": line} for number, line in enumerate(queries().values())]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "history", "rules": rules}]}))
    result = subprocess.run([tool("promtool"), "check", "rules", file], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr


def test_every_line_of_a_log_and_every_message_is_the_exporters():
    source = "".join(file.read_text() for file in (ROOT / "exporter").rglob("*.py"))
    (table,) = re.findall(r"\| you see \| it is \|\n(.*?)\n\n", TEXT, re.DOTALL)
    quoted = re.findall(
        r"`([Aa] [^`]+|the [^`]+|its [^`]+)`", "\n".join(row.split("|")[1] for row in table.splitlines())
    )
    assert len(quoted) == 5
    for line in quoted:
        assert line in source
