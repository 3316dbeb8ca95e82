"""The JSON of every resource and report row, as the API reference describes it.

API reference, pages of the Admin API: organization, users, invites, workspaces, workspace members, API keys, and the
Claude Code usage report. Where the reference leaves two forms open, both occur.
"""

from datetime import UTC, datetime

from exporter.demo.activity import Day, ModelUse, Record
from exporter.demo.invites import Invite
from exporter.demo.keys import ApiKey
from exporter.demo.people import Person
from exporter.demo.prices import CENT
from exporter.demo.workspaces import Member, Workspace

Json = dict[str, object]
RENAMED = "2026-10-21"
"""The API version in which keys lost their top-level `workspace_id`."""


def timestamp(instant: datetime | None) -> str | None:
    """Return RFC 3339 with microseconds, and `Z` for UTC."""
    return None if instant is None else instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _by(instant: datetime | None, now: datetime) -> str | None:
    """Return when something happened, if it has."""
    return timestamp(instant) if instant is not None and instant <= now else None


def user(person: Person, now: datetime) -> Json:
    """Return one row of /users."""
    return {
        "id": person.id,
        "type": "user",
        "email": person.email,
        "name": person.name,
        "role": person.role_at(now),
        "added_at": timestamp(person.added_at),
    }


def invite(one: Invite, now: datetime) -> Json:
    """Return one row of /invites."""
    row: Json = {
        "id": one.id,
        "type": "invite",
        "email": one.email,
        "role": one.role,
        "status": one.status_at(now),
        "invited_at": timestamp(one.invited_at),
        "expires_at": timestamp(one.expires_at),
    }
    if not one.old:
        row |= {"accepted_at": _by(one.accepted_at, now), "rbac_group_ids": []}
    return row


def workspace(one: Workspace, now: datetime) -> Json:
    """Return one row of /workspaces."""
    row: Json = {
        "id": one.id,
        "type": "workspace",
        "name": one.name,
        "created_at": timestamp(one.created_at),
        "archived_at": _by(one.archived_at, now),
        "display_color": one.color,
    }
    if one.details == "old":
        return row
    row |= {
        "data_residency": {
            "workspace_geo": "us",
            "default_inference_geo": "global",
            "allowed_inference_geos": ["us", "global"] if one.default else "unrestricted",
        },
        "tags": {} if one.default else {"cost-center": one.id[-3:]},
        "compartment_id": None if one.default else f"cmpt_{one.id[-8:]}",
        "external_key_id": None,
        "user_profile_id": None,
    }
    return row | {"tier": {"name": "silver", "limits": [1, 2, 3]}} if one.details == "odd" else row


def workspace_member(one: Workspace, member: Member) -> Json:
    """Return one row of /workspaces/{workspace_id}/members."""
    return {
        "type": "workspace_member",
        "user_id": member.person.id,
        "workspace_id": one.id,
        "workspace_role": member.role,
    }


def api_key(key: ApiKey, now: datetime, version: str) -> Json:
    """Return one row of /api_keys in the form of an API version."""
    row: Json = {
        "id": key.id,
        "type": "api_key",
        "name": key.name,
        "status": key.status_at(now),
        "created_at": timestamp(key.created_at),
        "expires_at": timestamp(key.expires_at),
        "created_by": None if key.creator is None else {"id": key.creator.id, "type": key.creator.type},
        "partial_key_hint": key.hint,
        "principal": _principal(key),
        "scope": _scope(key),
    }
    omitted = key.omit
    if version == RENAMED:
        omitted -= {"scope"}
    else:
        listed = key.workspace is not None and not key.workspace.default
        row["workspace_id"] = key.workspace.id if listed and key.workspace else None
    if key.extra:
        row |= {"last_rotated_by": {"type": "policy", "ids": [1, None]}, "labels": ["a", "b"]}
    return {name: value for name, value in row.items() if name not in omitted}


def _principal(key: ApiKey) -> Json | None:
    """Whom the key acts as, in one of the two forms that different sources describe."""
    if key.creator is None or key.principal is None:
        return None
    if key.principal == "old":
        return {"id": key.creator.id, "type": key.creator.type}
    return {"type": f"{key.creator.type}_actor", f"{key.creator.type}_id": key.creator.id}


def _scope(key: ApiKey) -> Json:
    if key.workspace is None:
        return {"type": "organization"}
    return {"type": "workspace", "workspace_id": key.workspace.id}


def claude_code_rows(day: Day, organization_id: str) -> list[Json]:
    """Return the rows of /usage_report/claude_code for what is known of a day."""
    midnight = f"{day.date.isoformat()}T00:00:00Z"
    return [_claude_code_row(record, midnight, organization_id) for record in day.claude_code]


def _claude_code_row(record: Record, midnight: str, organization_id: str) -> Json:
    label = "email_address" if record.actor.kind == "user" else "api_key_name"
    row: Json = {
        "date": midnight[:10] if record.plain_date else midnight,
        "organization_id": organization_id,
        "actor": {
            "type": "user_actor" if record.actor.kind == "user" else "api_actor",
            label: record.actor.label,
            **_unknown(record, {"display": {"avatar": None}}),
        },
        "customer_type": record.customer_type,
        "subscription_type": record.subscription_type,
        "is_remote": record.remote,
        "terminal_type": record.terminal,
        "core_metrics": {
            "num_sessions": record.sessions,
            "lines_of_code": {
                "added": record.lines_added,
                "removed": record.lines_removed,
                **_unknown(record, {"moved": 4}),
            },
            "commits_by_claude_code": record.commits,
            "pull_requests_by_claude_code": record.pull_requests,
            **_unknown(record, {"reviews_by_claude_code": 2}),
        },
        "tool_actions": {
            use.tool: {"accepted": use.accepted, "rejected": use.rejected, **_unknown(record, {"edited": 1})}
            for use in record.tools
        },
        "model_breakdown": [_model(use, record) for use in record.models],
        **_unknown(record, {"editor_version": [1, 2, {"beta": True}]}),
    }
    return {name: value for name, value in row.items() if name not in record.omit}


def _model(use: ModelUse, record: Record) -> Json:
    return {
        "model": use.model,
        "tokens": {
            "input": use.input,
            "output": use.output,
            "cache_read": use.cache_read,
            "cache_creation": use.cache_creation,
            **_unknown(record, {"reasoning": 11}),
        },
        "estimated_cost": {"amount": _cents(use.cost), "currency": "USD", **_unknown(record, {"basis": "list"})},
        **_unknown(record, {"speed": "standard"}),
    }


def _cents(millionths: int) -> int | float:
    """Return cents as a JSON number, whole ones without a fraction."""
    return millionths // CENT if millionths % CENT == 0 else millionths / CENT


def _unknown(record: Record, fields: Json) -> Json:
    return fields if record.extra else {}
