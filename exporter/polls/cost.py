"""Billed cost: the report day, and the running day so far.

As with usage, how the API is asked (`read_days`) and what is exported know of each other only `CostDay`.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from exporter import catalog
from exporter.api import wire
from exporter.catalog import Metric
from exporter.exposition import Family, family
from exporter.labels import label
from exporter.model import DEFAULT_WORKSPACE, Billed, CostDay, CostDays, CostOpen, Day, Workspaces
from exporter.polls.base import Held, Reading
from exporter.polls.report import OpenPoll, ReportPoll, empty_days, rows_by_day

_GROUP_BY = ("description", "workspace_id")
_TOKEN_TYPES = {
    "uncached_input_tokens": "uncached_input",
    "output_tokens": "output",
    "cache_read_input_tokens": "cache_read",
    "cache_creation.ephemeral_5m_input_tokens": "cache_creation_5m",
    "cache_creation.ephemeral_1h_input_tokens": "cache_creation_1h",
}


async def read_days(reading: Reading, first: date, last: date) -> list[CostDay]:
    """The days from `first` to `last`, both included. GET /v1/organizations/cost_report."""
    days: dict[date, dict[Billed, Decimal]] = empty_days(first, last)
    async for day, row in rows_by_day(reading, wire.COST, {"group_by[]": _GROUP_BY}, first, last):
        amount = reading.dollars(row.amount, row.currency, "amount")
        if amount is not None:
            billed = _billed(row)
            days[day][billed] = days[day].get(billed, 0) + amount
    return [CostDay(day, by) for day, by in days.items()]


def _billed(row: wire.CostRow) -> Billed:
    token_type = row.token_type or ""
    return Billed(
        label(row.workspace_id or DEFAULT_WORKSPACE),
        label(row.cost_type or ""),
        label(row.model or ""),
        _TOKEN_TYPES.get(token_type) or label(token_type),
        label(row.service_tier or ""),
        label(row.context_window or ""),
        "" if row.model else label(row.description or ""),
    )


def cost_family(metric: Metric, day: Day[Billed, Decimal], held: Held) -> Family:
    """The day's dollars; the default workspace's real id, should the API give it, under its one name."""
    workspaces = held(Workspaces)
    samples: dict[tuple[str, ...], Decimal] = {}
    for billed, amount in day.by.items():
        name = (workspaces.label(billed.workspace_id), *billed[1:]) if workspaces else billed
        samples[name] = samples.get(name, 0) + amount
    return family(metric, samples)


def spent(day: Day[Billed, Decimal]) -> dict[str, Decimal]:
    """Dollars of a day by workspace, as the API names it."""
    totals: dict[str, Decimal] = {}
    for billed, amount in day.by.items():
        totals[billed.workspace_id] = totals.get(billed.workspace_id, Decimal()) + amount
    return totals


class CostPoll(ReportPoll[CostDay]):
    """Billed cost of the report day, before credits and tax, in US dollars. GET /v1/organizations/cost_report.

    anthropic_cost_usd{workspace_id="default",cost_type="tokens",model="claude-opus-5-5",token_type="output",
        service_tier="standard",context_window="0-200k",description=""} 12.345
    anthropic_cost_usd{workspace_id="default",cost_type="web_search",model="",token_type="",service_tier="",
        context_window="",description="Web search tool usage"} 0.03
    anthropic_cost_report_day_timestamp_seconds 1.7e+09
    """

    name = "cost"
    reads = (Workspaces,)
    model = CostDay
    content = tuple[Billed, Decimal]
    kept = CostDays
    kept_content = tuple[str, Decimal]
    days_at_once = 31
    report_day = catalog.COST_REPORT_DAY

    async def read(self, reading: Reading, first: date, last: date) -> list[CostDay]:
        """All buckets of these days."""
        return await read_days(reading, first, last)

    def digest(self, day: CostDay) -> Mapping[str, Decimal]:
        """Dollars by workspace."""
        return spent(day)

    def families(self, model: CostDay, held: Held) -> Iterable[Family]:
        """What was paid for."""
        yield cost_family(catalog.COST, model, held)


class CostTodayPoll(OpenPoll[CostOpen]):
    """Billed cost so far in the running UTC day. GET /v1/organizations/cost_report.

    anthropic_cost_today_usd{…} 4.2
    """

    name = "cost_today"
    reads = (Workspaces,)

    async def fetch(self, reading: Reading) -> CostOpen:
        """Read the open days, the running one last."""
        return CostOpen(tuple(await read_days(reading, *self.open_days(reading.now))))

    def families(self, model: CostOpen, held: Held) -> Iterable[Family]:
        """What was paid for."""
        yield cost_family(catalog.COST_TODAY, model.running, held)
