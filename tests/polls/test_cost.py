"""Billed cost: cents as decimal texts in, dollars out."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import AdminApiError, Reason
from exporter.model import Billed, CostDay, Workspace, Workspaces
from exporter.polls.cost import CostPoll, CostTodayPoll, spent
from tests.polls.test_usage import bucket, page
from tests.scripted import NOW

TOKENS = (
    'cost_type="tokens",model="m",token_type="output",service_tier="standard",context_window="0-200k",description=""'
)


def row(**changes):
    return {
        "amount": "1234.5",
        "currency": "USD",
        "cost_type": "tokens",
        "description": "Claude M Usage - Output Tokens",
        "model": "m",
        "token_type": "output_tokens",
        "service_tier": "standard",
        "context_window": "0-200k",
        "inference_geo": "global",
        "workspace_id": None,
    } | changes


async def test_1234_and_a_half_cents_are_12_dollars_and_34_and_a_half_cents(run):
    assert await run(CostPoll, page(bucket(row()))).samples() == [
        f'anthropic_cost_usd{{workspace_id="default",{TOKENS}}} 12.345',
        'anthropic_cost_report_day_timestamp_seconds{organization="Acme"} 1772236800.0',
    ]


async def test_where_there_is_no_model_the_description_says_what_it_was(run):
    search = row(
        cost_type="web_search", description="Web search tool usage", amount="3", model=None, token_type=None,
        service_tier=None, context_window=None, workspace_id="wrkspc_1",
    )  # fmt: skip
    samples = await run(CostPoll, page(bucket(search))).samples()
    assert samples[0] == (
        'anthropic_cost_usd{workspace_id="wrkspc_1",cost_type="web_search",model="",token_type="",service_tier="",'
        'context_window="",description="Web search tool usage"} 0.03'
    )


@pytest.mark.parametrize(
    ("api", "ours"),
    [
        ("uncached_input_tokens", "uncached_input"),
        ("output_tokens", "output"),
        ("cache_read_input_tokens", "cache_read"),
        ("cache_creation.ephemeral_5m_input_tokens", "cache_creation_5m"),
        ("cache_creation.ephemeral_1h_input_tokens", "cache_creation_1h"),
        ("thought_tokens", "thought_tokens"),
    ],
)
async def test_types_of_tokens_are_named_as_in_usage_and_unknown_ones_pass(run, api, ours):
    samples = await run(CostPoll, page(bucket(row(token_type=api)))).samples()
    assert f'token_type="{ours}"' in samples[0]


async def test_a_cost_type_may_be_anything_and_all_but_amount_and_currency_may_be_missing(run):
    samples = await run(CostPoll, page(bucket({"amount": "100", "currency": "USD"}))).samples()
    assert samples[0].endswith(
        'cost_type="",model="",token_type="",service_tier="",context_window="",description=""} 1.0'
    )
    samples = await run(CostPoll, page(bucket(row(cost_type="weather")))).samples()
    assert 'cost_type="weather"' in samples[0]


async def test_rows_with_equal_labels_are_summed_exactly(run):
    day = await run(CostPoll, page(bucket(*[row(amount="0.1", inference_geo=geo) for geo in "abc"]))).model()
    assert list(day.by.values()) == [Decimal("0.003")]


async def test_an_amount_of_no_rows_is_no_number_and_one_of_another_currency_is_left_out(run):
    poll = run(CostPoll, page(bucket(*[row()] * 200, row(amount="NaN"), row(currency="EUR"))))
    day = await poll.model()
    assert list(day.by.values()) == [Decimal("12.345") * 200]
    assert poll.reading.skipped == {"wrong_type": 1, "currency": 1}


async def test_amounts_that_are_no_numbers_fail_the_poll(run):
    with pytest.raises(AdminApiError) as caught:
        await run(CostPoll, page(bucket(row(amount="a lot"), row(amount=None)))).model()
    assert caught.value.reason is Reason.BAD_RESPONSE


async def test_the_two_groupings_there_are_are_asked_for(run):
    poll = run(CostPoll, page(bucket(row())))
    await poll.model()
    query = poll.api.requests[0].url.params
    assert query.get_list("group_by[]") == ["description", "workspace_id"]
    assert query["limit"] == "31"


async def test_the_real_id_of_the_default_workspace_is_the_default_workspace(run):
    workspaces = Workspaces((Workspace("default", "Default", archived=False),), "wrkspc_0")
    rows = bucket(row(), row(workspace_id="wrkspc_0"))
    samples = await run(CostPoll, page(rows), others=[workspaces]).samples()
    assert samples[0] == f'anthropic_cost_usd{{workspace_id="default",{TOKENS}}} 24.69'
    assert len(samples) == 2


async def test_today_reads_all_open_days_and_shows_the_running_one(run):
    answer = page(bucket(row(amount="100"), day="2026-02-28"), bucket(row(amount="200"), day="2026-03-01"))
    poll = run(CostTodayPoll, answer, now=NOW.replace(hour=1))
    model = await poll.model()
    assert [(day.day, spent(day)) for day in model.days] == [
        (date(2026, 2, 28), {"default": Decimal(1)}),
        (date(2026, 3, 1), {"default": Decimal(2)}),
    ]
    assert await poll.samples() == [f'anthropic_cost_today_usd{{workspace_id="default",{TOKENS}}} 2.0']


amounts = st.decimals(-(10**12), 10**12, places=9)


@given(st.dictionaries(st.builds(Billed, *[st.text(max_size=3)] * 7), amounts, max_size=5))
def test_a_day_comes_out_of_the_ledger_as_it_went_in(by):
    poll = CostPoll(timedelta(hours=2))
    day = CostDay(date(2026, 2, 28), by)
    again = poll.decode(day.day, poll.encode(day, poll.digest(day)))
    assert again.by == day.by
    assert all(isinstance(key, Billed) for key in again.by)
