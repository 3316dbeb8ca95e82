"""Workspaces, archived ones too."""

from collections.abc import Iterable
from datetime import timedelta

from exporter import catalog
from exporter.api import wire
from exporter.errors import AdminApiError, Reason
from exporter.exposition import Family, family
from exporter.model import DEFAULT_WORKSPACE, Workspace, Workspaces, active
from exporter.polls.base import Held, Poll, Reading
from exporter.teams import Teams

_ARCHIVED = {"include_archived": "true"}
_DEFAULT = {"include_default": "true"}


async def read_workspaces(reading: Reading, *, counted: bool = True) -> Workspaces:
    """All workspaces, with the default one told apart; `counted` as in `Reading.all`.

    No field marks it and its name may be another's too, so it is the one that only `include_default` adds. An API
    that does not know this parameter (it is from October 2026) leaves us without the default one's real id.
    """
    try:
        listed = [row async for row in reading.all(wire.WORKSPACES, _ARCHIVED | _DEFAULT, counted=counted)]
        counted = False
    except AdminApiError as error:
        if error.reason is not Reason.BAD_REQUEST:
            raise
        listed = []
    ordinary = [row async for row in reading.all(wire.WORKSPACES, _ARCHIVED, counted=counted)]
    known = {row.id for row in ordinary}
    added = [row for row in listed if row.id not in known]
    default = added[0] if len(added) == 1 else next((row for row in added if row.name == "Default"), None)
    name = default.name if default else "Default"
    return Workspaces(
        (
            Workspace(DEFAULT_WORKSPACE, name, archived=False),
            *(Workspace(row.id, row.name, row.archived_at is not None) for row in ordinary),
        ),
        default.id if default else None,
    )


class WorkspacesPoll(Poll[Workspaces]):
    """Which workspaces there are. GET /v1/organizations/workspaces.

    anthropic_workspaces{state="active"} 7
    anthropic_workspace_info{workspace_id="default",name="Default",state="active"} 1
    """

    name = "workspaces"
    interval = timedelta(minutes=10)
    reads = (Teams,)

    async def fetch(self, reading: Reading) -> Workspaces:
        """Read all workspaces."""
        return await read_workspaces(reading)

    def families(self, model: Workspaces, held: Held) -> Iterable[Family]:
        """Counts by state, and names."""
        teams, current = held(Teams), len(active(model.all))
        yield family(catalog.WORKSPACES, {("active",): current, ("archived",): len(model.all) - current})
        yield family(
            catalog.WORKSPACE_INFO,
            {
                (
                    one.id,
                    one.name,
                    "archived" if one.archived else "active",
                    teams.of_workspace(one.id, one.name) if teams else None,
                ): 1
                for one in model.all
            },
        )
