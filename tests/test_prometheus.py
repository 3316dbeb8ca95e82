"""Debian's Prometheus scrapes `serve`, which polls `simulate`: PromQL must give the simulator's own truth."""

from datetime import UTC, datetime, time, timedelta

import pytest

from exporter.demo.options import Options
from exporter.labels import label
from tests.pages import Pages, served
from tests.promql import ERROR_OF_A_SUM, FORMATS, asking_for, prometheus, sums
from tests.service import ask, exporter, ready, simulator, until
from tests.test_exposition import ODD_LABELS, odd_sheep, text

WEDNESDAY = 2


@pytest.fixture(scope="module")
def day():
    """The last Wednesday that is over for a day: few people work at weekends."""
    yesterday = datetime.now(UTC).date() - timedelta(days=2)
    return yesterday - timedelta(days=(yesterday.weekday() - WEDNESDAY) % 7)


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("api"), "--people=5200", "--api-keys=1200", "--days=12") as url:
        yield url


@pytest.fixture(scope="module")
def url(api, day, tmp_path_factory):
    """The exporter, told to let days settle for so long that `day` is the report day until tomorrow."""
    end = datetime.combine(day + timedelta(days=1), time(), UTC)
    settle = (datetime.now(UTC) - end) // timedelta(hours=1)
    with exporter(tmp_path_factory.mktemp("exporter"), api, f"--settle={settle}h", "--storage.days=1") as (url, _):
        until(lambda: ready(url), "every poll to have answered")
        yield url


@pytest.fixture(scope="module")
def truth(api, day):
    return ask(f"{api}/simulator/truth?day={day}")


@pytest.fixture(scope="module", params=FORMATS)
def query(request, url, tool, tmp_path_factory):
    program = tool("prometheus")
    folder = tmp_path_factory.mktemp(request.param)
    with asking_for(FORMATS[request.param], url) as target, prometheus(program, target, folder) as query:
        yield query


def total(query, metric, *by):
    result = query(f"sum by ({','.join(by)}) (anthropic_claude_code_{metric})")
    return {key if len(by) > 1 else key[0]: value for key, value in result.items()} if by else result[()]


def test_claude_code_totals_are_the_truth(query, truth):
    assert total(query, "sessions") == truth["sessions"]
    assert total(query, "commits") == truth["commits"]
    assert total(query, "pull_requests") == truth["pull_requests"]
    assert total(query, "lines_of_code", "change") == truth["lines"]
    assert total(query, "tokens", "token_type") == truth["tokens"]
    assert total(query, "tool_actions", "decision", "tool") == {
        (decision, tool): count for tool, both in truth["tool_actions"].items() for decision, count in both.items()
    }


def test_cost_in_dollars_is_the_truth_to_a_hundredth_of_a_cent(query, truth):
    assert total(query, "estimated_cost_usd") == pytest.approx(float(truth["cost_usd"]), abs=1e-4)
    by_model = {model: pytest.approx(float(cost), abs=1e-4) for model, cost in truth["cost_usd_by_model"].items()}
    assert total(query, "estimated_cost_usd", "model") == by_model


def test_every_actor_is_there_with_the_truth(query, truth):
    assert total(query, "sessions", "actor") == truth["sessions_by_actor"]
    costs = total(query, "estimated_cost_usd", "actor")
    for actor, cost in truth["cost_usd_by_actor"].items():
        assert costs.get(actor, 0) == pytest.approx(float(cost), abs=1e-6), actor
    assert len(costs) >= 3000


def test_inventory_is_the_truth(query, truth):
    inventory = truth["organization"]
    assert query("sum by (role) (anthropic_members)") == {(role,): n for role, n in inventory["members"].items()}
    assert query("count(anthropic_member_info)") == {(): sum(inventory["members"].values())}
    assert query("sum by (status) (anthropic_api_keys)") == {
        (status,): n for status, n in inventory["api_keys"].items()
    }
    assert query("sum by (status, workspace_id) (anthropic_api_keys)") == {
        (status, place): n
        for status, places in inventory["api_keys_by_workspace"].items()
        for place, n in places.items()
    }
    assert query("count(anthropic_api_key_info)") == {(): 1200}
    assert query("sum by (role, status) (anthropic_invites)") == {
        (role, status): n for status, roles in inventory["invites"].items() for role, n in roles.items()
    }
    assert query("sum by (state) (anthropic_workspaces)") == {(s,): n for s, n in inventory["workspaces"].items()}
    assert query("sum by (role, workspace_id) (anthropic_workspace_members)") == {
        (role, place): n for place, roles in inventory["workspace_members"].items() for role, n in roles.items()
    }


@pytest.mark.parametrize("by", ["workspace", "model", "service_tier"])
def test_tokens_by_type_are_the_truth(query, truth, by):
    name = "workspace_id" if by == "workspace" else by
    want = truth["usage"][f"tokens_by_{by}"]
    assert sums(query, "anthropic_usage_tokens", name, "token_type") == {
        tuple(sorted((value, kind))): count for value, counts in want.items() for kind, count in counts.items()
    }


def test_tokens_by_key_and_web_searches_are_the_truth(query, truth):
    usage = truth["usage"]
    by_key = {key or "none": sum(counts.values()) for key, counts in usage["tokens_by_api_key"].items()}
    assert sums(query, "anthropic_usage_tokens", "api_key_id") == by_key
    assert query("sum(anthropic_usage_web_search_requests)") == {(): usage["web_search_requests"]}


@pytest.mark.parametrize("by", ["workspace", "model", "cost_type"])
def test_billed_dollars_are_the_truth_to_the_cent_and_far_beyond(query, truth, by):
    cost = truth["cost"]
    assert query("sum(anthropic_cost_usd)") == {(): pytest.approx(float(cost["usd"]), rel=ERROR_OF_A_SUM)}
    found = sums(query, "anthropic_cost_usd", "workspace_id" if by == "workspace" else by)
    want = {name: pytest.approx(float(usd), rel=ERROR_OF_A_SUM) for name, usd in cost[f"usd_by_{by}"].items()}
    assert found == want


def test_series_carry_the_organization_and_the_report_day(query, truth):
    assert query('count by (__name__) ({__name__=~"anthropic_.*",organization=""})') == {(): 1}
    assert query("count by (organization) (anthropic_members)").keys() == {(Options.organization_name,)}
    (start,) = query("anthropic_claude_code_report_day_timestamp_seconds").values()
    assert datetime.fromtimestamp(start, UTC).isoformat() == f"{truth['day']}T00:00:00+00:00"


def test_prometheus_says_that_all_is_well(query):
    assert set(query("up").values()) == {1}
    assert set(query("anthropic_exporter_poll_success").values()) == {1}
    assert sum(query("anthropic_exporter_skipped_rows").values()) == 0
    assert query("scrape_samples_scraped") == query("scrape_samples_post_metric_relabeling")


@pytest.mark.parametrize("form", FORMATS)
def test_prometheus_reads_back_every_kind_of_label(tool, tmp_path, form):
    pages = Pages()
    pages.body(text(odd_sheep()).encode())
    program = tool("prometheus")
    with (
        served(pages) as (url, _),
        asking_for(FORMATS[form], url) as target,
        prometheus(program, target, tmp_path, first="test_sheep") as query,
    ):
        found = query("sum by (flock, colour) (test_sheep)")
    assert found == {(str(number), label(value)): number for number, value in enumerate(ODD_LABELS)}
