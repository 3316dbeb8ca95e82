"""Workspaces, and who belongs to them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from exporter.demo import names
from exporter.demo.chance import identifier, moment, stream, weighted
from exporter.demo.options import Options
from exporter.demo.people import Person, start_of

ROLES = (
    ("workspace_developer", 5.0),
    ("workspace_user", 4.0),
    ("workspace_restricted_developer", 1.0),
    ("workspace_admin", 0.7),
    ("workspace_billing", 0.3),
)


@dataclass(frozen=True, slots=True)
class Member:
    """One membership."""

    person: Person
    role: str


@dataclass(frozen=True, slots=True)
class Workspace:
    """One workspace; the default one is real but not listed unless asked for."""

    id: str
    name: str
    created_at: datetime
    archived_at: datetime | None
    color: str
    members: tuple[Member, ...]
    default: bool = False
    details: str = "new"
    """`new` ones show all fields, `old` ones none of those that came in 2026, `odd` ones some nobody knows."""

    def archived_by(self, now: datetime) -> bool:
        """Whether it is archived at this instant."""
        return self.archived_at is not None and self.archived_at <= now

    def members_at(self, now: datetime) -> tuple[Member, ...]:
        """Those who are in the organization at this instant."""
        return tuple(member for member in self.members if member.person.member_at(now))


def workspaces(options: Options, anchor: date, everybody: Sequence[Person]) -> tuple[Workspace, ...]:
    """Return all workspaces, newest first; archived ones and the default one included."""
    archived = names.ARCHIVED_WORKSPACES if options.people >= 50 else names.ARCHIVED_WORKSPACES[:1]
    found = [
        *(_workspace(options, anchor, everybody, name) for name in _names(options)),
        *(_workspace(options, anchor, everybody, name, archived=True) for name in archived),
        _default(options, anchor),
    ]
    return tuple(sorted(found, key=lambda workspace: (workspace.created_at, workspace.id), reverse=True))


def _names(options: Options) -> Iterator[str]:
    """As many names as there are active listed workspaces, "Claude Code" first."""
    odd = names.ODD_WORKSPACES if options.quirks else ()
    invented = ["Claude Code", *names.WORKSPACES[:5], *odd, *names.WORKSPACES[5:]]
    for number in range(options.workspace_count):
        yield invented[number] if number < len(invented) else f"Project {number}"


def _workspace(
    options: Options, anchor: date, everybody: Sequence[Person], name: str, *, archived: bool = False
) -> Workspace:
    rng = stream(options.seed, "workspace", name)
    first, last = start_of(anchor - timedelta(days=900)), start_of(anchor - timedelta(days=options.days + 30))
    created = moment(rng, min(first, last - timedelta(days=1)), last)
    return Workspace(
        id=identifier("wrkspc", options.seed, name),
        name=name,
        created_at=created,
        archived_at=moment(rng, created, start_of(anchor)) if archived else None,
        color=rng.choice(names.COLORS),
        members=tuple(_members(rng, everybody, claude_code=name == "Claude Code")),
        details=rng.choice(("new", "new", "old", "odd")) if options.quirks else "new",
    )


def _members(rng: Random, everybody: Sequence[Person], *, claude_code: bool) -> Iterator[Member]:
    share = rng.uniform(0.05, 0.4)
    for person in everybody:
        if claude_code:
            if person.role in ("claude_code_user", "developer", "admin"):
                yield Member(person, "workspace_admin" if person.role == "admin" else "workspace_user")
        elif rng.random() < share:
            yield Member(person, weighted(rng, ROLES))


def _default(options: Options, anchor: date) -> Workspace:
    founded = start_of(anchor - timedelta(days=1300))
    name = identifier("wrkspc", options.seed, "default workspace")
    return Workspace(name, "Default", founded, None, "#9A9A9A", (), default=True)
