"""Tokens of the Messages API: the report day, and the running day so far.

How the API is asked (`read_days`) and what is exported (`usage_families`) know of each other only `UsageDay`, so that
another endpoint can give the same days.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from datetime import date

from exporter import catalog
from exporter.api import wire
from exporter.catalog import Metric
from exporter.exposition import Family, Group
from exporter.labels import label
from exporter.model import DEFAULT_WORKSPACE, Day, Tokens, UsageDay, UsageDays, UsageOpen, Workspaces
from exporter.policy import Policy
from exporter.polls.base import Held, Reading
from exporter.polls.report import OpenPoll, ReportPoll, empty_days, rows_by_day

_TOKEN_TYPES = tuple((name,) for name in Tokens.__struct_fields__[:-1])
_ALONE = ((),)
_NULL = {"workspace_id": DEFAULT_WORKSPACE, "api_key_id": "none"}
"""What null means where it is grouped by: the default workspace; the Console and OAuth, which need no key."""


async def read_days(
    reading: Reading, group_by: tuple[str, ...], first: date, last: date, *, hidden: Container[str] = ()
) -> list[UsageDay]:
    """The days from `first` to `last`, both included; `hidden` dimensions are empty in them.

    GET /v1/organizations/usage_report/messages.
    """
    endpoint = replace(wire.USAGE, beta="fast-mode-2026-02-01") if "speed" in group_by else wire.USAGE
    days: dict[date, dict[tuple[str, ...], Tokens]] = empty_days(first, last)
    async for day, row in rows_by_day(reading, endpoint, {"group_by[]": group_by}, first, last):
        key = tuple(["" if name in hidden else label(getattr(row, name) or _NULL.get(name, "")) for name in group_by])
        tokens = days[day].get(key)
        if tokens is None:
            tokens = days[day][key] = Tokens()
        _add(tokens, row)
    return [UsageDay(day, by) for day, by in days.items()]


def hidden(policy: Policy) -> frozenset[str]:
    """The dimensions that are people."""
    return frozenset() if policy.names_people else frozenset({"account_id"})


def _add(tokens: Tokens, row: wire.UsageRow) -> None:
    tokens.uncached_input += row.uncached_input_tokens or 0
    tokens.output += row.output_tokens or 0
    tokens.cache_read += row.cache_read_input_tokens or 0
    if written := row.cache_creation:
        tokens.cache_creation_5m += written.ephemeral_5m_input_tokens or 0
        tokens.cache_creation_1h += written.ephemeral_1h_input_tokens or 0
    if row.server_tool_use:
        tokens.web_search_requests += row.server_tool_use.web_search_requests or 0


def usage_families(
    tokens: Metric, searches: Metric, group_by: tuple[str, ...], day: Day[tuple[str, ...], Tokens], held: Held
) -> Iterable[Family]:
    """The day's tokens and web searches, by the dimensions that were asked for."""
    by = _with_default(day.by, group_by, held(Workspaces))
    groups = [Group(key, _TOKEN_TYPES, _counts(used)) for key, used in by.items()]
    yield Family(replace(tokens, labels=(*group_by, "token_type")), groups)
    searched = [Group(key, _ALONE, (used.web_search_requests,)) for key, used in by.items()]
    yield Family(replace(searches, labels=group_by), searched)


def _counts(used: Tokens) -> tuple[int, ...]:
    return used.uncached_input, used.output, used.cache_read, used.cache_creation_5m, used.cache_creation_1h


def _with_default(
    by: Mapping[tuple[str, ...], Tokens], group_by: tuple[str, ...], workspaces: Workspaces | None
) -> Mapping[tuple[str, ...], Tokens]:
    """`by` with the default workspace's real id, should the API give it, under its one name."""
    if "workspace_id" not in group_by or workspaces is None or workspaces.default_id is None:
        return by
    place = group_by.index("workspace_id")
    if not any(key[place] == workspaces.default_id for key in by):
        return by
    merged: dict[tuple[str, ...], Tokens] = {}
    for key, used in by.items():
        name = (*key[:place], workspaces.label(key[place]), *key[place + 1 :])
        before = merged.get(name, Tokens())
        merged[name] = Tokens(*(getattr(before, f) + getattr(used, f) for f in Tokens.__struct_fields__))
    return merged


class UsagePoll(ReportPoll[UsageDay]):
    """Tokens of the report day. GET /v1/organizations/usage_report/messages.

    anthropic_usage_tokens{workspace_id="default",api_key_id="apikey_1",model="claude-opus-5-5",
        service_tier="standard",context_window="0-200k",token_type="uncached_input"} 56100
    anthropic_usage_web_search_requests{workspace_id="default",api_key_id="apikey_1",…} 3
    anthropic_usage_report_day_timestamp_seconds 1.7e+09
    """

    name = "usage"
    reads = (Workspaces,)
    model = UsageDay
    content = tuple[tuple[str, ...], Tokens]
    kept = UsageDays
    kept_content = tuple[str, None]
    days_at_once = 7
    report_day = catalog.USAGE_REPORT_DAY

    @property
    def shape(self) -> str:
        """The dimensions belong to it."""
        return f"{self.format} {','.join(name for name in self.group_by if name not in hidden(self.policy))}"

    async def read(self, reading: Reading, first: date, last: date) -> list[UsageDay]:
        """All buckets of these days."""
        return await read_days(reading, self.group_by, first, last, hidden=hidden(self.policy))

    def digest(self, day: UsageDay) -> Mapping[str, None]:
        """The keys that were used."""
        if "api_key_id" not in self.group_by:
            return {}
        place = self.group_by.index("api_key_id")
        return {key[place]: None for key, used in day.by.items() if used != Tokens()}

    def families(self, model: UsageDay, held: Held) -> Iterable[Family]:
        """Tokens and web searches."""
        return usage_families(catalog.USAGE_TOKENS, catalog.USAGE_SEARCHES, self.group_by, model, held)


class UsageTodayPoll(OpenPoll[UsageOpen]):
    """Tokens so far in the running UTC day. GET /v1/organizations/usage_report/messages.

    anthropic_usage_today_tokens{…} 41000
    anthropic_usage_today_web_search_requests{…} 1
    """

    name = "usage_today"
    reads = (Workspaces,)

    async def fetch(self, reading: Reading) -> UsageOpen:
        """Read the running day: nothing needs the other open one."""
        _, running = self.open_days(reading.now)
        days = await read_days(reading, self.group_by, running, running, hidden=hidden(self.policy))
        return UsageOpen(tuple(days))

    def families(self, model: UsageOpen, held: Held) -> Iterable[Family]:
        """Tokens and web searches."""
        return usage_families(
            catalog.USAGE_TODAY_TOKENS, catalog.USAGE_TODAY_SEARCHES, self.group_by, model.running, held
        )
