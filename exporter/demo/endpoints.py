"""What each endpoint of the Admin API answers: parameters in, one page of JSON out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from exporter.demo import parameters, ranges, wire
from exporter.demo.answers import Call, Reply, encoded
from exporter.demo.errors import ApiError, bad_request
from exporter.demo.organization import Organization
from exporter.demo.pages import BY_CURSOR, BY_ID, id_page
from exporter.demo.parameters import Query, Rules, one_of
from exporter.demo.reports import Reports

INVITE_STATUSES = ("accepted", "expired", "pending")
KEY_STATUSES = ("active", "inactive", "archived", "expired")
MOST_IDS = 100
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path, the parameters it takes and what answers it."""

    name: str
    path: str
    rules: Callable[[Organization], Rules]
    answer: Callable[[Call], Reply]
    running: Callable[[Mapping[str, str], date], bool] = lambda _params, _day: False
    """Whether a request tells about the running UTC day, which has an endpoint's name of its own for faults."""


def me(call: Call) -> Reply:
    """GET /me: id and name of the organization."""
    return Reply(encoded({"id": call.organization.id, "type": "organization", "name": call.organization.name}))


def users(call: Call) -> Reply:
    """GET /users: members, most recently added first."""
    wanted = _wanted(call.query)
    shown = [one for one in call.organization.members_at(call.now) if wanted(one.email, one.role_at(call.now))]
    return _list(call, call.organization.people, shown, lambda one: one.id, lambda one: wire.user(one, call.now))


def invites(call: Call) -> Reply:
    """GET /invites: invitations of every age, newest first."""
    wanted, statuses = _wanted(call.query), call.query.texts("statuses[]")
    shown = [
        one
        for one in call.organization.invites_at(call.now)
        if wanted(one.email, one.role) and (statuses is None or one.status_at(call.now) in statuses)
    ]
    return _list(call, call.organization.invites, shown, lambda one: one.id, lambda one: wire.invite(one, call.now))


def workspaces(call: Call) -> Reply:
    """GET /workspaces: archived ones and the default one only when asked for."""
    ids = call.query.values.get("ids[]")
    if ids is not None and len(ids) > MOST_IDS:
        raise bad_request(f"ids[]: at most {MOST_IDS} may be given")
    shown = [
        one
        for one in call.organization.workspaces_at(call.now)
        if (not one.archived_by(call.now) or call.query.flag("include_archived"))
        and (not one.default or call.query.flag("include_default"))
        and (ids is None or one.id in ids)
    ]
    return _list(
        call, call.organization.workspaces, shown, lambda one: one.id, lambda one: wire.workspace(one, call.now)
    )


def workspace_members(call: Call) -> Reply:
    """GET /workspaces/{workspace_id}/members: the cursor is the user's id. The default workspace has no such list."""
    known = call.organization.workspaces_at(call.now)
    found = (one for one in known if one.id == call.workspace_id and not one.default)
    workspace = next(found, None)
    if workspace is None:
        raise ApiError(404, f"Workspace {call.workspace_id} not found")
    return _list(
        call,
        workspace.members,
        workspace.members_at(call.now),
        lambda one: one.person.id,
        lambda one: wire.workspace_member(workspace, one),
    )


def api_keys(call: Call) -> Reply:
    """GET /api_keys: keys in every state, newest first."""
    status, workspace, creator = (call.query.text(name) for name in ("status", "workspace_id", "created_by_user_id"))
    shown = [
        one
        for one in call.organization.keys_at(call.now)
        if (status is None or one.status_at(call.now) == status)
        and (workspace is None or (one.workspace is not None and one.workspace.id == workspace))
        and (creator is None or (one.creator is not None and one.creator.id == creator))
    ]
    return _list(
        call, call.organization.keys, shown, lambda one: one.id, lambda one: wire.api_key(one, call.now, call.version)
    )


def _wanted(query: Query) -> Callable[[str, str], bool]:
    """Return the filter by e-mail, in any letter case and with any plus address, and by role."""
    email, roles = query.text("email"), query.texts("roles[]")
    mailbox = None if email is None else _mailbox(email)
    return lambda address, role: (mailbox is None or _mailbox(address) == mailbox) and (roles is None or role in roles)


def _mailbox(email: str) -> str:
    local, at, domain = email.casefold().partition("@")
    return local.partition("+")[0] + at + domain


def _list(
    call: Call,
    everything: Sequence[Row],
    shown: Sequence[Row],
    identify: Callable[[Row], str],
    write: Callable[[Row], wire.Json],
) -> Reply:
    """Answer with one page of a list that is walked by id."""
    rows = {identify(row): row for row in shown}
    page = id_page([identify(row) for row in everything], rows, call.query)
    document = page.envelope([write(rows[one]) for one in page.ids])
    if call.organization.options.quirks:
        document["as_of"] = wire.timestamp(call.now)
    return Reply(encoded(document), page.number)


def endpoints() -> tuple[Endpoint, ...]:
    """Return every endpoint there is; a new report is one more line in `_reports` and one more method of `Reports`."""
    base = "/v1/organizations"
    flags: Rules = {"include_archived": parameters.flag, "include_default": parameters.flag, "ids[]": parameters.text}
    keys: Rules = {
        "status": one_of(*KEY_STATUSES),
        "workspace_id": parameters.text,
        "created_by_user_id": parameters.text,
    }
    return (
        Endpoint("me", f"{base}/me", lambda _: {}, me),
        Endpoint("users", f"{base}/users", lambda one: {**BY_ID, **_people(one)}, users),
        Endpoint("invites", f"{base}/invites", lambda one: {**BY_ID, **_people(one), **_STATUSES}, invites),
        Endpoint("workspaces", f"{base}/workspaces", lambda _: {**BY_ID, **flags}, workspaces),
        Endpoint(
            "workspace_members", f"{base}/workspaces/{{workspace_id}}/members", lambda _: {**BY_ID}, workspace_members
        ),
        Endpoint("api_keys", f"{base}/api_keys", lambda _: {**BY_ID, **keys}, api_keys),
        *_reports(base, Reports()),
    )


def _reports(base: str, reports: Reports) -> tuple[Endpoint, ...]:
    day: Rules = {**BY_CURSOR, "starting_at": parameters.day}
    return (
        Endpoint(
            "claude_code", f"{base}/usage_report/claude_code", lambda _: day, reports.claude_code,
            lambda params, running: params.get("starting_at") == running.isoformat(),
        ),
        Endpoint(
            "usage", f"{base}/usage_report/messages", lambda _: ranges.USAGE, reports.usage, ranges.covers
        ),
        Endpoint("cost", f"{base}/cost_report", lambda _: ranges.COST, reports.cost, ranges.covers),
    )  # fmt: skip


_STATUSES: Rules = {"statuses[]": one_of(*INVITE_STATUSES)}


def _people(organization: Organization) -> Rules:
    return {"email": parameters.text, "roles[]": one_of(*organization.roles)}
