"""Budgets, what was spent of them and what will be. Which cost counts for which budget: exporter/budgets.py."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from exporter import catalog
from exporter.budgets import BILLED, Budget, Spending, first_of, last_of
from exporter.days import DAY, day_start, utc_day
from exporter.exposition import family
from exporter.model import (
    ClaudeCodeDay,
    ClaudeCodeDays,
    ClaudeCodeOpen,
    CostDay,
    CostDays,
    CostOpen,
    Spender,
    Workspaces,
)
from exporter.policy import Policy
from exporter.polls import claude_code, cost
from exporter.polls.base import Held
from exporter.snapshots import Period
from exporter.teams import Teams
from exporter.views.base import Part, View
from exporter.windows import Days, span

Key = TypeVar("Key", bound=Hashable)
Counts = Callable[[Key, Budget], bool]


class Budgets(View):
    """What the settings allow for a month, and what became of it.

    anthropic_budget_usd{budget="platform",scope="team"} 3000
    anthropic_budget_spent_usd{budget="platform",scope="team"} 1234.5
    anthropic_budget_forecast_usd{budget="platform",scope="team"} 2876.1
    """

    name = "budgets"
    # Of CostDay and ClaudeCodeDay only that they were read again: every hour, and so also when a month has begun.
    reads = (CostDay, CostDays, CostOpen, Workspaces, ClaudeCodeDay, ClaudeCodeDays, ClaudeCodeOpen, Teams)

    def __init__(self, budgets: Sequence[Budget], policy: Policy) -> None:
        self._budgets = [
            replace(budget, of=policy.name(budget.of)) if budget.scope == "actor" else budget for budget in budgets
        ]
        self._policy = policy

    def parts(self, held: Held, now: datetime) -> Iterable[Part]:
        """The limits always; the rest only while its source is held, and until the month ends."""
        if not self._budgets:
            return
        today = utc_day(now)
        month = Period(day_start(first_of(today)), day_start(last_of(today) + DAY))
        limits = {(budget.name, budget.scope): budget.usd for budget in self._budgets}
        yield Part(family(catalog.BUDGET, limits))
        sources = [(kind, list(spendings)) for kind, spendings in self._spendings(held, today)]
        for metric, amount in (
            (catalog.BUDGET_SPENT, Spending.spent),
            (catalog.BUDGET_FORECAST, Spending.forecast),
        ):
            for kind, spendings in sources:
                samples = {(budget.name, budget.scope): amount(spending, today) for budget, spending in spendings}
                yield Part(family(metric, samples), (kind,), month)

    def _spendings(self, held: Held, today: date) -> Iterator[tuple[type, Iterator[tuple[Budget, Spending]]]]:
        billed = [budget for budget in self._budgets if budget.scope in BILLED]
        days, opened = held(CostDays), held(CostOpen)
        if days and _whole(days, today):
            so_far = {day.day: cost.spent(day) for day in opened.days} if opened else {}
            workspaces = held(Workspaces)
            known = [budget for budget in billed if _is_known(budget, workspaces)]
            yield CostDays, _spent(known, days, so_far, _in_workspace(workspaces))
        estimated = [budget for budget in self._budgets if budget.scope not in BILLED]
        actors, running = held(ClaudeCodeDays), held(ClaudeCodeOpen)
        if actors and _whole(actors, today):
            by_actor = {day.day: claude_code.spent(day) for day in running.days} if running else {}
            teams = held(Teams)
            known = [budget for budget in estimated if budget.scope != "team" or not _is_small(budget.of, teams)]
            yield ClaudeCodeDays, _spent(known, actors, by_actor, _of_actor(teams, self._policy))


def _whole(days: Days[object], today: date) -> bool:
    """Whether all settled days of the month are held: a part of them would look like a month that was cheap."""
    wanted = span(first_of(today), days.report_day)
    return len(days.held(first_of(today), days.report_day)) == len(wanted)


def _is_known(budget: Budget, workspaces: Workspaces | None) -> bool:
    """Whether its workspace exists: what nobody ever can spend of would look like thrift."""
    if budget.scope != "workspace":
        return True
    return workspaces is not None and workspaces.has(budget.of)


def _is_small(team: str, teams: Teams | None) -> bool:
    """Whether the team is not shown by itself: what it spends nobody is to know."""
    return teams is not None and team in teams.small


def _in_workspace(workspaces: Workspaces | None) -> Counts[str]:
    names = {} if workspaces is None else workspaces.names

    def counts(workspace_id: str, budget: Budget) -> bool:
        label = workspaces.label(workspace_id) if workspaces else workspace_id
        return budget.scope == "organization" or budget.of in (label, names.get(label))

    return counts


def _of_actor(teams: Teams | None, policy: Policy) -> Counts[Spender]:
    def counts(spender: Spender, budget: Budget) -> bool:
        if budget.scope == "actor":
            return spender.actor.casefold() == budget.of
        return policy.team(spender, teams) == budget.of

    return counts


def _spent(
    budgets: Sequence[Budget],
    days: Days[Mapping[Key, Decimal]],
    open_days: Mapping[date, Mapping[Key, Decimal]],
    counts: Counts[Key],
) -> Iterator[tuple[Budget, Spending]]:
    """What was spent of each budget, day by day."""
    began = min((day for day, amounts in days.by_day.items() if any(amounts.values())), default=days.report_day)
    open_days = {day: amounts for day, amounts in open_days.items() if day > days.report_day}
    everybody = {key for amounts in (*days.by_day.values(), *open_days.values()) for key in amounts}
    for budget in budgets:
        chosen = [key for key in everybody if counts(key, budget)]
        yield budget, Spending(_daily(days.by_day, chosen), _daily(open_days, chosen), began)


def _daily(days: Mapping[date, Mapping[Key, Decimal]], keys: Sequence[Key]) -> dict[date, Decimal]:
    return {day: sum((amounts[key] for key in keys if key in amounts), Decimal()) for day, amounts in days.items()}
