"""Rules, README and cases name only metrics and labels that there are."""

import re

import pytest

from tests.known import KNOWN, unknown
from tests.promql_names import result_labels, uses
from tests.rules.cases import RULES, rules
from tests.rules.test_alerts import CASES

README = (RULES / "README.md").read_text()
QUERIES = re.findall(r"^```promql\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    "rule", rules("recording.yml") + rules("alerts.yml"), ids=lambda rule: rule.get("alert") or rule["record"]
)
def test_rules_name_what_there_is(rule):
    assert unknown(rule["expr"]) == []


@pytest.mark.parametrize("query", QUERIES)
def test_queries_of_the_runbook_name_what_there_is(query):
    assert unknown(query) == []


def test_cases_scrape_what_there_is():
    assert [use for case in CASES for series in case.series for use in unknown(series)] == []


@pytest.mark.parametrize("rule", rules("recording.yml"), ids=lambda rule: rule["record"])
def test_the_level_of_a_recording_rule_is_among_its_labels(rule):
    left = rule["record"].partition(":")[0] + "_"
    for label in sorted(KNOWN[rule["record"]], key=len, reverse=True):
        left = left.replace(f"{label.removesuffix('_id')}_", "", 1)
    assert left == ""


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("sum by (b) (rate(x{a='1'}[5m] offset 1d))", [("x", "ab")]),
        ("x * on (a) group_left (b) y", [("x", "a"), ("y", "ab")]),
        ("sum by (a, b) (x * on (a) group_left (b) y)", [("x", "a"), ("y", "ab")]),
        ("sum by (a) (x unless on (b) y{c!=''})", [("x", "ab"), ("y", "bc")]),
        ("sum by (a, c) (label_replace(x, 'a', '$1', 'b', '(.*)'))", [("x", "bc")]),
        ("max_over_time((x > 1)[1d:1h]) or {__name__='y'}", [("x", ""), ("y", "")]),
    ],
)
def test_what_an_expression_names_is_found(expression, found):
    assert uses(expression) == [(metric, frozenset(labels)) for metric, labels in found]


@pytest.mark.parametrize(
    ("expression", "labels"),
    [
        ("x", "abc"),
        ("max without (c) (x) > 1", "ab"),
        ("topk by (a) (3, x)", "abc"),
        ("x * on (a) group_left (d) y", "abcd"),
        ("x / on (a) y", "a"),
        ("x and on (a) y", "abc"),
        ("sum by (a) (x) or y", "ad"),
        ("label_replace(0 * y, 'e', '1', '', '')", "ade"),
        ("avg_over_time(sum by (b) (x)[30d:1d])", "b"),
    ],
)
def test_the_labels_of_a_result_are_found(expression, labels):
    assert result_labels(expression, {"x": frozenset("abc"), "y": frozenset("ad")}) == frozenset(labels)
