"""Who calls the Messages API, from when to when, and how: keys of services, the Workbench, OAuth, federation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from random import Random

from exporter.demo import prices
from exporter.demo.chance import identifier, stream, weighted
from exporter.demo.incidents import Calendar
from exporter.demo.keys import ApiKey
from exporter.demo.options import Options
from exporter.demo.people import Person, start_of
from exporter.demo.workspaces import Workspace

NEVER, STOPPED = 4, 7
"""Of every nine active keys of services the fifth is never used, and the eighth not for more than 30 days."""
MODELS = (
    (prices.HAIKU_5_5, 0.34), (prices.SONNET_5_5, 0.3), (prices.OPUS_5_5, 0.16), (prices.VETERAN, 0.1),
    (prices.HAIKU_4_5, 0.06), (prices.OPUS_4_8, 0.04),
)  # fmt: skip
TRAITS = (
    ("batch", 0.2), ("priority", 0.08), ("flex", 0.2), ("long context", 0.12), ("us", 0.25), ("fast", 0.3),
    ("search", 0.2), ("hour", 0.3),
)  # fmt: skip
"""Ways to call the API, and the share of callers that do; of so many services one after the other surely does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One credential, or one kind of use without any, and its habits."""

    id: str
    workspace_id: str | None = None
    api_key_id: str | None = None
    account_id: str | None = None
    service_account_id: str | None = None
    since: datetime
    until: datetime | None = None
    """The instant at which it ended: in the middle of a day for a key that expires."""
    regularity: float = 0.95
    """Share of days with any use."""
    appetite: float
    """Typical amount of use; 1 is a million tokens a day."""
    models: tuple[str, ...]
    traits: frozenset[str] = frozenset()

    def calls_on(self, day: date) -> bool:
        """Whether it can have called on this UTC day."""
        return self.since.date() <= day and (self.until is None or start_of(day) < self.until)


@dataclass(frozen=True)
class Callers:
    """Everybody and everything that calls the Messages API; Claude Code apart, whose work is told elsewhere."""

    options: Options
    anchor: date
    people: Sequence[Person]
    workspaces: Sequence[Workspace]
    keys: Sequence[ApiKey]
    calendar: Calendar

    @cached_property
    def all(self) -> tuple[Caller, ...]:
        """All callers in a fixed order."""
        services = [key for key in self.keys if key.purpose == "service"]
        active = [key.id for key in services if key.status_at(start_of(self.anchor)) == "active"]
        turns = {} if self.options.quiet else {identity: number % 9 for number, identity in enumerate(active)}
        keyed = (
            self._service(key, turns.get(key.id), TRAITS[number % len(TRAITS)][0])
            for number, key in enumerate(services)
        )
        planted = (_planted(key) for key in self.keys if key.purpose == "planted")
        return (*(one for one in keyed if one), *planted, self._workbench(), *self._oauth(), *self._federated())

    @cached_property
    def last_use(self) -> dict[str, datetime]:
        """When the use of keys ends, by their ids."""
        return {one.api_key_id: one.until for one in self.all if one.api_key_id and one.until}

    @cached_property
    def claude_code_workspace(self) -> str:
        """The workspace in which people who pay by use work."""
        return next(one.id for one in self.workspaces if one.name == "Claude Code")

    @cached_property
    def minted(self) -> dict[str, ApiKey]:
        """Keys that were minted for people's Claude Code, by the person's id."""
        return {key.creator.id: key for key in self.keys if key.purpose == "minted" and key.creator}

    def _service(self, key: ApiKey, turn: int | None, trait: str) -> Caller | None:
        """Return a service's key with its habits; None if it is never used."""
        rng, quiet = self._stream(key.id), self.options.quiet
        habits = _habits(rng)
        until = self._end(key, turn, rng)
        if turn == NEVER or (until is not None and until <= key.created_at):
            return None
        return Caller(
            id=key.id, workspace_id=_reported(key.workspace), api_key_id=key.id, since=key.created_at, until=until,
            regularity=rng.choice((0.9, 0.95, 1.0) if quiet else (0.6, 0.9, 1.0)),
            appetite=min(rng.lognormvariate(1, 1.2), 10 if quiet else 60),
            models=habits[0], traits=habits[1] | {trait},
        )  # fmt: skip

    def _end(self, key: ApiKey, turn: int | None, rng: Random) -> datetime | None:
        """Return when a key was last used: when it expired, some time before it was switched off, or weeks ago."""
        today, weeks = start_of(self.anchor), timedelta(days=rng.randint(31, 31 + self.options.days // 5))
        if turn == STOPPED:
            return today - weeks
        if key.state != "active":
            return today - timedelta(days=rng.randint(1, self.options.days))
        if key.expires_at is not None and key.expires_at <= today and rng.random() < 0.3:
            return key.expires_at - weeks
        return key.expires_at

    def _workbench(self) -> Caller:
        """Return what people try in the Console: no key, and always the default workspace."""
        models = (prices.OPUS_5_5, prices.SONNET_5_5)
        return Caller(id="workbench", since=self._ever, regularity=0.8, appetite=0.4, models=models)

    def _oauth(self) -> Iterator[Caller]:
        """Give some developers who call with their own account."""
        developers = [one for one in self.people if one.role == "developer" and one.left_at is None]
        for person in developers[: 1 + self.options.people // 60]:
            rng = self._stream("oauth", person.id)
            models, traits = _habits(rng)
            yield Caller(
                id=f"oauth {person.id}", workspace_id=self._somewhere(rng), account_id=person.id,
                since=person.added_at, regularity=0.6, appetite=rng.uniform(0.2, 2), models=models, traits=traits,
            )  # fmt: skip

    def _federated(self) -> Iterator[Caller]:
        """Give workloads that call as a service account, without any key."""
        known = [key.creator.id for key in self.keys if key.creator and key.creator.type == "service_account"]
        for account in known[:2] or [identifier("svac", self.options.seed, "federated")]:
            rng = self._stream("federated", account)
            models, traits = _habits(rng)
            yield Caller(
                id=f"federated {account}", workspace_id=self._somewhere(rng), service_account_id=account,
                since=self._ever, regularity=1, appetite=rng.uniform(1, 6), models=models, traits=traits,
            )  # fmt: skip

    @property
    def _ever(self) -> datetime:
        return start_of(self.anchor - timedelta(days=self.options.days))

    def _somewhere(self, rng: Random) -> str | None:
        return _reported(rng.choice([one for one in self.workspaces if one.archived_at is None]))

    def _stream(self, *parts: object) -> Random:
        return stream(self.options.seed, "caller", *parts)


def _planted(key: ApiKey) -> Caller:
    """Return a key that is used a little every day, for as long as it works."""
    return Caller(
        id=key.id, workspace_id=_reported(key.workspace), api_key_id=key.id, since=key.created_at,
        until=key.switched_off_at or key.expires_at, regularity=1, appetite=0.2, models=(prices.SONNET_5_5,),
    )  # fmt: skip


def _habits(rng: Random) -> tuple[tuple[str, ...], frozenset[str]]:
    models = dict.fromkeys(weighted(rng, MODELS) for _ in range(rng.randint(1, 2)))
    return tuple(models), frozenset(trait for trait, share in TRAITS if rng.random() < share)


def _reported(workspace: Workspace | None) -> str | None:
    """Return a workspace as reports name it: not at all where it is the default one, or a key has none of its own."""
    return None if workspace is None or workspace.default else workspace.id


def reported_workspace(key: ApiKey) -> str | None:
    """Return the workspace to which the use of a key is reported; None is the default one."""
    return _reported(key.workspace)
