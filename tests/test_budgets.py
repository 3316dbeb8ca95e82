"""Budgets: what was spent, and a forecast that knows the days of the week, against months computed by hand."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from exporter.budgets import Spending, first_of, last_of
from exporter.windows import span

JUNE_1 = date(2026, 6, 1)  # a Monday; June 2026 has 22 workdays and 8 days of weekends


def spending(amounts, opened=None, began=None):
    return Spending(
        {day: Decimal(amount) for day, amount in amounts.items()},
        {day: Decimal(amount) for day, amount in (opened or {}).items()},
        began or min(amounts, default=JUNE_1),
    )


def weeks(first, last, workday=10, weekend=1):
    return {day: weekend if day.weekday() >= 5 else workday for day in span(first, last)}


def test_a_month_of_even_weeks_is_forecast_exactly_from_any_day_of_it():
    whole = 22 * 10 + 8 * 1
    for day in span(date(2026, 6, 2), date(2026, 6, 30)):
        found = spending(weeks(date(2026, 5, 4), day - timedelta(days=1)))
        assert found.forecast(day) == whole, day


def test_every_weekday_has_its_own_average():
    # The last four Mondays cost 4, 8, 12 and 16: 10 on average. All other days cost nothing.
    mondays = {date(2026, 5, 11): 4, date(2026, 5, 18): 8, date(2026, 5, 25): 12, date(2026, 6, 1): 16}
    days = dict.fromkeys(span(date(2026, 5, 8), date(2026, 6, 4)), 0) | mondays
    # On Friday, 5 June: 16 are spent, three Mondays (8, 15, 22) and the 29th are to come.
    assert spending(days).spent(date(2026, 6, 5)) == 16
    assert spending(days).forecast(date(2026, 6, 5)) == 16 + 4 * 10


def test_only_the_last_28_settled_days_count():
    days = dict.fromkeys(span(date(2026, 4, 1), date(2026, 5, 31)), 100) | dict.fromkeys(
        span(date(2026, 6, 1), date(2026, 6, 28)), 1
    )
    assert spending(days).forecast(date(2026, 6, 29)) == 28 + 2


def test_an_organization_that_began_yesterday_is_forecast_by_that_day_alone():
    # Nothing before Wednesday 10 June, then 5: 20 days of June are left from the 11th on.
    days = dict.fromkeys(span(date(2026, 5, 1), date(2026, 6, 9)), 0) | {date(2026, 6, 10): 5}
    assert spending(days, began=date(2026, 6, 10)).forecast(date(2026, 6, 11)) == 5 + 20 * 5


def test_a_weekend_that_was_never_seen_costs_what_all_days_have_cost_and_a_workday_what_workdays_have():
    # Monday 8 June cost 6, Saturday the 13th is not known yet; from Tuesday on workdays cost 6, weekends 6.
    assert spending({date(2026, 6, 8): 6}).forecast(date(2026, 6, 9)) == 6 + 22 * 6
    # With Sunday the 7th at 2, the Saturdays are like it: left are 16 workdays and 6 days of weekends.
    assert spending({date(2026, 6, 7): 2, date(2026, 6, 8): 6}).forecast(date(2026, 6, 9)) == 8 + 16 * 6 + 6 * 2


def test_an_open_day_costs_what_it_usually_does_or_what_it_has_already_cost():
    settled = weeks(date(2026, 5, 4), date(2026, 6, 28))  # Monday the 29th and Tuesday the 30th are left
    spent_before = 20 * 10 + 8 * 1
    quiet = spending(settled, {date(2026, 6, 29): 3})
    assert quiet.spent(date(2026, 6, 29)) == spent_before + 3
    assert quiet.forecast(date(2026, 6, 29)) == spent_before + 10 + 10
    busy = spending(settled, {date(2026, 6, 29): 50})
    assert busy.forecast(date(2026, 6, 29)) == spent_before + 50 + 10


def test_on_the_first_of_a_month_nothing_of_the_last_one_is_spent_but_it_is_what_is_known():
    settled = weeks(date(2026, 5, 4), date(2026, 5, 30))
    found = spending(settled, {date(2026, 5, 31): 1, date(2026, 6, 1): 4})
    assert found.spent(JUNE_1) == 4
    assert found.forecast(JUNE_1) == 22 * 10 + 8 * 1


def test_february_of_a_leap_year_has_29_days_and_others_28():
    assert last_of(date(2028, 2, 10)) == date(2028, 2, 29)
    even = dict.fromkeys(span(date(2028, 1, 10), date(2028, 2, 9)), 1)
    assert spending(even).forecast(date(2028, 2, 10)) == 29
    even = dict.fromkeys(span(date(2026, 1, 10), date(2026, 2, 9)), 1)
    assert spending(even).forecast(date(2026, 2, 10)) == 28


def test_without_any_settled_day_what_is_spent_is_all_there_is_to_say():
    assert spending({}, {JUNE_1: 7}).forecast(JUNE_1) == 7
    assert spending({}).forecast(JUNE_1) == 0


amounts = st.decimals(0, 10_000, places=4)
todays = st.dates(date(2024, 1, 1), date(2032, 12, 31))


@given(todays, st.lists(amounts, max_size=62), st.lists(amounts, min_size=2, max_size=2), st.integers(0, 61))
def test_a_forecast_is_at_least_what_was_spent_and_at_most_every_day_at_its_dearest(today, past, opened, age):
    newest = today - timedelta(days=2)
    settled = {newest - timedelta(days=number): amount for number, amount in enumerate(past)}
    began = newest - timedelta(days=age)
    found = Spending(settled, {today - timedelta(days=1): opened[0], today: opened[1]}, began)
    spent, forecast = found.spent(today), found.forecast(today)
    dearest = max([*settled.values(), *opened], default=Decimal())
    assert spent <= forecast <= dearest * 31 + Decimal("0.01")


@given(todays, st.decimals(1, 1000, places=2))
def test_even_days_give_the_same_every_day_times_the_days_of_the_month(today, amount):
    settled = dict.fromkeys(span(today - timedelta(days=61), today - timedelta(days=1)), amount)
    found = Spending(settled, {}, min(settled))
    assert found.forecast(today) == amount * last_of(today).day
    assert found.spent(today) == amount * (today - first_of(today)).days
