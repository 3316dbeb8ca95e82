"""What incidents make of a day: of its work, of the rows of the Claude Code report, and of the bill."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from operator import mul
from typing import TypeVar

from exporter.demo.activity import ModelUse, Record
from exporter.demo.callers import Callers
from exporter.demo.incidents import Calendar
from exporter.demo.prices import BEFORE_4_6, CENT, NEWCOMER, PRICES
from exporter.demo.traffic import Traffic

TAKEN, WHOLE = 9, 10
"""The part of all work that falls to the model which takes over."""
SURGE = 4
"""How many working days are billed on top of one."""
Who = TypeVar("Who")


def work(calendar: Calendar, day: date, done: Sequence[tuple[Who, Record]]) -> Sequence[tuple[Who, Record]]:
    """Return a day's work as it is done with another model, or without a cache."""
    taken, uncached = _changes(calendar, day)
    if taken:
        done = [(who, replace(record, models=_led_by_newcomer(record.models))) for who, record in done]
    if uncached:
        done = [(who, replace(record, models=tuple(map(_work_without_cache, record.models)))) for who, record in done]
    return done


def rows(calendar: Calendar, day: date, records: Sequence[Record]) -> tuple[Record, ...]:
    """Return what the Claude Code report has of a day's records: nothing, those of a third of the actors, or all."""
    if any(0 <= (day - first).days < 2 for first in calendar.days("pipeline-still")):
        return ()
    if day not in calendar.days("actors-halved"):
        return tuple(records)
    kept = set(sorted({(record.actor.kind, record.actor.name) for record in records})[::3])
    return tuple(record for record in records if (record.actor.kind, record.actor.name) in kept)


def traffic(calendar: Calendar, day: date, uses: Iterable[Traffic]) -> Iterable[Traffic]:
    """Give a day's use of the Messages API, Claude Code apart, as it is with another model, or without a cache."""
    taken, uncached = _changes(calendar, day)
    if taken:
        uses = (part for use in uses for part in _shared_with_newcomer(use))
    return map(_without_cache, uses) if uncached else uses


def surge(callers: Callers, day: date, uses: Iterable[Traffic]) -> Iterator[Traffic]:
    """Give several times what a working day uses, through the busiest key there is, with the same models."""
    keyed = [one for one in callers.all if one.api_key_id and one.calls_on(day)]
    busiest = max(keyed or callers.all, key=lambda one: one.appetite)
    for use in uses:
        yield replace(
            use.scaled(SURGE, 1), workspace_id=busiest.workspace_id, api_key_id=busiest.api_key_id,
            account_id=busiest.account_id, service_account_id=busiest.service_account_id,
        )  # fmt: skip


def _changes(calendar: Calendar, day: date) -> tuple[bool, bool]:
    """Tell whether a model has taken over by a day, and whether caching has been spoiled."""
    return calendar.since("model-takeover", day), calendar.since("cache-drop", day)


def _work_without_cache(use: ModelUse) -> ModelUse:
    return replace(use, cache_read=_quarter(use.cache_read, use.input + use.cache_creation))


def _without_cache(use: Traffic) -> Traffic:
    fresh, output, read, minutes, hour = use.tokens
    return replace(use, tokens=(fresh, output, _quarter(read, fresh + minutes + hour), minutes, hour))


def _quarter(read: int, rest: int) -> int:
    """Return how much is read from the cache if that is a quarter of its former share; the rest is not replaced."""
    return rest * read // max(3 * read + 4 * rest, 1)


def _led_by_newcomer(uses: Sequence[ModelUse]) -> tuple[ModelUse, ...]:
    """Return work for the same cost, most of it done by the newcomer."""
    others = [use for use in uses if use.model != NEWCOMER]
    ours = [use for use in uses if use.model == NEWCOMER]
    for use in others:
        taken = replace(use.scaled(TAKEN, WHOLE), step=1)
        ours.append(taken.scaled(taken.cost, max(replace(taken, model=NEWCOMER).cost, 1)))
    newcomer = ModelUse(
        NEWCOMER, sum(use.input for use in ours), sum(use.output for use in ours),
        sum(use.cache_read for use in ours), sum(use.cache_creation for use in ours), CENT,
    )  # fmt: skip
    return newcomer, *(use.scaled(WHOLE - TAKEN, WHOLE) for use in others)


def _shared_with_newcomer(use: Traffic) -> tuple[Traffic, ...]:
    """Return the same for the same cost, most of it done by the newcomer."""
    if use.model == NEWCOMER:
        return (use,)
    taken = use.scaled(TAKEN, WHOLE)
    old, new = (sum(map(mul, taken.tokens, PRICES[model].by_token_type)) for model in (use.model, NEWCOMER))
    geo = "global" if use.model in BEFORE_4_6 else use.inference_geo
    newcomers = replace(taken.scaled(old, max(new, 1)), model=NEWCOMER, inference_geo=geo, speed="standard")
    return use.scaled(WHOLE - TAKEN, WHOLE), replace(newcomers, searches=taken.searches)
