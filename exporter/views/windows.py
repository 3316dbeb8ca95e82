"""Sums of several settled days: Claude Code by actor, billed cost by workspace, and how many days each holds."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from exporter import catalog
from exporter.catalog import Metric
from exporter.exposition import Family, Group, Values, family
from exporter.folding import OTHER, Ranking
from exporter.model import ClaudeCodeDays, CostDays, UsageDays, Workspaces
from exporter.policy import Policy
from exporter.polls.base import Held
from exporter.polls.claude_code import people_known
from exporter.teams import Teams
from exporter.views.base import Part, View
from exporter.windows import Days, sums

_NOTHING = Decimal()
_ACTIVE = {"1d": 1, "7d": 7, "30d": 30}
_SOURCES: Mapping[str, type[ClaudeCodeDays | CostDays | UsageDays]] = {
    "claude_code": ClaudeCodeDays,
    "usage": UsageDays,
    "cost": CostDays,
}


class ClaudeCodeWindows(View):
    """Who used Claude Code, and what it cost by estimate.

    anthropic_claude_code_active_actors{window="7d",actor_type="user"} 84
    anthropic_claude_code_window_estimated_cost_usd{actor="ann@example.com",actor_type="user",customer_type="api",
        window="mtd"} 41.7
    """

    name = "claude_code_windows"
    reads = (ClaudeCodeDays, Teams, Ranking)

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def parts(self, held: Held, now: datetime) -> Iterable[Part]:
        """Both families."""
        days, teams = held(ClaudeCodeDays), held(Teams)
        if days is not None:
            yield Part(family(catalog.ACTIVE_ACTORS, self._active(days, teams)), (ClaudeCodeDays,))
            costs = self._costs(days, teams, held(Ranking))
            yield Part(Family(catalog.WINDOW_ESTIMATED_COST, costs), (ClaudeCodeDays,))

    def _active(self, days: ClaudeCodeDays, teams: Teams | None) -> dict[Values, int]:
        """How many there were, each in the team of the newest day; no window of which a day has sums alone."""
        counts: dict[Values, int] = {}
        for window, length in _ACTIVE.items():
            held = [days.by_day[day] for day in days.newest(length) if day in days.by_day]
            if held and all(people_known(digest, self._policy) for digest in held):
                actors = {spender[:2]: spender for digest in held for spender in digest}
                by = Counter((self._policy.team(actor, teams), actor.actor_type) for actor in actors.values())
                counts |= {(window, *who): count for who, count in by.items()}
        return counts

    def _costs(self, days: ClaudeCodeDays, teams: Teams | None, ranking: Ranking | None) -> Iterator[Group]:
        costs = sums(days)
        everybody = {spender: None for by in costs.values() for spender in by}
        others = ranking.others({spender[:2] for spender in everybody}) if ranking is not None else frozenset()
        rows: dict[Values, dict[Values, Decimal]] = {}
        for spender in everybody:
            name = OTHER if spender[:2] in others else spender.actor if self._policy.names_people else ""
            row = rows.setdefault(
                (name, spender.actor_type, self._policy.team(spender, teams), spender.customer_type), {}
            )
            for window, by in costs.items():
                if spender in by:
                    row[(window,)] = row.get((window,), _NOTHING) + by[spender]
        for who, row in rows.items():
            yield Group(who, tuple(row), tuple(row.values()))


class CostWindows(View):
    """Billed cost of windows.

    anthropic_cost_window_usd{window="30d",workspace_id="default"} 51234.56
    """

    name = "cost_windows"
    reads = (CostDays, Workspaces)

    def parts(self, held: Held, now: datetime) -> Iterable[Part]:
        """By workspace, with the default one's real id, should the API give it, under its one name."""
        days, workspaces = held(CostDays), held(Workspaces)
        if days is None:
            return
        samples: dict[Values, Decimal] = {}
        for window, costs in sums(days).items():
            for workspace_id, cost in costs.items():
                name = (window, workspaces.label(workspace_id) if workspaces else workspace_id)
                samples[name] = samples.get(name, Decimal()) + cost
        yield Part(family(catalog.COST_WINDOW, samples), (CostDays,))


class WindowDays(View):
    """How many days each window really holds, and on how many of them there was anything.

    anthropic_window_days{window="30d",source="cost"} 30
    anthropic_window_active_days{window="30d",source="cost"} 21
    """

    name = "window_days"
    reads = tuple(_SOURCES.values())

    def parts(self, held: Held, now: datetime) -> Iterable[Part]:
        """Both families, a part for each source."""
        some = {source: days for source, kind in _SOURCES.items() if (days := held(kind)) is not None}
        for source, days in some.items():
            yield _count(catalog.WINDOW_DAYS, source, days, days.by_day)
        for source, days in some.items():
            if not isinstance(days, UsageDays):  # which knows keys, and nothing where usage is not grouped by key
                active = {
                    day for day, by in days.by_day.items() if any(by.values() if isinstance(days, CostDays) else by)
                }
                yield _count(catalog.WINDOW_ACTIVE_DAYS, source, days, active)


def _count(metric: Metric, source: str, days: Days[Any], counted: Container[date]) -> Part:
    counts = {(window, source): sum(day in counted for day in held) for window, held in days.windows.items()}
    return Part(family(metric, counts), (type(days),))
