"""Which team a person, an API key or a workspace belongs to, and the cost centre of each team."""

from collections.abc import Iterable, Mapping
from copy import copy
from hashlib import sha256
from types import MappingProxyType

from exporter.teams.findings import existing, findings
from exporter.teams.rules import UNASSIGNED, Kind, Rules

SMALL = "small"


class Teams:
    """Which team a name belongs to (immutable). Equal if the same patterns give the same teams in the same order."""

    def __init__(
        self,
        cost_centers: Mapping[str, str],
        *,
        actors: Mapping[str, str] | None = None,
        api_keys: Mapping[str, str] | None = None,
        workspaces: Mapping[str, str] | None = None,
    ) -> None:
        """Teams with their cost centres ("" for none), and the team of each pattern."""
        self._cost_centers = MappingProxyType(dict(cost_centers))
        self._rules = {
            Kind.ACTORS: Rules(Kind.ACTORS, actors or {}),
            Kind.API_KEYS: Rules(Kind.API_KEYS, api_keys or {}),
            Kind.WORKSPACES: Rules(Kind.WORKSPACES, workspaces or {}),
        }
        self.small: frozenset[str] = frozenset()
        """The teams that are shown as `small`."""
        self._identity = (tuple(cost_centers.items()), tuple(rules.all for rules in self._rules.values()))

    def __eq__(self, other: object) -> bool:
        return self._both == other._both if isinstance(other, Teams) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._both)

    @property
    def _both(self) -> tuple[object, ...]:
        return (*self._identity, self.small)

    @property
    def fingerprint(self) -> str:
        """The same for equal teams, also in another process."""
        return sha256(repr((*self._identity, sorted(self.small))).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def of_at_least(self, least: int, people: Iterable[str] | None) -> "Teams":
        """These teams, with those of fewer than `least` of `people` (e-mails) merged into `small`.

        It grows by the smallest ones left until it has as many itself. Teams without a pattern for actors are of no
        people. Without `people`, nobody knows how large a team is: then all others are small.
        """
        teams = copy(self)
        sizes = dict.fromkeys({UNASSIGNED, *(rule.team for rule in self._rules[Kind.ACTORS].all)}, 0)
        for email in people or ():
            sizes[self._rules[Kind.ACTORS].team(email)] += 1
        small: list[str] = []
        merged = 0
        for team in sorted(sizes, key=lambda team: (sizes[team], team)):
            if sizes[team] < least or 0 < merged < least:
                small.append(team)
                merged += sizes[team]
        teams.small = frozenset(small)
        return teams

    def __repr__(self) -> str:
        return (
            f"Teams({len(self._cost_centers)} teams, {sum(len(rules.all) for rules in self._rules.values())} patterns)"
        )

    @property
    def cost_centers(self) -> Mapping[str, str]:
        """The cost centre of every team, "" if it has none, in the file's order."""
        return self._cost_centers

    def of_actor(self, actor: str, actor_type: str) -> str:
        """The team of a Claude Code actor: of an API key by its name, of anybody else by the e-mail."""
        kind = Kind.API_KEYS if actor_type == "api_key" else Kind.ACTORS
        return self._shown(self._rules[kind].team(actor))

    def of_api_key(self, key_id: str, name: str, workspace: tuple[str, str] | None) -> str:
        """The team of an API key: its own, else that of its workspace (id and name; None where it has no workspace)."""
        own = self._rules[Kind.API_KEYS].team(key_id, name)
        return self._shown(self.of_workspace(*workspace) if workspace and own == UNASSIGNED else own)

    def _shown(self, team: str) -> str:
        return SMALL if team in self.small else team

    def of_workspace(self, workspace_id: str, name: str) -> str:
        """The team of a workspace."""
        return self._rules[Kind.WORKSPACES].team(workspace_id, name)

    def findings(
        self,
        actors: Iterable[tuple[str, str]] | None,
        api_keys: Iterable[tuple[str, str]] | None,
        workspaces: Iterable[tuple[str, str]] | None,
        *,
        anonymous: bool = False,
    ) -> list[str]:
        """Sentences about patterns that match nothing, patterns that compete, and teams to which nothing belongs.

        `actors` are names with their types (members count too: not everybody is active every day), the others ids
        with names. None is for what could not be read: there is nothing to say about it then. `anonymous` ones count
        people and keys rather than name them.
        """
        unnamed = {Kind.ACTORS, Kind.API_KEYS} if anonymous else frozenset()
        return findings(self._rules, self._cost_centers, existing(actors, api_keys, workspaces), unnamed)
