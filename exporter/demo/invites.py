"""Invitations: accepted by newcomers, pending, expired and deleted ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from exporter.demo.chance import identifier, moment, stream
from exporter.demo.options import CALM, Options
from exporter.demo.people import CONSOLE_ROLES, Person, start_of

LIFETIME = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Invite:
    """One invitation; it is pending until something happens or 21 days have passed."""

    id: str
    email: str
    role: str
    invited_at: datetime
    accepted_at: datetime | None = None
    ended: str | None = None
    """A status that overrules the clock: `deleted`, or one nobody has documented."""
    ended_at: datetime | None = None
    """Since when it has that status."""
    old: bool = False
    """Whether it is shown as before 2026-07, without `accepted_at` and `rbac_group_ids`."""

    @property
    def expires_at(self) -> datetime:
        """When it lapses if nobody accepts it."""
        return self.invited_at + LIFETIME

    def status_at(self, now: datetime) -> str:
        """Return `accepted`, `deleted`, `expired` or `pending`."""
        if self.ended is not None and self.ended_at is not None and self.ended_at <= now:
            return self.ended
        if self.accepted_at is not None and self.accepted_at <= now:
            return "accepted"
        return "expired" if self.expires_at <= now else "pending"


def invites(options: Options, anchor: date, everybody: Sequence[Person]) -> tuple[Invite, ...]:
    """Return all invitations, most recent first."""
    found = [*_accepted(options, anchor, everybody), *_open(options, anchor), *_over(options, anchor)]
    return tuple(sorted(found, key=lambda invite: (invite.invited_at, invite.id), reverse=True))


def _accepted(options: Options, anchor: date, everybody: Sequence[Person]) -> Iterator[Invite]:
    since = start_of(anchor - timedelta(days=options.days + 120))
    for person in everybody:
        if person.added_at < since:
            continue
        rng = stream(options.seed, "accepted", person.id)
        invited = moment(rng, person.added_at - timedelta(days=9), person.added_at)
        yield Invite(
            identifier("invite", person.id), person.email, person.role, invited, person.added_at,
            old=options.quirks and rng.random() < 0.1,
        )  # fmt: skip


def _open(options: Options, anchor: date) -> Iterator[Invite]:
    """Pending ones; the first lapses 30 hours after the anchor, and where all is quiet none for 12 days."""
    for number in range(2 + options.people // 40):
        rng = stream(options.seed, "pending", number)
        today = start_of(anchor)
        recent = moment(rng, today - timedelta(days=9 if options.quiet else 18), today)
        urgent = not number and not options.quiet
        yield _stranger(options, "pending", number, today + timedelta(hours=30) - LIFETIME if urgent else recent)


def _over(options: Options, anchor: date) -> Iterator[Invite]:
    """Those that lapsed, and those that were deleted before they could."""
    long_ago, lately = start_of(anchor - timedelta(days=300)), start_of(anchor - timedelta(days=25))
    if options.quiet:
        lately -= CALM
    for number in range(1 + options.people // 25):
        yield _stranger(options, "lapsed", number, moment(stream(options.seed, "lapsed", number), long_ago, lately))
    for number in range(1 + options.people // 60):
        rng = stream(options.seed, "deleted", number)
        yield _stranger(options, "deleted", number, moment(rng, long_ago, lately), ended="deleted")
    if options.quirks:
        yield _stranger(options, "revoked", 0, lately, ended="revoked")


def _stranger(options: Options, kind: str, number: int, invited_at: datetime, *, ended: str | None = None) -> Invite:
    role = stream(options.seed, kind, number, "role").choice(CONSOLE_ROLES[:3])
    email = f"{kind}.{number}@example.org"
    ended_at = invited_at + timedelta(days=1 + number % 20) if ended else None
    return Invite(
        identifier("invite", options.seed, kind, number), email, role, invited_at, ended=ended, ended_at=ended_at
    )
