from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.demo.simulated import COST, FAST, KEY, NOW, SETTLED, TOKENS, USAGE, VERSION, Api, billed

BETA = {**KEY, **VERSION, **FAST}
BOTH = ["description", "workspace_id"]
DESCRIBED = {
    "description", "cost_type", "model", "token_type", "service_tier", "context_window", "inference_geo",
}  # fmt: skip
FIELDS = DESCRIBED | {"currency", "amount", "workspace_id"}
PRICES = {
    "claude-fable-5-2": ("8", "40", "0.20", "10", "16"),
    "claude-opus-5-5": ("4", "20", "0.20", "5", "8"),
    "claude-opus-4-8": ("5", "25", "0.50", "6.25", "10"),
    "claude-sonnet-5-5": ("2", "10", "0.10", "2.50", "4"),
    "claude-sonnet-4-5-20250929": ("3", "15", "0.30", "3.75", "6"),
    "claude-haiku-5-5": ("0.10", "0.50", "0.01", "0.125", "0.20"),
    "claude-haiku-4-5": ("1", "5", "0.10", "1.25", "2"),
}
"""USD per million uncached input, output, cache read, and cache write for five minutes and for an hour."""
SPELLED = dict(
    zip(
        TOKENS,
        (
            "uncached_input_tokens", "output_tokens", "cache_read_input_tokens",
            "cache_creation.ephemeral_5m_input_tokens", "cache_creation.ephemeral_1h_input_tokens",
        ),
        strict=True,
    )
)  # fmt: skip
PLAIN = Api(quirks=False, people=60)


def or_default(workspace):
    return workspace or "default"


def or_nothing(value):
    return value or ""


def dollars(texts):
    return {name: Decimal(text) for name, text in texts.items()}


@pytest.mark.parametrize(
    ("field", "name", "truth"),
    [
        ("workspace_id", or_default, "usd_by_workspace"),
        ("model", or_nothing, "usd_by_model"),
        ("cost_type", str, "usd_by_cost_type"),
        ("token_type", or_nothing, "usd_by_token_type"),
    ],
)
@pytest.mark.parametrize("day", [SETTLED, "2026-11-20", "2026-11-15"])
def test_rows_add_up_to_the_truth_of_the_bill(api, field, name, truth, day):
    rows = api.results(COST, BOTH, day=day)
    assert billed(rows, field, name) == dollars(api.truth(day)["cost"][truth])
    assert billed(rows) == Decimal(api.truth(day)["cost"]["usd"]) > 0


@pytest.mark.parametrize(
    ("groups", "fields"),
    [([], set()), (["workspace_id"], {"workspace_id"}), (["description"], DESCRIBED), (BOTH, FIELDS)],
)
def test_what_is_not_grouped_is_null_and_the_sum_stays(plain, groups, fields):
    rows = plain.results(COST, groups)
    assert billed(rows) == Decimal(plain.truth(SETTLED)["cost"]["usd"])
    for row in rows:
        assert row.keys() == FIELDS
        assert row["currency"] == "USD"
        assert not [name for name in FIELDS - fields - {"currency", "amount"} if row[name] is not None]
    places = {tuple(row[name] for name in sorted(fields - {"amount"})) for row in rows}
    assert len(places) == len(rows)
    assert all((row["model"] is None) == (row["cost_type"] != "tokens") for row in rows if "description" in groups)


def test_a_day_without_grouping_is_one_row(plain):
    assert len(plain.results(COST)) == 1


def test_amounts_are_texts_of_cents_with_many_decimals(api):
    texts = [row["amount"] for row in api.results(COST, BOTH)]
    assert all(isinstance(text, str) for text in texts)
    assert max(len(text.partition(".")[2]) for text in texts) > 6
    assert not any("e" in text.lower() for text in texts)


def test_every_row_is_list_price_to_the_last_digit(plain):
    """Tokens of the usage report, times list prices, with the discount of batches and the surcharges of US and fast."""
    groups = ["model", "service_tier", "context_window", "inference_geo", "speed"]
    due: Counter[tuple[str, ...]] = Counter()
    for row in plain.results(USAGE, groups, headers=BETA):
        if row["service_tier"] == "priority":
            continue
        tier = "batch" if row["service_tier"] == "batch" else "standard"
        factor = Decimal("0.5") if tier == "batch" else Decimal(1)
        factor *= Decimal("1.1") if row["inference_geo"] == "us" else 1
        factor *= 2 if row["speed"] == "fast" else 1
        for kind, price in zip(TOKENS, PRICES[row["model"]], strict=True):
            place = (row["model"], SPELLED[kind], tier, row["context_window"], row["inference_geo"], row["speed"])
            due[place] += TOKENS[kind](row) * Decimal(price) * factor / 10_000
    rows = [row for row in plain.results(COST, ["description"], headers=BETA) if row["cost_type"] == "tokens"]
    names = ("model", "token_type", "service_tier", "context_window", "inference_geo", "speed")
    found = {tuple(row[name] for name in names): Decimal(row["amount"]) for row in rows}
    assert found == {place: cents for place, cents in due.items() if cents}
    assert {place[2] for place in found} == {"standard", "batch"}


def test_a_search_costs_a_cent(plain):
    searches = plain.truth(SETTLED)["usage"]["web_search_requests"]
    rows = [row for row in plain.results(COST, ["description"]) if row["cost_type"] == "web_search"]
    assert [Decimal(row["amount"]) for row in rows] == [searches]


def test_there_are_costs_of_other_kinds_without_a_model(plain):
    rows = plain.results(COST, ["description"])
    assert {row["cost_type"] for row in rows} == {"tokens", "web_search", "code_execution", "session_usage"}


def test_descriptions_are_those_of_the_console(plain):
    told = {row["description"] for row in plain.results(COST, ["description"])}
    assert {
        "Claude Sonnet 5.5 Usage - Input Tokens",
        "Claude Sonnet 4.5 Usage - Input Tokens, Cache Write",
        "Claude Haiku 5.5 Usage - Input Tokens, Cache Hit",
        "Claude Opus 5.5 Usage - Output Tokens",
        "Code Execution Usage",
        "Web search tool usage",
    } <= told


ODD = {
    "a type of cost nobody heard of": lambda row: row["cost_type"] == "tool_search" and row["model"] is None,
    "a type of tokens nobody heard of": lambda row: (row["token_type"] or "") not in {*SPELLED.values(), ""},
    "a model nobody heard of": lambda row: "preview" in (row["model"] or ""),
    "nothing to pay": lambda row: Decimal(row["amount"]) == 0,
    "inference_geo is missing": lambda row: "inference_geo" not in row,
    "speed is missing": lambda row: "speed" not in row,
    "unknown fields": lambda row: row.keys() - FIELDS - {"speed"},
}


@pytest.mark.parametrize("oddity", ODD)
def test_a_few_rows_are_odd_and_none_without_quirks(api, plain, oddity):
    odd, even = (one.results(COST, BOTH, headers=BETA) for one in (api, plain))
    assert 0 < sum(bool(ODD[oddity](row)) for row in odd) < len(odd) / 4
    assert not any(ODD[oddity](row) for row in even)


def test_some_rows_differ_in_their_geography_alone(plain):
    others = sorted(DESCRIBED - {"inference_geo"})
    places = Counter(tuple(row[name] for name in others) for row in plain.results(COST, ["description"]))
    assert max(places.values()) > 1


def test_refused_requests_have_tokens_that_nobody_pays(api, plain):
    """Without oddities every dollar follows from the tokens, as shown above; with them some tokens are free."""
    refused = [use for use in traffic(api) if not use.billed]
    assert refused
    assert all(any(use.tokens) for use in refused)
    assert all(use.billed for use in traffic(plain))


def traffic(api):
    main = api.app.routes[0].app.simulator.directory.main
    return main.day(datetime.fromisoformat(SETTLED).date()).traffic


@settings(max_examples=12)
@given(back=st.integers(0, 80), groups=st.sets(st.sampled_from(BOTH)))
def test_sums_over_days_are_those_of_the_buckets(back, groups):
    since = NOW.date() - timedelta(days=back)
    params = {"starting_at": since.isoformat(), "group_by[]": sorted(groups)}
    buckets = PLAIN.buckets(COST, params)
    sums = PLAIN.sums(since.isoformat(), NOW.date().isoformat())
    assert len(buckets) == sums["days"] == back + 1
    rows = [row for bucket in buckets for row in bucket["results"]]
    assert billed(rows) == Decimal(sums["cost_usd"])
    by_day = {bucket["starting_at"][:10]: billed(bucket["results"]) for bucket in buckets}
    assert {day: cost or Decimal(0) for day, cost in by_day.items()} == dollars(sums["cost_usd_by_day"])
    if "workspace_id" in groups:
        assert billed(rows, "workspace_id", or_default) == dollars(sums["cost_usd_by_workspace"])
