"""What each incident plants is seen through the API, on its day and not before, and not without it."""

import argparse
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from statistics import median

import pytest

from exporter.demo.incidents import KINDS, OF_WORK, Incident, IncidentError
from exporter.demo.options import Options, add_arguments, from_arguments
from tests.demo.simulated import COST, NOW, REPORT, USAGE, Api, billed, read, used

DAY = date(2026, 11, 11)  # a Wednesday
LISTS = ("users", "invites", "workspaces", "api_keys")
SECOND = timedelta(seconds=1)


def at(hour, days=0):
    return datetime.combine(DAY + timedelta(days=days), time(hour), UTC)


TEN, NOON = at(10), at(12)


@cache
def quiet(kind=None):
    planted = () if kind is None else (Incident(kind, DAY),)
    return Api(people=80, quiet=True, incidents=planted)


def listed(api, now, path="api_keys"):
    api.now = now
    return {row["id"]: row for row in api.rows(path)}


def reports(api, day=DAY):
    """Ask for a whole day: the Claude Code report, tokens and the bill by model."""
    api.now = NOW
    day = day.isoformat()
    return read(api.day(day)), api.results(USAGE, ["model"], day=day), api.results(COST, ["description"], day=day)


def days(first, last):
    return [DAY + timedelta(days=number) for number in range(first, last)]


def cost(api, day=DAY):
    return float(billed(reports(api, day)[2]))


def planted_key(kind, now):
    """The key that there is besides those of every quiet organization, and its use by day."""
    rows = listed(quiet(kind), now)
    [key] = rows.keys() - listed(quiet(), now).keys()
    return rows[key]


def uses_of(key, kind):
    api = quiet(kind)
    api.now = NOW
    params = {"starting_at": "2026-10-20", "ending_at": "2026-11-20", "api_key_ids[]": key["id"]}
    return [bucket["starting_at"][:10] for bucket in api.buckets(USAGE, params) if bucket["results"]]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_changed_but_what_is_planted(kind):
    """Lists of other kinds, and reports of days before, are those of a quiet organization."""
    plain, planted = quiet(), quiet(kind)
    touched = {"orphaned-key": {"users", "api_keys"}, "admin-added": {"users"}, "invite-expiring": {"invites"}}
    changed = set() if kind in OF_WORK else touched.get(kind, {"api_keys"})
    for path in LISTS:
        assert (listed(plain, NOW, path) != listed(planted, NOW, path)) == (path in changed)
    if kind in (*OF_WORK, *touched):
        before = DAY - timedelta(days=1)
        assert kind == "orphaned-key" or reports(plain, before) == reports(planted, before)
        assert (reports(plain) != reports(planted)) == (kind in (*OF_WORK, "orphaned-key"))


def test_a_day_costs_five_times_as_much_as_usual_through_one_key_with_the_models_of_every_day():
    plain, planted = quiet(), quiet("cost-day")
    usual = cost(plain)
    assert 4.5 < cost(planted) / usual < 5.2
    assert [cost(planted, day) for day in days(1, 4)] == [cost(plain, day) for day in days(1, 4)]
    assert reports(planted)[0] == reports(plain)[0]
    tokens = [used(api.results(USAGE, ["api_key_id"], day=DAY.isoformat()), "api_key_id") for api in (plain, planted)]
    more = [key for key in tokens[1] if tokens[1][key] != tokens[0][key]]
    assert len(more) == 1
    assert more[0] in listed(planted, NOW)
    assert 0.4 < share(planted, "claude-sonnet-5-5") < 0.5


def test_a_weekend_day_can_cost_as_much():
    saturday = DAY + timedelta(days=3)
    planted = Api(people=40, quiet=True, incidents=(Incident("cost-day", saturday),))
    usual = cost(planted, saturday - timedelta(days=1))
    assert 4 < cost(planted, saturday) / usual < 5.5


def test_the_running_day_can_cost_too_much():
    today = NOW.date()
    both = (Api(people=40, quiet=True, incidents=some) for some in ((), (Incident("cost-day", today),)))
    usual, much = (billed(api.results(COST, day=today.isoformat())) for api in both)
    assert 4 < much / usual < 5.2


@pytest.mark.parametrize("people", [20, 80, 200])
def test_one_person_spends_a_month_of_work_on_one_day(people):
    planted = Api(people=people, quiet=True, incidents=(Incident("actor-day", DAY),))
    spent = {day: reports(planted, day)[0]["cost_by_actor"] for day in days(-20, 8)}
    actor, most = max(spent[DAY].items(), key=lambda item: item[1])
    usual = median(costs[actor] for day, costs in spent.items() if day != DAY and actor in costs)
    assert 200 < most < 2000
    assert most / usual > 14
    assert people < 80 or most / usual < 40
    assert cost(planted) < 1.5 * median(cost(planted, day) for day in days(-2, 3))


def test_a_person_on_a_weekend_or_vacation_can_spend_as_much():
    sunday = DAY + timedelta(days=4)
    planted = Api(people=80, quiet=True, incidents=(Incident("actor-day", sunday),))
    assert max(reports(planted, sunday)[0]["cost_by_actor"].values()) > 200


def share(api, model, day=DAY):
    amounts = billed(reports(api, day)[2], "model")
    return float(amounts.get(model, 0) / sum(amounts.values()))


def test_a_model_takes_over_and_the_cost_stays():
    plain, planted = quiet(), quiet("model-takeover")
    shares = {day: share(planted, "claude-fable-5-2", day) for day in days(-3, 8)}
    assert all(one < 0.2 for day, one in shares.items() if day < DAY)
    assert all(one > 0.75 for day, one in shares.items() if day >= DAY)
    assert all(0.9 < cost(planted, day) / cost(plain, day) < 1.1 for day in days(0, 8))
    work = [reports(api)[0] for api in (plain, planted)]
    assert work[1]["cost_by_model"]["claude-fable-5-2"] > work[1]["cost"] * 3 / 4
    assert 0.95 < work[1]["cost"] / work[0]["cost"] < 1.05
    assert work[0]["sessions"] == work[1]["sessions"]


def hits(tokens):
    return tokens["cache_read"] / (sum(tokens.values()) - tokens["output"])


def test_the_cache_is_hit_a_quarter_as_often_and_the_cost_does_not_rise():
    plain, planted = quiet(), quiet("cache-drop")
    for day in days(-2, 8):
        ratios = [hits(used(reports(api, day)[1])) for api in (plain, planted)]
        wanted = 1 if day < DAY else 0.25
        assert ratios[1] / ratios[0] == pytest.approx(wanted, abs=0.01)
    assert cost(planted) < cost(plain) < 1.5 * cost(planted)
    work = [reports(api)[0]["tokens"] for api in (plain, planted)]
    assert hits(work[1]) / hits(work[0]) == pytest.approx(0.25, abs=0.01)


def test_the_pipeline_stands_still_for_two_days():
    plain, planted = quiet(), quiet("pipeline-still")
    counts = [bool(reports(planted, day)[0]["rows"]) for day in days(-1, 3)]
    assert counts == [True, False, False, True]
    assert planted.get(REPORT, {"starting_at": DAY.isoformat()}) == {"data": [], "has_more": False, "next_page": None}
    assert reports(planted)[1:] == reports(plain)[1:]


def test_a_third_of_the_actors_is_left():
    plain, planted = quiet(), quiet("actors-halved")
    usual, left = (reports(api)[0] for api in (plain, planted))
    assert len(left["cost_by_actor"]) == -(-len(usual["cost_by_actor"]) // 3)
    assert left["cost_by_actor"].items() <= usual["cost_by_actor"].items()
    assert reports(planted)[1:] == reports(plain)[1:]


def test_a_key_is_made():
    assert listed(quiet("key-created"), TEN - SECOND).keys() == listed(quiet(), TEN - SECOND).keys()
    key = planted_key("key-created", TEN)
    assert datetime.fromisoformat(key["created_at"]) == TEN
    assert key["expires_at"] > "2027-06"
    assert uses_of(key, "key-created") == [day.isoformat() for day in days(0, 9)]


def test_a_key_never_expires():
    key = planted_key("key-never-expires", TEN)
    assert (key["status"], key["expires_at"]) == ("active", None)
    assert datetime.fromisoformat(key["created_at"]) == at(12, -400)
    assert len(uses_of(key, "key-never-expires")) == 31


def test_a_key_is_about_to_expire_and_is_replaced_in_time():
    key = planted_key("key-expiring", at(23, 1))
    assert (key["status"], datetime.fromisoformat(key["expires_at"])) == ("active", at(12, 2))
    assert planted_key("key-expiring", at(0, 2))["status"] == "archived"
    assert uses_of(key, "key-expiring")[-2:] == [day.isoformat() for day in days(0, 2)]


def test_a_key_is_used_until_it_expires():
    key = planted_key("expired-key-used", NOON - SECOND)
    assert (key["status"], datetime.fromisoformat(key["expires_at"])) == ("active", NOON)
    assert planted_key("expired-key-used", NOON)["status"] == "expired"
    assert uses_of(key, "expired-key-used")[-2:] == [day.isoformat() for day in days(-1, 1)]


def test_the_maker_of_a_key_leaves():
    api = quiet("orphaned-key")
    maker = planted_key("orphaned-key", NOW)["created_by"]["id"]
    assert maker in listed(api, TEN - SECOND, "users")
    assert maker not in listed(api, TEN, "users")
    assert listed(quiet(), NOW, "users").keys() - listed(api, NOW, "users").keys() == {maker}
    key = planted_key("orphaned-key", NOW)
    assert key["status"] == "active"
    assert len(uses_of(key, "orphaned-key")) == 31


def test_a_key_is_never_used():
    key = planted_key("unused-key", TEN)
    assert datetime.fromisoformat(key["created_at"]) == at(12, -60)
    assert (key["status"], uses_of(key, "unused-key")) == ("active", [])


def test_many_keys_are_made_within_an_hour():
    counts = [
        len(listed(quiet("keys-jump"), now).keys() - listed(quiet(), now).keys())
        for now in (TEN - SECOND, TEN, at(11), NOW)
    ]
    assert counts == [0, 1, 15, 15]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "key" in kind])
def test_planted_keys_are_standard_ones(kind):
    api = quiet(kind)
    [claude_code] = [one["id"] for one in listed(api, NOW, "workspaces").values() if one["name"] == "Claude Code"]
    planted = [key for name, key in listed(api, NOW).items() if name not in listed(quiet(), NOW)]
    assert planted
    assert all(key["scope"]["workspace_id"] != claude_code for key in planted)


def test_a_member_becomes_an_admin():
    api = quiet("admin-added")

    def admins(now):
        return {one for one, user in listed(api, now, "users").items() if user["role"] == "admin"}

    assert len(admins(TEN) - admins(TEN - SECOND)) == 1
    assert admins(NOW) == admins(TEN)
    assert listed(api, NOW, "users").keys() == listed(quiet(), NOW, "users").keys()
    api.now = NOW
    assert {user["id"] for user in api.rows("users", {"roles[]": "admin"})} == admins(NOW)
    assert api.truth()["organization"]["members"]["admin"] == len(admins(NOW))


def test_an_invite_expires():
    api = quiet("invite-expiring")
    [planted] = listed(api, TEN, "invites").keys() - listed(quiet(), TEN, "invites").keys()
    invites = [listed(api, now, "invites")[planted] for now in (TEN, at(12, 2) - SECOND, at(12, 2))]
    assert [invite["status"] for invite in invites] == ["pending", "pending", "expired"]
    assert datetime.fromisoformat(invites[0]["expires_at"]) == at(12, 2)


def test_incidents_can_be_many_of_one_kind_on_one_day():
    many = tuple(Incident(kind, DAY) for kind in KINDS for _ in range(2))
    api = Api(people=40, quirks=False, incidents=many)
    for path in LISTS:
        assert Counter(row["id"] for row in api.rows(path)).most_common(1)[0][1] == 1
    assert len(api.rows("api_keys")) == len(Api(people=40, quirks=False).rows("api_keys")) + 2 * (6 + 15)
    assert cost(api) > 0


def test_incidents_happen_in_the_smallest_organization_as_far_as_they_can():
    api = Api(people=1, days=3, incidents=tuple(Incident(kind) for kind in KINDS))
    assert all(api.rows(path) for path in LISTS)
    assert len(reports(api, NOW.date() - timedelta(days=2))) == 3


def test_they_happen_in_the_main_organization_only(simulate):
    headers = {"x-api-key": "sk-ant-admin01-other-organization", "anthropic-version": "2023-06-01"}
    plain, planted = simulate(people=20), simulate(people=20, incidents=(Incident("key-created", DAY),))
    assert plain.rows("api_keys", headers=headers) == planted.rows("api_keys", headers=headers)


def parsed(*arguments):
    parser = argparse.ArgumentParser(prog="simulate")
    add_arguments(parser)
    return from_arguments(parser.parse_args(arguments))


def test_incidents_are_given_as_flags():
    options = parsed("--incident", "cost-day@2026-11-15", "--incident", "key-created@3", "--incident", "cache-drop")
    assert options.incidents == (
        Incident("cost-day", date(2026, 11, 15)), Incident("key-created", 3), Incident("cache-drop"),
    )  # fmt: skip
    assert parsed() == Options(incidents=())


@pytest.mark.parametrize("text", ["cost-day", "cost-day@0", "keys-jump@45", "admin-added@2026-11-15"])
def test_an_incident_is_written_as_it_is_read(text):
    assert str(Incident.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("cost", "cost-day"),
        ("cost-day@", "a date such as"),
        ("cost-day@soon", "a number of days"),
        ("cost-day@-3", "a number of days"),
        ("cost-day@99999", "a number of days"),
        ("cost-day@2026-13-01", "a date such as"),
        ("cost-day@9999-12-31", "a date such as"),
    ],
)
def test_a_wrong_incident_says_what_is_allowed(text, allowed, capsys):
    with pytest.raises(IncidentError, match=allowed):
        Incident.parse(text)
    with pytest.raises(SystemExit):
        parsed("--incident", text)
    error = capsys.readouterr().err
    assert text in error
    assert allowed in " ".join(error.split())


def test_help_names_every_incident(capsys):
    with pytest.raises(SystemExit):
        parsed("--help")
    words = " ".join(capsys.readouterr().out.split()).replace("- ", "-")
    assert all(f" {kind}: {text}" in words for kind, text in KINDS.items())


@pytest.mark.parametrize(
    ("kind", "today", "day"),
    [
        ("cost-day", date(2026, 11, 20), date(2026, 11, 19)),
        ("cost-day", date(2026, 11, 23), date(2026, 11, 20)),
        ("key-created", date(2026, 11, 23), date(2026, 11, 22)),
    ],
)
def test_what_is_of_a_working_day_happens_on_one(kind, today, day):
    assert Incident(kind).on(today) == day
