"""Exact sums over many whole days, as they are told at one instant: what windows and months must arrive at."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from exporter.demo.activity import Day
from exporter.demo.billing import bill
from exporter.demo.organization import TRAFFIC_HELD_BACK, Organization
from exporter.demo.truth_traffic import dollars, workspace_label

Json = dict[str, object]
MOST_DAYS = 400


@dataclass(slots=True)
class Sums:
    """What has been added up so far: parts of a dollar for the bill, millionths of one for estimates."""

    cost: Counter[str] = field(default_factory=Counter)
    """By workspace."""
    cost_by_day: dict[date, int] = field(default_factory=dict)
    estimate: Counter[str] = field(default_factory=Counter)
    """By actor."""
    estimate_by_day: dict[date, int] = field(default_factory=dict)
    actors: set[tuple[str, str]] = field(default_factory=set)
    last_active: dict[str, date] = field(default_factory=dict)
    last_used: dict[str, date] = field(default_factory=dict)
    """By API key."""

    def add_claude_code(self, day: Day) -> None:
        """Add what is known of a day's Claude Code; days come in order."""
        self.estimate_by_day[day.date] = 0
        for record in day.claude_code:
            label = record.actor.name
            cost = sum(use.cost for use in record.models)
            self.estimate[label] += cost
            self.estimate_by_day[day.date] += cost
            self.actors.add((record.actor.kind, label))
            self.last_active[label] = day.date

    def add_traffic(self, day: Day) -> None:
        """Add what is known of a day's use and bill; days come in order."""
        self.cost_by_day[day.date] = 0
        for charge in bill(day):
            self.cost[workspace_label(charge.workspace_id)] += charge.amount
            self.cost_by_day[day.date] += charge.amount
        for use in day.traffic:
            if use.api_key_id is not None and use.any:
                self.last_used[use.api_key_id] = day.date


def sums(organization: Organization, since: date, until: date, now: datetime) -> Json:
    """Return the sums over all days of a range, both ends included, as far as the API tells at this instant.

    Actors are named as in the totals of a day. A key's last day is the last on which it had tokens or web searches.
    """
    total = Sums()
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    for day in days:
        total.add_claude_code(organization.known(day, organization.told(day, now)))
        total.add_traffic(organization.traffic_known(day, organization.told(day, now, TRAFFIC_HELD_BACK)))
    kinds = Counter(kind for kind, _ in total.actors)
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "days": len(days),
        "cost_usd": dollars(total.cost.total()),
        "cost_usd_by_workspace": _written(total.cost, dollars),
        "cost_usd_by_day": _written(total.cost_by_day, dollars),
        "estimated_cost_usd": _dollars(total.estimate.total()),
        "estimated_cost_usd_by_actor": _written(total.estimate, _dollars),
        "estimated_cost_usd_by_day": {
            day.isoformat(): _dollars(amount) for day, amount in total.estimate_by_day.items()
        },
        "active_actors": {"user": kinds["user"], "api_key": kinds["key"]},
        "last_active_day": {actor: day.isoformat() for actor, day in total.last_active.items()},
        "key_last_used_day": {key: day.isoformat() for key, day in total.last_used.items()},
    }


def _written(amounts: Mapping[str, int] | Mapping[date, int], write: Callable[[int], str]) -> dict[str, str]:
    return {str(name): write(amount) for name, amount in amounts.items()}


def _dollars(millionths: int) -> str:
    return f"{Decimal(millionths).scaleb(-6):f}"
