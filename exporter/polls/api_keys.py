"""API keys."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta

from msgspec import UNSET

from exporter import catalog
from exporter.api import wire
from exporter.exposition import Family, family
from exporter.model import DEFAULT_WORKSPACE, ORGANIZATION_SCOPE, ApiKeys, Workspaces
from exporter.polls.base import Held, Poll, Reading
from exporter.teams import Teams

_NO_WORKSPACES = Workspaces((), None)


class ApiKeysPoll(Poll[ApiKeys]):
    """Which keys exist, where, whose, since and until when. GET /v1/organizations/api_keys.

    anthropic_api_keys{status="active",workspace_id="default"} 12
    anthropic_api_key_info{api_key_id="apikey_1",name="ci",workspace_id="default",scope="workspace",status="active",
        created_by_id="user_1",created_by_type="user",kind="standard"} 1
    anthropic_api_key_created_timestamp_seconds{api_key_id="apikey_1"} 1.7e+09
    anthropic_api_key_expires_timestamp_seconds{api_key_id="apikey_1"} 1.8e+09
    """

    name = "api_keys"
    interval = timedelta(minutes=10)
    reads = (Workspaces, Teams)

    async def fetch(self, reading: Reading) -> ApiKeys:
        """Read all keys."""
        return ApiKeys(tuple([key async for key in reading.all(wire.API_KEYS)]))

    def families(self, model: ApiKeys, held: Held) -> Iterable[Family]:
        """Counts, what each key is, and its times."""
        workspaces = held(Workspaces) or _NO_WORKSPACES
        teams, names = held(Teams), workspaces.names
        minted = workspaces.ids_named("Claude Code")
        places = {key.id: workspaces.label(workspace_of(key)) for key in model.all}
        yield family(catalog.API_KEYS, Counter((key.status, places[key.id]) for key in model.all))
        yield family(
            catalog.API_KEY_INFO,
            {
                (
                    key.id,
                    self.policy.name(key.name or ""),
                    places[key.id],
                    key.scope.type if key.scope else "",
                    key.status,
                    self._maker(key),
                    key.created_by.type if key.created_by else "",
                    "claude_code" if places[key.id] in minted else "standard",
                    _team(teams, key, places[key.id], names),
                ): 1
                for key in model.all
            },
        )
        yield family(catalog.API_KEY_CREATED, {(key.id,): key.created_at.timestamp() for key in model.all})
        yield family(
            catalog.API_KEY_EXPIRES,
            {(key.id,): key.expires_at.timestamp() for key in model.all if key.expires_at},
        )

    def _maker(self, key: wire.ApiKey) -> str:
        """Whose id it is; a user's only where people are named."""
        if key.created_by is None or (key.created_by.type == "user" and not self.policy.names_people):
            return ""
        return key.created_by.id


def _team(teams: Teams | None, key: wire.ApiKey, place: str, names: Mapping[str, str]) -> str | None:
    """The key's team, if there are teams; a key of the whole organization has no workspace to take one from."""
    if teams is None:
        return None
    workspace = None if place == ORGANIZATION_SCOPE else (place, names.get(place, ""))
    return teams.of_api_key(key.id, key.name or "", workspace)


def workspace_of(key: wire.ApiKey) -> str:
    """The workspace of a key: its id, `default` or `organization`.

    `scope` gives the real id of the default workspace too, `workspace_id` reads null for it; the API version
    2026-10-21 has only `scope`.
    """
    if key.scope and key.scope.type == "organization":
        return ORGANIZATION_SCOPE
    if key.workspace_id is UNSET:
        return (key.scope and key.scope.workspace_id) or DEFAULT_WORKSPACE
    return key.workspace_id or DEFAULT_WORKSPACE
