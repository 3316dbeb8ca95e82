"""The Dockerfile and the files of deploy/compose, as far as they can be judged without an engine.

With an engine they are tried by `python -m tests.container`.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
import yaml

from exporter.sources import load
from tests.pages import Pages, served

ROOT = Path(__file__).parent.parent
COMPOSE = ROOT / "deploy" / "compose"
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
SCHEMA = ("check-jsonschema", "--builtin-schema", "vendor.compose-spec")
FILES = [COMPOSE / name for name in ("compose.yml", "exporter.yml", "exporter-live.yml")]
SERVICES = [(file.stem, *service) for file in FILES for service in yaml.safe_load(file.read_text())["services"].items()]
each_service = pytest.mark.parametrize(
    "service", [one for *_, one in SERVICES], ids=[f"{n}-{m}" for n, m, _ in SERVICES]
)


def ran(*command: object):
    """A tool of this environment, or one with a path."""
    program, *arguments = map(str, command)
    beside = Path(sys.executable).parent / program
    return subprocess.run(
        [beside if beside.exists() else program, *arguments], check=False, capture_output=True, text=True
    )


def instructions(name):
    return [text.strip() for text in re.findall(rf"^{name} (.*)$", DOCKERFILE, re.MULTILINE)]


def variables():
    return dict(word.split("=", 1) for line in instructions("ENV") for word in shlex.split(line))


def parts(mount):
    return mount.split(":")


def test_hadolint_finds_nothing_in_the_dockerfile_and_nothing_is_hidden_from_it():
    result = ran("hadolint", "--disable-ignore-pragma", ROOT / "Dockerfile")
    assert (result.returncode, result.stdout) == (0, "")


def test_only_what_the_dockerfile_copies_is_sent_to_the_engine():
    copied = {name for line in instructions("COPY") if "--from" not in line for name in shlex.split(line)[:-1]}
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == copied
    assert all((ROOT / name).exists() for name in copied)


def test_the_environment_of_the_image_are_settings():
    settings = load({}, variables())
    assert settings.web.listen_address == "0.0.0.0:10204"
    assert instructions("EXPOSE") == ["10204"]
    assert settings.storage.path == Path(*instructions("VOLUME"), "ledger.db")


@pytest.mark.parametrize("host", ["127.0.0.1", "", "0.0.0.0"])
def test_the_health_check_asks_where_the_environment_says_and_no_proxy(host):
    _, _, command = instructions("HEALTHCHECK")[0].partition("CMD ")
    program, *arguments = json.loads(command)
    assert program == "python3"
    service = Pages()
    with served(service) as (url, _):
        port = url.rpartition(":")[2]
        environment = {"ANTHROPIC_EXPORTER_WEB__HEALTH_ADDRESS": f"{host}:{port}", "http_proxy": "http://127.0.0.1:9"}
        for good, code in ((True, 0), (False, 1)):
            service.good = good
            asked = subprocess.run([sys.executable, *arguments], env=environment, check=False, capture_output=True)
            assert asked.returncode == code, asked.stderr


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_compose_files_are_of_the_schema(file):
    result = ran(*SCHEMA, file)
    assert result.returncode == 0, result.stdout


def test_versions_are_pinned():
    images = [service["image"] for *_, service in SERVICES if "build" not in service]
    assert len(images) == 3
    (python,) = re.findall(r"^ARG PYTHON_IMAGE=(.*)$", DOCKERFILE, re.MULTILINE)
    for image in (*images, python):
        assert re.fullmatch(r"docker\.io/[\w/]+:v?\d+\.\d+[\w.-]*", image), image


@each_service
def test_no_service_may_more_than_it_needs_and_only_this_machine_reaches_it(service):
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only") or "grafana" in service["image"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


@each_service
def test_what_is_mounted_exists_and_cannot_be_written_to(service):
    for mount in map(parts, service["volumes"]):
        if mount[0].startswith("."):
            assert (COMPOSE / mount[0]).exists(), mount
            assert mount[2:] == ["ro"], mount


def test_with_a_key_and_without_the_exporter_is_run_alike():
    demo, live = (service for _, name, service in SERVICES if name == "exporter")
    apart = {"command", "environment", "secrets", "volumes", "tmpfs"}
    assert {name: demo[name] for name in demo.keys() - apart} == {name: live[name] for name in live.keys() - apart}


def test_the_key_is_a_file_and_in_no_variable():
    live = yaml.safe_load((COMPOSE / "exporter-live.yml").read_text())
    service = live["services"]["exporter"]
    (secret,) = service["secrets"]
    assert service["environment"]["ANTHROPIC_EXPORTER_API__KEY_FILE"] == secret["target"]
    assert live["secrets"][secret["source"]]["file"].startswith("${ADMIN_KEY_FILE:?")
    assert "ANTHROPIC_ADMIN_KEY" not in str(live)


def test_the_settings_beside_the_key_push_history_where_the_demo_does():
    demo = next(service for stem, name, service in SERVICES if (stem, name) == ("exporter", "exporter"))
    settings = load({"config": {"file": str(COMPOSE / "config" / "config.yml")}}, {})
    assert f"--history-to={settings.history.remote_write.url}" in demo["command"]


def test_grafana_finds_its_data_source_and_its_dashboards():
    grafana = next(service for _, name, service in SERVICES if name == "grafana")
    folders = {target: source for source, target in (mount.split(":")[:2] for mount in grafana["volumes"])}
    provisioning = COMPOSE / folders["/etc/grafana/provisioning"]
    (provider,) = yaml.safe_load((provisioning / "dashboards/anthropic.yml").read_text())["providers"]
    home = PurePosixPath(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == provider["options"]["path"]
    assert (COMPOSE / folders[str(home.parent)] / home.name).exists()
    assert "${PROMETHEUS_URL}" in (provisioning / "datasources/prometheus.yml").read_text()
    assert grafana["environment"]["PROMETHEUS_URL"] == "http://prometheus:9090"


def test_the_configuration_of_prometheus_passes_promtool_and_has_all_rules(tool, tmp_path):
    shutil.copy(COMPOSE / "prometheus.yml", tmp_path)
    shutil.copytree(ROOT / "deploy" / "prometheus", tmp_path / "rules")
    result = ran(tool("promtool"), "check", "config", tmp_path / "prometheus.yml")
    assert result.returncode == 0, result.stderr
    assert "2 rule files found" in result.stdout


def test_it_is_the_example_at_other_addresses():
    example, own = (
        yaml.safe_load((folder / "prometheus.yml").read_text()) for folder in (ROOT / "deploy/prometheus", COMPOSE)
    )
    own["rule_files"] = [name.removeprefix("rules/") for name in own["rule_files"]]
    for config, addresses in (
        (example, ("127.0.0.1:10204", "127.0.0.1:9093")),
        (own, ("exporter:10204", "alertmanager:9093")),
    ):
        (job,), (alerting,) = config["scrape_configs"], config["alerting"]["alertmanagers"]
        found = [one["static_configs"][0].pop("targets") for one in (job, alerting)]
        assert found == [[address] for address in addresses]
    assert own == example


def test_prometheus_keeps_as_much_as_history_goes_back():
    prometheus = next(service for _, name, service in SERVICES if name == "prometheus")
    window = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["storage"]["tsdb"]["out_of_order_time_window"]
    assert f"--storage.tsdb.retention.time={window}" in prometheus["command"]
    assert "--web.enable-remote-write-receiver" in prometheus["command"]


def test_the_configuration_of_alertmanager_passes_amtool_and_sends_nothing(tool):
    result = ran(tool("amtool"), "check-config", COMPOSE / "alertmanager" / "alertmanager.yml")
    assert result.returncode == 0, result.stderr
    (receiver,) = yaml.safe_load((COMPOSE / "alertmanager" / "alertmanager.yml").read_text())["receivers"]
    assert list(receiver) == ["name"]


def test_the_readme_names_every_address_and_how_to_change_it():
    text = (COMPOSE / "README.md").read_text()
    ports = dict(re.findall(r"127\.0\.0\.1:\$\{(\w+):-(\d+)\}:", "".join(file.read_text() for file in FILES)))
    assert set(re.findall(r"http://127\.0\.0\.1:(\d+)", text)) == set(ports.values())
    assert set(re.findall(r"`(\w+_PORT)`", text)) == ports.keys()
