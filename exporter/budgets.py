"""Budgets of a month: what was spent, and what will have been spent at its end. Pure functions of days and dollars.

Billed cost counts for the organization and for workspaces; for teams and actors it is the estimated cost of Claude
Code, because the bill names no people. The two are never added: what Claude Code uses through the API is in both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from exporter.days import DAY
from exporter.windows import span

Scope = Literal["organization", "team", "actor", "workspace"]
BILLED: frozenset[Scope] = frozenset({"organization", "workspace"})
BASIS_DAYS = 28
"""Four of every weekday."""
SATURDAY = 5


@dataclass(frozen=True)
class Budget:
    """US dollars for a month; `of` is the team, the actor or the workspace, empty for the organization."""

    name: str
    usd: Decimal
    scope: Scope
    of: str = ""


@dataclass(frozen=True)
class Spending:
    """What one budget was spent on: dollars of every settled day that is held, and of the open ones so far.

    `began`: the first day on which anybody spent anything: before it there was nothing to learn from.
    """

    settled: Mapping[date, Decimal]
    open: Mapping[date, Decimal]
    began: date

    def spent(self, today: date) -> Decimal:
        """Dollars in the month of `today`, so far."""
        month = first_of(today)
        days = {**self.open, **self.settled}
        return sum((amount for day, amount in days.items() if month <= day <= today), Decimal())

    def forecast(self, today: date) -> Decimal:
        """Dollars at the end of the month of `today`, if days go on like the last 28 settled ones.

        Each day to come costs what this weekday has cost on average; a weekday that has not been seen what the workdays
        or the weekend's days have; else what all have. An open day costs at least what it has cost so far.
        """
        newest = max(self.settled, default=date.min)
        basis = {
            day: amount for day, amount in self.settled.items() if day >= self.began and newest - day < BASIS_DAYS * DAY
        }
        total = self.spent(today)
        for day in span(max(first_of(today), newest + DAY), last_of(today)):
            total += max(_usual(basis, day) - self.open.get(day, Decimal()), Decimal())
        return total


def _usual(basis: Mapping[date, Decimal], day: date) -> Decimal:
    """What a day like `day` has cost on average."""
    same_weekday = [amount for one, amount in basis.items() if one.weekday() == day.weekday()]
    same_kind = [amount for one, amount in basis.items() if _weekend(one) == _weekend(day)]
    like = same_weekday or same_kind or list(basis.values())
    return sum(like, Decimal()) / len(like) if like else Decimal()


def _weekend(day: date) -> bool:
    return day.weekday() >= SATURDAY


def first_of(day: date) -> date:
    """The first day of the month of `day`."""
    return day.replace(day=1)


def last_of(day: date) -> date:
    """The last day of the month of `day`."""
    return first_of(first_of(day) + timedelta(days=31)) - DAY
