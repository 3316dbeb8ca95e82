"""The shipped files pass their own tools; every alert has what a person needs; README and rules say the same."""

import re
import subprocess
from datetime import timedelta

import pytest
from promql_parser import parse_duration

from tests.dashboards.boards import BOARDS
from tests.known import KNOWN
from tests.rules.cases import RULES, rules
from tests.rules.test_alerts import PROMTOOLS
from tests.rules.test_names import README

ALERTS = rules("alerts.yml")
BASE = "https://github.com/anthropic-exporter/anthropic-exporter/blob/main/deploy/prometheus/README.md"
HEADINGS = set(re.findall(r"^#+ (.+)$", README, re.MULTILINE))
DASHBOARDS = {f"anthropic-{name}": board["title"] for name, board in BOARDS.items()}
each_alert = pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])


@pytest.mark.parametrize("program", PROMTOOLS)
def test_rules_and_configuration_pass_promtool(tool, program):
    for check in (
        ["check", "rules", "--lint=all", "--lint-fatal", "recording.yml", "alerts.yml"],
        ["check", "config", "prometheus.yml"],
    ):
        ran = subprocess.run([tool(program), *check], check=False, cwd=RULES, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "SUCCESS" in ran.stdout


@each_alert
def test_every_alert_says_how_bad_it_is_and_what_to_do(rule):
    assert rule["alert"].startswith("Anthropic")
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["labels"]["category"] in {"cost", "keys", "exporter"}
    notes = rule["annotations"]
    assert re.search(r"\$value", notes["summary"])
    assert notes["description"].endswith(".")
    assert notes["dashboard"] in DASHBOARDS
    assert notes["runbook_url"] == f"{BASE}#{rule['alert'].lower()}"
    assert rule["alert"] in HEADINGS


@each_alert
def test_no_alert_is_hasty(rule):
    assert parse_duration(rule["for"]) >= timedelta(minutes=5)


def test_every_runbook_heading_is_about_an_alert():
    assert {heading for heading in HEADINGS if heading.startswith("Anthropic")} == {rule["alert"] for rule in ALERTS}


def test_every_threshold_has_a_comment():
    text = (RULES / "alerts.yml").read_text()
    for alert in re.split(r"^      - alert: ", text, flags=re.MULTILINE)[1:]:
        assert re.match(r"\w+\n        # ", alert), alert.split("\n")[0]


def rows(mark: str) -> list[list[str]]:
    (block,) = re.findall(f"<!-- {mark} -->\n(.*?)\n<!-- end -->", README, re.DOTALL)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()[2:]]


def test_the_table_of_alerts_is_that_of_the_rules():
    wanted = [
        (f"[{rule['alert']}](#{rule['alert'].lower()})", rule["labels"]["severity"], rule["for"]) for rule in ALERTS
    ]
    assert [(name, severity, duration) for name, severity, _, duration in rows("alerts")] == wanted


def test_the_table_of_recording_rules_is_that_of_the_rules():
    wanted = [(f"`{rule['record']}`", KNOWN[rule["record"]]) for rule in rules("recording.yml")]
    assert [(name, frozenset(re.findall(r"`(\w+)`", labels))) for name, labels, _ in rows("recording")] == wanted


def test_links_inside_the_readme_lead_somewhere():
    anchors = {heading.lower().replace(" ", "-") for heading in HEADINGS}
    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= anchors


def test_the_runbook_names_dashboards_as_they_are_called():
    assert set(re.findall(r"\*(Anthropic / [^*]+)\*", README)) <= set(DASHBOARDS.values())
