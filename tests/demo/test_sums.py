from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.demo.simulated import REPORT


def test_the_sums_over_days_count_actors_of_the_claude_code_report(plain):
    found: dict[str, set[str]] = {"user": set(), "api_key": set()}
    last: dict[str, str] = {}
    estimate = Decimal(0)
    for number in range(3):
        day = (date(2026, 11, 16) + timedelta(days=number)).isoformat()
        for row in plain.rows(REPORT, {"starting_at": day}):
            kind, name = ("user", "email_address") if "email_address" in row["actor"] else ("api_key", "api_key_name")
            label = row["actor"][name].casefold() if kind == "user" else row["actor"][name]
            found[kind].add(label)
            last[label] = day
            estimate += (
                sum((Decimal(use["estimated_cost"]["amount"]) for use in row["model_breakdown"]), Decimal(0)) / 100
            )
    sums = plain.sums("2026-11-16", "2026-11-18")
    assert sums["active_actors"] == {kind: len(names) for kind, names in found.items()}
    assert sums["last_active_day"] == last
    assert Decimal(sums["estimated_cost_usd"]) == estimate
    assert sums["days"] == 3
    by_day = {day: Decimal(plain.truth(day)["cost_usd"]) for day in ("2026-11-16", "2026-11-17", "2026-11-18")}
    assert {day: Decimal(cost) for day, cost in sums["estimated_cost_usd_by_day"].items()} == by_day
    assert sum(map(Decimal, sums["estimated_cost_usd_by_actor"].values())) == estimate


@pytest.mark.parametrize(
    "query",
    ["since=2026-11-01", "since=x&until=y", "since=2026-11-02&until=2026-11-01", "since=2025-10-16&until=2026-11-20"],
)
def test_a_range_that_makes_no_sense_is_refused(api, query):
    assert api.ask(f"/simulator/truth?{query}").status_code == 400


def test_four_hundred_days_are_a_range(simulate):
    sums = simulate(people=2, days=3).sums("2025-10-17", "2026-11-20")
    assert sums["days"] == len(sums["cost_usd_by_day"]) == 400
    assert sum(Decimal(cost) > 0 for cost in sums["cost_usd_by_day"].values()) == 4
