"""For the lead: what it costs, who uses it, what comes of it, and what changed."""

from collections.abc import Iterator

from grafana_foundation_sdk.builders.dashboard import Dashboard

from exporter import catalog
from grafana.daily import (
    billed_by_model,
    billed_on_the_report_day,
    commits_and_pull_requests,
    developers_per_day,
    estimated_by_team,
    lines_of_code,
)
from grafana.panels import (
    BLUE,
    COUNT,
    GREEN,
    ORANGE,
    RATIO,
    RED,
    USD,
    YELLOW,
    Column,
    Panel,
    board,
    filled,
    listing,
    now,
    number,
    over_time,
    rows_of,
    steps_by_day,
)
from grafana.queries import (
    ACTIONS,
    BILLED,
    COMMITS,
    ESTIMATED,
    LINES,
    PULL_REQUESTS,
    SESSIONS,
    bars,
    one,
    share,
    total,
    week,
)

_CHANGES = (
    ("Billed cost, $", catalog.COST, BILLED, ()),
    ("Estimated cost of Claude Code, $", catalog.ESTIMATED_COST, ESTIMATED, ()),
    ("Sessions", catalog.SESSIONS, SESSIONS, ()),
    ("Lines of code added", catalog.LINES, LINES, ('change="added"',)),
    ("Commits", catalog.COMMITS, COMMITS, ()),
    ("Pull requests", catalog.PULL_REQUESTS, PULL_REQUESTS, ()),
)
_USERS = 'actor_type="user"'
_ORGANIZATION = 'scope="organization"'
_NO_BUDGET = "Empty without a budget of the whole organization."


def dashboard() -> Dashboard:
    """The dashboard."""
    made = board("anthropic-overview", "What Claude costs, who uses it, what comes of it, and what changed.")
    return filled(made, _numbers(), _money(), rows={"Who uses Claude Code": _people(), "What comes of it": _work()})


def _numbers() -> Iterator[Panel]:
    budget, spent = total(catalog.BUDGET, _ORGANIZATION), total(catalog.BUDGET_SPENT, _ORGANIZATION)
    forecast = total(catalog.BUDGET_FORECAST, _ORGANIZATION)
    accepted = total(catalog.TOOL_ACTIONS, 'decision="accepted"')
    size = (3, 4)
    yield number(
        "Billed this month",
        "Billed cost of the UTC month of the report day, before credits and tax; today is not in it. The bill names no"
        " people, so the team does not matter here.",
        USD,
        now(total(catalog.COST_WINDOW, 'window="mtd"')),
        size=size,
        decimals=1,
    )
    yield number(
        "Budget used",
        f"Spent of this month's budget so far, today included. {_NO_BUDGET}",
        RATIO,
        now(share(spent, budget)),
        size=size,
        colours=((None, GREEN), (0.8, YELLOW), (1, RED)),
        decimals=0,
        empty="no budget",
    )
    yield number(
        "Forecast of budget",
        "What the month will have cost at its end if days go on like the last 28, as a part of the budget."
        f" {_NO_BUDGET}",
        RATIO,
        now(share(forecast, budget)),
        size=size,
        colours=((None, GREEN), (0.95, YELLOW), (1, RED)),
        decimals=0,
        empty="no budget",
    )
    yield billed_on_the_report_day(size=size)
    yield number(
        "Billed today so far",
        "The running UTC day, some minutes old. Empty for some minutes after midnight, while nothing is billed yet.",
        USD,
        now(total(catalog.COST_TODAY)),
        size=size,
        decimals=1,
        empty="nothing yet",
    )
    yield number(
        "Developers, 30 days",
        "People who used Claude Code on any of the 30 days that end with the report day.",
        COUNT,
        now(total(catalog.ACTIVE_ACTORS, 'window="30d"', _USERS)),
        size=size,
        decimals=0,
    )
    yield number(
        "Members who use it",
        "Of the organization's members, those seen in Claude Code within 30 days. The API is known to leave out some"
        " who use it by subscription. Empty where labels.actor hides people.",
        RATIO,
        now(share(_active_members(), total(catalog.MEMBERS))),
        size=size,
        decimals=0,
        empty="hidden",
    )
    yield number(
        "Proposals accepted",
        "Of the edits that Claude Code proposed on the report day, those that people accepted.",
        RATIO,
        now(share(accepted, total(catalog.TOOL_ACTIONS))),
        size=size,
        decimals=0,
    )


def _active_members() -> str:
    return f"count({one(catalog.MEMBER_LAST_ACTIVE)} > time() - 31 * 86400)"


def _money() -> Iterator[Panel]:
    yield billed_by_model(size=(14, 9))
    weeks = [f"({_measures(0)}) / ({_measures(1)}) - 1", _measures(0), _measures(1)]
    yield listing(
        "The last seven days and the seven before",
        "Sums of seven complete UTC days each. Empty until two weeks have been scraped, or pushed as history.",
        (
            Column("measure", "Measure"),
            Column("Value #B", "Last 7 days", COUNT, width=120, decimals=1),
            Column("Value #C", "7 before", COUNT, width=120, decimals=1),
            Column("Value #A", "Change", RATIO, width=110, decimals=0, colours=((None, ORANGE), (0, BLUE))),
        ),
        *(rows_of(one_week) for one_week in weeks),
        join="measure",
        size=(10, 9),
    )


def _measures(ago: int) -> str:
    return " or ".join(
        f'label_replace({week(metric, rule, *matchers, ago=ago)}, "measure", "{name}", "", "")'
        for name, metric, rule, matchers in _CHANGES
    )


def _people() -> Iterator[Panel]:
    yield developers_per_day(size=(8, 8))
    yield estimated_by_team(size=(16, 8))


def _work() -> Iterator[Panel]:
    yield lines_of_code(size=(8, 8))
    yield commits_and_pull_requests(size=(8, 8))
    accepted = bars(catalog.TOOL_ACTIONS, ACTIONS, 'decision="accepted"')
    yield steps_by_day(
        "Share of proposals accepted",
        "Of the edits that Claude Code proposed on each UTC day, those that people accepted.",
        RATIO,
        over_time(share(accepted, bars(catalog.TOOL_ACTIONS, ACTIONS)), "accepted"),
        size=(8, 8),
    ).max(1)
