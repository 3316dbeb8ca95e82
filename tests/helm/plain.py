"""The plain manifests: the chart with a name, a namespace and a Secret that are given."""

import re
from pathlib import Path

import yaml

from tests.helm.chart import ROOT, template

PLAIN = ROOT / "deploy" / "kubernetes"
_ABOUT = "# Rendered from the chart in deploy/helm by `make manifests`: change it there.\n"
_OF_HELM = re.compile(r"^(# Source: .*|\s+app.kubernetes.io/managed-by: Helm|\s+helm.sh/chart: .*)\n", re.MULTILINE)
_VALUES = {
    "adminKey": {"existingSecret": "anthropic-exporter"},
    "serviceMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True},
}
_FILES = {"ServiceMonitor": "monitoring/servicemonitor.yaml", "PrometheusRule": "monitoring/prometheusrule.yaml"}


def manifests(helm: str) -> dict[Path, str]:
    """The plain manifests by their files; the dashboards among them come from grafana/kustomization.yaml."""
    rendered = template(helm, _VALUES, release="anthropic-exporter")
    assert not rendered.error, rendered.error
    texts: dict[Path, str] = {}
    for part in re.split(r"^---\n", rendered.text, flags=re.MULTILINE):
        if text := _OF_HELM.sub("", part).strip():
            file = PLAIN / _FILES.get(yaml.load(text, yaml.CSafeLoader)["kind"], "anthropic-exporter.yaml")
            texts[file] = f"{texts[file]}---\n{text}\n" if file in texts else f"{_ABOUT}{text}\n"
    return texts
