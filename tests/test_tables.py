"""The catalogue: names by the rules of the field, and the same in the README."""

import json
import re

import pytest

from exporter.catalog import API_METRICS, METRICS
from exporter.tables import metrics_json, table


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_labels_and_help_follow_the_rules(metric):
    assert re.fullmatch(r"anthropic_[a-z0-9_]+", metric.name)
    assert metric.name.endswith("_total") is (metric.type == "counter")
    if metric.name not in ("anthropic_window_days", "anthropic_window_active_days"):  # counts days, it measures no time
        assert not re.search(r"_(percent|cents|ms|milliseconds|minutes|hours|days)$", metric.name)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", label) for label in metric.labels)
    assert len(set(metric.all_labels)) == len(metric.all_labels)
    assert re.fullmatch(r"[^\"\\\n]+\.", metric.help)


def test_names_are_unique_and_series_of_the_api_are_gauges_with_their_endpoint():
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert {metric.type for metric in API_METRICS} == {"gauge"}
    configured = {"anthropic_budget_usd", "anthropic_team_info"}
    assert {metric.name for metric in API_METRICS if "GET /v1/organizations/" not in metric.source} == configured


def test_as_json_each_metric_has_all_its_labels():
    catalogue = {metric["name"]: metric for metric in json.loads(metrics_json())}
    assert catalogue["anthropic_members"]["labels"] == ["organization", "role"]
    assert catalogue["anthropic_exporter_build_info"]["labels"] == ["version", "revision"]
    assert len(catalogue) == len(METRICS)


def test_columns_of_a_table_are_aligned():
    assert table(("a", "long"), [("1234", "x")]) == "| a    | long |\n| ---- | ---- |\n| 1234 | x    |"
