"""How people appear: by e-mail, by a keyed hash, by their team, or not at all.

It is applied where the API is read, so that nothing behind that - series, ledger, history, pages - knows more than is
exported. API keys that act are named here too: minted ones are named after people.
"""

import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretBytes

from exporter.errors import SettingsError
from exporter.labels import label
from exporter.model import Spender, Who
from exporter.teams import Teams

Naming = Literal["email", "hash", "team", "none"]
Droppable = Literal["customer_type", "subscription_type", "terminal", "remote"]

LEAST_KEY_BYTES = 16
_MOST_KEY_BYTES = 64 * 1024
_PEOPLE: frozenset[Naming] = frozenset({"email", "hash"})


class Policy:
    """What the settings `labels.*` ask for. `actor` is for costs, tokens, members and keys, `activity` for the rest."""

    def __init__(
        self,
        actor: Naming = "email",
        activity: Naming | None = None,
        *,
        hash_key: bytes = b"",
        drop: Iterable[Droppable] = (),
        least_team: int = 1,
        most_actors: int = 10_000,
    ) -> None:
        self.actor: Naming = actor
        self.activity: Naming = activity or actor
        self.least_team = least_team
        self.most_actors = most_actors
        self._hash_key = SecretBytes(hash_key)
        self._own_key = SecretBytes(secrets.token_bytes(32))
        self._drop: dict[str, Any] = dict.fromkeys(sorted(drop))
        self._only_email = self.actor == self.activity == "email"
        self.teams_when_read = not self._only_email or least_team > 1
        """Whether a row gets its team when it is read: later nobody knows any more who it was."""

    @property
    def names_people(self) -> bool:
        """Whether there are series per member."""
        return self.actor in _PEOPLE

    @property
    def names_active_people(self) -> bool:
        """Whether there are series per member that tell of activity."""
        return self.names_people and self.activity in _PEOPLE

    @property
    def names_anybody(self) -> bool:
        """Whether the series of Claude Code, or a part of them, are of single actors."""
        return not _PEOPLE.isdisjoint((self.actor, self.activity))

    @property
    def shape(self) -> str:
        """What kept days depend on: those that were read under another policy are not to be kept. No secret in it."""
        words = [] if self._only_email else [f"actor={self.actor}", f"activity={self.activity}"]
        if "hash" in (self.actor, self.activity):
            words.append(f"key={self._keyed(self._hash_key, 'fingerprint of the key')}")
        if self.least_team > 1:
            words.append(f"least={self.least_team}")
        return " ".join([*words, *(f"-{name}" for name in self._drop)])

    def name(self, text: str) -> str:
        """A person's e-mail, or an API key's name, as the label of the member or the key; it may be empty."""
        return self._named(self.actor, text)

    def known_as(self, text: str) -> str:
        """What somebody is called in memory, to be recognized on other days.

        The name that is exported; if none is, a pseudonym that nobody outside this process can make, nor it after
        a restart.
        """
        for naming in (self.actor, self.activity):
            if naming in _PEOPLE:
                return self._named(naming, text)
        return self._keyed(self._own_key, text)

    def hashed(self, text: str) -> str:
        """16 hex digits of HMAC-SHA256, the same for every letter case of `text`."""
        return self._keyed(self._hash_key, text)

    def rows(self, who: Who, teams: Teams | None) -> tuple[Who, Who]:
        """What somebody's costs, and what the activity is exported as; `who` has the name as the API gives it."""
        dropped = who._replace(**self._drop) if self._drop else who
        if not self.teams_when_read:
            name = label(who.actor)
            row = dropped if name is who.actor else dropped._replace(actor=name)
            return row, row
        team = teams.of_actor(who.actor, who.actor_type) if teams else None
        costs = self._row(dropped, self.actor, team)
        if self.actor == self.activity:
            return costs, costs
        activity = self._row(dropped, self.activity, team)
        return costs._replace(part="costs"), activity._replace(part="activity")

    def spender(self, who: Who, costs: Who) -> Spender:
        """Who spends what is exported as `costs`, recognizable on other days."""
        return Spender(self.known_as(who.actor), costs.actor_type, costs.customer_type, costs.team)

    def team(self, row: Who | Spender, teams: Teams | None) -> str | None:
        """The team of a row: the one it was given when it was read, else by its name."""
        if self.teams_when_read or teams is None:
            return row.team
        return teams.of_actor(row.actor, row.actor_type)

    def _row(self, who: Who, naming: Naming, team: str | None) -> Who:
        return who._replace(actor=self._named(naming, who.actor), team=None if naming == "none" else team)

    def _named(self, naming: Naming, text: str) -> str:
        if naming == "email":
            return label(text)
        return self.hashed(text) if naming == "hash" and text else ""

    @staticmethod
    def _keyed(key: SecretBytes, text: str) -> str:
        message = text.casefold().encode("utf-8", "surrogatepass")
        return hmac.digest(key.get_secret_value(), message, "sha256").hex()[:16]


def hash_key(file: Path | None) -> bytes:
    """The key of hashed names. Raises SettingsError if there is none that is long enough."""
    setting = "labels.hash-key-file"
    how = "make one with: (umask 077; head -c 32 /dev/urandom | base64 > hash.key)"
    if file is None:
        raise SettingsError(f"{setting}: hashed names need a key in a file; {how}")
    try:
        with file.open("rb") as handle:
            key = handle.read(_MOST_KEY_BYTES).strip()
    except OSError as error:
        raise SettingsError(f"{setting}: cannot read {file}: {error.strerror}") from None
    if len(key) < LEAST_KEY_BYTES:
        raise SettingsError(f"{setting}: {file} holds {len(key)} bytes, at least {LEAST_KEY_BYTES} are needed; {how}")
    return key
