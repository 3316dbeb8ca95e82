"""What each endpoint of the Admin API answers: parameters in, one page of JSON out."""

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from exporter.demo import parameters, wire
from exporter.demo.errors import ApiError, bad_request
from exporter.demo.organization import Organization
from exporter.demo.pages import BY_CURSOR, BY_ID, Cursor, decode, id_page
from exporter.demo.parameters import Query, Rules, one_of

INVITE_STATUSES = ("accepted", "expired", "pending")
KEY_STATUSES = ("active", "inactive", "archived", "expired")
MOST_IDS = 100
KEPT_DAYS = 12
"""Days whose encoded rows are kept; some 4 MB each for 3,000 people."""
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Call:
    """One request that may be answered."""

    organization: Organization
    query: Query
    now: datetime
    version: str
    workspace_id: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One good answer: its JSON, the number of the page in its walk, and the cursor to what follows it."""

    body: bytes
    page: int = 1
    onward: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path, the parameters it takes and what answers it."""

    name: str
    path: str
    rules: Callable[[Organization], Rules]
    answer: Callable[[Call], Reply]


def encoded(document: object) -> bytes:
    """Return JSON as the API sends it: compact, UTF-8."""
    return ENCODER.encode(document).encode()


def me(call: Call) -> Reply:
    """GET /me: id and name of the organization."""
    return Reply(encoded({"id": call.organization.id, "type": "organization", "name": call.organization.name}))


def users(call: Call) -> Reply:
    """GET /users: members, most recently added first."""
    wanted = _wanted(call.query)
    shown = [one for one in call.organization.members_at(call.now) if wanted(one.email, one.role)]
    return _list(call, call.organization.people, shown, lambda one: one.id, wire.user)


def invites(call: Call) -> Reply:
    """GET /invites: invitations of every age, newest first."""
    wanted, statuses = _wanted(call.query), call.query.texts("statuses[]")
    shown = [
        one
        for one in call.organization.invites
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
        for one in call.organization.workspaces
        if (one.archived_at is None or call.query.flag("include_archived"))
        and (not one.default or call.query.flag("include_default"))
        and (ids is None or one.id in ids)
    ]
    return _list(call, call.organization.workspaces, shown, lambda one: one.id, wire.workspace)


def workspace_members(call: Call) -> Reply:
    """GET /workspaces/{workspace_id}/members: the cursor is the user's id. The default workspace has no such list."""
    found = (one for one in call.organization.workspaces if one.id == call.workspace_id and not one.default)
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
        for one in call.organization.keys
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


class Reports:
    """Reports by day; the encoded rows of the latest days asked for are kept, which makes their pages cheap."""

    def __init__(self) -> None:
        self._rows: OrderedDict[tuple[str, date, datetime], list[bytes]] = OrderedDict()

    def claude_code(self, call: Call) -> Reply:
        """GET /usage_report/claude_code: one UTC day, a row per actor and place."""
        day, limit, organization = call.query.day("starting_at"), call.query.limit, call.organization
        text = call.query.text("page")
        if text is None:
            cursor = Cursor(organization.id, day, limit, organization.boundary(day, call.now), 0)
        else:
            cursor = decode(text, organization.id, day, limit)
        rows = self._encoded_rows(organization, day, cursor.boundary)
        end = min(cursor.offset + limit, len(rows))
        onward = Cursor(organization.id, day, limit, cursor.boundary, end).encode()
        has_more = end < len(rows)
        tail = b'],"has_more":%s,"next_page":%s' % (encoded(has_more), encoded(onward if has_more else None))
        if organization.options.quirks:
            tail += b',"data_through":' + encoded(wire.timestamp(cursor.boundary))
        body = b'{"data":[' + b",".join(rows[cursor.offset : end]) + tail + b"}"
        return Reply(body, 1 + -(-cursor.offset // limit), onward)

    def _encoded_rows(self, organization: Organization, day: date, boundary: datetime) -> list[bytes]:
        place = (organization.id, day, boundary)
        if place not in self._rows:
            known = organization.known(day, boundary)
            self._rows[place] = [encoded(row) for row in wire.claude_code_rows(known, organization.id)]
        self._rows.move_to_end(place)
        while len(self._rows) > KEPT_DAYS:
            self._rows.popitem(last=False)
        return self._rows[place]


def endpoints() -> tuple[Endpoint, ...]:
    """Return every endpoint there is; a new report is one more line here and one more method of `Reports`."""
    base, reports = "/v1/organizations", Reports()
    flags: Rules = {"include_archived": parameters.flag, "include_default": parameters.flag, "ids[]": parameters.text}
    keys: Rules = {
        "status": one_of(*KEY_STATUSES),
        "workspace_id": parameters.text,
        "created_by_user_id": parameters.text,
    }
    day: Rules = {"starting_at": parameters.day}
    return (
        Endpoint("me", f"{base}/me", lambda _: {}, me),
        Endpoint("users", f"{base}/users", lambda one: {**BY_ID, **_people(one)}, users),
        Endpoint("invites", f"{base}/invites", lambda one: {**BY_ID, **_people(one), **_STATUSES}, invites),
        Endpoint("workspaces", f"{base}/workspaces", lambda _: {**BY_ID, **flags}, workspaces),
        Endpoint(
            "workspace_members", f"{base}/workspaces/{{workspace_id}}/members", lambda _: {**BY_ID}, workspace_members
        ),
        Endpoint("api_keys", f"{base}/api_keys", lambda _: {**BY_ID, **keys}, api_keys),
        Endpoint(
            "claude_code", f"{base}/usage_report/claude_code", lambda _: {**BY_CURSOR, **day}, reports.claude_code
        ),
    )


_STATUSES: Rules = {"statuses[]": one_of(*INVITE_STATUSES)}


def _people(organization: Organization) -> Rules:
    return {"email": parameters.text, "roles[]": one_of(*organization.roles)}
