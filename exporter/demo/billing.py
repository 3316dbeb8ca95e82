"""From use to a bill: the finest rows of the cost report, exact in parts of a dollar."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import attrgetter

from exporter.demo.activity import Day
from exporter.demo.prices import PRICES, WEB_SEARCH, billed_factor, name_of
from exporter.demo.traffic import Charge, Traffic

KINDS = (
    ("uncached_input_tokens", "Input Tokens"),
    ("output_tokens", "Output Tokens"),
    ("cache_read_input_tokens", "Input Tokens, Cache Hit"),
    ("cache_creation.ephemeral_5m_input_tokens", "Input Tokens, Cache Write"),
    ("cache_creation.ephemeral_1h_input_tokens", "Input Tokens, Cache Write (1h)"),
)
"""How the cost report spells `traffic.TOKEN_TYPES`, and how descriptions name them."""
Place = tuple[str | None, str, str, str, str, str]
PLACE = attrgetter("workspace_id", "model", "service_tier", "context_window", "inference_geo", "speed")


def bill(day: Day) -> list[Charge]:
    """Return everything that a day costs. Priority tokens are paid otherwise, and refused ones not at all."""
    return [*_tokens(day.traffic), *_searches(day.traffic), *day.charges]


def _tokens(traffic: Iterable[Traffic]) -> Iterator[Charge]:
    sums: defaultdict[Place, list[int]] = defaultdict(lambda: [0] * len(KINDS))
    for use in traffic:
        if use.billed and use.service_tier != "priority":
            counts = sums[PLACE(use)]
            for kind, count in enumerate(use.tokens):
                counts[kind] += count
    for (workspace, model, tier, context, geo, speed), counts in sums.items():
        factor = billed_factor(tier, geo, speed)
        for (token_type, words), price, count in zip(KINDS, PRICES[model].by_token_type, counts, strict=True):
            if count:
                yield Charge(
                    workspace_id=workspace, amount=count * price * factor, cost_type="tokens",
                    description=f"{name_of(model)} Usage - {words}", model=model, token_type=token_type,
                    service_tier="batch" if tier == "batch" else "standard", context_window=context,
                    inference_geo=geo, speed=speed,
                )  # fmt: skip


def _searches(traffic: Iterable[Traffic]) -> Iterator[Charge]:
    sums: defaultdict[str | None, int] = defaultdict(int)
    for use in traffic:
        if use.searches and use.billed:
            sums[use.workspace_id] += use.searches
    for workspace, count in sums.items():
        yield Charge(
            workspace_id=workspace, amount=count * WEB_SEARCH, cost_type="web_search",
            description="Web search tool usage",
        )  # fmt: skip
