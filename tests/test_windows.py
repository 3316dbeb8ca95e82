"""Windows: which days they cover, whatever the calendar, and exact sums over what is held of them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.windows import Days, last_seen, span, sums, windows

days = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@pytest.mark.parametrize(
    ("report_day", "month_to_date", "last_month"),
    [
        ("2026-03-10", ("2026-03-01", "2026-03-10"), ("2026-02-01", "2026-02-28")),  # after a month of 28 days
        ("2028-03-31", ("2028-03-01", "2028-03-31"), ("2028-02-01", "2028-02-29")),  # after a leap day
        ("2028-02-29", ("2028-02-01", "2028-02-29"), ("2028-01-01", "2028-01-31")),
        ("2026-03-01", ("2026-03-01", "2026-03-01"), ("2026-02-01", "2026-02-28")),  # the first of a month
        ("2026-01-05", ("2026-01-01", "2026-01-05"), ("2025-12-01", "2025-12-31")),  # the first month of a year
    ],
)
def test_months_are_those_of_the_report_day(report_day, month_to_date, last_month):
    found = windows(date.fromisoformat(report_day))
    assert [day.isoformat() for day in found["mtd"]] == list(month_to_date)
    assert [day.isoformat() for day in found["last_month"]] == list(last_month)


@given(days)
def test_windows_end_with_the_report_day_and_62_days_hold_them_all(report_day):
    found = windows(report_day)
    assert {name: (last - first).days + 1 for name, (first, last) in found.items() if name in ("7d", "30d")} == {
        "7d": 7,
        "30d": 30,
    }
    assert {last for name, (_, last) in found.items() if name != "last_month"} == {report_day}
    assert found["last_month"][1] + timedelta(days=1) == found["mtd"][0]
    assert found["mtd"][0].day == found["last_month"][0].day == 1
    assert min(first for first, _ in found.values()) > report_day - timedelta(days=62)


amounts = st.dictionaries(st.sampled_from("abc"), st.decimals(0, 1000, places=7))
kept = st.dictionaries(st.integers(0, 70), amounts, max_size=20)


@given(days, kept)
def test_sums_are_exact_over_the_days_that_are_held_and_say_how_many(report_day, ages):
    held = Days(report_day, {report_day - timedelta(days=age): by for age, by in ages.items()})
    for name, (first, last) in windows(report_day).items():
        covered = [by for day, by in held.by_day.items() if first <= day <= last]
        assert len(held.windows[name]) == len(covered)
        found = sums(held).get(name, {})
        for key in "abc":
            assert found.get(key, 0) == sum((by[key] for by in covered if key in by), Decimal())


def test_a_window_of_which_no_day_is_held_has_no_sums():
    day = date(2026, 3, 10)
    assert sums(Days(day, {day: {"a": Decimal(1)}})).keys() == {"7d", "30d", "mtd"}


def test_a_day_without_rows_is_a_day_that_is_held():
    day = date(2026, 3, 10)
    held: Days[dict[str, Decimal]] = Days(day, {one: {} for one in span(day - timedelta(days=6), day)})
    assert len(held.windows["7d"]) == 7
    assert sums(held)["7d"] == {}


@given(kept)
def test_last_seen_is_the_newest_day_with_the_key(ages):
    day = date(2026, 3, 10)
    held = Days(day, {day - timedelta(days=age): by for age, by in ages.items()})
    for key, seen in last_seen(held).items():
        assert seen == max(one for one, by in held.by_day.items() if key in by)
    assert last_seen(held).keys() == {key for by in ages.values() for key in by}
