from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from tests.demo.simulated import COST, REPORT, TOKENS, USAGE, Api, billed, read, used

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MORNING = NOON - timedelta(hours=1)
SECOND = timedelta(seconds=1)
DAYS = [f"2026-11-{number}" for number in (14, 15, 16, 17, 18, 19)]


@pytest.fixture(scope="module")
def restating():
    return Api(people=60, restate=True)


def everything(api, now, day):
    """All three reports of a day, at an instant."""
    api.now = now
    return (
        api.day(day),
        api.results(USAGE, ["model", "api_key_id"], day=day),
        api.results(COST, ["description"], day=day),
    )


def amounts(reports):
    rows, usage, cost = reports
    seen = read(rows)
    return [
        seen["rows"], seen["sessions"], seen["cost"], sum(seen["tokens"].values()),
        len(usage), *used(usage).values(), len(cost), billed(cost),
    ]  # fmt: skip


def test_at_noon_the_last_three_days_change_and_no_others(restating):
    before, after = ({day: everything(restating, now, day) for day in DAYS} for now in (NOON - SECOND, NOON))
    changed = [[day for day in DAYS if before[day][report] != after[day][report]] for report in range(3)]
    assert changed == [DAYS[-3:]] * 3


@pytest.mark.parametrize("hours", [3, 14, 20])
def test_nothing_changes_between_noons(restating, hours):
    later = NOON + timedelta(hours=hours)
    assert [everything(restating, NOON, day) for day in DAYS] == [everything(restating, later, day) for day in DAYS]


def test_a_day_grows_until_it_is_what_it_is_without_the_option(restating, simulate):
    end = datetime(2026, 11, 20, 2, tzinfo=UTC)
    told = [amounts(everything(restating, end + timedelta(days=number), "2026-11-19")) for number in range(6)]
    for earlier, later in pairwise(told[:4]):
        assert all(low <= high for low, high in zip(earlier, later, strict=True))
        assert all(earlier[place] < later[place] for place in (1, 2, 3, 5, -1))
    assert told[3:] == [told[3]] * 3
    assert told[3] == amounts(everything(simulate(people=60), end, "2026-11-19"))


def test_a_day_is_final_at_the_third_noon(restating):
    third = datetime(2026, 11, 22, 12, tzinfo=UTC)
    almost, final = (everything(restating, now, "2026-11-19") for now in (third - SECOND, third))
    assert almost != final == everything(restating, third + timedelta(days=99), "2026-11-19")


@pytest.mark.parametrize("now", [MORNING, NOON, NOON + timedelta(hours=13)])
def test_the_truth_is_what_the_api_tells_at_that_moment(restating, now):
    restating.now = now
    for day in (*DAYS, "2026-11-20"):
        rows, usage, cost = everything(restating, now, day)
        truth = restating.truth(day)
        assert (truth["rows"], truth["sessions"]) == (len(rows), read(rows)["sessions"])
        assert Decimal(truth["cost_usd"]) == read(rows)["cost"]
        assert truth["usage"]["tokens"] == used(usage)
        assert Decimal(truth["cost"]["usd"]) == billed(cost)


@pytest.mark.parametrize("now", [MORNING, NOON])
def test_sums_over_days_are_told_as_of_now(restating, now):
    restating.now = now
    sums = restating.sums(DAYS[0], DAYS[-1])
    told = [everything(restating, now, day) for day in DAYS]
    assert Decimal(sums["cost_usd"]) == sum(billed(cost) for _, _, cost in told)
    assert Decimal(sums["estimated_cost_usd"]) == sum(read(rows)["cost"] for rows, _, _ in told)


@pytest.mark.parametrize(
    ("path", "params", "limit"),
    [
        (REPORT, {"starting_at": "2026-11-19"}, 5),
        (USAGE, {"starting_at": "2026-11-16", "group_by[]": "model"}, 1),
        (COST, {"starting_at": "2026-11-16", "group_by[]": "description"}, 1),
    ],
)
def test_a_walk_over_noon_keeps_the_revision_it_began_with(restating, path, params, limit):
    restating.now = NOON - SECOND
    expected = restating.pages(path, params, limit)
    page = restating.get(path, {**params, "limit": limit})
    restating.now = NOON
    walked = [page["data"]]
    while page["has_more"]:
        page = restating.get(path, {**params, "limit": limit, "page": page["next_page"]})
        walked.append(page["data"])
    assert walked == expected
    assert restating.pages(path, params, limit) != expected


def test_a_running_day_only_grows_into_its_first_revision(restating):
    earlier: dict[str, int] = {}
    for hours in range(0, 60, 5):
        restating.now = datetime(2026, 11, 20, 0, 30, tzinfo=UTC) + timedelta(hours=hours)
        rows = restating.results(USAGE, ["api_key_id"], day="2026-11-20")
        now = {str(row["api_key_id"]): sum(count(row) for count in TOKENS.values()) for row in rows}
        assert all(now[key] >= tokens for key, tokens in earlier.items())
        earlier = now
    assert earlier


def test_without_the_option_noon_changes_nothing(simulate):
    api = simulate(people=30)
    params = {"starting_at": DAYS[0], "ending_at": "2026-11-20", "group_by[]": "workspace_id"}
    for path, query in ((USAGE, params), (COST, params), (REPORT, {"starting_at": "2026-11-19"})):
        api.now = NOON - SECOND
        before = api.rows(path, query, 20)
        api.now = NOON
        assert api.rows(path, query, 20) == before
