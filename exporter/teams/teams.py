"""Which team a person, an API key or a workspace belongs to, and the cost centre of each team."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from exporter.teams.findings import existing, findings
from exporter.teams.rules import UNASSIGNED, Kind, Rules


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
        self._identity = (tuple(cost_centers.items()), tuple(rules.all for rules in self._rules.values()))

    def __eq__(self, other: object) -> bool:
        return self._identity == other._identity if isinstance(other, Teams) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity)

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
        return self._rules[kind].team(actor)

    def of_api_key(self, key_id: str, name: str, workspace: tuple[str, str] | None) -> str:
        """The team of an API key: its own, else that of its workspace (id and name; None where it has no workspace)."""
        own = self._rules[Kind.API_KEYS].team(key_id, name)
        return self.of_workspace(*workspace) if workspace and own == UNASSIGNED else own

    def of_workspace(self, workspace_id: str, name: str) -> str:
        """The team of a workspace."""
        return self._rules[Kind.WORKSPACES].team(workspace_id, name)

    def findings(
        self,
        actors: Iterable[tuple[str, str]] | None,
        api_keys: Iterable[tuple[str, str]] | None,
        workspaces: Iterable[tuple[str, str]] | None,
    ) -> list[str]:
        """Sentences about patterns that match nothing, patterns that compete, and teams to which nothing belongs.

        `actors` are names with their types (members count too: not everybody is active every day), the others ids
        with names. None is for what could not be read: there is nothing to say about it then.
        """
        return findings(self._rules, self._cost_centers, existing(actors, api_keys, workspaces))
