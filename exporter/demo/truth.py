"""Exact totals, computed from the activity and the inventory themselves: what a reader of the API must arrive at.

Money is whole millionths of a dollar until it is written, as a decimal text in US dollars.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from exporter.demo.activity import Day, ModelUse, Record
from exporter.demo.keys import ApiKey
from exporter.demo.organization import TRAFFIC_HELD_BACK, Organization
from exporter.demo.truth_traffic import cost_totals, usage_totals

Json = dict[str, object]
TOKENS = ("input", "output", "cache_read", "cache_creation")


def truth(organization: Organization, day: date, now: datetime) -> Json:
    """Return the totals of a UTC day as far as the API tells at this instant, and of the inventory now."""
    told, recent = organization.told(day, now), organization.told(day, now, TRAFFIC_HELD_BACK)
    traffic = organization.traffic_known(day, recent)
    until = {"boundary": recent.boundary.isoformat()}
    return {
        "day": day.isoformat(),
        "boundary": told.boundary.isoformat(),
        **totals(organization.known(day, told)),
        "usage": {**until, **usage_totals(traffic)},
        "cost": {**until, **cost_totals(traffic)},
        "organization": inventory(organization, now),
    }


def totals(day: Day) -> Json:
    """Return the totals of what is known of a day."""
    records = day.claude_code
    uses = [use for record in records for use in record.models]
    return {
        "rows": len(records),
        "actors": len({(record.actor.kind, record.actor.name) for record in records}),
        "sessions": sum(record.sessions for record in records),
        "lines": {
            "added": sum(record.lines_added for record in records),
            "removed": sum(record.lines_removed for record in records),
        },
        "commits": sum(record.commits for record in records),
        "pull_requests": sum(record.pull_requests for record in records),
        "tool_actions": _tools(records),
        "tokens": _tokens(uses),
        "tokens_by_model": {model: _tokens(some) for model, some in _by_model(uses).items()},
        "cost_usd": _dollars(uses),
        "cost_usd_by_model": {model: _dollars(some) for model, some in _by_model(uses).items()},
        "sessions_by_actor": {
            label: sum(record.sessions for record in some) for label, some in _by_actor(records).items()
        },
        "cost_usd_by_actor": {
            label: _dollars(use for record in some for use in record.models)
            for label, some in _by_actor(records).items()
        },
    }


def _by_actor(records: Iterable[Record]) -> dict[str, list[Record]]:
    groups: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        groups[record.actor.name].append(record)
    return dict(groups)


def _by_model(uses: Iterable[ModelUse]) -> dict[str, list[ModelUse]]:
    groups: defaultdict[str, list[ModelUse]] = defaultdict(list)
    for use in uses:
        groups[use.model].append(use)
    return dict(groups)


def _tools(records: Iterable[Record]) -> dict[str, dict[str, int]]:
    accepted: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for record in records:
        for use in record.tools:
            accepted[use.tool.removesuffix("_tool")] += use.accepted
            rejected[use.tool.removesuffix("_tool")] += use.rejected
    return {tool: {"accepted": accepted[tool], "rejected": rejected[tool]} for tool in accepted}


def _tokens(uses: Iterable[ModelUse]) -> dict[str, int]:
    counts: Counter[str] = Counter(dict.fromkeys(TOKENS, 0))
    for use in uses:
        for kind in TOKENS:
            counts[kind] += getattr(use, kind)
    return dict(counts)


def _dollars(uses: Iterable[ModelUse]) -> str:
    return f"{Decimal(sum(use.cost for use in uses)).scaleb(-6):f}"


def inventory(organization: Organization, now: datetime) -> Json:
    """Return counts of members, invites, workspaces and keys at this instant."""
    invites, keys = organization.invites_at(now), organization.keys_at(now)
    workspaces = organization.workspaces_at(now)
    archived = sum(workspace.archived_by(now) for workspace in workspaces)
    return {
        "id": organization.id,
        "name": organization.name,
        "default_workspace_id": organization.default_workspace.id,
        "members": dict(Counter(person.role_at(now) for person in organization.members_at(now))),
        "invites": _nested((invite.status_at(now), invite.role) for invite in invites),
        "workspaces": {"active": len(workspaces) - archived, "archived": archived},
        "workspace_members": {
            workspace.id: dict(Counter(member.role for member in workspace.members_at(now)))
            for workspace in workspaces
            if not workspace.archived_by(now) and not workspace.default
        },
        "api_keys": dict(Counter(key.status_at(now) for key in keys)),
        "api_keys_by_workspace": _nested((key.status_at(now), workspace_label(key)) for key in keys),
    }


def workspace_label(key: ApiKey) -> str:
    """Return where a key counts: `default`, `organization`, or the id of its workspace."""
    if key.workspace is None:
        return "organization"
    return "default" if key.workspace.default else key.workspace.id


def _nested(pairs: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    groups: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for outer, inner in pairs:
        groups[outer][inner] += 1
    return {outer: dict(inner) for outer, inner in groups.items()}
