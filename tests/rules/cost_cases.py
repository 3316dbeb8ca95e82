"""Cases of the group about cost."""

from collections.abc import Mapping

from tests.rules.cases import DAY, HOUR, Values, fires, seen, silent

ACME = 'organization="Acme"'
COST_DAY = "anthropic_cost_report_day_timestamp_seconds"
CODE_DAY = "anthropic_claude_code_report_day_timestamp_seconds"


def report_day(time: int) -> float:
    """The start of the report day at a time."""
    return ((time - 2 * HOUR) // DAY - 1) * DAY


def bill(day: float, usual: float = 100, days: int = 21, more: str = "") -> dict[str, Values]:
    """An organization's day of so many dollars, after so many active days that cost `usual` each."""
    labels = ACME + more
    window = f'{{{labels},window="30d"'
    return {
        f"{COST_DAY}{{{labels}}}": -DAY,
        f'anthropic_cost_usd{{{labels},workspace_id="default",model="m",token_type="output"}}': day / 2,
        f'anthropic_cost_usd{{{labels},workspace_id="w",model="m",token_type="output"}}': day / 2,
        f'anthropic_cost_window_usd{window},workspace_id="default"}}': day + days * usual,
        f'anthropic_window_active_days{window},source="cost"}}': days + 1,
    }


def today(usd: float) -> dict[str, Values]:
    """Billed so far, from one hour on."""
    return {f'anthropic_cost_today_usd{{{ACME},model="m"}}': lambda time: usd if time >= HOUR else None}


def budget(spent: float, forecast: float) -> dict[str, Values]:
    """A budget of 1000 dollars."""
    labels = f'{{{ACME},budget="all",scope="organization"}}'
    return {
        f"anthropic_budget_usd{labels}": 1000,
        f"anthropic_budget_spent_usd{labels}": spent,
        f"anthropic_budget_forecast_usd{labels}": forecast,
    }


HOURS = [
    fires("AnthropicCostDayHigh", "four usual days", bill(400), "Acme: $400.00 billed for one day"),
    fires(
        "AnthropicCostDayHigh",
        "three usual days and a bit, of little money",
        bill(82, usual=25),
        "Acme: $82.00 billed for one day",
    ),
    silent("AnthropicCostDayHigh", "not quite three usual days", bill(299)),
    silent("AnthropicCostDayHigh", "an organization that began nine days ago", bill(400, days=9)),
    silent("AnthropicCostDayHigh", "little money", bill(60, usual=12)),
    silent(
        "AnthropicCostDayHigh",
        "two instances double nothing",
        bill(250, more=',instance="a"') | bill(250, more=',instance="b"'),
    ),
    silent(
        "AnthropicCostDayHigh",
        "an instance that has not the new day yet does not count",
        bill(120, more=',instance="a"')
        | bill(9000, more=',instance="b"')
        | {f'{COST_DAY}{{{ACME},instance="b"}}': -2 * DAY},
    ),
    fires(
        "AnthropicCostDayHigh",
        "a replaced pod goes on with it",
        seen(bill(400, more=',pod="old",instance="a"'), until=100 * 60)
        | seen(bill(400, more=',pod="new",instance="b"'), since=112 * 60),
        "Acme: $400.00 billed for one day",
        at=116 * 60,
    ),
    fires(
        "AnthropicCostTodayHigh", "more than two usual days", today(210) | bill(90), "Acme: $210.00 billed today so far"
    ),
    fires(
        "AnthropicCostTodayHigh",
        "little money, but 55 dollars more",
        today(85) | bill(30, usual=30),
        "Acme: $85.00 billed today so far",
    ),
    silent("AnthropicCostTodayHigh", "45 dollars more", today(57) | bill(12, usual=12)),
    silent("AnthropicCostTodayHigh", "not quite two usual days", today(199) | bill(90)),
    silent("AnthropicCostTodayHigh", "an organization that began nine days ago", today(1000) | bill(90, days=9)),
    fires(
        "AnthropicBudgetUsed",
        "all of it",
        budget(1000, 1500),
        "Acme: 100% of the budget all is spent",
        budget="all",
        scope="organization",
    ),
    silent("AnthropicBudgetUsed", "all but a dollar", budget(999, 1500)),
    fires(
        "AnthropicBudgetForecast",
        "more than there is",
        budget(10, 1250),
        "Acme: 125% of the budget all will be spent by the end of the month",
        budget="all",
        scope="organization",
    ),
    silent("AnthropicBudgetForecast", "just enough", budget(10, 1000)),
    silent(
        "AnthropicBudgetForecast", "no forecast yet", {f'anthropic_budget_usd{{{ACME},budget="all",scope="team"}}': 1}
    ),
]


def actor(by_day: Mapping[int, float], name: str = "ann", more: str = "") -> dict[str, Values]:
    """An actor's cost by the number of the day; none on other days."""
    labels = f'{{{ACME},actor="{name}",actor_type="user"{more}'
    return {
        f"{CODE_DAY}{{{ACME}}}": report_day,
        f'anthropic_claude_code_estimated_cost_usd{labels},model="m"}}': lambda time: by_day.get(
            int(report_day(time)) // DAY
        ),
    }


def mix(old: float, new: float, *, usual: float = 100, before: float = 0.1) -> dict[str, Values]:
    """Dollars of two models on the 10th day and later; before, `new` had a tenth of the usual bill."""
    labels = f"{{{ACME},model="
    return {
        f"{COST_DAY}{{{ACME}}}": report_day,
        f'anthropic_cost_usd{labels}"old"}}': lambda time: (
            old if report_day(time) >= 10 * DAY else usual * (1 - before)
        ),
        f'anthropic_cost_usd{labels}"new"}}': lambda time: new if report_day(time) >= 10 * DAY else usual * before,
        f'anthropic_cost_window_usd{{{ACME},window="30d",workspace_id="default"}}': 20 * usual + old + new,
        f'anthropic_window_active_days{{{ACME},window="30d",source="cost"}}': 21,
    }


def cache(read: float, total: float = 100e6, *, usual: float = 100e6, before: float = 0.6) -> dict[str, Values]:
    """Input tokens on the 10th day and later, so many of them from a cache; before, six of ten."""
    labels = f'{{{ACME},model="m",token_type='
    day = "anthropic_usage_report_day_timestamp_seconds"
    return {
        f"{day}{{{ACME}}}": report_day,
        f'anthropic_usage_tokens{labels}"cache_read"}}': lambda time: (
            read if report_day(time) >= 10 * DAY else usual * before
        ),
        f'anthropic_usage_tokens{labels}"uncached_input"}}': lambda time: (
            total - read if report_day(time) >= 10 * DAY else usual * (1 - before)
        ),
        f'anthropic_usage_tokens{labels}"output"}}': lambda time: (
            (total if report_day(time) >= 10 * DAY else usual) / 50
        ),
    }


NOON = 11 * DAY + 12 * HOUR
"""The 10th day is the report day."""
DAILY = dict.fromkeys(range(10), 12.0)

WEEKS = [
    fires(
        "AnthropicActorCostHigh",
        "more than five usual days",
        actor(DAILY | {10: 62}),
        "Acme: Claude Code of ann cost about $62.00 in one day",
        at=NOON,
        actor="ann",
        actor_type="user",
    ),
    fires(
        "AnthropicActorCostHigh",
        "at midnight, too, and the team is no label",
        actor(DAILY | {10: 62}, more=',team="a"'),
        "Acme: Claude Code of ann cost about $62.00 in one day",
        at=12 * DAY,
        actor="ann",
        actor_type="user",
    ),
    silent("AnthropicActorCostHigh", "the next day it is over", actor(DAILY | {10: 62, 11: 12}), at=NOON + DAY),
    silent("AnthropicActorCostHigh", "not quite five usual days", actor(DAILY | {10: 59}), at=NOON),
    silent("AnthropicActorCostHigh", "little money", actor(dict.fromkeys(range(10), 1.0) | {10: 49}), at=NOON),
    silent("AnthropicActorCostHigh", "somebody who is seen for the first time", actor({10: 500}), at=NOON),
    silent("AnthropicActorCostHigh", "somebody who comes twice a week", actor({0: 60, 4: 70, 7: 60, 10: 80}), at=NOON),
    silent("AnthropicActorCostHigh", "many actors without a name", actor(DAILY | {10: 62}, name=""), at=NOON),
    fires(
        "AnthropicModelTakeover",
        "another model leads",
        mix(20, 80),
        "Acme: new is 80% of the bill of one day",
        at=NOON,
        model="new",
    ),
    fires(
        "AnthropicModelTakeover",
        "on a small bill, half of a usual day",
        mix(5, 17, usual=38, before=0.25),
        "Acme: new is 77.27% of the bill of one day",
        at=NOON,
        model="new",
    ),
    silent("AnthropicModelTakeover", "a model that always had a third", mix(20, 80, before=0.35), at=NOON),
    silent("AnthropicModelTakeover", "little money", mix(3, 16, usual=19), at=NOON),
    silent("AnthropicModelTakeover", "just more than half", mix(42, 58), at=NOON),
    silent("AnthropicModelTakeover", "a quiet day", mix(5, 40), at=NOON),
    silent(
        "AnthropicModelTakeover",
        "a first start knows no mix",
        seen(mix(20, 80), since=6 * DAY),
        at=NOON,
    ),
    fires(
        "AnthropicCacheHitsDropped",
        "less than half of the usual hits",
        cache(25e6),
        "Acme: only 25% of the input tokens came from a cache",
        at=NOON,
    ),
    fires(
        "AnthropicCacheHitsDropped",
        "on a small day, and caches were used for a quarter",
        cache(0.1e6, 1.25e6, usual=2e6, before=0.25),
        "Acme: only 8% of the input tokens came from a cache",
        at=NOON,
    ),
    silent("AnthropicCacheHitsDropped", "few tokens", cache(0.1e6, 0.9e6, usual=0.9e6), at=NOON),
    silent("AnthropicCacheHitsDropped", "more than half of the usual hits", cache(35e6), at=NOON),
    silent("AnthropicCacheHitsDropped", "a quiet day", cache(1e6, 45e6), at=NOON),
    silent("AnthropicCacheHitsDropped", "caches were hardly used", cache(1e6, before=0.15), at=NOON),
]

TWO = bill(400) | {name.replace("Acme", "Beta"): value for name, value in bill(150).items()}
HOURS.append(fires("AnthropicCostDayHigh", "two organizations do not mix", TWO, "Acme: $400.00 billed for one day"))
