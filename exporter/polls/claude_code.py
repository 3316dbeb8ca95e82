"""Claude Code analytics: the report day, and the running day so far."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from exporter import catalog
from exporter.api import wire
from exporter.catalog import USAGE_DIMENSIONS
from exporter.days import DAY
from exporter.exposition import Family, Group, Number, Values, family
from exporter.folding import OTHER, RANKED_DAYS, Ranker, Ranking
from exporter.labels import label
from exporter.model import (
    Activity,
    ClaudeCodeDay,
    ClaudeCodeDays,
    ClaudeCodeOpen,
    Day,
    ModelUse,
    Proposals,
    Spender,
    Who,
    add,
)
from exporter.policy import Policy
from exporter.polls.base import Held, Reading
from exporter.polls.report import OpenPoll, ReportPoll
from exporter.teams import Teams
from exporter.windows import span

_ACTOR_TYPES = {"user_actor": "user", "api_actor": "api_key"}
_TOKEN_TYPES = ("input", "output", "cache_read", "cache_creation")


async def read_day(reading: Reading, day: date, policy: Policy) -> ClaudeCodeDay:
    """One UTC day. The API wants a plain date and gives several rows for one actor: they are summed."""
    by: dict[Who, Activity] = {}
    people: dict[Spender, Decimal] = {}
    text, teams = day.isoformat(), reading.held(Teams)

    def take(record: wire.ClaudeCodeRecord) -> None:
        if record.date[:10] != text:
            reading.skip("wrong_type", "a record of another day")
            return
        who = _who(record)
        costs, activity = policy.rows(who, teams)
        spent = _add_models(_of(by, costs), record, reading)
        _add_activity(_of(by, activity), record)
        if not policy.names_people:
            spender = policy.spender(who, costs)
            people[spender] = people.get(spender, _NOTHING) + spent

    await reading.each(wire.CLAUDE_CODE, {"starting_at": text}, take)
    return ClaudeCodeDay(day, by, None if policy.names_people else people)


def _of(by: dict[Who, Activity], who: Who) -> Activity:
    activity = by.get(who)
    if activity is None:
        activity = by[who] = Activity()
    return activity


def _who(record: wire.ClaudeCodeRecord) -> Who:
    """Who it is, with the name as the API gives it."""
    actor = record.actor
    return Who(
        (actor.email_address or "").casefold() or actor.api_key_name or "",
        _ACTOR_TYPES.get(actor.type) or label(actor.type.removesuffix("_actor")),
        label(record.customer_type or ""),
        label(record.subscription_type or ""),
        label(record.terminal_type or "unknown"),
        "" if record.is_remote is None else str(record.is_remote).lower(),
    )


def _add_activity(activity: Activity, record: wire.ClaudeCodeRecord) -> None:
    if core := record.core_metrics:
        activity.sessions += core.num_sessions or 0
        activity.commits += core.commits_by_claude_code or 0
        activity.pull_requests += core.pull_requests_by_claude_code or 0
        if lines := core.lines_of_code:
            activity.lines_added += lines.added or 0
            activity.lines_removed += lines.removed or 0
    for name, actions in (record.tool_actions or {}).items():
        if actions:
            proposals = Proposals(actions.accepted or 0, actions.rejected or 0)
            add(activity.tools, label(name.removesuffix("_tool")), proposals)


def _add_models(activity: Activity, record: wire.ClaudeCodeRecord, reading: Reading) -> Decimal:
    """Add tokens and costs. The dollars of all models together."""
    spent = _NOTHING
    for used in record.model_breakdown or ():
        tokens, money = used.tokens or _NO_TOKENS, used.estimated_cost
        cost = reading.dollars(money.amount, money.currency, "estimated_cost") if money else None
        use = ModelUse(tokens.input or 0, tokens.output or 0, tokens.cache_read or 0, tokens.cache_creation or 0, cost)
        add(activity.models, label(used.model), use)
        spent += cost or 0
    return spent


class ClaudeCodePoll(ReportPoll[ClaudeCodeDay]):
    """Claude Code on the report day. GET /v1/organizations/usage_report/claude_code.

    anthropic_claude_code_sessions{actor="ann@example.com",actor_type="user",customer_type="api",
        subscription_type="",terminal="vscode",remote="false"} 4
    anthropic_claude_code_lines_of_code{…,change="added"} 310
    anthropic_claude_code_commits{…} 3
    anthropic_claude_code_pull_requests{…} 1
    anthropic_claude_code_tool_actions{…,tool="edit",decision="accepted"} 21
    anthropic_claude_code_tokens{…,model="claude-sonnet-5-5",token_type="input"} 41000
    anthropic_claude_code_estimated_cost_usd{…,model="claude-sonnet-5-5"} 0.47
    anthropic_claude_code_report_day_timestamp_seconds 1.7e+09
    """

    name = "claude_code"
    reads = (Teams, Ranking)
    format = 2
    model = ClaudeCodeDay
    content = tuple[Who, Activity]
    kept = ClaudeCodeDays
    kept_content = tuple[Spender, Decimal]
    report_day = catalog.CLAUDE_CODE_REPORT_DAY

    def __init__(
        self, settle: timedelta, group_by: Iterable[str] = USAGE_DIMENSIONS, policy: Policy | None = None
    ) -> None:
        super().__init__(settle, group_by, policy)
        self._ranker = Ranker(self.policy.most_actors)

    @property
    def teams_when_read(self) -> bool:
        """Where nobody knows later any more who it was."""
        return self.policy.teams_when_read

    @property
    def shape(self) -> str:
        """How people appear belongs to it."""
        return f"{self.format} {self.policy.shape}".rstrip()

    async def read(self, reading: Reading, first: date, last: date) -> list[ClaudeCodeDay]:
        """One walk for each day."""
        return [await read_day(reading, day, self.policy) for day in span(first, last)]

    def digest(self, day: ClaudeCodeDay) -> Mapping[Spender, Decimal]:
        """Dollars by spender."""
        return spent(day) if day.people is None else day.people

    def encode(self, day: ClaudeCodeDay, digest: Mapping[Spender, Decimal]) -> bytes:
        """With the spenders that are exported, and no others."""
        return super().encode(day, digest if day.people is None else spent(day))

    def incomplete(self, digest: Mapping[Spender, Decimal], age: timedelta) -> bool:
        """Whether nobody knows any more how many people these were, which windows of 30 days tell."""
        return age < RANKED_DAYS * DAY and not people_known(digest, self.policy)

    def beside(self, days: ClaudeCodeDays) -> Iterable[object]:
        """Who keeps a name."""
        if self.policy.names_anybody:
            yield self._ranker.rank(days)

    def families(self, model: ClaudeCodeDay, held: Held) -> Iterable[Family]:
        """All numbers of the day."""
        by = _exported(model, held, self.policy)
        acting = [(who[:-1], did) for who, did in by.items() if who[-1] != "costs"]
        paying = [(who[:-1], did) for who, did in by.items() if who[-1] != "activity"]
        yield Family(catalog.SESSIONS, (Group(who, _ALONE, (did.sessions,)) for who, did in acting))
        yield Family(catalog.LINES, (Group(who, _CHANGES, (did.lines_added, did.lines_removed)) for who, did in acting))
        yield Family(catalog.COMMITS, (Group(who, _ALONE, (did.commits,)) for who, did in acting))
        yield Family(catalog.PULL_REQUESTS, (Group(who, _ALONE, (did.pull_requests,)) for who, did in acting))
        yield Family(catalog.TOOL_ACTIONS, (_tool_actions(who, did) for who, did in acting))
        yield Family(catalog.TOKENS, (_tokens(who, did) for who, did in paying))
        yield Family(catalog.ESTIMATED_COST, (_costs(who, did) for who, did in paying))


def people_known(digest: Mapping[Spender, Decimal], policy: Policy) -> bool:
    """Whether the spenders of a day are told apart: where none is named, a kept day has only their sum."""
    return policy.names_people or all(spender.actor for spender in digest)


def _exported(day: Day[Who, Activity], held: Held, policy: Policy) -> Mapping[Values, Activity]:
    """The rows under their labels, and whether they have costs, activity or both; folded actors are summed up."""
    teams, ranking = held(Teams), held(Ranking)
    others = ranking.others({who[:2] for who in day.by}) if ranking is not None else frozenset()
    rows: dict[Values, Activity] = {}
    for who, did in day.by.items():
        if who[:2] in others:
            name = (OTHER, who.actor_type, policy.team(who, teams), *who[2:6], who.part)
            rows[name] = did + rows[name] if name in rows else did
        else:
            rows[(*who[:2], policy.team(who, teams), *who[2:6], who.part)] = did
    return rows


_NOTHING = Decimal()
_NO_TOKENS = wire.ModelTokens(0, 0, 0, 0)
_ALONE = ((),)
_CHANGES = (("added",), ("removed",))


def _tool_actions(who: Values, did: Activity) -> Group:
    counts = [count for both in did.tools.values() for count in (both.accepted, both.rejected)]
    return Group(who, _tool_labels(tuple(did.tools)), counts)


def _tokens(who: Values, did: Activity) -> Group:
    counts = [
        count for use in did.models.values() for count in (use.input, use.output, use.cache_read, use.cache_creation)
    ]
    return Group(who, _token_labels(tuple(did.models)), counts)


def _costs(who: Values, did: Activity) -> Group:
    costs = {(model,): use.cost for model, use in did.models.items() if use.cost is not None}
    return Group(who, tuple(costs), tuple(costs.values()))


@lru_cache(1024)
def _tool_labels(tools: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple((tool, decision) for tool in tools for decision in ("accepted", "rejected"))


@lru_cache(1024)
def _token_labels(models: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple((model, token_type) for model in models for token_type in _TOKEN_TYPES)


class ClaudeCodeTodayPoll(OpenPoll[ClaudeCodeOpen]):
    """Claude Code so far in the running UTC day; gone at midnight. GET /v1/organizations/usage_report/claude_code.

    anthropic_claude_code_today_sessions{actor="ann@example.com",actor_type="user",customer_type="api"} 2
    anthropic_claude_code_today_estimated_cost_usd{actor="ann@example.com",actor_type="user",customer_type="api",
        model="claude-sonnet-5-5"} 0.21
    """

    name = "claude_code_today"
    reads = (Teams, Ranking)

    async def fetch(self, reading: Reading) -> ClaudeCodeOpen:
        """Read the open days, the running one last."""
        days = span(*self.open_days(reading.now))
        return ClaudeCodeOpen(tuple([await read_day(reading, day, self.policy) for day in days]))

    def families(self, model: ClaudeCodeOpen, held: Held) -> Iterable[Family]:
        """Sessions and cost by actor."""
        sessions: dict[Values, Number] = {}
        costs: dict[Values, Decimal] = {}
        for who, did in _exported(model.running, held, self.policy).items():
            actor = who[:4]
            if who[-1] != "costs":
                sessions[actor] = sessions.get(actor, 0) + did.sessions
            for name, cost in _priced(did):
                costs[*actor, name] = costs.get((*actor, name), _NOTHING) + cost
        yield family(catalog.TODAY_SESSIONS, sessions)
        yield family(catalog.TODAY_ESTIMATED_COST, costs)


def spent(day: Day[Who, Activity]) -> dict[Spender, Decimal]:
    """Dollars of a day by spender, none for those who spent nothing."""
    totals: dict[Spender, Decimal] = {}
    for who, did in day.by.items():
        if who.part == "activity":
            continue
        spender = Spender(*who[:3], who.team)
        total = totals.get(spender, _NOTHING)
        for _, cost in _priced(did):
            total += cost
        totals[spender] = total
    return totals


def _priced(did: Activity) -> Iterator[tuple[str, Decimal]]:
    for name, use in did.models.items():
        if use.cost is not None:
            yield name, use.cost
