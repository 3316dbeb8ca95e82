"""Asks a Prometheus what a dashboard would ask it, with all variables at All."""

import re
import urllib.parse
from datetime import datetime, timedelta

from tests.dashboards.boards import BOARDS, Query, variables
from tests.service import ask
from tests.weeks.stored import query_range

RANGE = timedelta(days=30)
DAY = timedelta(days=1)
DURATIONS = {"$__rate_interval": "2h", "$__interval": "1h", "$__range": f"{RANGE.days}d"}
Answer = dict[tuple[float, frozenset[tuple[str, str]]], float]
"""Values by time and labels."""


VARIABLES = [
    f"{name}: {variable['query']}"
    for name, board in BOARDS.items()
    for variable in variables(board)
    if variable["type"] == "query"
]


def values(url: str, variable: str, end: datetime) -> set[str]:
    """What a variable offers, as Grafana asks for it."""
    found = re.fullmatch(r".*: label_values\((.*), (\w+)\)", variable)
    assert found, variable
    parameters = {"match[]": plain(found[1]), "start": (end - RANGE).timestamp(), "end": end.timestamp()}
    return set(ask(f"{url}/api/v1/label/{found[2]}/values?{urllib.parse.urlencode(parameters)}")["data"])


def plain(expression: str) -> str:
    """PromQL with Grafana's variables replaced."""
    for variable, duration in DURATIONS.items():
        expression = expression.replace(variable, duration)
    return re.sub(r"\$\{?[a-z]\w*\}?", ".*", expression)


def answer(url: str, query: Query, end: datetime) -> Answer:
    """What the panel gets: now, or over thirty days in its steps, of an hour where it has none of its own."""
    expression = plain(query.expression)
    if query.target.get("range"):
        daily = "1d" in (query.panel.get("interval"), query.target.get("interval"))
        step = DAY if daily else timedelta(hours=1)
        start = datetime.fromtimestamp(
            (end - RANGE).timestamp() // DAY.total_seconds() * DAY.total_seconds(), end.tzinfo
        )
        found = query_range(url, expression, start, end, step)
    else:
        parameters = urllib.parse.urlencode({"query": expression, "time": end.timestamp()})
        result = ask(f"{url}/api/v1/query?{parameters}")["data"]["result"]
        found = [(one["metric"], [(float(one["value"][0]), float(one["value"][1]))]) for one in result]
    return {(at, frozenset(labels.items())): value for labels, points in found for at, value in points}
