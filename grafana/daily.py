"""Panels of days that stand on more than one dashboard, and one of the last of them."""

from exporter import catalog
from grafana.panels import (
    AS_LINE,
    BELOW_ZERO,
    BLUE,
    COUNT,
    GREEN,
    ORANGE,
    USD,
    YELLOW,
    Panel,
    days,
    drawn,
    now,
    number,
    over_time,
    paint,
)
from grafana.queries import BILLED, COMMITS, ESTIMATED, LINES, PULL_REQUESTS, bars, developers, named, total


def billed_on_the_report_day(*, size: tuple[int, int]) -> Panel:
    """The bill of the newest day."""
    return number(
        "Billed on the report day",
        "The newest complete UTC day: yesterday, from two hours after midnight on.",
        USD,
        now(total(catalog.COST)),
        size=size,
        decimals=1,
    )


def billed_by_model(*, size: tuple[int, int]) -> Panel:
    """What the bill was made of."""
    return days(
        "Billed cost by model",
        "Each bar is a UTC day and stands where that day begins. Before credits and tax; what is billed for no model"
        " (web search, code execution) is 'other'. The bill names no people: the team does not matter here.",
        USD,
        over_time(named(bars(catalog.COST, BILLED, by="model"), "model", "other"), "{{model}}"),
        size=size,
        right=True,
    )


def estimated_by_team(*, size: tuple[int, int]) -> Panel:
    """Whose Claude Code cost how much."""
    return days(
        "Estimated cost of Claude Code by team",
        "The API's estimate at list prices, also for those who use it by subscription: not the bill, and partly the"
        " same money as the bill. Each bar is a UTC day. Without a teams file everybody is one team.",
        USD,
        over_time(named(bars(catalog.ESTIMATED_COST, ESTIMATED, by="team"), "team", "everybody"), "{{team}}"),
        size=size,
        right=True,
    )


def developers_per_day(*, size: tuple[int, int]) -> Panel:
    """How many people."""
    return days(
        "Developers per day",
        "People who used Claude Code on each UTC day.",
        COUNT,
        over_time(developers(), "developers"),
        size=size,
        legend=("mean", "max"),
    )


def lines_of_code(*, size: tuple[int, int]) -> Panel:
    """How many lines."""
    changed = days(
        "Lines of code per day",
        "Lines that Claude Code added on each UTC day, and below zero those that it removed.",
        COUNT,
        over_time(bars(catalog.LINES, LINES, by="change"), "{{change}}"),
        size=size,
        stacked=False,
    )
    return paint(drawn(changed, "removed", **BELOW_ZERO), added=GREEN, removed=ORANGE)


def commits_and_pull_requests(*, size: tuple[int, int]) -> Panel:
    """What was committed and proposed."""
    made = days(
        "Commits and pull requests per day",
        "Commits that Claude Code made on each UTC day as bars, pull requests as a line.",
        COUNT,
        over_time(bars(catalog.COMMITS, COMMITS), "commits"),
        over_time(bars(catalog.PULL_REQUESTS, PULL_REQUESTS), "pull requests"),
        size=size,
    )
    return paint(drawn(made, "pull requests", **AS_LINE), commits=BLUE, **{"pull requests": YELLOW})
