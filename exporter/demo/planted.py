"""What incidents make of people, invites and keys; without any, all stays as it is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from exporter.demo.chance import identifier
from exporter.demo.incidents import Calendar
from exporter.demo.invites import LIFETIME, Invite
from exporter.demo.keys import ApiKey, Creator
from exporter.demo.people import Person, start_of
from exporter.demo.workspaces import Workspace

DAY = timedelta(days=1)
JUMP = 15
"""Keys that are made within an hour."""


def people(calendar: Calendar, everybody: Sequence[Person]) -> tuple[Person, ...]:
    """Return everybody; some of long standing leave or become admins: developers first, and fewer where few are."""
    standing = [one for one in reversed(everybody) if one.role != "admin" and one.left_at is None]
    chosen = iter(sorted(standing, key=lambda one: one.role != "developer"))
    leaves = zip(calendar.days("orphaned-key"), chosen, strict=False)
    changed = {one.id: replace(one, left_at=_ten(day)) for day, one in leaves}
    rises = zip(calendar.days("admin-added"), chosen, strict=False)
    changed |= {one.id: replace(one, admin_at=_ten(day)) for day, one in rises}
    return tuple(changed.get(one.id, one) for one in everybody)


def invites(calendar: Calendar, seed: int) -> Iterator[Invite]:
    """Give invites that nobody accepts."""
    for number, day in enumerate(calendar.days("invite-expiring")):
        invited = _noon(day) + 2 * DAY - LIFETIME
        yield Invite(identifier("invite", seed, "planted", number), f"planted.{number}@example.org", "user", invited)


def keys(calendar: Calendar, seed: int, everybody: Sequence[Person], workspace: Workspace) -> Iterator[ApiKey]:
    """Give keys of which one thing is to be said each; they are named after it, and of the workspace given."""
    staying = [person for person in reversed(everybody) if person.left_at is None]
    maker = next(person for person in staying if person.role in ("admin", "developer"))
    for kind, changes in KEYS.items():
        for number, day in enumerate(calendar.days(kind)):
            leaver = next((person for person in everybody if person.left_at == _ten(day)), maker)
            for turn in range(JUMP if kind == "keys-jump" else 1):
                key = ApiKey(
                    id=identifier("apikey", seed, "planted", kind, number, turn),
                    name=f"{kind}-{turn + 1}" if kind == "keys-jump" else kind,
                    created_at=_noon(day) - 200 * DAY, expires_at=_noon(day) + 300 * DAY, hint=None,
                    creator=Creator("user", leaver.id if kind == "orphaned-key" else maker.id),
                    workspace=workspace, purpose="planted",
                )  # fmt: skip
                yield replace(key, **changes(day, turn))  # type: ignore[arg-type]


def _ten(day: date) -> datetime:
    return datetime.combine(day, time(10), UTC)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


KEYS: dict[str, Callable[[date, int], dict[str, object]]] = {
    "key-created": lambda day, _: {"created_at": _ten(day)},
    "key-never-expires": lambda day, _: {"created_at": _noon(day) - 400 * DAY, "expires_at": None},
    "key-expiring": lambda day, _: {
        "expires_at": _noon(day) + 2 * DAY, "state": "archived", "switched_off_at": start_of(day) + 2 * DAY,
    },
    "expired-key-used": lambda day, _: {"expires_at": _noon(day)},
    "orphaned-key": lambda _, __: {},
    "unused-key": lambda day, _: {"created_at": _noon(day) - 60 * DAY, "purpose": "spare"},
    "keys-jump": lambda day, turn: {"created_at": _ten(day) + turn * timedelta(minutes=3, seconds=47)},
}  # fmt: skip
"""In which way a key of each kind differs from one that works well for many months to come."""
