"""Values: what is wrong is named before anything is installed; README and schema know each."""

import re

import pytest
import yaml

from tests.helm.cases import KEY
from tests.helm.chart import CHART, README
from tests.helm.table import values_table

VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
WRONG = [
    ({"image": {"tga": "1"}}, "tga"),
    ({"image": {"digest": "sha256:abc"}}, "digest"),
    ({"adminKey": {"existingSecret": "Not A Name"}}, "existingSecret"),
    ({"adminKey": {"key": "a/b"}}, "key"),
    ({"adminKey": {"value": "sk-ant-admin01-x"}}, "value"),
    ({"config": {"labels": {"actr": "hash"}}}, "actr"),
    ({"config": {"budget": []}}, "budget"),
    ({"teams": [{"name": "platform"}]}, "name"),
    ({"teams": [{"team": "platform", "cost-center": 4711}]}, "cost-center"),
    ({"teamsFile": {"key": "teams.txt"}}, "key"),
    ({"persistence": {"size": "large"}}, "size"),
    ({"persistence": {"accessModes": ["ReadOnlyMany"]}}, "accessModes"),
    ({"serviceMonitor": {"interval": 120}}, "interval"),
    ({"serviceMonitor": {"scheme": "ftp"}}, "scheme"),
    ({"networkPolicy": {"from": []}}, "from"),
    ({"networkPolicy": {"egressPorts": [70000]}}, "egressPorts"),
    ({"extraVolumeMounts": [{"name": "a", "mountPath": "/a", "subPath": "b"}]}, "subPath"),
    ({"terminationGracePeriodSeconds": 1}, "terminationGracePeriodSeconds"),
]
TOGETHER = [
    ({}, "adminKey.existingSecret: name a Secret that holds an Admin key"),
    (KEY | {"demo": True}, "demo: a simulated organization needs no key"),
    ({"adminKey": {"existingSecret": "a", "externalSecret": {"enabled": True}}}, "adminKey: give either"),
    ({"adminKey": {"externalSecret": {"enabled": True}}}, "secretStoreRef.name and remoteRef.key say where"),
    (KEY | {"teams": [{"team": "a"}], "teamsFile": {"existingConfigMap": "b"}}, "teams: give either"),
    (KEY | {"ca": {"existingConfigMap": "a", "existingSecret": "b"}}, "ca: give either"),
    (KEY | {"proxy": {"url": "http://a", "existingSecret": "b"}}, "proxy: give either"),
    (
        KEY | {"prometheusRule": {"enabled": True, "disabledAlerts": ["AnthropicKeyUnused"]}},
        "prometheusRule.disabledAlerts: there is no alert AnthropicKeyUnused, but Anthropic",
    ),
]


@pytest.mark.parametrize(("values", "name"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_value_is_named(render, values, name):
    error = render(values).error
    assert "values don't meet the specifications of the schema" in error
    assert re.search(rf"\b{name}\b", error.partition("anthropic-exporter:")[2])


@pytest.mark.parametrize(("values", "words"), TOGETHER, ids=lambda value: value if isinstance(value, str) else "")
def test_what_does_not_go_together_is_told_with_what_to_do(render, values, words):
    assert words in render(values).error


def leaves(values, path=""):
    for name, value in values.items():
        yield from leaves(value, f"{path}{name}.") if isinstance(value, dict) and value else [f"{path}{name}"]


def test_the_schema_is_strict_about_everything_that_is_ours(schema):
    def loose(section, path=""):
        for name, value in section.get("properties", {}).items():
            if "properties" in value:
                yield from loose(value, f"{path}{name}.")
                yield from [] if value.get("additionalProperties") is False else [path + name]

    def known(section, path):
        first, _, rest = path.partition(".")
        found = section.get("properties", {}).get(first)
        return found is not None and (not rest or "properties" not in found or known(found, rest))

    assert schema["additionalProperties"] is False
    assert list(loose(schema)) == []
    assert [path for path in leaves(VALUES) if not known(schema, path)] == []


def test_the_table_in_the_readme_is_that_of_the_values(request):
    before, mark, rest = README.read_text().partition("<!-- values -->\n")
    wanted = f"{before}{mark}{values_table()}\n<!-- end -->{rest.partition('<!-- end -->')[2]}"
    if request.config.getoption("--update-golden"):
        README.write_text(wanted)
    assert README.read_text() == wanted


def test_every_value_says_what_it_is_for():
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in values_table().splitlines()[2:]]
    assert [row for row in rows if len(row[-1]) < 10] == []
    documented = [row[0].strip("`") for row in rows]
    assert [path for path in leaves(VALUES) if not any(f"{path}.".startswith(f"{name}.") for name in documented)] == []
