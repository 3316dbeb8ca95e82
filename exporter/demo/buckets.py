"""The rows of one day's bucket in the reports of use and cost, summed over the dimensions that were asked for."""

import zlib
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter

from exporter.demo.activity import Day
from exporter.demo.billing import bill
from exporter.demo.ranges import USAGE_GROUPS, Asked
from exporter.demo.traffic import TOKEN_TYPES, Charge, Traffic
from exporter.demo.wire import Json

DESCRIBED = (
    "description", "cost_type", "model", "token_type", "service_tier", "context_window", "inference_geo", "speed",
)  # fmt: skip
"""What a row of the cost report tells when it is grouped by description."""
CENT_DIGITS = 10
Key = tuple[str | None, ...]


def usage_rows(day: Day, asked: Asked, default_workspace: str, *, quirks: bool) -> list[Json]:
    """Return the rows of /usage_report/messages."""
    wanted = _wanted(asked, default_workspace)
    key_of = _key_of(asked.groups)
    sums: defaultdict[Key, list[int]] = defaultdict(lambda: [0] * (len(TOKEN_TYPES) + 1))
    for use in day.traffic:
        if wanted(use):
            counts = sums[key_of(use)]
            for kind, count in enumerate(use.tokens):
                counts[kind] += count
            counts[-1] += use.searches
    shown = USAGE_GROUPS if asked.speed else tuple(name for name in USAGE_GROUPS if name != "speed")
    nothing: Json = dict.fromkeys(shown)
    rows = []
    for key, counts in sums.items():
        row = {**_amounts(counts), **nothing, **dict(zip(asked.groups, key, strict=True))}
        rows.append(_odd(row, key) if quirks else row)
    return rows


def _amounts(counts: list[int]) -> Json:
    uncached, output, read, five_minutes, hour, searches = counts
    return {
        "uncached_input_tokens": uncached,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": five_minutes, "ephemeral_1h_input_tokens": hour},
        "output_tokens": output,
        "server_tool_use": {"web_search_requests": searches},
    }


def cost_rows(day: Day, asked: Asked, *, quirks: bool) -> list[Json]:
    """Return the rows of /cost_report."""
    described = tuple(name for name in DESCRIBED if name != "speed" or asked.speed)
    dimensions = described if "description" in asked.groups else ()
    if "workspace_id" in asked.groups:
        dimensions = (*dimensions, "workspace_id")
    key_of = _key_of(dimensions)
    sums: defaultdict[Key, int] = defaultdict(int)
    for charge in bill(day):
        sums[key_of(charge)] += charge.amount
    nothing: Json = dict.fromkeys((*described, "workspace_id"))
    rows = []
    for key, amount in sums.items():
        row = {"currency": "USD", "amount": cents(amount), **nothing, **dict(zip(dimensions, key, strict=True))}
        rows.append(_odd(row, key) if quirks else row)
    return rows


def cents(amount: int) -> str:
    """Return an amount in parts of a dollar as a decimal text of cents, exactly."""
    return f"{Decimal(amount).scaleb(-CENT_DIGITS):f}"


def _key_of(names: tuple[str, ...]) -> Callable[[Traffic | Charge], Key]:
    """Return what reads the values of some fields, always as a tuple."""
    if not names:
        return lambda _: ()
    if len(names) > 1:
        return attrgetter(*names)
    only: Callable[[Traffic | Charge], str | None] = attrgetter(names[0])
    return lambda row: (only(row),)


def _wanted(asked: Asked, default_workspace: str) -> Callable[[Traffic], bool]:
    """Return the filter; the default workspace is found by its real id, though rows do not show it."""
    filters = [
        (attrgetter(field), {None if value == default_workspace else value for value in values})
        for field, values in asked.filters
    ]
    return lambda use: all(read(use) in values for read, values in filters)


def _odd(row: Json, key: Key) -> Json:
    """Leave out fields that are optional, and add some nobody knows, on a few rows that are always the same."""
    lot = zlib.crc32(repr(key).encode())
    absent = {name for name, one_in in (("speed", 7), ("inference_geo", 13)) if lot % one_in == 1}
    if lot % 11 == 1:
        absent |= {name for name in ("account_id", "service_account_id") if row.get(name, "-") is None}
    row = {name: value for name, value in row.items() if name not in absent}
    if lot % 23 == 1:
        row |= {name: {**value, "unheard_of": 3} for name, value in row.items() if isinstance(value, dict)}
        row |= {"request_hints": [1, {"beta": True}], "inference_region": "somewhere"}
    return row
