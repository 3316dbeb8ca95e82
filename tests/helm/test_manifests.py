"""The plain manifests are those of the chart, and real kubectl puts them together."""

import subprocess

import pytest
import yaml

from tests.helm.chart import BOARDS, ROOT, Rendered
from tests.helm.plain import PLAIN, manifests


@pytest.fixture(scope="module")
def kustomize(tool):
    """What `kubectl apply -k` would send."""

    def built(folder) -> Rendered:
        done = subprocess.run([tool("kubectl"), "kustomize", folder], capture_output=True, text=True, check=False)
        return Rendered(done.stdout, done.stderr if done.returncode else "")

    return built


def test_they_are_what_the_chart_renders(program):
    for file, text in manifests(program).items():
        assert file.read_text() == text, "run: make manifests"


def test_no_other_manifest_lies_there(program):
    files = {file for file in PLAIN.rglob("*.yaml") if file.name != "kustomization.yaml"}
    assert files == manifests(program).keys()


def test_they_do_not_say_that_helm_manages_them(program):
    assert [file for file, text in manifests(program).items() if "Helm" in text or "helm.sh" in text] == []


def test_the_exporter_is_whole_in_a_namespace(kustomize):
    built = kustomize(PLAIN)
    assert {one["kind"] for one in built.objects} == {"ServiceAccount", "ConfigMap", "Service", "StatefulSet"}
    assert {one["metadata"]["namespace"] for one in built.objects} == {"monitoring"}
    secret = {"name": "admin-key", "secret": {"secretName": "anthropic-exporter", "defaultMode": 0o440}}
    assert secret in built.pod["volumes"]


def test_beside_it_come_scraping_rules_and_every_dashboard_byte_for_byte(kustomize):
    built = kustomize(PLAIN / "monitoring")
    assert built.one("ServiceMonitor")["metadata"]["namespace"] == "monitoring"
    assert built.one("PrometheusRule")["spec"]["groups"]
    boards = {name: text for one in built.all("ConfigMap") for name, text in one["data"].items()}
    assert boards == {file.name: file.read_text() for file in BOARDS.glob("*.json")}
    for one in built.all("ConfigMap"):
        assert one["metadata"]["labels"] == {"grafana_dashboard": "1"}
        assert one["metadata"]["annotations"] == {"grafana_folder": "Anthropic"}


def test_the_kustomization_in_the_readme_changes_the_settings(kustomize, tmp_path):
    _, _, block = (PLAIN / "README.md").read_text().partition("```yaml\n")
    shown = yaml.safe_load(block.partition("```")[0])
    (tmp_path / "exporter").mkdir()
    for file in (PLAIN / "anthropic-exporter.yaml", PLAIN / "kustomization.yaml"):
        (tmp_path / "exporter" / file.name).write_text(file.read_text())
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(shown | {"resources": ["exporter"]}))
    built = kustomize(tmp_path)
    assert yaml.safe_load(built.one("ConfigMap")["data"]["config.yml"])["labels"] == {"actor": "none"}
    assert {one["metadata"]["namespace"] for one in built.objects} == {"observability"}


def test_dashboards_alone_need_no_namespace_of_ours(kustomize):
    assert all("namespace" not in one["metadata"] for one in kustomize(ROOT / "grafana").objects)
