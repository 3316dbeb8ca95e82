"""Values to render: a case for each way to install the chart, those that its README shows among them."""

import re
from typing import Any

import yaml

from tests.helm.chart import README

KEY: dict[str, Any] = {"adminKey": {"existingSecret": "acme-admin-key"}}
MONITORED: dict[str, Any] = {
    "serviceMonitor": {"enabled": True, "labels": {"release": "stack"}, "sampleLimit": 9000},
    "prometheusRule": {"enabled": True, "labels": {"release": "stack"}},
    "dashboards": {"enabled": True, "namespace": "grafana"},
}

_OWN: dict[str, dict[str, Any]] = {
    "a Secret and nothing else": KEY,
    "a simulated organization": {"demo": True},
    "everything for operator and sidecar": KEY | MONITORED,
    "no volume": KEY | {"persistence": {"enabled": False}},
    "another volume": KEY
    | {"persistence": {"size": "10Gi", "storageClass": "fast", "accessModes": ["ReadWriteOncePod"]}},
    "an image of one's own": KEY
    | {"image": {"registry": "registry.example:5000", "tag": "1.2.3"}, "imagePullSecrets": [{"name": "registry"}]},
    "an image by its digest": KEY | {"image": {"digest": f"sha256:{'0' * 64}"}},
    "names of one's own": KEY
    | {"nameOverride": "numbers", "fullnameOverride": "claude", "serviceAccount": {"create": False, "name": "other"}},
    "no account of its own": KEY | {"serviceAccount": {"create": False}},
    "large numbers, days, durations and odd names in settings": KEY
    | {
        "config": {
            "api": {"key-expires": "2027-03-31", "timeout": "1m30s"},
            "limits": {"actors": 1000000},
            "metrics": {"drop": ["anthropic_invite*"]},
            "polls": {"cost-today": {"enabled": False}, "usage": {"group-by": "model,workspace_id"}},
            "budgets": [{"name": "a # : {{ name }}", "usd": 2500000.5}, {"name": "no", "usd": 12345678}],
        }
    },
    "teams of another ConfigMap": KEY | {"teamsFile": {"existingConfigMap": "people", "key": "teams.csv"}},
    "files from everywhere": KEY
    | {
        "ca": {"existingSecret": "company-ca", "key": "root.pem"},
        "proxy": {"existingSecret": "proxy"},
        "web": {"existingSecret": "web", "key": "web.yml"},
        "extraEnv": [{"name": "NO_PROXY", "value": ".svc"}],
        "extraVolumes": [{"name": "more", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
    },
    "a node of its own": KEY
    | {
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "tolerations": [{"key": "monitoring", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "high",
        "podLabels": {"team": "finops"},
        "podAnnotations": {"example.com/note": "yes"},
        "service": {"annotations": {"prometheus.io/scrape": "true"}},
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": None},
    },
    "a network policy": KEY
    | {
        "networkPolicy": {
            "enabled": True,
            "from": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}],
            "egressPorts": [443, 8443],
        }
    },
}


def _shown() -> list[dict[str, Any]]:
    """The values in the README, and those within what it shows for GitOps."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    found = []
    for one in [one for block in blocks for one in yaml.safe_load_all(block)]:
        if "apiVersion" not in one:
            found.append(one)
        elif "source" in one["spec"]:
            found.append(one["spec"]["source"]["helm"]["valuesObject"])
        elif "values" in one["spec"]:
            found.append(one["spec"]["values"])
    return [values if "adminKey" in values else KEY | values for values in found]


CASES = _OWN | {f"of the README: {', '.join(values)}": values for values in _shown()}
