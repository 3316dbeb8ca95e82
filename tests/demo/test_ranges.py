"""Parameters, buckets and pages of the reports of use and cost."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.demo.ranges import USAGE_GROUPS
from tests.demo.simulated import COST, FAST, KEY, NOW, SETTLED, USAGE, VERSION, Api

BOTH = [USAGE, COST]
BETA = {**KEY, **VERSION, **FAST}
START = {"starting_at": "2026-11-01"}
SMALL = Api(people=12, days=10, api_keys=12)


def refused(api, path, params, **request):
    status, kind, message = api.refused(path, params, **request)
    assert (status, kind) == (400, "invalid_request_error")
    return message


def days(buckets):
    return [bucket["starting_at"][:10] for bucket in buckets]


def day(text):
    return datetime.fromisoformat(text).date()


@pytest.mark.parametrize("path", BOTH)
def test_the_start_is_required(api, path):
    assert refused(api, path, {}) == "starting_at: Field required"


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-18T00:00:00",
        "2026-11-18 00:00:00Z",
        "2026-11-18T00:00Z",
        "2026-11-18T24:00:00Z",
        "2026-02-29",
        "20261118",
        "0001-01-01T00:00:00+14:00",
        "2026-11-18T00:00:00 01:00",  # a plus sign that was not encoded
    ],
)
def test_a_time_has_a_zone_and_exists(api, path, text):
    assert "starting_at" in refused(api, path, {"starting_at": text})
    assert "ending_at" in refused(api, path, {"starting_at": SETTLED, "ending_at": text})


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("2026-11-18", "2026-11-18"),
        ("2026-11-18T00:00:00Z", "2026-11-18"),
        ("2026-11-18T23:59:59.999999999Z", "2026-11-18"),
        ("2026-11-18T01:00:00+02:00", "2026-11-17"),
        ("2026-11-17T23:00:00-05:30", "2026-11-18"),
    ],
)
def test_the_start_is_snapped_down_to_its_utc_day(plain, path, text, first):
    assert days(plain.buckets(path, {"starting_at": text, "ending_at": "2026-11-20"}))[0] == first


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    ("ending_at", "last"),
    [
        ("2026-11-19", "2026-11-18"),
        ("2026-11-19T00:00:00Z", "2026-11-18"),
        ("2026-11-19T23:59:59Z", "2026-11-18"),
        ("2026-11-20T23:59:59Z", "2026-11-19"),
        ("2026-11-21T00:00:00Z", "2026-11-20"),
        ("2026-12-24T00:00:00Z", "2026-11-20"),
    ],
)
def test_only_buckets_that_end_before_the_end_are_told(plain, path, ending_at, last):
    buckets = plain.buckets(path, {"starting_at": "2026-11-17", "ending_at": ending_at})
    assert (days(buckets)[0], days(buckets)[-1]) == ("2026-11-17", last)


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize("ending_at", ["2026-11-17", "2026-11-18", "2026-11-18T23:59:59Z", "0001-01-01"])
def test_a_range_without_any_bucket_is_refused(api, path, ending_at):
    assert "ending_at" in refused(api, path, {"starting_at": SETTLED, "ending_at": ending_at})


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize("start", ["2026-11-21", "2027-01-01", "9999-12-31"])
def test_buckets_to_come_do_not_exist(plain, path, start):
    plain.now = NOW
    assert plain.get(path, {"starting_at": start}) == {"data": [], "has_more": False, "next_page": None}


@pytest.mark.parametrize("path", BOTH)
def test_the_running_day_is_the_last_bucket_from_its_first_second_on(simulate, path):
    api = simulate(now=datetime(2026, 11, 20, tzinfo=UTC), quirks=False)
    last = api.buckets(path, START)[-1]
    assert last == {"starting_at": "2026-11-20T00:00:00Z", "ending_at": "2026-11-21T00:00:00Z", "results": []}


@pytest.mark.parametrize("path", BOTH)
def test_days_before_the_history_are_empty_buckets(simulate, path):
    buckets = simulate(days=3).buckets(path, START)
    assert [bool(bucket["results"]) for bucket in buckets] == [False] * 16 + [True] * 4
    assert days(buckets) == [f"2026-11-{number:02}" for number in range(1, 21)]


@pytest.mark.parametrize("path", BOTH)
def test_seven_buckets_unless_asked_otherwise(api, path):
    page = api.get(path, START)
    assert days(page["data"]) == [f"2026-11-{number:02}" for number in range(1, 8)]
    assert page["has_more"] is True


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize("limit", ["0", "32", "1000", "-1", "x", ""])
def test_a_limit_is_a_number_of_buckets_up_to_31(api, path, limit):
    assert "limit" in refused(api, path, {**START, "limit": limit})


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    "params",
    [
        {"group_by": "workspace_id"},
        {"after_id": "x"},
        {"context_windows[]": "0-200k"},
        {"workspace_id": "x"},
        {"limit": ["3", "4"]},
        {"group_by[]": "week"},
        {"bucket_width": "1w"},
    ],
)
def test_what_nobody_documented_is_refused(api, path, params):
    assert refused(api, path, {**START, **params}).startswith(*params)


@pytest.mark.parametrize("params", [{"models[]": "x"}, {"group_by[]": "model"}, {"bucket_width": "1h"}])
def test_the_cost_report_has_fewer_parameters(api, params):
    assert refused(api, COST, {**START, **params}).startswith(*params)


@pytest.mark.parametrize("path", BOTH)
def test_a_bucket_is_a_day_and_may_be_called_so(plain, path):
    assert plain.get(path, {**START, "bucket_width": "1d"}) == plain.get(path, START)


@pytest.mark.parametrize("width", ["1h", "1m"])
def test_smaller_buckets_are_not_simulated(api, width):
    assert "one day" in refused(api, USAGE, {**START, "bucket_width": width})


def test_five_dimensions_are_enough(api):
    six = [name for name in USAGE_GROUPS if name != "speed"][:6]
    assert refused(api, USAGE, {**START, "group_by[]": six}) == "Cannot specify more than 5 group_by[] dimensions."
    assert api.get(USAGE, {**START, "group_by[]": six[:5]})["data"]


@pytest.mark.parametrize("params", [{"group_by[]": ["model", "speed"]}, {"speeds[]": "fast"}])
def test_speed_needs_its_beta(api, params):
    assert "fast-mode-2026-02-01" in refused(api, USAGE, {**START, **params})
    assert api.get(USAGE, {**START, **params}, headers=BETA)["data"]


@settings(max_examples=40)
@given(path=st.sampled_from(BOTH), limit=st.integers(1, 31), back=st.integers(0, 40), length=st.integers(1, 45))
def test_a_walk_gives_each_bucket_once_oldest_first(path, limit, back, length):
    first = NOW.date() - timedelta(days=back)
    end = first + timedelta(days=length)
    pages = SMALL.pages(path, {"starting_at": first.isoformat(), "ending_at": end.isoformat()}, limit)
    told = [bucket for page in pages for bucket in page]
    count = min(length, back + 1)
    assert days(told) == [(first + timedelta(days=number)).isoformat() for number in range(count)]
    assert all(day(one["ending_at"]) - day(one["starting_at"]) == timedelta(days=1) for one in told)
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1]


@pytest.fixture(params=BOTH)
def walk(api, request):
    """A report, the parameters of a walk over it, and the cursor to the second page."""
    params = {"starting_at": "2026-11-01", "ending_at": "2026-11-18", "limit": 5, "group_by[]": ["workspace_id"]}
    return request.param, params, api.get(request.param, params)["next_page"]


@pytest.mark.parametrize(
    "change",
    [
        {"starting_at": "2026-11-02"},
        {"ending_at": "2026-11-19"},
        {"ending_at": None},
        {"limit": 6},
        {"limit": None},
        {"group_by[]": None},
    ],
)
def test_a_cursor_belongs_to_its_query(api, walk, change):
    path, params, cursor = walk
    params = {name: value for name, value in {**params, "page": cursor, **change}.items() if value}
    assert "page" in refused(api, path, params)


@pytest.mark.parametrize("change", [{"group_by[]": "model"}, {"models[]": "x"}, {"inference_geos[]": "us"}])
def test_a_cursor_belongs_to_its_groups_and_filters(api, change):
    cursor = api.get(USAGE, START)["next_page"]
    assert "page" in refused(api, USAGE, {**START, **change, "page": cursor})


def test_a_cursor_belongs_to_its_report_and_its_organization(api, walk):
    path, params, cursor = walk
    other = {**VERSION, "x-api-key": "sk-ant-admin01-other-organization"}
    assert "page" in refused(api, COST if path == USAGE else USAGE, {**params, "page": cursor})
    assert "page" in refused(api, path, {**params, "page": cursor}, headers=other)
    assert "page" in refused(api, path, {**params, "page": cursor}, headers=BETA)
    assert cursor.startswith("page_")


@pytest.mark.parametrize("path", BOTH)
@given(text=st.text())
def test_no_text_is_taken_for_a_cursor(path, text):
    assert "page" in refused(SMALL, path, {**START, "page": text})


@pytest.mark.parametrize("path", BOTH)
def test_a_walk_keeps_to_what_was_known_when_it_began(simulate, path):
    api = simulate(people=30)
    params = {"starting_at": "2026-11-17", "limit": 1}
    expected = api.pages(path, params, 1)
    page, walked = api.get(path, params), []
    while True:
        walked.append(page["data"])
        if not page["has_more"]:
            break
        api.now += timedelta(hours=9)
        page = api.get(path, {**params, "page": page["next_page"]})
    assert walked == expected
    assert days(bucket for page in walked for bucket in page) == [f"2026-11-{number}" for number in range(17, 21)]
    later = api.pages(path, params, 1)
    assert later[:3] == expected[:3]
    assert later[3] != expected[3]
    assert len(later) > 4


def test_what_was_asked_for_is_kept_in_bounded_memory(simulate):
    api = simulate(people=30)
    memory = next(route for route in api.app.routes if route.path.endswith(USAGE)).app.endpoint.answer.__self__._memory
    memory.largest = 20_000
    groups = {"group_by[]": ["model", "api_key_id"]}
    first = api.buckets(USAGE, {**START, **groups})
    assert 0 < memory.size <= 20_000
    assert memory.size == sum(len(row) for rows in memory._kept.values() for row in rows)
    assert api.buckets(USAGE, {**START, **groups}) == first
