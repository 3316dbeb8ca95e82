"""Budgets over what polls hold: which cost counts for which, and when nothing is said."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from exporter.budgets import Budget
from exporter.model import (
    Activity,
    Billed,
    ClaudeCodeDay,
    ClaudeCodeDays,
    ClaudeCodeOpen,
    CostDay,
    CostDays,
    CostOpen,
    ModelUse,
    Spender,
    Who,
    Workspace,
    Workspaces,
)
from exporter.policy import Policy
from exporter.teams import Teams
from exporter.views.budgets import Budgets
from exporter.windows import span

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
REPORT_DAY = date(2026, 3, 10)
FIRST = date(2026, 3, 1)
ANN, CI = Spender("ann@example.com", "user", "api"), Spender("CI", "api_key", "api")
WORKSPACES = Workspaces(
    (Workspace("default", "Default", archived=False), Workspace("wrkspc_1", "Production", archived=False)), "wrkspc_0"
)


def cost_days(first=FIRST):
    by = {"default": Decimal(1), "wrkspc_0": Decimal(2), "wrkspc_1": Decimal(4)}
    return CostDays(REPORT_DAY, dict.fromkeys(span(first, REPORT_DAY), by))


def actor_days():
    by = {ANN: Decimal(3), CI: Decimal(5)}
    return ClaudeCodeDays(REPORT_DAY, dict.fromkeys(span(FIRST, REPORT_DAY), by))


def spent(view, now=NOON):
    return {
        line.partition('budget="')[2].partition('"')[0]: float(line.rpartition(" ")[2])
        for line in view.lines(now)
        if line.startswith("anthropic_budget_spent_usd")
    }


@pytest.mark.parametrize(
    ("budget", "dollars"),
    [
        (Budget("b", Decimal(100), "organization"), 70),
        (Budget("b", Decimal(100), "workspace", "wrkspc_1"), 40),
        (Budget("b", Decimal(100), "workspace", "Production"), 40),
        (Budget("b", Decimal(100), "workspace", "default"), 30),
        (Budget("b", Decimal(100), "team", "platform"), 30),
        (Budget("b", Decimal(100), "team", "unassigned"), 50),
        (Budget("b", Decimal(100), "actor", "ci"), 50),
    ],
)
def test_billed_cost_is_for_organization_and_workspaces_estimates_are_for_teams_and_actors(shown, budget, dollars):
    teams = Teams({"platform": ""}, actors={"ann@example.com": "platform"})
    view = shown(Budgets([budget], Policy()), cost_days(), actor_days(), WORKSPACES, teams, now=NOON)
    assert spent(view) == {"b": dollars}
    assert view.lines(NOON)[0] == f'anthropic_budget_usd{{budget="b",scope="{budget.scope}"}} 100.0'


ALL = Budget("all", Decimal(1000), "organization")
ANNS = Budget("ann", Decimal(10), "actor", "ann@example.com")


def test_open_days_count_too_and_a_day_that_has_settled_counts_once(shown):
    billed = Billed("default", "tokens", "m", "output", "", "", "")
    opened = CostOpen(tuple(CostDay(REPORT_DAY + timedelta(days=age), {billed: Decimal("0.5")}) for age in (0, 1)))
    assert spent(shown(Budgets([ALL], Policy()), cost_days(), opened, now=NOON)) == {"all": 70.5}
    who = Who("ann@example.com", "user", "api", "", "vscode", "")
    did = Activity(models={"m": ModelUse(cost=Decimal("0.25"))})
    running = ClaudeCodeOpen((ClaudeCodeDay(NOON.date(), {who: did}),))
    assert spent(shown(Budgets([ANNS], Policy()), actor_days(), running, now=NOON)) == {"ann": 30.25}


def test_while_settled_days_of_the_month_are_missing_only_the_limit_is_shown(shown):
    view = shown(Budgets([ALL], Policy()), cost_days(first=FIRST + timedelta(days=1)), now=NOON)
    assert view.lines(NOON) == ['anthropic_budget_usd{budget="all",scope="organization"} 1000.0']


def test_a_budget_goes_with_its_source_and_the_others_stay(shown):
    view = shown(Budgets([ALL, ANNS], Policy()), cost_days(), actor_days(), now=NOON)
    assert spent(view) == {"all": 70, "ann": 30}
    view.hold(cost_days(), until=NOON)
    assert spent(view) == {"ann": 30}
    assert len(view.lines(NOON)) == 2 + 1 + 1


def test_a_month_that_is_over_is_not_this_month(shown):
    view = shown(Budgets([ALL], Policy()), cost_days(), now=NOON)
    assert spent(view, datetime(2026, 3, 31, 23, 59, tzinfo=UTC)) == {"all": 70}
    assert spent(view, datetime(2026, 4, 1, tzinfo=UTC)) == {}


def test_a_budget_of_a_workspace_that_nobody_knows_is_not_shown_as_unspent(shown):
    typo = Budget("b", Decimal(1), "workspace", "Produktion")
    assert spent(shown(Budgets([typo], Policy()), cost_days(), WORKSPACES, now=NOON)) == {}


def test_without_budgets_nothing_is_shown(shown):
    assert shown(Budgets([], Policy()), cost_days(), actor_days(), now=NOON).lines(NOON) == []
