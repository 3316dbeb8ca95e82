"""Days: the report day is never off, whatever the hour, the month or the year."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.days import day_start, next_midnight, next_report, report_day, utc_day

SETTLE = timedelta(hours=2)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
settles = st.timedeltas(timedelta(), timedelta(hours=30))


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-11-22T01:30:00Z", "2026-11-20"),
        ("2026-11-22T01:59:59.999Z", "2026-11-20"),
        ("2026-11-22T02:00:00Z", "2026-11-21"),
        ("2026-11-22T23:59:59Z", "2026-11-21"),
        ("2026-03-01T02:00:00Z", "2026-02-28"),
        ("2028-03-01T02:00:00Z", "2028-02-29"),
        ("2028-03-01T01:00:00Z", "2028-02-28"),
        ("2027-01-01T01:00:00Z", "2026-12-30"),
        ("2027-01-01T02:00:00Z", "2026-12-31"),
        ("2026-11-22T03:30:00+05:30", "2026-11-20"),
    ],
)
def test_the_report_day_is_the_newest_day_that_ended_at_least_two_hours_ago(now, day):
    assert report_day(datetime.fromisoformat(now), SETTLE) == date.fromisoformat(day)


@given(instants, settles)
def test_the_report_day_is_complete_and_the_next_day_is_not(now, settle):
    day = report_day(now, settle)
    assert day_start(day + timedelta(days=1)) + settle <= now
    assert day_start(day + timedelta(days=2)) + settle > now


@given(instants, settles)
def test_the_report_day_changes_at_the_next_report_and_not_before(now, settle):
    change = next_report(now, settle)
    assert now < change <= now + timedelta(days=1)
    assert report_day(change - timedelta(microseconds=1), settle) == report_day(now, settle)
    assert report_day(change, settle) == report_day(now, settle) + timedelta(days=1)


@given(instants)
def test_a_day_is_utc_whatever_zone_the_clock_is_in(now):
    assert utc_day(now.astimezone(timezone(timedelta(hours=13)))) == now.date()
    assert day_start(now.date()) <= now < next_midnight(now)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"):
        utc_day(datetime(2026, 1, 1))  # noqa: DTZ001
