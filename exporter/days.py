"""Which day is meant: pure functions of `now`. All days are UTC days, as the API's are.

Admin API reference, "Freshness": numbers younger than an hour are held back, so a day is complete only
some time after it ended. `settle` is how long we wait.
"""

from datetime import UTC, date, datetime, time, timedelta

DAY = timedelta(days=1)


def utc_day(now: datetime) -> date:
    """The running UTC day at `now`.

    Raises ValueError if `now` has no time zone.
    """
    if now.tzinfo is None:
        raise ValueError("a time without a zone: pass an aware datetime")
    return now.astimezone(UTC).date()


def day_start(day: date) -> datetime:
    """00:00 UTC of `day`."""
    return datetime.combine(day, time(), UTC)


def report_day(now: datetime, settle: timedelta) -> date:
    """The newest UTC day whose numbers are complete at `now`: it ended at least `settle` ago."""
    return utc_day(now - settle) - DAY


def next_report(now: datetime, settle: timedelta) -> datetime:
    """The instant after `now` at which the report day becomes the next one."""
    return day_start(report_day(now, settle) + 2 * DAY) + settle


def next_midnight(now: datetime) -> datetime:
    """The end of the running UTC day."""
    return day_start(utc_day(now) + DAY)


def final_at(day: date, settle: timedelta, restate_days: int) -> datetime:
    """When the API is done with correcting `day`: so many days after it has settled."""
    return day_start(day + (1 + restate_days) * DAY) + settle
