from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.demo.ranges import USAGE_GROUPS
from tests.demo.simulated import FAST, KEY, NOW, SETTLED, TOKENS, USAGE, VERSION, Api, one_day, used

BETA = {**KEY, **VERSION, **FAST}
PLAIN = Api(quirks=False, people=60)
FIELDS = {
    "uncached_input_tokens", "cache_read_input_tokens", "cache_creation", "output_tokens", "server_tool_use", "model",
    "workspace_id", "api_key_id", "account_id", "service_account_id", "service_tier", "context_window",
    "inference_geo",
}  # fmt: skip
a_few_groups = st.lists(st.sampled_from(USAGE_GROUPS), max_size=5, unique=True)


def searches(rows):
    return sum(row["server_tool_use"]["web_search_requests"] for row in rows)


def or_default(workspace):
    return workspace or "default"


def or_nothing(key):
    return key or ""


@pytest.mark.parametrize(
    ("field", "name", "truth"),
    [
        ("workspace_id", or_default, "tokens_by_workspace"),
        ("model", str, "tokens_by_model"),
        ("api_key_id", or_nothing, "tokens_by_api_key"),
        ("service_tier", str, "tokens_by_service_tier"),
    ],
)
def test_rows_grouped_by_one_dimension_are_its_truth(api, field, name, truth):
    rows = api.results(USAGE, [field])
    assert used(rows, field, name) == api.truth(SETTLED)["usage"][truth]
    assert len(rows) == len(api.truth(SETTLED)["usage"][truth]) > 2


def test_searches_are_counted_by_workspace(api):
    truth = api.truth(SETTLED)["usage"]
    rows = api.results(USAGE, ["workspace_id"])
    counted = {or_default(row["workspace_id"]): searches([row]) for row in rows}
    assert {name: count for name, count in counted.items() if count} == truth["web_search_requests_by_workspace"]
    assert sum(counted.values()) == truth["web_search_requests"] > 0


@settings(max_examples=60)
@given(groups=a_few_groups)
def test_whatever_the_grouping_the_sum_is_the_truth_and_no_row_comes_twice(groups):
    rows = PLAIN.results(USAGE, groups, headers=BETA)
    truth = PLAIN.truth(SETTLED)["usage"]
    assert used(rows) == truth["tokens"]
    assert searches(rows) == truth["web_search_requests"]
    assert len({tuple(row[name] for name in groups) for row in rows}) == len(rows) > 0
    assert len(rows) <= truth["rows"]


@settings(max_examples=30)
@given(groups=a_few_groups)
def test_what_is_not_grouped_is_null(groups):
    for row in PLAIN.results(USAGE, groups, headers=BETA):
        assert row.keys() == FIELDS | {"speed"}
        assert all(row[name] is None for name in USAGE_GROUPS if name not in groups)


def test_a_day_without_grouping_is_one_row(plain):
    (row,) = plain.results(USAGE)
    assert row.keys() == FIELDS
    assert {row[name] for name in USAGE_GROUPS if name != "speed"} == {None}


def test_speed_is_shown_with_the_beta_only(plain):
    assert not any("speed" in row for row in plain.results(USAGE, ["model"]))
    rows = plain.results(USAGE, ["speed"], headers=BETA)
    assert {row["speed"] for row in rows} == {"standard", "fast"}


@pytest.mark.parametrize("beta", ["another-2026-01-01, fast-mode-2026-02-01", "fast-mode-2026-02-01,x"])
def test_betas_are_a_list(plain, beta):
    assert plain.results(USAGE, ["speed"], headers={**KEY, **VERSION, "anthropic-beta": beta})


def test_nulls_mean_the_default_workspace_the_workbench_and_requests_of_another_kind(plain):
    rows = plain.results(USAGE, ["workspace_id", "api_key_id", "account_id", "service_account_id"])
    kinds = Counter(
        tuple(row[name] is not None for name in ("api_key_id", "account_id", "service_account_id")) for row in rows
    )
    assert {kind for kind in kinds if sum(kind) > 1} == set()
    assert kinds[False, False, False] == 1
    (workbench,) = [row for row in rows if not (row["api_key_id"] or row["account_id"] or row["service_account_id"])]
    assert workbench["workspace_id"] is None
    assert all(kinds[kind] for kind in ((True, False, False), (False, True, False), (False, False, True)))


def test_keys_are_used_in_the_workspace_the_list_of_keys_gives_them(plain):
    keys = {key["id"]: key for key in plain.rows("api_keys")}
    rows = [row for row in plain.results(USAGE, ["workspace_id", "api_key_id"]) if row["api_key_id"]]
    assert {keys[row["api_key_id"]]["workspace_id"] == row["workspace_id"] for row in rows} == {True}
    assert None in {row["workspace_id"] for row in rows}


def test_users_and_service_accounts_are_those_of_the_lists(plain):
    rows = plain.results(USAGE, ["account_id", "service_account_id"])
    users = {user["id"] for user in plain.rows("users")}
    creators = {key["created_by"]["id"] for key in plain.rows("api_keys") if key["created_by"]}
    assert {row["account_id"] for row in rows if row["account_id"]} <= users
    assert {row["service_account_id"] for row in rows if row["service_account_id"]} <= creators


def test_models_before_4_6_have_no_geography(plain):
    rows = plain.results(USAGE, ["model", "inference_geo"])
    old = {"claude-sonnet-4-5-20250929", "claude-haiku-4-5"}
    assert {row["model"] for row in rows if row["inference_geo"] == "not_available"} == old & {
        row["model"] for row in rows
    }
    assert {row["inference_geo"] for row in rows} == {"not_available", "global", "us"}


def test_a_month_has_every_tier_and_context_window(plain):
    month = {"starting_at": "2026-10-21", "group_by[]": ["service_tier", "context_window"]}
    rows = [row for bucket in plain.buckets(USAGE, month) for row in bucket["results"]]
    assert {row["service_tier"] for row in rows} == {"standard", "batch", "priority", "flex"}
    assert {row["context_window"] for row in rows} == {"0-200k", "200k-1M"}


def test_claude_code_paid_by_use_is_in_both_reports(plain):
    """Seen from both sides: the workspace of Claude Code, and the rows of customer type api that people have."""
    workspace = next(one["id"] for one in plain.rows("workspaces") if one["name"] == "Claude Code")
    people = [row for row in plain.day() if row["customer_type"] == "api" and "email_address" in row["actor"]]
    params = {**one_day(), "group_by[]": "model", "workspace_ids[]": workspace}
    (bucket,) = plain.buckets(USAGE, params)
    mine: Counter[str] = Counter()
    for use in (use for row in people for use in row["model_breakdown"]):
        mine[use["model"]] += sum(use["tokens"].values())
    theirs = {row["model"]: sum(read(row) for read in TOKENS.values()) for row in bucket["results"]}
    assert theirs == {model: tokens for model, tokens in mine.items() if tokens}


@pytest.mark.parametrize(
    ("parameter", "field"),
    [
        ("account_ids[]", "account_id"),
        ("api_key_ids[]", "api_key_id"),
        ("service_account_ids[]", "service_account_id"),
        ("workspace_ids[]", "workspace_id"),
        ("models[]", "model"),
        ("service_tiers[]", "service_tier"),
        ("context_window[]", "context_window"),
        ("inference_geos[]", "inference_geo"),
        ("speeds[]", "speed"),
    ],
)
def test_a_filter_leaves_the_rows_with_its_values(plain, parameter, field):
    rows = plain.results(USAGE, [field], headers=BETA)
    values = sorted({row[field] for row in rows if row[field]})[:2]
    params = {**one_day(), "group_by[]": field, parameter: values}
    (bucket,) = plain.buckets(USAGE, params, headers=BETA)
    assert bucket["results"] == [row for row in rows if row[field] in values]
    assert bucket["results"]
    nobody = {**params, parameter: "nobody"}
    if field in ("service_tier", "context_window", "inference_geo", "speed"):
        assert plain.refused(USAGE, nobody, headers=BETA)[0] == 400
    else:
        assert [one["results"] for one in plain.buckets(USAGE, nobody, headers=BETA)] == [[]]


def test_the_default_workspace_is_found_by_its_real_id(plain):
    default = plain.truth()["organization"]["default_workspace_id"]
    (bucket,) = plain.buckets(USAGE, {**one_day(), "workspace_ids[]": default})
    assert used(bucket["results"]) == plain.truth(SETTLED)["usage"]["tokens_by_workspace"]["default"]


def test_some_active_keys_are_idle_and_some_are_never_used(api):
    last = api.sums("2026-10-06", "2026-11-19")["key_last_used_day"]
    active = [key["id"] for key in api.rows("api_keys", {"status": "active"})]
    assert any(last.get(key, "9") < "2026-10-20" for key in active)
    assert any(key not in last for key in active)
    assert sum(key in last for key in active) > len(active) / 2


def test_keys_that_expired_were_used_until_then_and_not_after(simulate):
    api = simulate(people=40, api_keys=120, days=40)
    last = api.sums("2026-10-11", "2026-11-19")["key_last_used_day"]
    over = [key for key in api.rows("api_keys", {"status": "expired"}) if key["id"] in last]
    assert over
    assert all(last[key["id"]] <= key["expires_at"][:10] for key in over)
    assert any(last[key["id"]] == key["expires_at"][:10] for key in over)
    archived = [key for key in api.rows("api_keys", {"status": "archived"}) if key["id"] in last]
    assert archived


def test_the_last_day_of_a_key_is_the_last_on_which_it_has_a_row(plain):
    month = {"starting_at": "2026-11-01", "ending_at": "2026-11-20", "group_by[]": "api_key_id"}
    last: dict[str, str] = {}
    for bucket in plain.buckets(USAGE, month):
        last |= {row["api_key_id"]: bucket["starting_at"][:10] for row in bucket["results"] if row["api_key_id"]}
    assert last == plain.sums("2026-11-01", "2026-11-19")["key_last_used_day"]


@pytest.mark.parametrize(("hour", "minute"), [(0, 4), (0, 6), (9, 59), (23, 59)])
def test_the_running_day_is_its_truth_and_five_minutes_old(simulate, hour, minute):
    api = simulate(now=datetime.fromisoformat(f"2026-11-20T{hour:02}:{minute:02}:30Z"))
    truth = api.truth("2026-11-20")["usage"]
    assert datetime.fromisoformat(truth["boundary"]) == max(
        api.now.replace(second=0) - timedelta(minutes=5), datetime.fromisoformat("2026-11-20T00:00Z")
    )
    rows = api.results(USAGE, ["model"], day="2026-11-20")
    assert used(rows) == truth["tokens"]
    assert bool(rows) == (hour > 0 or minute > 5)


def test_the_running_day_only_grows(simulate):
    api = simulate(people=60)
    groups = ["model", "workspace_id", "api_key_id", "service_tier"]
    earlier: dict[tuple[str, ...], int] = {}
    for hour in range(25):
        api.now = datetime.fromisoformat("2026-11-20T00:07:00Z") + timedelta(hours=hour)
        rows = api.results(USAGE, groups, day="2026-11-20")
        now = {tuple(row[name] for name in groups): sum(read(row) for read in TOKENS.values()) for row in rows}
        assert all(now[place] >= tokens for place, tokens in earlier.items())
        assert sum(now.values()) >= sum(earlier.values())
        earlier = now
    complete = api.results(USAGE, groups, day="2026-11-20")
    api.now += timedelta(days=30)
    assert api.results(USAGE, groups, day="2026-11-20") == complete


def test_whole_days_do_not_depend_on_when_they_are_read(simulate):
    early, late = simulate(people=30), simulate(people=30)
    late.now += timedelta(days=9)
    params = {"starting_at": "2026-11-10", "ending_at": "2026-11-20", "group_by[]": ["model", "api_key_id"]}
    assert early.buckets(USAGE, params) == late.buckets(USAGE, params)


@pytest.mark.parametrize(("seed", "people"), [(2, 1), (3, 10), (4, 700)])
def test_organizations_of_every_size_add_up(simulate, seed, people):
    api = simulate(seed=seed, people=people, days=9)
    for back in range(1, 4):
        day = (NOW.date() - timedelta(days=back)).isoformat()
        assert (
            used(api.results(USAGE, ["api_key_id", "workspace_id", "model"], day=day))
            == (api.truth(day)["usage"]["tokens"])
        )


ODD = {
    "a model nobody heard of": lambda row: "preview" in row["model"],
    "a tier nobody heard of": lambda row: row["service_tier"] == "express",
    "inference_geo is missing": lambda row: "inference_geo" not in row,
    "account_id is missing": lambda row: "account_id" not in row,
    "service_account_id is missing": lambda row: "service_account_id" not in row,
    "speed is missing": lambda row: "speed" not in row,
    "unknown fields": lambda row: row.keys() - FIELDS - {"speed"},
    "unknown kinds of tokens": lambda row: len(row["cache_creation"]) > 2 and len(row["server_tool_use"]) > 1,
}


@pytest.mark.parametrize("oddity", ODD)
def test_a_few_rows_are_odd_and_none_without_quirks(api, plain, oddity):
    groups = ["model", "service_tier", "inference_geo", "api_key_id", "workspace_id"]
    odd, even = (one.results(USAGE, groups, headers=BETA) for one in (api, plain))
    assert 0 < sum(bool(ODD[oddity](row)) for row in odd) < len(odd) / 4
    assert not any(ODD[oddity](row) for row in even)


def test_envelope_and_buckets_have_unknown_fields(api, plain):
    known = [{"data", "has_more", "next_page"}, {"starting_at", "ending_at", "results"}]
    assert [set(page) for page in (plain.get(USAGE, one_day()), *plain.buckets(USAGE))] == known
    odd = [set(page) for page in (api.get(USAGE, one_day()), *api.buckets(USAGE))]
    assert [bool(one - other) for one, other in zip(odd, known, strict=True)] == [True, True]


def test_some_rows_differ_in_their_geography_alone(api):
    groups = ["model", "service_tier", "inference_geo", "api_key_id", "workspace_id"]
    others = [name for name in groups if name != "inference_geo"]
    places = Counter(tuple(row[name] for name in others) for row in api.results(USAGE, groups))
    assert max(places.values()) > 1
