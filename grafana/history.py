"""Months of days: exact ones where history is pushed, scraped ones where it is not."""

from collections.abc import Iterator

from grafana_foundation_sdk.builders.dashboard import Dashboard

from exporter import catalog
from grafana.daily import (
    billed_by_model,
    commits_and_pull_requests,
    developers_per_day,
    estimated_by_team,
    lines_of_code,
)
from grafana.panels import (
    COUNT,
    GREEN,
    GREY,
    Panel,
    board,
    days,
    filled,
    over_time,
    paint,
)
from grafana.queries import (
    BILLED,
    SESSIONS,
    TOKENS,
    bars,
    exact,
)

_EACH_DAY = "Each bar is a UTC day, and stands where that day begins."


def dashboard() -> Dashboard:
    """The dashboard."""
    made = board(
        "anthropic-history",
        "Every day at its own date, for as long as Prometheus keeps it: pushed by the exporter's history, else as it"
        " was scraped on the day after. A gap is a day of which neither is there.",
        since="now-90d",
    )
    rows = {"Claude Code": _claude_code(), "Messages API, and where days come from": _rest()}
    return filled(made, _money(), rows=rows)


def _money() -> Iterator[Panel]:
    yield billed_by_model(size=(24, 9))
    yield estimated_by_team(size=(24, 8))


def _claude_code() -> Iterator[Panel]:
    size = (12, 7)
    yield developers_per_day(size=size)
    yield days("Sessions per day", _EACH_DAY, COUNT, over_time(bars(catalog.SESSIONS, SESSIONS), "sessions"), size=size)
    yield lines_of_code(size=size)
    yield commits_and_pull_requests(size=size)


def _rest() -> Iterator[Panel]:
    yield days(
        "Tokens of the Messages API",
        f"By type. {_EACH_DAY}",
        COUNT,
        over_time(bars(catalog.USAGE_TOKENS, TOKENS, by="token_type"), "{{token_type}}"),
        size=(16, 8),
        right=True,
    )
    pushed = f"count({exact(catalog.COST, by='organization')})"
    either = f"count({bars(catalog.COST, BILLED, by='organization')})"
    yield paint(
        days(
            "Where days come from",
            "Of how many organizations the billed cost of a day was pushed as history, and of how many it was scraped"
            " on the day after. Without history all are scraped; the newest days always are,"
            " because a day is pushed once it can no longer change.",
            COUNT,
            over_time(pushed, "pushed"),
            over_time(f"{either} - ({pushed} or 0 * {either}) > 0", "scraped"),
            size=(8, 8),
            legend=("sum",),
        ),
        pushed=GREEN,
        scraped=GREY,
    )
