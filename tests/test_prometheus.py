"""Debian's Prometheus scrapes `serve`, which polls `simulate`: PromQL must give the simulator's own truth."""

import re
import subprocess
import urllib.parse
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter import web
from exporter.catalog import METRICS
from exporter.demo.options import Options
from exporter.labels import label
from tests.pages import Pages, served
from tests.proxy import forwarding
from tests.service import ask, exporter, get, ready, samples, simulator, until
from tests.test_exposition import ODD_LABELS, odd_sheep, text

FORMATS = {"text": "text/plain", "openmetrics": "application/openmetrics-text;version=1.0.0"}


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
    with exporter(tmp_path_factory.mktemp("exporter"), api, f"--settle={settle}h") as (url, _):
        until(lambda: ready(url), "every poll to have answered")
        yield url


@pytest.fixture(scope="module")
def truth(api, day):
    return ask(f"{api}/simulator/truth?day={day}")


def asking_for(accept, url):
    """A proxy that asks `url` for one format: this Prometheus prefers OpenMetrics and cannot be told otherwise."""
    return forwarding(
        lambda path, headers: urllib.request.Request(
            url + path, headers={"accept": accept, "accept-encoding": headers["accept-encoding"]}
        )
    )


@contextmanager
def prometheus(program, target, folder, first="anthropic_exporter_poll_success"):
    """PromQL over what a real Prometheus scrapes from `target`."""
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 2s}\n"
        f"scrape_configs: [{{job_name: anthropic-exporter, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    with web.listen("a free port", "127.0.0.1:0") as listening:
        port = listening.getsockname()[1]
    flags = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([program, *flags, f"--web.listen-address=127.0.0.1:{port}"], stderr=log)

    def query(expression):
        answer = ask(f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        return {
            tuple(value for name, value in sorted(one["metric"].items()) if name != "__name__"): float(one["value"][1])
            for one in answer["data"]["result"]
        }

    try:
        until(lambda: query(first), "a first scrape")
        yield query
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module", params=FORMATS)
def query(request, url, tool, tmp_path_factory):
    program = tool("prometheus", "prometheus")
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
def test_promtool_finds_nothing_in_either_format(url, tool, form):
    promtool = tool("promtool", "prometheus")
    body = get(f"{url}/metrics", accept=FORMATS[form])
    if form == "openmetrics":  # promtool reads the older text, in which the family of a counter has its `_total`
        for family in re.findall("^# TYPE (.*) counter$", body, re.MULTILINE):
            body = re.sub(f"^# (HELP|TYPE) {family} ", rf"# \1 {family}_total ", body, flags=re.MULTILINE)
    result = subprocess.run([promtool, "check", "metrics"], input=body, text=True, capture_output=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(("form", "parse"), [("text", parse_text), ("openmetrics", parse_openmetrics)])
def test_each_family_of_the_catalogue_stands_once_and_series_are_unique(url, form, parse):
    body = get(f"{url}/metrics", accept=FORMATS[form])
    assert body.endswith("# EOF\n") is (form == "openmetrics")
    samples(body)
    names = [line.split()[2] for line in body.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    families = {family.name: family for family in parse(body)}
    ours = {name for name in families if name.startswith("anthropic_")}
    today = {metric.name for metric in METRICS if "_today_" in metric.name}
    assert ours | today == {metric.name.removesuffix("_total") for metric in METRICS}
    assert all(families[name].documentation for name in ours)


@pytest.mark.parametrize("form", FORMATS)
def test_prometheus_reads_back_every_kind_of_label(tool, tmp_path, form):
    pages = Pages()
    pages.body(text(odd_sheep()).encode())
    program = tool("prometheus", "prometheus")
    with (
        served(pages) as (url, _),
        asking_for(FORMATS[form], url) as target,
        prometheus(program, target, tmp_path, first="test_sheep") as query,
    ):
        found = query("sum by (flock, colour) (test_sheep)")
    assert found == {(str(number), label(value)): number for number, value in enumerate(ODD_LABELS)}
