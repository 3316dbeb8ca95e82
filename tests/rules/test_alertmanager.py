"""Alertmanager's example sends each alert where it belongs and silences what follows from something else."""

import re
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from tests.promql import free_port, started
from tests.rules.cases import RULES, rules
from tests.service import ask, until

CONFIG = RULES / "alertmanager.yml"
ALERTS = {rule["alert"]: rule["labels"] for rule in rules("alerts.yml")}
BUDGET = {"budget": "all", "scope": "organization"}
COST = {"poll": "cost"}


def receiver(labels):
    if labels["severity"] == "critical":
        return "pager"
    return "mail" if labels["severity"] == "info" else "chat"


def test_the_configuration_passes_amtool(tool):
    ran = subprocess.run([tool("amtool"), "check-config", CONFIG], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    "labels", [dict(pair) for pair in {tuple(sorted(labels.items())) for labels in ALERTS.values()}]
)
def test_alerts_go_where_they_belong(tool, labels):
    command = [tool("amtool"), "config", "routes", "test", f"--config.file={CONFIG}"]
    command += [f"--verify.receivers={receiver(labels)}", *(f"{name}={value}" for name, value in labels.items())]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_findings_about_keys_come_once_a_day_and_together():
    routes = [
        route for route in yaml.safe_load(CONFIG.read_text())["route"]["routes"] if "category = keys" in str(route)
    ]
    assert {route["repeat_interval"] for route in routes} == {"1d"}
    assert all(route["group_by"] == ["organization", "category"] for route in routes)


def test_inhibitions_name_alerts_that_there_are():
    named = set(
        re.findall(r"Anthropic[A-Z]\w+", "".join(map(str, yaml.safe_load(CONFIG.read_text())["inhibit_rules"])))
    )
    assert named <= ALERTS.keys()


def test_the_configuration_holds_no_secret():
    assert not re.search(r"hooks\.slack\.com|(password|api_url|routing_key|token): ", CONFIG.read_text())


@pytest.fixture(scope="module")
def alertmanager(tool, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alertmanager")
    listen = f"127.0.0.1:{free_port()}"
    command = [
        tool("prometheus-alertmanager"),
        f"--config.file={CONFIG}",
        f"--storage.path={folder}/data",
        f"--web.listen-address={listen}",
        "--cluster.listen-address=",
    ]
    with started(folder, command, lambda: ask(f"http://{listen}/api/v2/status")):
        yield f"http://{listen}/api/v2/alerts"


def silenced(alertmanager, alerts, organization):
    """Which of these alerts are inhibited while all of them fire."""
    sent = post(alertmanager, alerts, organization)
    # Sources of inhibition are learned a moment later, one after the other: when the last has an effect, all have.
    last = post(alertmanager, CREDENTIAL, f"after {organization}")
    until(lambda: inhibited(alertmanager, last), "the last inhibition")
    return inhibited(alertmanager, sent)


def post(alertmanager, alerts, organization):
    ends = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    where = {"organization": organization} if organization else {}
    labels = [{"alertname": name, **ALERTS[name], **where, **more} for name, more in alerts]
    ask(alertmanager, [{"labels": one, "endsAt": ends} for one in labels], "POST")
    return labels


def inhibited(alertmanager, labels):
    known = [one for one in ask(alertmanager) if one["labels"] in labels]
    assert len(known) == len(labels)
    return {one["labels"]["alertname"] for one in known if one["status"]["inhibitedBy"]}


CREDENTIAL: list[tuple[str, dict[str, str]]] = [
    ("AnthropicCredentialExpiring", {}),
    ("AnthropicCredentialExpiresSoon", {}),
]
EVERYTHING: list[tuple[str, dict[str, str]]] = [(name, {}) for name in ALERTS]


@pytest.mark.parametrize(
    ("organization", "alerts", "wanted"),
    [
        ("down", EVERYTHING, ALERTS.keys() - {"AnthropicExporterDown"}),
        (
            "refused",
            [alert for alert in EVERYTHING if alert[0] != "AnthropicExporterDown"],
            ALERTS.keys() - {"AnthropicExporterDown", "AnthropicUnauthorized"},
        ),
        (
            "key",
            CREDENTIAL,
            {"AnthropicCredentialExpiring"},
        ),
        ("used", [("AnthropicBudgetUsed", BUDGET), ("AnthropicBudgetForecast", BUDGET)], {"AnthropicBudgetForecast"}),
        ("budgets", [("AnthropicBudgetUsed", BUDGET), ("AnthropicBudgetForecast", {**BUDGET, "budget": "b"})], set()),
        (
            "failing",
            [("AnthropicSourceFailing", COST), ("AnthropicDataStale", COST), ("AnthropicReportDayStuck", COST)],
            {"AnthropicDataStale", "AnthropicReportDayStuck"},
        ),
        ("sources", [("AnthropicSourceFailing", COST), ("AnthropicDataStale", {"poll": "usage"})], set()),
        ("keys", [("AnthropicKeysUnused", {}), ("AnthropicKeysOrphaned", {}), ("AnthropicDataStale", COST)], set()),
    ],
)
def test_what_follows_from_something_else_is_silenced(alertmanager, organization, alerts, wanted):
    assert silenced(alertmanager, alerts, organization) == wanted


def test_another_organization_is_not_silenced(alertmanager):
    silenced(alertmanager, [("AnthropicExporterDown", {})], "one")
    assert silenced(alertmanager, [("AnthropicCostDayHigh", {})], "two") == set()


def test_a_target_that_never_answered_silences_nothing(alertmanager):
    nameless = [("AnthropicExporterDown", {"instance": "a"}), ("AnthropicSourceFailing", COST)]
    assert silenced(alertmanager, nameless, organization="") == set()
