"""API keys of all ages and fates: services, CI, and those minted for people who use Claude Code."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random

from exporter.demo import names
from exporter.demo.chance import identifier, moment, stream, token
from exporter.demo.options import CALM, Options
from exporter.demo.people import Person, start_of
from exporter.demo.workspaces import Workspace


@dataclass(frozen=True, slots=True)
class Creator:
    """Who made a key: a user or a service account."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One API key."""

    id: str
    name: str
    created_at: datetime
    creator: Creator | None
    hint: str | None
    workspace: Workspace | None
    """None for keys scoped to the whole organization."""
    state: str = "active"
    """As an administrator left it: `active`, `inactive`, `archived`, or a status nobody has documented."""
    switched_off_at: datetime | None = None
    """Until when a key in another state was active; None: as long as anybody can remember, it was not."""
    expires_at: datetime | None = None
    principal: str | None = "new"
    """Which of the two disputed shapes `principal` has: `old`, `new`, or None for null."""
    omit: frozenset[str] = field(default_factory=frozenset)
    """Fields that are left out of the JSON, as on keys from before those fields existed."""
    extra: bool = False
    """Whether the JSON also holds fields nobody knows."""
    purpose: str = "service"
    """`service`, `ci` (uses Claude Code by itself), `minted` (for one person's Claude Code), `planted` or `spare`."""

    def status_at(self, now: datetime) -> str:
        """`expired` as soon as an active key's time is over."""
        over = self.expires_at is not None and self.expires_at <= now
        state = "active" if self.switched_off_at is not None and now < self.switched_off_at else self.state
        return "expired" if over and state == "active" else state


def keys(
    options: Options, anchor: date, everybody: Sequence[Person], workspaces: Sequence[Workspace]
) -> tuple[ApiKey, ...]:
    """Return all keys, newest first; expired and archived ones included."""
    maker = _Maker(options, anchor, everybody, workspaces)
    minting = [
        person
        for person in everybody
        if person.habits.regularity and person.habits.customer_type == "api" and person.added_at < maker.newest
    ]
    minted = min(options.api_key_count * 2 // 5, len(minting))
    automatic = min(max(options.api_key_count // 6, 2), 60, options.api_key_count - minted)
    services = options.api_key_count - minted - automatic
    found = [
        *(maker.ci(number) for number in range(automatic)),
        *(maker.service(number) for number in range(services)),
        *(maker.minted(person) for person in _leavers_first(minting)[:minted]),
    ]
    return tuple(sorted(found, key=lambda key: (key.created_at, key.id), reverse=True))


def _leavers_first(everybody: Sequence[Person]) -> list[Person]:
    """Two who left, so that orphaned keys exist, then the others from the oldest on."""
    oldest = list(reversed(everybody))
    leavers = [person for person in oldest if person.left_at is not None][:2]
    return [*leavers, *(person for person in oldest if person not in leavers)]


class _Maker:
    """Makes keys of one organization."""

    def __init__(
        self, options: Options, anchor: date, everybody: Sequence[Person], workspaces: Sequence[Workspace]
    ) -> None:
        self.options = options
        self.today = start_of(anchor)
        self.newest = self.today - CALM if options.quiet else self.today
        able = [person for person in everybody if person.role in ("developer", "admin")] or list(everybody)
        self.developers = [person for person in able if person.added_at < self.newest] or able
        self.leavers = [person for person in everybody if person.left_at is not None]
        self.default = next(workspace for workspace in workspaces if workspace.default)
        self.claude_code = next(workspace for workspace in workspaces if workspace.name == "Claude Code")
        self.services = [
            workspace for workspace in workspaces if workspace.archived_at is None and workspace is not self.claude_code
        ]
        self.ordinary_fates = _CALM_FATES if options.quiet else _FATES
        self.fates = [*self.ordinary_fates, *(_ODD_FATES if options.quirks else ())]

    def ci(self, number: int) -> ApiKey:
        """Return a key whose owner is a machine; the names come in an order that shows the odd ones early."""
        odd = names.ODD_CI_KEYS if self.options.quirks else ()
        invented = [name for pair in zip(names.CI_KEYS, odd, strict=False) for name in pair]
        invented.extend(names.CI_KEYS[len(odd) :])
        name = invented[number] if number < len(invented) else f"ci-{number}"
        rng = self._stream("ci", number)
        creator = Creator("service_account", identifier("svac", name)) if rng.random() < 0.5 else self._developer(rng)
        return replace(self._key(rng, name, creator), purpose="ci")

    def service(self, number: int) -> ApiKey:
        """Return a service's key; the first ones have every fate there is, the others ordinary ones."""
        rng = self._stream("service", number)
        odd = names.ODD_KEYS if self.options.quirks else ()
        name = odd[number // 3] if number % 3 == 1 and number // 3 < len(odd) else _service_name(rng)
        key = self._key(rng, name, self._developer(rng))
        if number < len(self.fates):
            return self._fated(key, self.fates[number], rng)
        return self._fated(key, rng.choice(self.ordinary_fates), rng) if rng.random() < 0.4 else key

    def minted(self, person: Person) -> ApiKey:
        """Return the key that a person's first sign-in to Claude Code made."""
        rng = self._stream("minted", person.id)
        created = moment(rng, person.added_at, min(person.added_at + timedelta(days=9), self.newest))
        name = f"claude_code_key_{person.email.partition('@')[0]}_{token(4, person.id)}"
        key = replace(
            self._key(rng, name, Creator("user", person.id)),
            created_at=max(created, person.added_at), workspace=self.claude_code, purpose="minted",
        )  # fmt: skip
        if self.options.quiet:
            key = replace(key, expires_at=None)
        if person.left_at and (self.options.quiet or rng.random() < 0.4):
            return replace(key, state="archived", switched_off_at=person.left_at)
        return key

    def _key(self, rng: Random, name: str, creator: Creator | None) -> ApiKey:
        quiet = self.options.quiet
        serial = (self.options.seed, name, rng.getrandbits(64))
        return ApiKey(
            id=identifier("apikey", *serial),
            name=name,
            created_at=moment(rng, self.today - timedelta(days=1250), self.newest - timedelta(days=1)),
            creator=creator,
            hint=f"sk-ant-api03-{token(3, *serial)}...{token(4, 'end', *serial)}" if rng.random() < 0.9 else None,
            workspace=rng.choice(self.services),
            expires_at=moment(rng, self.today + timedelta(days=60 if quiet else 5), self.today + timedelta(days=400))
            if quiet or rng.random() < 0.35
            else None,
            principal=rng.choice(("old", "new", None)) if creator else None,
        )

    def _fated(self, key: ApiKey, fate: str, rng: Random) -> ApiKey:
        old = moment(rng, self.today - timedelta(days=1250), self.today - timedelta(days=700))
        changes: dict[str, dict[str, object]] = {
            "inactive": {"state": "inactive"},
            "archived": {"state": "archived"},
            "expired": {"created_at": old, "expires_at": moment(rng, old + timedelta(days=30), self.today)},
            "expiring": {"expires_at": self.today + timedelta(days=rng.randint(1, 6), hours=rng.randint(0, 23))},
            "expiring in hours": {"expires_at": self.today + timedelta(hours=36)},
            "never": {"created_at": old, "expires_at": None},
            "orphaned": {"creator": self._leaver(rng) or key.creator, "created_at": old},
            "service account": {
                "creator": Creator("service_account", identifier("svac", key.id)),
                "principal": rng.choice(("old", "new")),
            },
            "nobody": {"creator": None, "principal": None},
            "organization": {"workspace": None},
            "default": {"workspace": self.default},
            "suspended": {"state": "suspended"},
            "no expiry field": {"created_at": old, "expires_at": None, "omit": frozenset({"expires_at", "principal"})},
            "no scope": {"created_at": old, "omit": frozenset({"scope"})},
            "no scope, default": {"created_at": old, "workspace": self.default, "omit": frozenset({"scope"})},
            "unknown fields": {"extra": True},
            "expired lately": {
                "created_at": old,
                "expires_at": moment(rng, self.today - timedelta(days=self.options.days / 2), self.today),
            },
            "expired long ago": {
                "created_at": old,
                "expires_at": moment(rng, old + timedelta(days=30), self.today - 3 * CALM),
            },
        }
        return replace(key, **changes[fate])  # type: ignore[arg-type]

    def _developer(self, rng: Random) -> Creator:
        return Creator("user", rng.choice(self.developers).id)

    def _leaver(self, rng: Random) -> Creator | None:
        return Creator("user", rng.choice(self.leavers).id) if self.leavers else None

    def _stream(self, *parts: object) -> Random:
        return stream(self.options.seed, "key", *parts)


_FATES = (
    "expiring", "expired", "organization", "default", "orphaned", "never", "inactive", "archived", "service account",
    "nobody", "expiring in hours", "expired lately",
)  # fmt: skip
_CALM_FATES = ("organization", "default", "inactive", "archived", "service account", "nobody", "expired long ago")
_ODD_FATES = ("suspended", "no expiry field", "no scope", "no scope, default", "unknown fields")


def _service_name(rng: Random) -> str:
    return f"{rng.choice(names.SERVICES)}-{rng.choice(names.STAGES)}"


def ci_keys(everything: Sequence[ApiKey]) -> Iterator[ApiKey]:
    """Give the keys that use Claude Code by themselves."""
    return (key for key in everything if key.purpose == "ci")
