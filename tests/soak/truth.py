"""What the service shows when the clock stands still, against the simulator's exact truth."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from math import isclose
from typing import Any, NamedTuple

from exporter.days import day_start, report_day
from exporter.windows import windows
from tests.promql import ERROR_OF_A_SUM, sums
from tests.service import ask
from tests.soak.trouble import TEAMS

SETTLE = timedelta(hours=2)
KEPT_DAYS = 62
SOURCES = ("claude_code", "usage", "cost")
Amounts = Mapping[Any, Any]


class Wanted(NamedTuple):
    """Sums of a metric by some of its labels."""

    metric: str
    by: tuple[str, ...]
    amounts: Amounts
    window: str = ""


class Truth:
    """What the simulator says at `now`, and which of it is to be found where."""

    def __init__(self, api: str, now: datetime, letters: Mapping[str, str]) -> None:
        self._api = api
        self._now = now
        self._letters = letters
        self._last = report_day(now, SETTLE)

    def wanted(self) -> Iterator[Wanted]:
        """Everything that is compared: of two labels, sums are named by both values in alphabetical order."""
        yield from self._claude_code()
        yield from self._usage("", self._last)
        yield from self._usage("_today", self._now.date())
        yield from self._cost()
        yield from self._windows()
        yield from self._budgets()
        yield from self._inventory()
        start = day_start(self._last).timestamp()
        for source in SOURCES:
            yield Wanted(f"anthropic_{source}_report_day_timestamp_seconds", (), {"": start})

    def _day(self, day: date) -> Any:
        return ask(f"{self._api}/simulator/truth?day={day}")

    def _sums(self, first: date, last: date) -> Any:
        return ask(f"{self._api}/simulator/truth?since={first}&until={last}")

    def _claude_code(self) -> Iterator[Wanted]:
        day, today = self._day(self._last), self._day(self._now.date())
        name = "anthropic_claude_code"
        for metric in ("sessions", "commits", "pull_requests"):
            yield Wanted(f"{name}_{metric}", (), {"": day[metric]})
        yield Wanted(f"{name}_sessions", ("actor",), day["sessions_by_actor"])
        yield Wanted(f"{name}_lines_of_code", ("change",), day["lines"])
        yield Wanted(f"{name}_tokens", ("token_type",), day["tokens"])
        yield Wanted(f"{name}_tokens", ("model", "token_type"), _pairs(day["tokens_by_model"]))
        yield Wanted(f"{name}_tool_actions", ("tool", "decision"), _pairs(day["tool_actions"]))
        for metric, told in ((f"{name}_estimated_cost_usd", day), (f"{name}_today_estimated_cost_usd", today)):
            yield Wanted(metric, ("actor",), told["cost_usd_by_actor"])
            yield Wanted(metric, ("model",), told["cost_usd_by_model"])
        yield Wanted(f"{name}_today_sessions", ("actor",), today["sessions_by_actor"])

    def _usage(self, today: str, day: date) -> Iterator[Wanted]:
        usage = self._day(day)["usage"]
        metric = f"anthropic_usage{today}_tokens"
        for label in ("workspace", "model", "service_tier"):
            name = "workspace_id" if label == "workspace" else label
            yield Wanted(metric, (name, "token_type"), _pairs(usage[f"tokens_by_{label}"]))
        keys = {key or "none": sum(counts.values()) for key, counts in usage["tokens_by_api_key"].items()}
        yield Wanted(metric, ("api_key_id",), keys)
        searches = usage["web_search_requests_by_workspace"]
        yield Wanted(f"anthropic_usage{today}_web_search_requests", ("workspace_id",), searches)

    def _cost(self) -> Iterator[Wanted]:
        for metric, day in (("anthropic_cost_usd", self._last), ("anthropic_cost_today_usd", self._now.date())):
            cost = self._day(day)["cost"]
            yield Wanted(metric, ("workspace_id",), cost["usd_by_workspace"])
            yield Wanted(metric, ("model",), cost["usd_by_model"])
            yield Wanted(metric, ("cost_type",), cost["usd_by_cost_type"])

    def _windows(self) -> Iterator[Wanted]:
        actors = "anthropic_claude_code_window_estimated_cost_usd"
        for name, (first, last) in windows(self._last).items():
            told = self._sums(first, last)
            yield Wanted("anthropic_cost_window_usd", ("workspace_id",), told["cost_usd_by_workspace"], name)
            yield Wanted(actors, ("actor",), told["estimated_cost_usd_by_actor"], name)
            days = dict.fromkeys(SOURCES, (last - first).days + 1)
            yield Wanted("anthropic_window_days", ("source",), days, name)
        for name, length in (("1d", 1), ("7d", 7), ("30d", 30)):
            told = self._sums(self._last - timedelta(days=length - 1), self._last)
            yield Wanted("anthropic_claude_code_active_actors", ("actor_type",), told["active_actors"], name)
        used = self._sums(self._last - timedelta(days=KEPT_DAYS - 1), self._last)["key_last_used_day"]
        instants = {key: day_start(date.fromisoformat(day)).timestamp() for key, day in used.items()}
        yield Wanted("anthropic_api_key_last_used_day_timestamp_seconds", ("api_key_id",), instants)

    def _budgets(self) -> Iterator[Wanted]:
        today = self._now.date()
        month = self._sums(today.replace(day=1), today)
        actors = {actor: float(usd) for actor, usd in month["estimated_cost_usd_by_actor"].items()}
        spent = {
            team: sum(usd for actor, usd in actors.items() if "@" in actor and actor[0] in self._letters[team])
            for team in TEAMS
        }
        spent |= {"all": float(month["cost_usd"]), "default": float(month["cost_usd_by_workspace"]["default"])}
        yield Wanted("anthropic_budget_spent_usd", ("budget",), spent)

    def _inventory(self) -> Iterator[Wanted]:
        told = self._day(self._last)["organization"]
        yield Wanted("anthropic_members", ("role",), told["members"])
        yield Wanted("anthropic_invites", ("status", "role"), _pairs(told["invites"]))
        yield Wanted("anthropic_workspaces", ("state",), told["workspaces"])
        yield Wanted("anthropic_workspace_members", ("workspace_id", "role"), _pairs(told["workspace_members"]))
        yield Wanted("anthropic_api_keys", ("status", "workspace_id"), _pairs(told["api_keys_by_workspace"]))


def _pairs(groups: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, ...], Any]:
    return {tuple(sorted((one, other))): amount for one, some in groups.items() for other, amount in some.items()}


def differences(query: Any, wanted: Wanted, job: str) -> list[str]:
    """Where what Prometheus last scraped differs from it, in words; what is nothing may be missing."""
    window = f',window="{wanted.window}"' if wanted.window else ""
    metric = f'{wanted.metric}{{job="{job}"{window}}}'
    found = sums(query, metric, *wanted.by) if wanted.by else {"": query(f"sum({metric})").get((), 0)}
    return [
        f"{metric} of {name}: {found.get(name, 0)} instead of {want}"
        for name in found.keys() | wanted.amounts.keys()
        for want in [float(wanted.amounts.get(name, 0))]
        if not isclose(found.get(name, 0), want, rel_tol=ERROR_OF_A_SUM)
    ]
