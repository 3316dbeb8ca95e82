"""The teams of the teams file."""

from collections.abc import Iterable
from datetime import datetime

from exporter import catalog
from exporter.exposition import family
from exporter.polls.base import Held
from exporter.teams import Teams
from exporter.views.base import Part, View


class TeamsInfo(View):
    """Teams and their cost centres.

    anthropic_team_info{team="platform",cost_center="4711"} 1
    """

    name = "teams"
    reads = (Teams,)

    def parts(self, held: Held, now: datetime) -> Iterable[Part]:
        """Every team, whether anybody belongs to it or not."""
        teams = held(Teams)
        if teams is not None:
            yield Part(family(catalog.TEAM_INFO, dict.fromkeys(teams.cost_centers.items(), 1)))
