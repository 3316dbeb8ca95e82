"""The chart as a package: lint, version, what it holds, how it is installed and upgraded."""

import base64
import gzip
import json
import re
import tarfile

import pytest
import yaml

from exporter import __version__
from tests.helm.cases import KEY, MONITORED
from tests.helm.chart import BOARDS, CHART, README, ROOT, RULES, helm, template
from tests.supply.locks import pins

CHANGEABLE = {"replicas", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"}
"""All of a StatefulSet that Kubernetes lets an upgrade change."""


@pytest.fixture
def packed(each_program, tmp_path):
    """The chart as it is released."""
    done = helm(each_program, "package", CHART, "--destination", tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path / f"anthropic-exporter-{__version__}.tgz"


def test_lint_is_content(each_program, tmp_path):
    (tmp_path / "values.yml").write_text(yaml.safe_dump(KEY | MONITORED))
    done = helm(each_program, "lint", "--strict", CHART, "-f", tmp_path / "values.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout


def test_its_versions_are_the_exporters():
    about = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (about["version"], about["appVersion"]) == (__version__, __version__)


def test_what_is_shown_to_be_installed_is_this_version():
    shown = README.read_text() + (ROOT / "deploy" / "kubernetes" / "README.md").read_text()
    versions = re.findall(r"(?:targetRevision: |tag: |--version |[?]ref=v)(\d[\w.]+)", shown)
    assert versions == [__version__] * 4


def test_the_package_holds_rules_and_dashboards_themselves(packed):
    wanted = {f"files/{name}": RULES / name for name in ("alerts.yml", "recording.yml")}
    wanted |= {f"files/dashboards/{file.name}": file for file in BOARDS.glob("*.json")}
    with tarfile.open(packed) as archive:
        members = {one.name.removeprefix("anthropic-exporter/"): one for one in archive}
        assert [name for name, one in members.items() if not one.isfile()] == []
        assert {name for name in members if name.startswith("files/")} == wanted.keys()
        for name, file in wanted.items():
            handle = archive.extractfile(members[name])
            assert handle
            assert handle.read() == file.read_bytes()


def test_in_the_repository_they_are_links_and_no_copies():
    links = {file.name: file.resolve() for file in (CHART / "files").iterdir() if file.is_symlink()}
    rules = {name: (RULES / name).resolve() for name in ("alerts.yml", "recording.yml")}
    assert links == rules | {"dashboards": BOARDS.resolve()}


def test_the_package_renders_what_the_repository_does(each_program, packed):
    assert template(each_program, KEY | MONITORED, chart=packed) == template(each_program, KEY | MONITORED)


@pytest.mark.parametrize("value", ["prometheusRule", "dashboards"])
def test_a_copy_without_what_links_lead_to_says_so(program, tmp_path, value):
    for file in CHART.rglob("*"):
        if file.is_file() and "files" not in file.relative_to(CHART).parts:
            copy = tmp_path / file.relative_to(CHART)
            copy.parent.mkdir(exist_ok=True)
            copy.write_text(file.read_text())
    rendered = template(program, KEY | {value: {"enabled": True}}, chart=tmp_path)
    assert "is missing in this copy of the chart" in rendered.error


def test_as_a_part_of_another_chart_it_renders_the_same(each_program, packed, tmp_path):
    whole = tmp_path / "whole"
    (whole / "charts").mkdir(parents=True)
    packed.rename(whole / "charts" / packed.name)
    dependency = {"name": "anthropic-exporter", "version": __version__}
    about = {"apiVersion": "v2", "name": "whole", "version": "1.0.0", "dependencies": [dependency]}
    (whole / "Chart.yaml").write_text(yaml.safe_dump(about))
    values = KEY | {"podSecurityContext": {"fsGroup": None}}
    part = template(each_program, {"global": {"a": 1}, "anthropic-exporter": values}, chart=whole)
    assert part.objects == template(each_program, values).objects


def test_an_upgrade_changes_nothing_that_kubernetes_would_refuse(program, tmp_path):
    helm(program, "package", CHART, "--version", "9.9.9", "--app-version", "9.9.9", "--destination", tmp_path)
    new = template(program, KEY, chart=tmp_path / "anthropic-exporter-9.9.9.tgz").one("StatefulSet")
    old = template(program, KEY).one("StatefulSet")
    assert new["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":9.9.9")
    assert {name for name in old["spec"] if old["spec"][name] != new["spec"][name]} <= CHANGEABLE


def test_what_helm_keeps_of_a_release_fits_into_a_secret(tool, tmp_path):
    """Helm 4 shows it without a cluster; it is kept compressed, and a Secret has a mebibyte."""
    (tmp_path / "values.yml").write_text(yaml.safe_dump(KEY | MONITORED))
    dry = ("install", "acme", CHART, "--dry-run=client", "-o", "json", "-f", tmp_path / "values.yml")
    release = helm(tool("helm4"), *dry).stdout
    assert "AnthropicBudgetUsed" in json.loads(release)["manifest"]
    assert len(base64.b64encode(gzip.compress(release.encode()))) < 2**19


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (KEY, "kubectl -n mon exec statefulset/acme-anthropic-exporter -c exporter -- anthropic-exporter check"),
        (KEY, "Nothing scrapes it yet"),
        (KEY | MONITORED, "Rules and dashboards are for all organizations"),
        (KEY | {"persistence": {"enabled": False}}, "every start reads all days"),
        ({"demo": True}, "no number in it is real"),
        (KEY, "/metrics names people"),
    ],
)
def test_notes_say_what_to_do_next(tool, tmp_path, values, words):
    (tmp_path / "values.yml").write_text(yaml.safe_dump(values))
    dry = ("install", "acme", CHART, "-n", "mon", "--dry-run=client", "-f", tmp_path / "values.yml")
    assert words in helm(tool("helm4"), *dry).stdout.partition("NOTES:")[2]


def test_the_tools_are_pinned_by_their_hashes_and_their_lock_names_no_address():
    text = (ROOT / ".ci" / "helm.lock").read_text()
    assert [pin.hashes for pin in pins(text)] == [1, 1]
    assert "://" not in text
