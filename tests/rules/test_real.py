"""The rules in a real Prometheus that scrapes a pair of exporters of a simulated organization, with teams."""

import re
from datetime import UTC, datetime
from functools import partial

import pytest

from tests.promql import ERROR_OF_A_SUM, free_port, query, started
from tests.rules.cases import RULES, rules
from tests.service import ask, exporter, ready, simulator, until

TEAMS = 'teams: [{team: people, actors: ["*@*"]}]'
FILES = ("recording.yml", "alerts.yml")
HISTORY = {
    "organization_team_actor:anthropic_claude_code_estimated_cost_usd:usual",
    "organization_model:anthropic_cost_usd:usual_ratio",
    "organization:anthropic_usage_output_tokens:usual",
    "organization:anthropic_usage_cache_read:usual_ratio",
    "organization_poll_week:anthropic_exporter_rows:max",
    "organization_week:anthropic_claude_code_active_actors:sum",
    "organization_poll:anthropic_exporter_rows:usual",
    "organization:anthropic_claude_code_active_actors:usual",
}
"""What Prometheus learns by and by."""
FAILURES = {
    "organization_poll_reason:anthropic_exporter_poll_failures:recent",
    "organization_poll_reason:anthropic_exporter_poll_failures:current",
}


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("api"), "--people=20", "--days=40", "--quiet") as url:
        yield url


@pytest.fixture(scope="module")
def pair(api, tmp_path_factory):
    folders = [tmp_path_factory.mktemp(name) for name in "ab"]
    for folder in folders:
        (folder / "teams.yml").write_text(TEAMS)
    flags = [f"--teams-file={folders[0]}/teams.yml"]
    with exporter(folders[0], api, *flags) as (one, first), exporter(folders[1], api, *flags) as (two, second):
        until(lambda: ready(one) and ready(two), "every poll to have answered")
        until(lambda: _complete(first) and _complete(second), "the settled days")
        yield [url.removeprefix("http://") for url in (one, two)]


@pytest.fixture(scope="module")
def prometheus(pair, tool, tmp_path_factory):
    """The URL of a Prometheus that evaluates our rules every second, once everything was evaluated a few times."""
    folder = tmp_path_factory.mktemp("prometheus")
    for file in FILES:
        (folder / file).write_text(re.sub(r"interval: \dm", "interval: 1s", (RULES / file).read_text()))
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        f"rule_files: [{', '.join(FILES)}]\n"
        f"scrape_configs: [{{job_name: anthropic-exporter, static_configs: [{{targets: {pair}}}]}}]\n"
    )
    url = f"http://127.0.0.1:{free_port()}"
    command = [tool("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with started(folder, [*command, f"--web.listen-address={url[7:]}"], lambda: query(url, "count(up) == 2")):
        last = partial(query, url, "count(organization:anthropic_cost_usd:usual)")
        until(last, "recorded numbers")
        seen = datetime.now(UTC)
        until(lambda: all(_evaluated(rule) > seen for rule in _rules(url)), "every rule to be evaluated")
        yield url


def _complete(process):
    return process.said().count("settled days are complete") == 3


def _rules(url):
    return [rule for group in ask(f"{url}/api/v1/rules")["data"]["groups"] for rule in group["rules"]]


def _evaluated(rule):
    return datetime.fromisoformat(rule["lastEvaluation"][:19] + "+00:00")


def test_every_rule_can_be_evaluated(prometheus):
    assert len(_rules(prometheus)) == sum(len(rules(file)) for file in FILES)
    assert {rule["name"]: rule.get("lastError") for rule in _rules(prometheus) if rule["health"] != "ok"} == {}


def test_every_recording_rule_has_numbers_but_those_that_need_history_or_failures(prometheus):
    records = {rule["record"] for rule in rules("recording.yml")}
    assert {record for record in records if not query(prometheus, record)} == HISTORY | FAILURES


def test_a_pair_adds_up_to_the_truth(prometheus, api):
    (start,) = query(prometheus, "organization:anthropic_cost_report_day_timestamp_seconds:max").values()
    day = datetime.fromtimestamp(start, UTC).date()
    truth = ask(f"{api}/simulator/truth?since={day}&until={day}")
    for record, want in (
        ("organization:anthropic_cost_usd:sum", truth["cost_usd"]),
        ("sum(organization_model:anthropic_cost_usd:sum)", truth["cost_usd"]),
        ("sum(organization_team_actor:anthropic_claude_code_estimated_cost_usd:sum)", truth["estimated_cost_usd"]),
    ):
        (found,) = query(prometheus, record).values()
        assert found == pytest.approx(float(want), rel=ERROR_OF_A_SUM)


def test_nothing_is_about_to_fire_at_the_first_start_of_a_quiet_organization(prometheus):
    assert {rule["name"] for rule in _rules(prometheus) if rule.get("alerts")} == set()
