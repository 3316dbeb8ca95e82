"""Cases for `promtool test rules`: what Prometheus has scraped, and what fires.

Time is counted from 1970-01-01 00:00 UTC, a Thursday, because a promtool of 2.42 knows no other start. So the past of
the tests is before it: -30 * DAY is 30 days ago at the first minute.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.promql_names import uses

RULES = Path(__file__).parents[2] / "deploy" / "prometheus"
MINUTE, HOUR, DAY = 60, 3600, 86400

Value = float | None
Values = Value | Callable[[int], Value]
"""A constant, or a function of the time in seconds; None where there is no sample."""


@dataclass(frozen=True)
class Case:
    """What is scraped, and which alerts called `alert` fire at `at` seconds: the summary of each by its labels."""

    alert: str
    name: str
    series: Mapping[str, Values]
    at: int
    fires: Mapping[tuple[tuple[str, str], ...], str]


def fires(alert: str, name: str, series: Mapping[str, Values], summary: str, at: int = 2 * HOUR, **labels: str) -> Case:
    """A case in which one alert fires, with these labels besides `organization`."""
    return Case(alert, name, series, at, {labelled(**labels): summary})


def silent(alert: str, name: str, series: Mapping[str, Values], at: int = 2 * HOUR) -> Case:
    """A near miss."""
    return Case(alert, name, series, at, {})


def labelled(**labels: str) -> tuple[tuple[str, str], ...]:
    """Labels of an alert; the organization is Acme unless it is said otherwise, and none if it is empty."""
    return tuple(sorted((name, value) for name, value in ({"organization": "Acme"} | labels).items() if value))


def seen(series: Mapping[str, Values], since: int = 0, until: int = 10**9) -> dict[str, Values]:
    """The same, scraped only from `since` until before `until`."""

    def cut(values: Values) -> Values:
        return lambda time: value_at(values, time) if since <= time < until else None

    return {name: cut(values) for name, values in series.items()}


def value_at(values: Values, time: int) -> Value:
    """The sample at a time."""
    return values(time) if callable(values) else values


def rules(file: str) -> list[dict[str, Any]]:
    """The rules of a file, in its order."""
    return [rule for group in groups(file) for rule in group["rules"]]


def groups(file: str) -> list[dict[str, Any]]:
    """The groups of a file."""
    found: list[dict[str, Any]] = yaml.safe_load((RULES / file).read_text())["groups"]
    return found


def write(folder: Path, cases: Sequence[Case], step: int) -> list[str]:
    """Files for promtool, one for each alert; rules are evaluated, and series have samples, every `step` seconds."""
    written = []
    for alert in sorted({case.alert for case in cases}):
        needed, rule = _needed(alert)
        (folder / f"{alert}.rules.yml").write_text(_yaml({"groups": needed}))
        content = {
            "rule_files": [f"{alert}.rules.yml"],
            "evaluation_interval": f"{step}s",
            # Else promtool takes groups in any order, and alerts may look at numbers that are not there yet.
            "group_eval_order": [group["name"] for group in needed],
            "tests": [_test(case, rule, step) for case in cases if case.alert == alert],
        }
        (folder / f"{alert}.{step}.yml").write_text(_yaml(content))
        written.append(f"{alert}.{step}.yml")
    return written


def _needed(alert: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The groups with what the alert is made of alone, and its rule: all rules for every case would take minutes."""
    everything = groups("recording.yml") + groups("alerts.yml")
    by_name = {rule.get("alert") or rule["record"]: rule for group in everything for rule in group["rules"]}
    names, todo = {alert}, [alert]
    while todo:
        used = {use.metric for use in uses(by_name[todo.pop()]["expr"])}
        todo += (used & by_name.keys()) - names
        names |= used
    chosen = [
        {**group, "rules": [rule for rule in group["rules"] if (rule.get("alert") or rule["record"]) in names]}
        for group in everything
    ]
    return [group for group in chosen if group["rules"]], by_name[alert]


def _test(case: Case, rule: Mapping[str, Any], step: int) -> dict[str, Any]:
    expected = [_expected(rule, dict(labels), summary) for labels, summary in case.fires.items()]
    return {
        "name": f"{case.alert}: {case.name}",
        "interval": f"{step}s",  # without one no alert ever fires, and promtool says nothing
        "input_series": [
            {"series": series, "values": notation(values, case.at, step)} for series, values in case.series.items()
        ],
        "alert_rule_test": [{"eval_time": f"{case.at}s", "alertname": case.alert, "exp_alerts": expected}],
    }


def _yaml(content: object) -> str:
    return yaml.safe_dump(content, sort_keys=False, width=1000)


def _expected(rule: Mapping[str, Any], labels: Mapping[str, str], summary: str) -> dict[str, Any]:
    annotations = dict(rule["annotations"], summary=summary)
    for name, value in labels.items():
        annotations["description"] = annotations["description"].replace(f"{{{{ $labels.{name} }}}}", value)
    return {"exp_labels": {**rule["labels"], **labels}, "exp_annotations": annotations}


def notation(values: Values, until: int, step: int) -> str:
    """Samples from 0 to `until`, equal ones in a row as `value+0xMORE`."""
    runs: list[tuple[Value, int]] = []
    for time in range(0, until + 1, step):
        value = value_at(values, time)
        if runs and runs[-1][0] == value:
            runs[-1] = (value, runs[-1][1] + 1)
        else:
            runs.append((value, 1))
    return " ".join(f"_x{count}" if value is None else f"{value:.10g}+0x{count - 1}" for value, count in runs)
