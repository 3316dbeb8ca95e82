"""A real Prometheus over weeks of settled days: windows, budgets, keys and members are the simulator's truth."""

import re
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.catalog import API_METRICS, EXPORTER_METRICS
from exporter.windows import windows
from tests.promql import ERROR_OF_A_SUM, FORMATS, prometheus, sums
from tests.service import ask, exporter, get, ready, samples, simulator, until

SOURCES = ("claude_code", "usage", "cost")
TEAMS = """
teams:
  - {team: people, actors: ["*@*"], cost-center: 4711}
"""
BUDGETS = """[
  {"name": "all", "usd": 100000}, {"name": "people", "usd": 5000, "scope": "team", "of": "people"},
  {"name": "default", "usd": 2000, "scope": "workspace", "of": "default"}
]"""


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("api"), "--people=60", "--days=70") as url:
        yield url


@pytest.fixture(scope="module")
def url(api, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exporter")
    (folder / "teams.yml").write_text(TEAMS)
    flags = [f"--teams-file={folder}/teams.yml", f"--budgets={BUDGETS}", f"--storage.path={folder}/ledger.db"]
    with exporter(folder, api, *flags) as (url, process):
        until(lambda: ready(url), "every poll to have answered")
        until(lambda: process.said().count("settled days are complete") == len(SOURCES), "the settled days")
        yield url


@pytest.fixture(scope="module")
def query(url, tool, tmp_path_factory):
    target = url.removeprefix("http://")
    with prometheus(tool("prometheus"), target, tmp_path_factory.mktemp("prometheus")) as query:
        yield query


def report_day(query, source):
    (start,) = query(f"anthropic_{source}_report_day_timestamp_seconds").values()
    return datetime.fromtimestamp(start, UTC).date()


def truth(api, first, last):
    return ask(f"{api}/simulator/truth?since={first}&until={last}")


def about(amounts):
    return {name: pytest.approx(float(usd), rel=ERROR_OF_A_SUM) for name, usd in amounts.items() if float(usd)}


@pytest.mark.parametrize("window", ["7d", "30d", "mtd", "last_month"])
def test_billed_dollars_of_a_window_are_the_truth(query, api, window):
    first, last = windows(report_day(query, "cost"))[window]
    want = truth(api, first, last)
    metric = f'anthropic_cost_window_usd{{window="{window}"}}'
    assert sums(query, metric, "workspace_id") == about(want["cost_usd_by_workspace"])
    assert query(f"sum({metric})") == {(): pytest.approx(float(want["cost_usd"]), rel=ERROR_OF_A_SUM)}
    assert set(query(f'anthropic_window_days{{window="{window}"}}').values()) == {(last - first).days + 1}


@pytest.mark.parametrize("window", ["7d", "30d", "mtd", "last_month"])
def test_estimated_dollars_of_a_window_are_the_truth_by_actor(query, api, window):
    first, last = windows(report_day(query, "claude_code"))[window]
    found = sums(query, f'anthropic_claude_code_window_estimated_cost_usd{{window="{window}"}} > 0', "actor")
    assert found == about(truth(api, first, last)["estimated_cost_usd_by_actor"])


@pytest.mark.parametrize(("window", "days"), [("1d", 1), ("7d", 7), ("30d", 30)])
def test_active_actors_are_the_truth(query, api, window, days):
    last = report_day(query, "claude_code")
    want = truth(api, last - timedelta(days=days - 1), last)["active_actors"]
    assert sums(query, f'anthropic_claude_code_active_actors{{window="{window}"}}', "actor_type") == want


def test_keys_were_last_used_when_the_truth_says(query, api):
    last = report_day(query, "usage")
    want = truth(api, last - timedelta(days=61), last)["key_last_used_day"]
    found = sums(query, "anthropic_api_key_last_used_day_timestamp_seconds", "api_key_id")
    assert {key: datetime.fromtimestamp(at, UTC).date().isoformat() for key, at in found.items()} == want


def test_members_were_last_active_when_the_truth_says(query, api):
    last = report_day(query, "claude_code")
    want = truth(api, last - timedelta(days=61), last)["last_active_day"]
    found = sums(
        query,
        "anthropic_member_last_active_day_timestamp_seconds * on (organization, user_id) group_left (email)"
        " anthropic_member_info",
        "email",
    )
    assert found
    for email, at in found.items():
        assert datetime.fromtimestamp(at, UTC).date().isoformat() == want[email]
    members = set(sums(query, "anthropic_member_info", "email"))
    assert {actor for actor in want if actor in members} == found.keys()


def test_a_key_is_orphaned_if_its_maker_is_no_member(query):
    made = sums(query, 'anthropic_api_key_info{created_by_type="user"}', "api_key_id", "created_by_id")
    members = set(sums(query, "anthropic_member_info", "user_id"))
    orphans = {next(name for name in pair if name.startswith("apikey")) for pair in made if not members & set(pair)}
    found = sums(query, "anthropic_api_key_orphaned", "api_key_id")
    assert {key for key, orphaned in found.items() if orphaned} == orphans
    assert orphans
    assert len(found) == len(made)


def test_budgets_are_spent_as_the_truth_says_and_a_forecast_is_no_less(query, api):
    today = datetime.now(UTC).date()
    month = truth(api, today.replace(day=1), today)
    spent = sums(query, "anthropic_budget_spent_usd", "budget")
    assert spent["all"] == pytest.approx(float(month["cost_usd"]), rel=0.02)  # today goes on
    people = sum(float(usd) for name, usd in month["estimated_cost_usd_by_actor"].items() if "@" in name)
    assert spent["people"] == pytest.approx(people, rel=0.02)
    assert spent["default"] == pytest.approx(float(month["cost_usd_by_workspace"]["default"]), rel=0.02)
    forecast = sums(query, "anthropic_budget_forecast_usd", "budget")
    assert all(forecast[name] >= dollars for name, dollars in spent.items())
    assert sums(query, "anthropic_budget_usd", "budget") == {"all": 100000, "people": 5000, "default": 2000}


def test_teams_are_labels_of_actors(query):
    teams = set(sums(query, "anthropic_claude_code_window_estimated_cost_usd", "team"))
    assert teams == {"people", "unassigned"}
    assert query("anthropic_team_info") != {}
    assert set(sums(query, "anthropic_api_key_info", "team")) == {"unassigned"}


@pytest.mark.parametrize("form", FORMATS)
def test_promtool_finds_nothing_in_either_format(url, tool, form):
    promtool = tool("promtool")
    body = get(f"{url}/metrics", accept=FORMATS[form])
    if form == "openmetrics":  # promtool reads the older text, in which the family of a counter has its `_total`
        for family in re.findall("^# TYPE (.*) counter$", body, re.MULTILINE):
            body = re.sub(f"^# (HELP|TYPE) {family} ", rf"# \1 {family}_total ", body, flags=re.MULTILINE)
    result = subprocess.run([promtool, "check", "metrics"], input=body, text=True, capture_output=True, check=False)
    # It takes the names of counts of days for times.
    lines = [f'anthropic_window_{days} use base unit "seconds" instead of "days"\n' for days in ("active_days", "days")]
    assert result.stdout + result.stderr == "".join(lines)


@pytest.mark.parametrize(("form", "parse"), [("text", parse_text), ("openmetrics", parse_openmetrics)])
def test_each_family_of_the_catalogue_stands_once_and_series_are_unique(url, form, parse):
    body = get(f"{url}/metrics", accept=FORMATS[form])
    assert body.endswith("# EOF\n") is (form == "openmetrics")
    samples(body)
    names = [line.split()[2] for line in body.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    families = {family.name: family for family in parse(body)}
    ours = {name for name in families if name.startswith("anthropic_")}
    today = {metric.name for metric in API_METRICS if "_today_" in metric.name}
    asked_for = ("_history_", "_credential_expires_", "_web_config_")
    always = [one.name for one in API_METRICS + EXPORTER_METRICS if not any(part in one.name for part in asked_for)]
    assert ours | today == {name.removesuffix("_total") for name in always}
    assert all(families[name].documentation for name in ours)
