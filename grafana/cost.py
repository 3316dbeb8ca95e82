"""For finance: what is billed and for what, what Claude Code is estimated to cost beside it, tokens, budgets."""

from collections.abc import Iterator

from grafana_foundation_sdk.builders.dashboard import Dashboard

from exporter import catalog
from grafana.daily import billed_by_model, billed_on_the_report_day
from grafana.panels import (
    AS_LINE,
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
    days,
    drawn,
    filled,
    listing,
    note,
    now,
    number,
    over_time,
    paint,
    ranking,
    rows_of,
    steps_by_day,
)
from grafana.queries import (
    BILLED,
    BILLED_BY_TYPE,
    BILLED_BY_WORKSPACE,
    ESTIMATED,
    TOKENS,
    USUAL,
    bars,
    named,
    recorded,
    share,
    total,
    with_name,
)

_OVERLAP = """\
**Billed** is what the API bills, before credits and tax. **Estimated** is what Claude Code would cost at list prices,
whoever pays. **Never add the two:** what Claude Code uses through the API is in both; what it uses by subscription is
in the estimate alone. Why billed cost differs from the invoice: credits, tax, Priority Tier, days that are not settled
yet, and months of UTC."""
_MOST = 7
"""So many workspaces have a colour of their own."""


def dashboard() -> Dashboard:
    """The dashboard."""
    made = board(
        "anthropic-cost", "What is billed and for what, the estimate of Claude Code beside it, tokens, budgets."
    )
    rows = {
        "Today so far, and budgets": _month(),
        "The estimate of Claude Code": _estimated(),
        "Tokens": _tokens(),
    }
    return filled(made, _numbers(), _billed(), rows=rows)


def _numbers() -> Iterator[Panel]:
    size = (4, 4)
    for window, title, why in (
        ("mtd", "Billed this month", "The UTC month of the report day up to and with that day; today is not in it."),
        ("last_month", "Billed last month", "The UTC month before that of the report day, before credits and tax."),
        ("7d", "Billed in 7 days", "The seven complete UTC days that end with the report day."),
    ):
        query = total(catalog.COST_WINDOW, f'window="{window}"')
        yield number(title, why, USD, now(query), size=size, decimals=1)
    yield billed_on_the_report_day(size=size)
    yield number(
        "Usual day",
        "The mean of the days of the last 30, the report day apart, on which anything was billed: what alerts compare a"
        " day with. Empty with fewer than ten such days.",
        USD,
        now(f"sum({recorded(USUAL)})"),
        size=size,
        decimals=1,
        empty="too few days",
    )
    yield number(
        "Input from cache",
        "Of all tokens that went into the Messages API on the report day, those that a cache gave: at a tenth of the"
        " price.",
        RATIO,
        now(share(total(catalog.USAGE_TOKENS, 'token_type="cache_read"'), _input())),
        size=size,
        decimals=0,
    )


def _input() -> str:
    return total(catalog.USAGE_TOKENS, 'token_type!="output"')


def _billed() -> Iterator[Panel]:
    yield billed_by_model(size=(12, 9))
    places = bars(catalog.COST, BILLED_BY_WORKSPACE, by="organization, workspace_id")
    greatest = total(catalog.COST_WINDOW, 'window="30d"', by="organization, workspace_id", end=True)
    chosen = f"on (organization, workspace_id) topk({_MOST}, {greatest})"
    yield days(
        "Billed cost by workspace",
        f"Each bar is a UTC day; the {_MOST} workspaces that cost most in 30 days, and all others together.",
        USD,
        over_time(f"sum by (name) ({with_name(f'{places} and {chosen}')})", "{{name}}"),
        over_time(f"sum({places} unless {chosen})", "all others"),
        size=(12, 9),
        right=True,
    )
    kinds = bars(catalog.COST, BILLED_BY_TYPE, 'token_type!=""', by="token_type")
    others = bars(catalog.COST, BILLED_BY_TYPE, 'token_type=""', by="cost_type")
    yield days(
        "Billed cost by what was used",
        "Tokens by their type, and what is billed by other measures, such as web searches by their number.",
        USD,
        over_time(kinds, "{{token_type}}"),
        over_time(others, "{{cost_type}}"),
        size=(12, 9),
        right=True,
    )
    table = total(catalog.COST, by="organization, workspace_id, model, cost_type")
    yield listing(
        "Billed on the report day",
        "By workspace, model and kind of cost, the dearest first; the hundred greatest.",
        (
            Column("name", "Workspace"),
            Column("model", "Model"),
            Column("cost_type", "Kind", width=130),
            Column("Value", "Billed", USD, width=190, decimals=2, bar=BLUE),
        ),
        rows_of(f"topk(100, {with_name(table)})"),
        sort=("Billed", "down"),
        size=(12, 9),
    )


def _month() -> Iterator[Panel]:
    yield ranking(
        "Billed today so far, by model",
        "The running UTC day, some minutes old. Empty for some minutes after midnight, while nothing is billed yet.",
        USD,
        now(f"sort_desc({named(total(catalog.COST_TODAY, by='model'), 'model', 'other')} > 0)", "{{model}}"),
        size=(8, 8),
    )
    by = "organization, budget, scope"
    budget, spent, forecast = (
        total(metric, by=by) for metric in (catalog.BUDGET, catalog.BUDGET_SPENT, catalog.BUDGET_FORECAST)
    )
    red_above_one = ((None, GREEN), (0.8, YELLOW), (1, RED))
    yield listing(
        "Budgets of this month",
        "Spent holds today so far; the forecast is what the month will have cost if days go on like the last 28."
        " Organization and workspaces go by billed cost, teams and actors by the estimate. Empty without budgets.",
        (
            Column("budget", "Budget"),
            Column("scope", "Scope", width=120),
            Column("Value #A", "Per month", USD, width=110, decimals=1),
            Column("Value #B", "Spent", USD, width=110, decimals=1),
            Column("Value #C", "Used", RATIO, width=90, decimals=0, colours=red_above_one),
            Column("Value #D", "Forecast", USD, width=110, decimals=1),
            Column("Value #E", "Of budget", RATIO, width=135, decimals=0, colours=red_above_one),
        ),
        *(rows_of(query) for query in (budget, spent, f"{spent} / {budget}", forecast, f"{forecast} / {budget}")),
        sort=("Of budget", "down"),
        size=(16, 8),
    )


def _estimated() -> Iterator[Panel]:
    yield note("Two costs that overlap", _OVERLAP, size=(24, 3))
    both = days(
        "Billed and estimated",
        "What is billed for everything as bars, the estimate of Claude Code as a line: they overlap, never add them.",
        USD,
        over_time(bars(catalog.COST, BILLED), "billed, everything"),
        over_time(bars(catalog.ESTIMATED_COST, ESTIMATED), "estimated, Claude Code"),
        size=(12, 8),
    )
    yield paint(
        drawn(both, "estimated, Claude Code", **AS_LINE),
        **{"billed, everything": BLUE, "estimated, Claude Code": YELLOW},
    )
    yield days(
        "Estimated cost of Claude Code by model",
        "Each bar is a UTC day, at list prices.",
        USD,
        over_time(bars(catalog.ESTIMATED_COST, ESTIMATED, by="model"), "{{model}}"),
        size=(12, 8),
        right=True,
    )


def _tokens() -> Iterator[Panel]:
    yield days(
        "Tokens of the Messages API by type",
        "Each bar is a UTC day; what Claude Code uses through the API is in it.",
        COUNT,
        over_time(bars(catalog.USAGE_TOKENS, TOKENS, by="token_type"), "{{token_type}}"),
        size=(12, 8),
        right=True,
    )
    cached = bars(catalog.USAGE_TOKENS, TOKENS, 'token_type="cache_read"')
    everything = bars(catalog.USAGE_TOKENS, TOKENS, 'token_type!="output"')
    yield steps_by_day(
        "Input from cache",
        "Of all tokens that went in on each UTC day, those that a cache gave.",
        RATIO,
        over_time(share(cached, everything), "from cache"),
        size=(6, 8),
    ).max(1)
    yield ranking(
        "Tokens of the report day by model",
        "All types together; the eight models with most.",
        COUNT,
        now(f"sort_desc(topk(8, {total(catalog.USAGE_TOKENS, by='model')}))", "{{model}}"),
        size=(6, 8),
        colour=ORANGE,
    )
