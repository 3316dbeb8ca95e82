"""Exact totals of a day's use of the Messages API and of its bill.

Money is whole parts of a dollar until it is written, as a decimal text in US dollars. Whatever has no key or no model
counts under an empty name.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from decimal import Decimal
from operator import attrgetter

from exporter.demo.activity import Day
from exporter.demo.billing import bill
from exporter.demo.traffic import TOKEN_TYPES, Charge, Traffic

Json = dict[str, object]
DOLLAR_DIGITS = 12
FINEST = attrgetter(
    "workspace_id", "api_key_id", "account_id", "service_account_id", "model", "service_tier", "context_window",
    "inference_geo", "speed",
)  # fmt: skip


def usage_totals(day: Day) -> Json:
    """Return tokens by type, in all and by workspace, model, key and tier, and web searches.

    `rows` counts the different combinations of all nine dimensions, which no single query can show.
    """
    rows: set[Hashable] = {FINEST(use) for use in day.traffic}
    searches: Counter[str] = Counter()
    for use in day.traffic:
        if use.searches:
            searches[workspace_label(use.workspace_id)] += use.searches
    return {
        "rows": len(rows),
        "tokens": _tokens(day.traffic),
        "tokens_by_workspace": _by(day.traffic, lambda use: workspace_label(use.workspace_id)),
        "tokens_by_model": _by(day.traffic, lambda use: use.model),
        "tokens_by_api_key": _by(day.traffic, lambda use: use.api_key_id or ""),
        "tokens_by_service_tier": _by(day.traffic, lambda use: use.service_tier),
        "web_search_requests": searches.total(),
        "web_search_requests_by_workspace": dict(searches),
    }


def cost_totals(day: Day) -> Json:
    """Return what is billed, in all and by workspace, model, type of cost and type of tokens."""
    charges = bill(day)
    return {
        "usd": dollars(sum(charge.amount for charge in charges)),
        "usd_by_workspace": _money(charges, lambda charge: workspace_label(charge.workspace_id)),
        "usd_by_model": _money(charges, lambda charge: charge.model or ""),
        "usd_by_cost_type": _money(charges, lambda charge: charge.cost_type),
        "usd_by_token_type": _money(charges, lambda charge: charge.token_type or ""),
    }


def dollars(amount: int) -> str:
    """Return parts of a dollar as a decimal text."""
    return f"{Decimal(amount).scaleb(-DOLLAR_DIGITS):f}"


def workspace_label(workspace_id: str | None) -> str:
    """Return `default` for the workspace that reports show as null."""
    return "default" if workspace_id is None else workspace_id


def _tokens(uses: Iterable[Traffic]) -> dict[str, int]:
    counts = [0] * len(TOKEN_TYPES)
    for use in uses:
        for kind, count in enumerate(use.tokens):
            counts[kind] += count
    return dict(zip(TOKEN_TYPES, counts, strict=True))


def _by(uses: Iterable[Traffic], label: Callable[[Traffic], str]) -> dict[str, dict[str, int]]:
    groups: defaultdict[str, list[Traffic]] = defaultdict(list)
    for use in uses:
        groups[label(use)].append(use)
    return {name: _tokens(some) for name, some in groups.items()}


def _money(charges: Iterable[Charge], label: Callable[[Charge], str]) -> dict[str, str]:
    sums: Counter[str] = Counter()
    for charge in charges:
        sums[label(charge)] += charge.amount
    return {name: dollars(amount) for name, amount in sums.items()}
