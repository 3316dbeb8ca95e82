"""What the Prometheus operator, External Secrets and Grafana's sidecar are given."""

import re
import subprocess
from importlib import import_module

import pytest
import yaml

from tests.helm.cases import CASES, KEY, MONITORED
from tests.helm.chart import BOARDS, RULES
from tests.pages import Pages, served
from tests.promql import prometheus
from tests.rules.test_alerts import PROMTOOLS

SCRAPED = KEY | {"serviceMonitor": {"enabled": True}}
OF_THE_OPERATOR = {
    "namespace": "monitoring",
    "service": "acme-anthropic-exporter",
    "pod": "acme-anthropic-exporter-0",
    "container": "exporter",
    "endpoint": "metrics",
    "node": "worker-1",
    "job": "acme-anthropic-exporter",
    "instance": "10.0.0.7:10204",
}
"""The labels that it gives a target before a ServiceMonitor's own relabelings."""


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PrometheusRule"])
def test_objects_of_the_operator_have_no_field_that_it_does_not_know(render, kind):
    operator = import_module(
        "cloudcoil.models.prometheus_operator.v1"
    )  # takes seconds, so not when tests are collected
    found = [one for values in CASES.values() for one in render(values).all(kind)]
    assert len(found) > 1
    for one in found:
        model = getattr(operator, kind).model_validate(one)
        assert model.model_dump(by_alias=True, exclude_unset=True, mode="json") == one


def rules(name):
    return yaml.safe_load((RULES / name).read_text())["groups"]


def test_rules_are_those_of_prometheus_itself(render):
    groups = render(KEY | MONITORED).one("PrometheusRule")["spec"]["groups"]
    assert groups == rules("recording.yml") + rules("alerts.yml")
    assert any(
        "{{ $labels.organization }}" in rule.get("annotations", {}).get("summary", "") for rule in groups[-1]["rules"]
    )


@pytest.mark.parametrize("promtool", PROMTOOLS)
def test_promtool_takes_them(tool, tmp_path, render, promtool):
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(render(KEY | MONITORED).one("PrometheusRule")["spec"]))
    check = [tool(promtool), "check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules.yml"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert (done.returncode, "SUCCESS" in done.stdout) == (0, True), done.stderr


def test_alerts_can_be_left_out_and_a_group_without_any_is_none(render):
    of_cost = [rule["alert"] for rule in rules("alerts.yml")[0]["rules"]]
    rule = render(KEY | {"prometheusRule": {"enabled": True, "disabledAlerts": of_cost}}).one("PrometheusRule")
    assert rule["spec"]["groups"] == rules("recording.yml") + rules("alerts.yml")[1:]
    rule = render(KEY | {"prometheusRule": {"enabled": True, "disabledAlerts": of_cost[:1]}}).one("PrometheusRule")
    assert [one["alert"] for group in rule["spec"]["groups"] for one in group["rules"] if "alert" in one] == [
        one["alert"] for group in rules("alerts.yml") for one in group["rules"]
    ][1:]


def test_labels_by_which_a_prometheus_chooses_are_added(render):
    rendered = render(KEY | MONITORED)
    for kind in ("ServiceMonitor", "PrometheusRule"):
        assert rendered.one(kind)["metadata"]["labels"]["release"] == "stack"


def test_there_is_a_config_map_for_each_dashboard_that_holds_its_bytes(render):
    files = {file.name: file.read_text() for file in BOARDS.glob("*.json")}
    maps = [one for one in render(KEY | MONITORED).all("ConfigMap") if "-dashboard-" in one["metadata"]["name"]]
    assert {name: text for one in maps for name, text in one["data"].items()} == files
    for one in maps:
        assert len(one["data"]) == 1
        assert one["metadata"]["namespace"] == "grafana"
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert one["metadata"]["annotations"] == {"grafana_folder": "Anthropic"}
        assert len(yaml.safe_dump(one).encode()) < 256 * 1024


def test_a_monitor_scrapes_as_the_shipped_prometheus_does_and_by_tls_if_asked(render):
    (endpoint,) = render(SCRAPED).one("ServiceMonitor")["spec"]["endpoints"]
    (job,) = yaml.safe_load((RULES / "prometheus.yml").read_text())["scrape_configs"]
    assert {"interval": job["scrape_interval"], "scrapeTimeout": job["scrape_timeout"]}.items() <= endpoint.items()
    tls = {"scheme": "https", "basicAuth": {"username": {"name": "a", "key": "b"}}, "tlsConfig": {"serverName": "c"}}
    (endpoint,) = render(KEY | {"serviceMonitor": {"enabled": True} | tls}).one("ServiceMonitor")["spec"]["endpoints"]
    assert tls.items() <= endpoint.items()


def test_instances_of_two_releases_differ_and_so_do_those_of_two_namespaces(render):
    places = [("acme", "a"), ("globex", "a"), ("acme", "b")]
    shown = [
        rule["replacement"]
        for release, namespace in places
        for rule in relabelings(render(SCRAPED, release=release, namespace=namespace))
        if rule.get("target_label") == "instance"
    ]
    assert shown == ["a/acme", "a/globex", "b/acme"]


def relabelings(rendered):
    """Those of the ServiceMonitor, as a configuration of Prometheus spells them."""
    (endpoint,) = rendered.one("ServiceMonitor")["spec"]["endpoints"]
    return [
        {re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name): value for name, value in rule.items()}
        for rule in endpoint["relabelings"]
    ]


def test_series_have_job_instance_and_the_exporters_own_labels_and_nothing_else(render, tool, tmp_path):
    pages = Pages()
    pages.body(b'# TYPE anthropic_members gauge\nanthropic_members{organization="Acme",role="admin"} 3\n')
    pages.health.named("Acme")
    pages.health.requested("users", "200", 0.1)
    of_the_target = {"instance": "monitoring/acme", "job": "anthropic-exporter"}

    def series(**labels):
        return tuple(value for _, value in sorted((of_the_target | labels).items()))

    with served(pages) as (url, _):
        target = {"targets": [url.removeprefix("http://")], "labels": OF_THE_OPERATOR}
        options = {"static_configs": [target], "relabel_configs": relabelings(render(SCRAPED))}
        with prometheus(tool("prometheus"), "", tmp_path, first="anthropic_members", **options) as query:
            assert query("up") == {series(): 1}
            assert query("anthropic_members") == {series(organization="Acme", role="admin"): 3}
            requests = series(organization="Acme", endpoint="users", code="200")
            assert query("anthropic_exporter_api_requests_total") == {requests: 1}


def test_a_key_from_a_store_has_all_that_external_secrets_would_add(render):
    store = {
        "enabled": True,
        "secretStoreRef": {"name": "vault", "kind": "ClusterSecretStore"},
        "remoteRef": {"key": "monitoring/anthropic", "property": "key"},
    }
    rendered = render({"adminKey": {"externalSecret": store, "key": "claude.key"}})
    assert rendered.one("ExternalSecret")["spec"] == {
        "refreshInterval": "1h",
        "secretStoreRef": {"name": "vault", "kind": "ClusterSecretStore"},
        "target": {"name": "acme-anthropic-exporter-admin-key", "creationPolicy": "Owner", "deletionPolicy": "Retain"},
        "data": [
            {
                "secretKey": "claude.key",
                "remoteRef": {
                    "key": "monitoring/anthropic",
                    "property": "key",
                    "conversionStrategy": "Default",
                    "decodingStrategy": "None",
                    "metadataPolicy": "None",
                },
            }
        ],
    }
    (volume,) = [one for one in rendered.pod["volumes"] if one["name"] == "admin-key"]
    assert volume["secret"]["secretName"] == "acme-anthropic-exporter-admin-key"


def test_a_network_policy_lets_prometheus_in_and_dns_and_the_api_out(render):
    peers = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "prometheus"}}}]
    policy = render(KEY | {"networkPolicy": {"enabled": True, "from": peers, "egressPorts": [443, 3128]}})
    spec = policy.one("NetworkPolicy")["spec"]
    scrape, probes = spec["ingress"]
    assert scrape == {"from": peers, "ports": [{"port": 10204, "protocol": "TCP"}]}
    assert probes == {"ports": [{"port": 10205, "protocol": "TCP"}]}
    dns, out = spec["egress"]
    assert {"port": 53, "protocol": "UDP"} in dns["ports"]
    assert [one["port"] for one in out["ports"]] == [443, 3128]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
