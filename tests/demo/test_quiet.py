"""An ordinary month: whatever an alert could speak of, from the API's own answers of every day of it."""

from collections import defaultdict
from datetime import datetime, timedelta
from functools import cache, cached_property
from statistics import median

import pytest

from tests.demo.simulated import COST, NOW, REPORT, USAGE, Api, billed, read, used

DAYS = 45
INSTANTS = [NOW - timedelta(days=back, hours=back % 15) for back in range(DAYS, -1, -1)]
LONG_AGO = (NOW - timedelta(days=DAYS + 1)).isoformat()
SOON = (NOW + timedelta(days=10)).isoformat()
DOCUMENTED = {"active", "inactive", "archived", "expired", "pending", "accepted", "deleted"}
SIZES = {"small": {"people": 20, "seed": 3}, "middling": {"people": 60, "seed": 1, "api_keys": 40}}


class Month:
    """Every answer of the month, asked for once."""

    def __init__(self, **options):
        self.api = Api(quiet=True, **options)

    @cache  # noqa: B019 - lives as long as the tests
    def at(self, now, path):
        self.api.now = now
        return self.api.rows(path)

    def reports(self, path, group, days=DAYS):
        """Rows of every whole day, oldest first."""
        self.api.now = NOW
        first, last = (NOW.date() - timedelta(days=back) for back in (days, 0))
        span = {"starting_at": first.isoformat(), "ending_at": last.isoformat(), "group_by[]": [group]}
        buckets = self.api.buckets(path, span)
        assert len(buckets) == days
        return {bucket["starting_at"][:10]: bucket["results"] for bucket in buckets}

    @cached_property
    def work(self):
        self.api.now = NOW
        days = [(NOW.date() - timedelta(days=back)).isoformat() for back in range(DAYS, 0, -1)]
        return {day: self.api.rows(REPORT, {"starting_at": day}) for day in days}

    @cached_property
    def uses(self):
        """Which keys were used on which of the days, and on those of the month before."""
        rows = self.reports(USAGE, "api_key_id", DAYS + 30)
        return {day: {key for key, counts in used(some, "api_key_id").items() if counts} for day, some in rows.items()}

    def standard_keys(self, now):
        [claude_code] = [one["id"] for one in self.at(now, "workspaces") if one["name"] == "Claude Code"]
        return [key for key in self.at(now, "api_keys") if key["scope"].get("workspace_id") != claude_code]

    def active_keys(self, now):
        return [key for key in self.standard_keys(now) if key["status"] == "active"]


@pytest.fixture(scope="module", params=SIZES)
def month(request):
    return Month(**SIZES[request.param])


def working(days):
    return {day: rows for day, rows in days.items() if datetime.fromisoformat(day).weekday() < 5}


def test_no_key_is_made_and_none_ends(month):
    for now in INSTANTS:
        for key in month.at(now, "api_keys"):
            assert key["created_at"] < LONG_AGO
            assert not LONG_AGO < (key["expires_at"] or "") < SOON
            assert key["status"] in DOCUMENTED


def test_every_standard_key_that_works_ends_some_day(month):
    assert month.active_keys(NOW)
    assert all(key["expires_at"] for now in INSTANTS for key in month.active_keys(now))


def test_whoever_made_a_key_that_works_is_a_member(month):
    for now in INSTANTS:
        members = {user["id"] for user in month.at(now, "users")}
        active = [key["created_by"] for key in month.at(now, "api_keys") if key["status"] == "active"]
        assert {one["id"] for one in active if one and one["type"] == "user"} <= members


def test_keys_that_work_are_used_and_expired_ones_are_not(month):
    for now in INSTANTS:
        days = [(now.date() - timedelta(days=back)).isoformat() for back in range(1, 31)]
        lately = set().union(*(month.uses[day] for day in days))
        assert {key["id"] for key in month.active_keys(now)} <= lately
        assert not {key["id"] for key in month.at(now, "api_keys") if key["status"] == "expired"} & lately


def test_nobody_becomes_an_admin(month):
    admins = [{user["id"] for user in month.at(now, "users") if user["role"] == "admin"} for now in INSTANTS]
    assert admins[0]
    assert all(some == admins[0] for some in admins)
    assert all(user["added_at"] < LONG_AGO for user in month.at(NOW, "users") if user["role"] == "admin")


def test_no_invite_runs_out(month):
    for now in INSTANTS:
        for invite in month.at(now, "invites"):
            assert invite["status"] in DOCUMENTED
            if invite["status"] == "pending":
                assert invite["expires_at"] > (now + timedelta(days=10)).isoformat()
            if invite["status"] == "expired":
                assert invite["expires_at"] < LONG_AGO
    assert "pending" in {invite["status"] for invite in month.at(NOW, "invites")}


def test_working_days_cost_much_the_same_and_weekends_less(month):
    cost = {day: float(billed(rows)) for day, rows in month.reports(COST, "description").items()}
    usual = median(working(cost).values())
    assert all(0.6 < amount / usual < 1.5 for amount in working(cost).values())
    assert all(0.1 < cost[day] / usual < 0.8 for day in cost.keys() - working(cost).keys())


def test_nobody_spends_much_more_than_usual(month):
    spent = defaultdict(list)
    for rows in month.work.values():
        for actor, cost in read(rows)["cost_by_actor"].items():
            spent[actor].append(float(cost))
    assert all(max(costs) < max(3 * median(costs), 20) for costs in spent.values())


def test_models_keep_their_shares(month):
    for day, rows in month.reports(COST, "description").items():
        cost = billed([row for row in rows if row["model"]], "model")
        shares = {model: float(amount / sum(cost.values())) for model, amount in cost.items()}
        assert max(shares.values()) < 0.55, day
        assert shares["claude-sonnet-5-5"] > 0.4, day
        assert shares["claude-opus-5-5"] > 0.4, day


def test_the_cache_is_hit_as_often_as_ever(month):
    ratios = []
    for rows in month.reports(USAGE, "model").values():
        tokens = used(rows)
        ratios.append(tokens["cache_read"] / (sum(tokens.values()) - tokens["output"]))
    assert max(ratios) - min(ratios) < 0.02


def test_working_days_have_as_many_actors_as_ever(month):
    actors = {day: len(read(rows)["cost_by_actor"]) for day, rows in month.work.items()}
    usual = median(working(actors).values())
    assert all(count > 0.6 * usual for count in working(actors).values())
    assert all(count < 0.6 * usual for day, count in actors.items() if day not in working(actors))


def test_holidays_are_working_days(simulate):
    api = simulate(now=datetime.fromisoformat("2026-12-31T20:00:00Z"), people=60, quiet=True)
    rows = {day: len(api.day(f"2026-12-{day}")) for day in (21, 22, 23, 24, 25)}
    assert min(rows.values()) > 0.6 * max(rows.values())


def test_there_are_no_oddities_even_if_they_are_asked_for(simulate):
    assert not simulate(people=5, quiet=True, quirks=True).options.quirks
