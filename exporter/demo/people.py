"""The people of the organization: who they are, when they came and left, and how they work."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from exporter.demo import names
from exporter.demo.chance import identifier, moment, stream, weighted
from exporter.demo.options import CALM, Options
from exporter.demo.traffic import DAY_SECONDS

CONSOLE_ROLES = ("user", "claude_code_user", "developer", "billing", "admin")
ENTERPRISE_ROLES = ("user", "managed", "owner", "membership_admin", "primary_owner")
TERMINALS = (
    ("vscode", 30.0), ("iTerm.app", 12.0), ("tmux", 10.0), ("cursor", 10.0), ("Apple_Terminal", 6.0),
    ("WarpTerminal", 5.0), ("ghostty", 5.0), ("pycharm", 4.0), ("intellij", 4.0), ("goland", 3.0),
    ("windows-terminal", 3.0), ("wsl-Ubuntu", 3.0), ("xterm-256color", 2.0), ("ssh-session", 2.0),
    ("gnome-terminal", 2.0), ("kitty", 2.0), ("non-interactive", 2.0),
)  # fmt: skip
REGIONS = (("europe", 5.0), ("america", 4.0), ("asia", 2.0))
MORNINGS = {"europe": 7, "america": 14, "asia": 0}  # hours UTC


@dataclass(frozen=True, slots=True)
class Habits:
    """How somebody works on an ordinary day."""

    regularity: float
    """Share of working days with any use; 0 for those who never use it."""
    appetite: float
    """Typical amount of work; 1 costs a few dollars a day, a few people have 30."""
    acceptance: float
    """Share of proposed edits that are accepted."""
    region: str
    terminals: tuple[str, ...]
    """Most used first."""
    remote: float
    """Chance that a day also has a remote session."""
    customer_type: str
    subscription_type: str | None
    curious: bool
    """Whether they try a new model as soon as it is there."""


@dataclass(frozen=True, slots=True)
class Person:
    """One member, or somebody who was one."""

    id: str
    email: str
    name: str
    role: str
    added_at: datetime
    left_at: datetime | None
    habits: Habits
    admin_at: datetime | None = None
    """When they became an admin, if they were not always one."""

    def role_at(self, now: datetime) -> str:
        """Return the role that /users shows at this instant."""
        return "admin" if self.admin_at is not None and self.admin_at <= now else self.role

    def member_at(self, now: datetime) -> bool:
        """Whether /users lists them at this instant."""
        return self.added_at <= now and (self.left_at is None or now < self.left_at)

    def employed_on(self, day: date) -> bool:
        """Whether they can have worked on this UTC day."""
        return self.added_at.date() <= day and (self.left_at is None or day <= self.left_at.date())


def people(options: Options, anchor: date) -> tuple[Person, ...]:
    """Return everybody, most recently added first.

    `options.people` are members at the anchor; those who left within the history come on top.
    """
    spellings = _spellings(options)
    assigned = _roles(options)
    everybody = [
        _person(options, anchor, number, name, next(assigned))
        for number, name in zip(range(options.people + options.people // 25), spellings, strict=False)
    ]
    return tuple(sorted(everybody, key=lambda person: (person.added_at, person.id), reverse=True))


def start_of(day: date) -> datetime:
    """Return midnight UTC at which a day begins."""
    return datetime.combine(day, time(), UTC)


def hours_since(instant: datetime, day: date, hours: tuple[int, int]) -> tuple[int, int]:
    """Return from which second of a UTC day to which something lasts that cannot begin before an instant."""
    first = min(int((instant - start_of(day)).total_seconds()), DAY_SECONDS - 1)
    start = max(hours[0], first)
    return start, max(hours[1], start + 1)


def _spellings(options: Options) -> Iterator[tuple[str, str]]:
    """Endless different (name, e-mail) pairs."""
    every = [(first, last) for first in names.FIRST for last in names.LAST]
    stream(options.seed, "names").shuffle(every)
    round_number = 1
    while True:
        suffix = "" if round_number == 1 else str(round_number)
        for first, last in every:
            local = f"{first}.{last}{suffix}".lower()
            yield f"{first} {last}", f"{local if options.quirks else _ascii(local)}@example.com"
        round_number += 1


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o"))
    return plain.encode("ascii", "ignore").decode()


def _roles(options: Options) -> Iterator[str]:
    """Roles by number: the newest admin first, then a realistic shape, then the most common one for ever."""
    count = options.people
    yield from ["admin"] * (1 + count // 50)
    yield from ["billing"] * (count // 80)
    if options.quirks and count >= 50:
        yield from ("auditor", "membership_admin")
    yield from ["user"] * (count // 12)
    yield from ["developer"] * (count // 4)
    while True:
        yield "claude_code_user"


def _person(options: Options, anchor: date, number: int, name: tuple[str, str], role: str) -> Person:
    rng = stream(options.seed, "person", number)
    leaver = number >= options.people
    first_day, today = start_of(anchor - timedelta(days=options.days)), start_of(anchor)
    long_ago = first_day - timedelta(days=1100)
    before = min(first_day, today - CALM) if options.quiet else first_day
    if number == 0 and options.people >= 10 and not options.quiet:
        added = today - timedelta(days=2, hours=-9, microseconds=427722)
    elif rng.random() < 0.1 and not leaver and options.people > 3 and not (options.quiet and role == "admin"):
        added = moment(rng, first_day, today)
    else:
        added = moment(rng, long_ago, before)
    left = moment(rng, first_day + timedelta(days=options.days * 0.3), today) if leaver else None
    return Person(identifier("user", options.seed, number), name[1], name[0], role, added, left, _habits(rng, options))


def _habits(rng: Random, options: Options) -> Habits:
    never = rng.random() < 0.12
    appetite = min(rng.lognormvariate(0, 0.9) * (6 if rng.random() < 0.03 else 1), 30)
    customer = "subscription" if rng.random() < 0.3 else "api"
    return Habits(
        regularity=0.0 if never else max(rng.betavariate(4, 1.5), 0.6 if options.quiet else 0),
        appetite=appetite,
        acceptance=rng.uniform(0.6, 0.98),
        region=weighted(rng, REGIONS),
        terminals=tuple(dict.fromkeys(weighted(rng, TERMINALS) for _ in range(rng.randint(1, 3)))),
        remote=rng.choice((0, 0, 0, 0.1, 0.3)),
        customer_type=customer,
        subscription_type=rng.choice(("team", "team", "team", "enterprise", None)) if customer != "api" else None,
        curious=rng.random() < 0.25,
    )
