from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.demo.simulated import NOW, REPORT, read

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)


def rows_at(api, now, day="2026-11-20"):
    api.now = now
    return api.day(day)


@pytest.mark.parametrize("minutes", [0, 1, 30, 60])
def test_a_day_has_no_rows_in_its_first_hour(plain, minutes):
    plain.now = MIDNIGHT + timedelta(minutes=minutes)
    assert plain.get(REPORT, {"starting_at": "2026-11-20"}) == {"data": [], "has_more": False, "next_page": None}


def test_activity_shows_after_an_hour(simulate):
    assert rows_at(simulate(), MIDNIGHT + timedelta(hours=1, minutes=5))


@pytest.mark.parametrize("day", ["2026-11-21", "2027-11-20", "9999-12-31", "0001-01-01", "2026-09-05"])
def test_days_to_come_and_days_before_the_history_are_empty(plain, day):
    plain.now = NOW
    assert plain.get(REPORT, {"starting_at": day}) == {"data": [], "has_more": False, "next_page": None}


def test_the_history_begins_as_many_days_ago_as_was_asked(simulate):
    api = simulate(days=3)
    assert [bool(api.day(f"2026-11-{day}")) for day in (16, 17, 18, 19)] == [False, True, True, True]


def amounts(row):
    core = row["core_metrics"]
    yield core["num_sessions"]
    yield from (core["lines_of_code"]["added"], core["lines_of_code"]["removed"])
    yield from (core["commits_by_claude_code"], core["pull_requests_by_claude_code"])
    for actions in row["tool_actions"].values():
        yield from (actions["accepted"], actions["rejected"])
    for use in row["model_breakdown"]:
        yield from use["tokens"].values()
        yield use["estimated_cost"]["amount"]


def place(row):
    kind = [row.get(field, "-") for field in ("customer_type", "subscription_type", "is_remote", "terminal_type")]
    return (str(row["actor"]), *map(str, kind))


def test_every_row_of_the_running_day_only_grows(simulate):
    api = simulate(people=60)
    earlier: list[dict[str, Any]] = []
    for hour in range(1, 26):
        now = rows_at(api, MIDNIGHT + timedelta(hours=hour, minutes=17 % (hour + 1)))
        known: dict[tuple[str, ...], list[Any]] = {}
        for row in now:
            known.setdefault(place(row), []).append(list(amounts(row)))
        for row in earlier:
            successors = known[place(row)]
            assert any(all(a <= b for a, b in zip(amounts(row), later, strict=True)) for later in successors)
        assert len(now) >= len(earlier)
        earlier = now
    assert earlier


@pytest.mark.parametrize("measure", ["sessions", "commits", "pull_requests", "cost"])
def test_the_running_day_grows_in_every_measure(simulate, measure):
    api = simulate()
    hours = [read(rows_at(api, MIDNIGHT + timedelta(hours=hour)))[measure] for hour in (8, 12, 16, 20, 24)]
    assert hours == sorted(set(hours))


def test_sessions_of_a_long_row_are_spread_over_it(simulate):
    api = simulate(days=60)
    robots = [
        sum(row["core_metrics"]["num_sessions"] for row in rows if row["actor"]["type"] == "api_actor")
        for rows in (rows_at(api, MIDNIGHT + timedelta(hours=hour)) for hour in (7, 25))
    ]
    assert robots[0] < robots[1] * 0.6


def test_a_day_is_complete_an_hour_after_its_end_and_never_changes_again(simulate):
    api = simulate(days=5)
    almost = rows_at(api, MIDNIGHT + timedelta(days=1, minutes=45))
    complete = rows_at(api, MIDNIGHT + timedelta(days=1, hours=1))
    assert almost != complete
    assert rows_at(api, MIDNIGHT + timedelta(days=1, hours=2)) == complete
    assert rows_at(api, MIDNIGHT + timedelta(days=400)) == complete


def test_the_organization_works_on_after_the_day_it_was_started(simulate):
    api = simulate()
    assert len(rows_at(api, NOW + timedelta(days=30), "2026-12-16")) > 100


def test_an_invite_lapses_and_a_key_expires_when_their_time_comes(simulate):
    api = simulate()
    invite = next(one for one in api.rows("invites", {"statuses[]": "pending"}) if one["expires_at"] < "2026-11-22")
    key = next(
        one for one in api.rows("api_keys", {"status": "active"}) if (one.get("expires_at") or "9") < "2026-11-22"
    )
    for path, one in (("invites", invite), ("api_keys", key)):
        due = datetime.fromisoformat(one["expires_at"])
        for moment, expired in ((due - timedelta(seconds=1), False), (due, True)):
            api.now = moment
            found = next(row for row in api.rows(path) if row["id"] == one["id"])
            assert (found["status"] == "expired") == expired


def test_the_same_day_reads_the_same_whatever_was_read_before(simulate):
    fresh, used = simulate(), simulate()
    for back in range(1, 20):
        used.day((NOW.date() - timedelta(days=back)).isoformat())
    assert fresh.day("2026-11-19") == used.day("2026-11-19")
