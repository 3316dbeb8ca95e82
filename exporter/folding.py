"""Which actors keep their names when there are more than may be exported; the rest is summed up as `other`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from exporter.model import ClaudeCodeDays

OTHER = "other"
RANKED_DAYS = 30

Actor = tuple[str, str]
"""Name and type."""


@dataclass(frozen=True)
class Ranking:
    """Of all actors of 30 days `most` are `named`: those who spent most. `folded`: how many are not; true if any is."""

    most: int
    named: frozenset[Actor] = frozenset()
    folded: int = 0

    def __bool__(self) -> bool:
        return self.folded > 0

    def others(self, actors: Iterable[Actor]) -> frozenset[Actor]:
        """Those of `actors` that are not to be named. Who has no name is nobody's business, and stays so."""
        strangers = frozenset(actor for actor in actors if actor[0] and actor not in self.named)
        return strangers if self.folded or len(self.named) + len(strangers) > self.most else frozenset()


class Ranker:
    """Ranks once for each report day, and again only while days are still being read: so nobody flaps at the edge."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._days: list[date] = []
        self._ranking = Ranking(most)

    def rank(self, days: ClaudeCodeDays) -> Ranking:
        """The ranking that ends with the report day."""
        held = [day for day in days.newest(RANKED_DAYS) if day in days.by_day]
        if held != self._days:
            self._days, self._ranking = held, ranking(days, held, self._most)
        return self._ranking


def ranking(days: ClaudeCodeDays, held: Iterable[date], most: int) -> Ranking:
    """The actors of the days `held` by what they spent, then by name."""
    spent: dict[Actor, Decimal] = {}
    for day in held:
        for spender, dollars in days.by_day[day].items():
            if spender.actor:
                spent[spender[:2]] = spent.get(spender[:2], Decimal()) + dollars
    ordered = sorted(spent, key=lambda actor: (-spent[actor], actor))
    return Ranking(most, frozenset(ordered[:most]), max(0, len(ordered) - most))
