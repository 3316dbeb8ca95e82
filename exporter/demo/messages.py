"""A day of the Messages API: what its callers used, what Claude Code used through it, and what else is billed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from exporter.demo import planted_days, prices
from exporter.demo.activity import Record
from exporter.demo.callers import Caller, Callers, reported_workspace
from exporter.demo.chance import stream
from exporter.demo.keys import ApiKey
from exporter.demo.people import Person, hours_since, start_of
from exporter.demo.traffic import DAY_SECONDS, Charge, Tokens, Traffic

Work = tuple[Person | ApiKey, Record]
"""Who used Claude Code, and what for."""
WEEKEND = 0.6
STEADY = (100_000, 60_000, 2_400_000, 150_000, 20_000)
"""Tokens of one piece of work where all is quiet."""
CONTAINER_HOUR = prices.BILLED // 20
SESSION_HOUR = prices.BILLED * 8 // 100


def traffic_of(callers: Callers, day: date, work: Iterable[Work]) -> tuple[Traffic, ...]:
    """Return a day's use of the Messages API, settled; `work` is what Claude Code did on it."""
    if day < callers.anchor - timedelta(days=callers.options.days):
        return ()
    calls = (use for caller in callers.all if caller.calls_on(day) for use in _by_caller(callers, caller, day))
    own = list(planted_days.traffic(callers.calendar, day, calls))
    if callers.options.quirks and own:
        own.extend(_odd(own, stream(callers.options.seed, "odd traffic", day)))
    return tuple(use for use in (*own, *_by_claude_code(callers, day, work)) if use.any)


def charges_of(callers: Callers, day: date) -> tuple[Charge, ...]:
    """Return what a day costs besides tokens and web searches."""
    if day < callers.anchor - timedelta(days=callers.options.days):
        return ()
    rng = stream(callers.options.seed, "charges", day)
    places = sorted({caller.workspace_id or "" for caller in callers.all})[:3]
    charges = []
    for place in places:
        containers, sessions = rng.randrange(40), rng.randrange(1, 60)
        charges += [
            Charge(
                workspace_id=place or None, amount=containers * CONTAINER_HOUR // 7,
                cost_type="code_execution", description="Code Execution Usage",
            ),
            Charge(
                workspace_id=place or None, amount=sessions * SESSION_HOUR // 7,
                cost_type="session_usage", description="Session Usage",
            ),
        ]  # fmt: skip
    return (*charges, *_odd_charges()) if callers.options.quirks else tuple(charges)


def _by_caller(callers: Callers, caller: Caller, day: date) -> Iterator[Traffic]:
    rng = stream(callers.options.seed, "traffic", caller.id, day)
    last_hours = caller.until is not None and caller.until.date() == day
    if rng.random() > caller.regularity and not last_hours:
        return
    quiet = callers.options.quiet
    amount = caller.appetite * rng.lognormvariate(0, 0.15 if quiet else 0.4) * (WEEKEND if day.weekday() >= 5 else 1)
    end = DAY_SECONDS
    if last_hours and caller.until is not None:
        end = max(int((caller.until - start_of(day)).total_seconds()), 1)
    hours = hours_since(caller.since, day, (0, end))
    for model, part in prices.ORDINARY if quiet else [(model, 1.0) for model in caller.models]:
        for use, share in _ways(caller, model, rng):
            tokens = (_steady_tokens if quiet else _tokens)(
                rng, amount * part * share * end / DAY_SECONDS, hour="hour" in caller.traits
            )
            searches = int(amount * rng.uniform(0, 40)) if "search" in caller.traits and share == 1 else 0
            yield replace(use, tokens=tokens, searches=searches, start=hours[0], end=hours[1])


def _ways(caller: Caller, model: str, rng: Random) -> Iterator[tuple[Traffic, float]]:
    """Give the ways in which a caller uses a model on a day, and how much of the day's use is in each."""
    geo = "not_available" if model in prices.BEFORE_4_6 else "global"
    usual = Traffic(
        workspace_id=caller.workspace_id, api_key_id=caller.api_key_id, account_id=caller.account_id,
        service_account_id=caller.service_account_id, model=model, inference_geo=geo, tokens=(0, 0, 0, 0, 0),
    )  # fmt: skip
    yield usual, 1
    if "batch" in caller.traits:
        yield replace(usual, service_tier="batch"), 0.7
    if "priority" in caller.traits:
        yield replace(usual, service_tier="priority"), 0.5
    if "flex" in caller.traits and rng.random() < 0.3:
        yield replace(usual, service_tier="flex"), 0.1
    if "long context" in caller.traits:
        yield replace(usual, context_window="200k-1M"), 0.4
    if "us" in caller.traits and geo == "global":
        yield replace(usual, inference_geo="us"), 0.5
    if "fast" in caller.traits and model in prices.FAST:
        yield replace(usual, speed="fast"), 0.1


def _tokens(rng: Random, amount: float, *, hour: bool) -> Tokens:
    return (
        int(amount * rng.uniform(500_000, 1_500_000)),
        int(amount * rng.uniform(20_000, 100_000)),
        int(amount * rng.uniform(300_000, 1_800_000)),
        int(amount * rng.uniform(20_000, 100_000)),
        int(amount * rng.uniform(5_000, 40_000)) if hour else 0,
    )


def _steady_tokens(rng: Random, amount: float, *, hour: bool) -> Tokens:
    one, two, three, four, five = (int(amount * count * rng.uniform(0.9, 1.1)) for count in STEADY)
    return one, two, three, four, five if hour else 0


def _by_claude_code(callers: Callers, day: date, work: Iterable[Work]) -> Iterator[Traffic]:
    """Give the use by those who pay by use: in a workspace of its own, or that of the key of a machine."""
    for who, record in work:
        if record.customer_type != "api":
            continue
        key = who if isinstance(who, ApiKey) else callers.minted.get(who.id)
        if key is not None and key.created_at.date() > day:
            key = None
        hours = hours_since(key.created_at, day, (record.start, record.end)) if key else (record.start, record.end)
        for number, use in enumerate(record.models):
            geo = "not_available" if use.model in prices.BEFORE_4_6 else "global"
            hour = use.cache_creation // 3 if number else 0
            yield Traffic(
                workspace_id=reported_workspace(key) if key else callers.claude_code_workspace,
                api_key_id=key.id if key else None, account_id=None if key else who.id,
                model=use.model, inference_geo=geo,
                tokens=(use.input, use.output, use.cache_read, use.cache_creation - hour, hour),
                start=hours[0], end=hours[1],
            )  # fmt: skip


def _odd(uses: Sequence[Traffic], rng: Random) -> Iterator[Traffic]:
    """Give rare things the API reference allows, in the likeness of ordinary ones.

    Among them are rows that differ in `inference_geo` alone.
    """
    changes: tuple[dict[str, object], ...] = (
        {"model": prices.UNHEARD_OF},
        {"service_tier": "express"},
        {"service_tier": "priority_on_demand"},
        {"billed": False},
        {"model": prices.SONNET_5_5, "inference_geo": "us"},
        {"model": prices.SONNET_5_5, "inference_geo": "global"},
    )
    example = rng.choice(uses)
    for change in changes[:-2]:
        yield replace(rng.choice(uses).scaled(1, 3), **change)  # type: ignore[arg-type]
    for change in changes[-2:]:
        yield replace(example, tokens=(1000, 100, 10, 1, 0), **change)  # type: ignore[arg-type]


def _odd_charges() -> Iterator[Charge]:
    """Give a line for nothing, one of a kind nobody knows, and one for tokens of a kind nobody knows."""
    yield Charge(
        workspace_id=None, amount=0, cost_type="code_execution", description="Code Execution Usage, Free Hours"
    )
    yield Charge(
        workspace_id=None, amount=prices.BILLED * 3 // 7, cost_type="tool_search", description="Tool search usage"
    )
    yield Charge(
        workspace_id=None, amount=prices.BILLED // 9, cost_type="tokens",
        description="Claude Opus 5.5 Usage - Input Tokens, Cache Write of a Day", model=prices.OPUS_5_5,
        token_type="cache_creation.ephemeral_1d_input_tokens", service_tier="standard",  # noqa: S106 - no password
        context_window="0-200k", inference_geo="global", speed="standard",
    )  # fmt: skip
