"""The exporter itself reads what the chart gives it: variables, settings, teams."""

from pathlib import PurePosixPath

import pytest

from exporter.app import teams_file
from exporter.cli import COMMANDS
from exporter.errors import SettingsError
from exporter.settings import Settings
from exporter.sources import leaves, load, variable
from tests.helm.cases import KEY

SETTINGS = PurePosixPath("/etc/anthropic-exporter")
HISTORY = {"history": {"remote-write": {"url": "https://mimir.example/push"}}}


def variables(rendered):
    return {one["name"]: one.get("value", "http://proxy.example:3128") for one in rendered.exporter["env"]}


def settings(rendered, folder) -> Settings:
    """What the exporter takes from the pod's variables and files, which are in `folder` here."""
    (volume,) = [one for one in rendered.pod["volumes"] if one["name"] == "config"]
    for source in volume["projected"]["sources"]:
        name = source["configMap"]["name"]
        files = (
            {"teams.csv": "kind,pattern,team\nactor,*,platform\n"}
            if name == "people"
            else rendered.one("ConfigMap", name)["data"]
        )
        for file, text in files.items():
            (folder / file).write_text(text)
    here = {name: value.replace(str(SETTINGS), str(folder)) for name, value in variables(rendered).items()}
    return load({}, here)


def test_everything_that_is_rendered_is_a_setting(case, tmp_path):
    loaded = settings(case, tmp_path)
    teams_file(loaded)
    assert loaded.storage.path
    assert case.exporter.get("args", ["serve"])[0] in COMMANDS


def test_every_path_is_in_a_folder_that_is_mounted(case):
    folders = {one["mountPath"] for one in case.exporter["volumeMounts"]}
    paths = {name: value for name, value in variables(case).items() if value.startswith("/")}
    assert {name: path for name, path in paths.items() if str(PurePosixPath(path).parent) not in folders} == {}


def test_metrics_and_probes_have_the_ports_that_are_asked(case, tmp_path):
    loaded, container = settings(case, tmp_path), case.exporter
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    assert loaded.web.listen_address == f":{ports['metrics']}"
    assert loaded.web.health_address == f":{ports['health']}"
    assert {container[probe]["httpGet"]["port"] for probe in ("livenessProbe", "readinessProbe")} == {"health"}
    (port,) = case.one("Service")["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (ports["metrics"], "metrics")


def test_settings_arrive_as_they_were_given(render, tmp_path):
    given = {
        "api": {"key-expires": "2027-03-31"},
        "limits": {"actors": 1000000},
        "budgets": [{"name": "no", "usd": 12345678.25}],
    }
    loaded = settings(render(KEY | {"config": given}), tmp_path)
    assert str(loaded.api.key_expires) == "2027-03-31"
    assert loaded.limits.actors == 1000000
    assert [(one.name, str(one.usd)) for one in loaded.budgets] == [("no", "12345678.25")]


def test_teams_arrive_as_they_were_given(render, tmp_path):
    teams = [{"team": "yes", "cost-center": "0123", "actors": ["*@example.com", "@b.example"]}]
    file = teams_file(settings(render(KEY | {"teams": teams}), tmp_path))
    assert file
    assert file.teams.cost_centers["yes"] == "0123"


def test_a_change_of_settings_replaces_the_pod_and_one_of_teams_does_not(render):
    def pod(**values):
        return render(KEY | {"teams": [{"team": "a"}]} | values).one("StatefulSet")["spec"]["template"]

    assert pod(config={"organization": "Acme"}) != pod()
    assert pod(teams=[{"team": "b"}]) == pod()


def test_the_key_is_in_a_file_of_the_secret_that_is_named(render, tmp_path):
    rendered = render({"adminKey": {"existingSecret": "mine", "key": "claude.key"}})
    (volume,) = [one for one in rendered.pod["volumes"] if one["name"] == "admin-key"]
    assert volume["secret"]["secretName"] == "mine"
    assert str(settings(rendered, tmp_path).api.key_file) == "/run/secrets/anthropic-exporter/claude.key"


def test_a_demo_has_no_key(render):
    rendered = render({"demo": True})
    assert rendered.exporter["args"] == ["demo"]
    assert variable("api.key-file") not in variables(rendered)
    assert "admin-key" not in rendered.text


def test_a_proxy_with_a_password_stays_in_its_secret(render):
    (found,) = [
        one for one in render(KEY | {"proxy": {"existingSecret": "p"}}).exporter["env"] if "PROXY" in one["name"]
    ]
    assert found == {
        "name": variable("api.proxy-url"),
        "valueFrom": {"secretKeyRef": {"name": "p", "key": "proxy-url"}},
    }


def test_a_service_of_its_own_name_would_be_settings_that_do_not_exist():
    with pytest.raises(SettingsError, match="ANTHROPIC_EXPORTER_SERVICE_HOST: no such setting"):
        load({}, {"ANTHROPIC_EXPORTER_SERVICE_HOST": "10.0.0.1"})


def test_the_schema_knows_every_setting_and_no_other(schema):
    def names(section, path=""):
        for name, value in section.get("properties", {}).items():
            yield from names(value, f"{path}{name}.") if value else [path + name]

    assert set(names(schema["properties"]["config"])) == {name for name, _ in leaves() if name != "config.file"}


def test_what_the_chart_sets_itself_is_refused_with_what_to_use(render):
    ours = {
        "api.key-file": "adminKey",
        "api.ca-file": "ca",
        "api.proxy-url": "proxy",
        "web.config-file": "web",
        "storage.path": "persistence",
        "labels.hash-key-file": "hashKey",
        "teams-file": "teams or teamsFile",
    }
    for name, value in ours.items():
        section, _, setting = name.rpartition(".")
        config = {section: {setting: "x"}} if section else {setting: "x"}
        assert f"config.{name}: the chart sets it: use the value {value}" in render(KEY | {"config": config}).error
    for name in ("listen-address", "health-address"):
        error = render(KEY | {"config": {"web": {name: ":1"}}}).error
        assert f"config.web.{name}: the chart sets it, for Service and probes" in error


def test_every_file_that_a_setting_names_is_one_the_chart_mounts():
    """Else somebody would have to guess a path. Those of remote write are in the folder of its Secret."""
    files = {name for name, _ in leaves() if name.endswith("-file") and not name.startswith("history.remote-write.")}
    assert files == {"api.key-file", "api.ca-file", "web.config-file", "labels.hash-key-file", "teams-file"}
