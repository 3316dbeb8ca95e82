"""Members of workspaces: one list per workspace."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from exporter import catalog
from exporter.api import wire
from exporter.exposition import Family, family
from exporter.model import DEFAULT_WORKSPACE, Workspaces, active
from exporter.polls.base import Held, Poll, Reading
from exporter.polls.workspaces import read_workspaces


@dataclass(frozen=True, eq=False)
class WorkspaceRoles:
    """How many members have which role, by workspace and role."""

    members: Counter[tuple[str, ...]]


class WorkspaceMembersPoll(Poll[WorkspaceRoles]):
    """Members of active workspaces by role. GET /v1/organizations/workspaces/{workspace_id}/members.

    anthropic_workspace_members{workspace_id="wrkspc_1",role="workspace_developer"} 12
    """

    name = "workspace_members"
    interval = timedelta(hours=6)
    in_background = True

    async def fetch(self, reading: Reading) -> WorkspaceRoles:
        """Read the list of every active workspace but the default one, which has none."""
        workspaces = reading.held(Workspaces) or await read_workspaces(reading, counted=False)
        roles: Counter[tuple[str, ...]] = Counter()
        for workspace in active(workspaces.all):
            if workspace.id != DEFAULT_WORKSPACE:
                async for row in reading.all(wire.WORKSPACE_MEMBERS, workspace_id=workspace.id):
                    roles[workspace.id, row.workspace_role] += 1
        return WorkspaceRoles(roles)

    def families(self, model: WorkspaceRoles, held: Held) -> Iterable[Family]:
        """Counts."""
        yield family(catalog.WORKSPACE_MEMBERS, model.members)
