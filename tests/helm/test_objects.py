"""Whatever the values: Kubernetes knows what is rendered, there is one pod that may do little, and always the same."""

import json
import re
from functools import cache

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from tests.helm.cases import CASES, KEY, MONITORED
from tests.helm.chart import CHART, helm, template

OLDEST, NEWEST = "1.25", "1.37"
CUSTOM = {"ServiceMonitor", "PrometheusRule", "ExternalSecret"}
"""Kinds that Kubernetes itself has no schema for; other tests look at them."""


@cache
def validated(text: str, version: str) -> None:
    """Most objects are the same in many cases, and are looked at once."""
    kubernetes_validate.validate(json.loads(text), version, strict=True)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_object_is_as_kubernetes_wants_it(case, version):
    for one in case.objects:
        if one["kind"] not in CUSTOM:
            data = {"data": dict.fromkeys(one["data"], "")} if "data" in one else {}
            validated(json.dumps(one | data), version)


def test_the_oldest_version_is_the_one_that_the_chart_asks_for(program):
    done = helm(program, "show", "chart", CHART)
    assert yaml.safe_load(done.stdout)["kubeVersion"] == f">={OLDEST}.0-0"


def test_no_object_is_there_twice(case):
    names = [(one["kind"], one["metadata"]["name"]) for one in case.objects]
    assert len(names) == len(set(names))


def test_there_is_one_pod_whatever_is_asked_for(case, render):
    assert case.one("StatefulSet")["spec"]["replicas"] == 1
    assert "replicas" in render(KEY | {"replicas": 2}).error


def test_nothing_is_mounted_in_a_way_that_does_not_follow_changes(case):
    assert "subPath" not in case.text.replace("never a subPath", "")


def test_no_secret_is_made_and_no_key_is_a_value(case):
    assert case.all("Secret") == []


def test_what_is_mounted_is_a_volume_and_every_volume_is_mounted(case):
    volumes = [one["name"] for one in case.pod["volumes"]]
    claims = case.one("StatefulSet")["spec"].get("volumeClaimTemplates", [])
    volumes += [one["metadata"]["name"] for one in claims]
    mounted = {one["name"] for container in case.pod["containers"] for one in container["volumeMounts"]}
    assert len(volumes) == len(set(volumes))
    assert mounted == set(volumes)


def test_the_pod_may_do_nothing_but_its_work(case):
    pod, container = case.pod, case.exporter
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_selectors_find_the_pod(case):
    workload = case.one("StatefulSet")["spec"]
    labels = workload["template"]["metadata"]["labels"].items()
    (service,) = case.all("Service")
    selectors = [workload["selector"]["matchLabels"], service["spec"]["selector"]]
    selectors += [one["spec"]["podSelector"]["matchLabels"] for one in case.all("NetworkPolicy")]
    assert all(selector.items() <= labels for selector in selectors)
    for monitor in case.all("ServiceMonitor"):
        assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert monitor["spec"]["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]


def test_both_major_versions_of_helm_render_the_same(tool):
    for name, values in CASES.items():
        three, four = (template(tool(program), values).objects for program in ("helm3", "helm4"))
        assert three == four, name


def test_rendering_twice_gives_the_same_bytes(program):
    values = yaml.safe_dump(KEY | MONITORED | {"teams": [{"team": "a"}], "networkPolicy": {"enabled": True}})
    first, second = (helm(program, "template", "acme", CHART, "-f", "-", given=values).stdout for _ in range(2))
    assert first == second != ""


def test_nothing_is_made_up_or_looked_up_while_rendering():
    """A cluster that follows a repository would never come to rest."""
    made_up = (
        r"\b(lookup|now|date\w*|rand\w+|gen[A-Z]\w+|uuidv4|htpasswd|bcrypt|IsInstall|IsUpgrade|Revision|Capabilities)\b"
    )
    for file in (CHART / "templates").iterdir():
        for action in re.findall(r"{{.*?}}", file.read_text(), re.DOTALL):
            assert not re.search(made_up, re.sub(r'"[^"]*"|/\*.*\*/', "", action)), f"{file.name}: {action}"


def test_two_releases_in_a_namespace_share_no_object_and_no_pod(render):
    acme, globex = (render(KEY | MONITORED, release=name) for name in ("acme", "globex"))
    names = [{(one["kind"], one["metadata"]["name"]) for one in both.objects} for both in (acme, globex)]
    assert names[0].isdisjoint(names[1])
    labels = globex.one("StatefulSet")["spec"]["template"]["metadata"]["labels"].items()
    assert not acme.one("Service")["spec"]["selector"].items() <= labels


def test_the_longest_name_of_a_release_leaves_room_for_what_kubernetes_adds(render):
    rendered = render(KEY, release="a" * 53)
    for one in rendered.objects:
        assert len(one["metadata"]["name"]) <= 63
    assert len(rendered.one("StatefulSet")["metadata"]["name"] + "-5d8c7b9f6d") <= 63


def test_on_openshift_the_pod_names_no_user_and_no_group(render):
    context = render(KEY | {"podSecurityContext": {"fsGroup": None}}).pod["securityContext"]
    assert {"runAsUser", "runAsGroup", "fsGroup"}.isdisjoint(context)
    assert context["runAsNonRoot"] is True


def test_names_of_services_are_no_variables_of_the_pod(case):
    """Kubernetes would give a Service named anthropic-exporter to all pods, as settings that do not exist."""
    assert case.pod["enableServiceLinks"] is False


def test_without_a_volume_and_in_a_demo_the_ledger_goes_with_the_pod(render):
    for values in (KEY | {"persistence": {"enabled": False}}, {"demo": True}):
        rendered = render(values)
        assert "volumeClaimTemplates" not in rendered.one("StatefulSet")["spec"]
        assert {"name": "ledger", "emptyDir": {}} in rendered.pod["volumes"]
