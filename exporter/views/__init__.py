"""Families that are made from the models of several polls. This is where a new view is listed."""

from collections.abc import Sequence

from exporter.budgets import Budget
from exporter.policy import Policy
from exporter.views.base import View
from exporter.views.budgets import Budgets
from exporter.views.keys import KeysLastUsed, KeysOrphaned
from exporter.views.people import MembersActivity, MembersRoles
from exporter.views.teams import TeamsInfo
from exporter.views.windows import ClaudeCodeWindows, CostWindows, WindowDays


def all_views(budgets: Sequence[Budget], policy: Policy) -> tuple[View, ...]:
    """Every view there is."""
    return (
        ClaudeCodeWindows(policy),
        CostWindows(),
        WindowDays(),
        Budgets(budgets, policy),
        TeamsInfo(),
        MembersRoles(),
        MembersActivity(policy),
        KeysLastUsed(),
        KeysOrphaned(),
    )
