"""Teams: who and what belongs to which, as a file says."""

from exporter.teams.file import TeamsFile, read
from exporter.teams.rules import UNASSIGNED
from exporter.teams.teams import Teams

__all__ = ["UNASSIGNED", "Teams", "TeamsFile", "read"]
