"""The rules of Grafana's dashboard-linter, and a few of our own.

https://github.com/grafana/dashboard-linter/tree/main/docs
"""

import re

import promql_parser
import pytest

from tests.dashboards.boards import BOARDS, QUERIES, panels, variables

EACH_PANEL = [
    pytest.param(panel, id=f"{name}-{panel['title']}") for name, board in BOARDS.items() for panel in panels(board)
]
EACH_QUERY = [pytest.param(query, id=str(query)) for query in QUERIES]
EACH_BOARD = [pytest.param(board, id=name) for name, board in BOARDS.items()]
DURATIONS = {"$__rate_interval": "8123s", "$__interval": "4123s", "$__range": "86399s"}
"""Odd ones, which no query has by itself."""


def plain(expression: str) -> str:
    """PromQL without Grafana's durations; a variable in a matcher is text to PromQL."""
    for variable, duration in DURATIONS.items():
        expression = expression.replace(variable, duration)
    return expression


@pytest.mark.parametrize("board", EACH_BOARD)
def test_a_dashboard_is_of_utc_cannot_be_edited_and_says_what_it_is_for(board):
    assert board["timezone"] == "utc"
    assert board["editable"] is False
    assert board["description"].endswith(".")
    assert board["tags"] == ["anthropic"]
    assert board["refresh"]


@pytest.mark.parametrize("board", EACH_BOARD)
def test_the_data_source_is_a_variable_and_query_variables_follow_the_time_range(board):
    first, *others = variables(board)
    assert (first["name"], first["type"], first["query"]) == ("datasource", "datasource", "prometheus")
    assert others[0]["name"] == "organization"
    for variable in others:
        if variable["type"] == "query":
            assert variable["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert variable["refresh"] == 2, variable["name"]
        if variable.get("includeAll"):
            assert variable["multi"], variable["name"]
            everything = "" if variable["name"] == "job" else ".*"  # whose targets would others be?
            assert variable["allValue"] == everything, variable["name"]
        assert variable["label"]


@pytest.mark.parametrize("panel", EACH_PANEL)
def test_a_panel_has_title_description_unit_and_queries_of_the_variable_data_source(panel):
    assert panel["title"]
    assert len(panel["description"]) > 20
    assert panel["description"].endswith((".", "!"))
    if panel["type"] == "text":
        return
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["datasource"] == panel["datasource"]
        assert target.get("legendFormat") or target["format"] == "table"
        assert bool(target.get("instant")) is not bool(target.get("range"))


@pytest.mark.parametrize("query", EACH_QUERY)
def test_a_query_is_promql(query):
    promql_parser.parse(plain(query.expression))


@pytest.mark.parametrize("query", EACH_QUERY)
def test_a_counter_is_only_looked_at_as_a_rate_over_the_interval_that_grafana_chooses(query):
    inside = re.findall(r"\b(rate|irate|increase)\s*\(([^()]*(?:\([^()]*\))?[^()]*)\)", query.expression)
    assert all("[$__rate_interval]" in argument for _, argument in inside)
    rest = query.expression
    for _, argument in inside:
        rest = rest.replace(argument, "")
    assert not re.search(r"\w+(_total|_bucket|_seconds_count|_seconds_sum)\b", rest)


@pytest.mark.parametrize("query", EACH_QUERY)
def test_a_query_asks_for_what_the_variables_choose(query):
    names = {one["name"] for one in variables(BOARDS[query.board])}
    used = set(re.findall(r"\$\{?([a-z_]\w*)", query.expression)) - {name.strip("$") for name in DURATIONS}
    assert used <= names
    assert used & {"organization", "job"}, "whose numbers?"


def test_every_variable_is_used():
    for name, board in BOARDS.items():
        text = " ".join(query.expression for query in QUERIES if query.board == name)
        text += " ".join(str(one.get("query", "")) for one in variables(board))
        for variable in variables(board)[1:]:
            assert f"${variable['name']}" in text, (name, variable["name"])
