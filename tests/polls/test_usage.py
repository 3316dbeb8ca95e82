"""Usage: buckets in, tokens by the dimensions that were asked for out."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.catalog import USAGE_DIMENSIONS
from exporter.errors import AdminApiError, Reason
from exporter.model import Tokens, UsageDay, Workspace, Workspaces
from exporter.polls.usage import UsagePoll, UsageTodayPoll

DAY = "2026-02-28"
PLACE = 'workspace_id="default",api_key_id="apikey_1",model="m",service_tier="standard",context_window="0-200k"'


def row(**changes):
    return {
        "uncached_input_tokens": 1,
        "cache_read_input_tokens": 3,
        "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 5},
        "output_tokens": 2,
        "server_tool_use": {"web_search_requests": 6},
        "model": "m",
        "workspace_id": None,
        "api_key_id": "apikey_1",
        "account_id": None,
        "service_account_id": None,
        "service_tier": "standard",
        "context_window": "0-200k",
        "inference_geo": None,
    } | changes


def bucket(*rows, day=DAY):
    return {"starting_at": f"{day}T00:00:00Z", "ending_at": "ignored", "results": list(rows)}


def page(*buckets, following=None):
    return {"data": list(buckets), "has_more": bool(following), "next_page": following}


async def test_every_type_of_token_has_its_name_and_null_means_the_default_workspace(run):
    assert await run(UsagePoll, page(bucket(row()))).samples() == [
        f'anthropic_usage_tokens{{{PLACE},token_type="uncached_input"}} 1',
        f'anthropic_usage_tokens{{{PLACE},token_type="output"}} 2',
        f'anthropic_usage_tokens{{{PLACE},token_type="cache_read"}} 3',
        f'anthropic_usage_tokens{{{PLACE},token_type="cache_creation_5m"}} 4',
        f'anthropic_usage_tokens{{{PLACE},token_type="cache_creation_1h"}} 5',
        f"anthropic_usage_web_search_requests{{{PLACE}}} 6",
        'anthropic_usage_report_day_timestamp_seconds{organization="Acme"} 1772236800.0',
    ]


async def test_one_request_asks_for_the_report_day_in_the_largest_pages_with_five_dimensions(run):
    poll = run(UsagePoll, page(bucket(row()), following="p2"), page())
    await poll.model()
    first, second = poll.api.requests
    query = first.url.params
    assert query["starting_at"] == "2026-02-28T00:00:00Z"
    assert query["ending_at"] == "2026-03-01T00:01:00Z"
    assert (query["bucket_width"], query["limit"]) == ("1d", "31")
    assert query.get_list("group_by[]") == list(USAGE_DIMENSIONS)
    assert len(USAGE_DIMENSIONS) == 5
    assert second.url.params == query.set("page", "p2")


async def test_the_running_day_is_asked_for_without_an_end(run):
    poll = run(UsageTodayPoll, page(bucket(row(), day="2026-03-01")))
    assert f'anthropic_usage_today_tokens{{{PLACE},token_type="output"}} 2' in await poll.samples()
    assert poll.api.requests[0].url.params["starting_at"] == "2026-03-01T00:00:00Z"
    assert "ending_at" not in poll.api.requests[0].url.params


async def test_a_bucket_of_another_day_is_no_part_of_this_one(run):
    buckets = (bucket(row(), day="2026-02-27"), bucket(row()), bucket(row(), day="2026-03-01"))
    day = await run(UsagePoll, page(*buckets)).model()
    assert day.day == date(2026, 2, 28)
    assert [tokens.output for tokens in day.by.values()] == [2]


@pytest.mark.parametrize("answer", [page(), page(bucket())])
async def test_a_day_without_rows_is_a_day(run, answer):
    samples = await run(UsagePoll, answer).samples()
    assert samples == ['anthropic_usage_report_day_timestamp_seconds{organization="Acme"} 1772236800.0']


async def test_rows_that_differ_in_what_is_not_grouped_by_are_summed(run):
    day = await run(UsagePoll, page(bucket(row(inference_geo="us"), row(inference_geo="global")))).model()
    assert [tokens.output for tokens in day.by.values()] == [4]


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({"api_key_id": None}, 'api_key_id="none"'),
        ({"workspace_id": "wrkspc_1"}, 'workspace_id="wrkspc_1"'),
        ({"model": None}, 'model=""'),
        ({"service_tier": "express"}, 'service_tier="express"'),
        ({"news": [1]}, 'model="m"'),
    ],
)
async def test_what_is_null_unknown_or_new_becomes_a_label(run, changes, label):
    samples = await run(UsagePoll, page(bucket(row(**changes)))).samples()
    assert label in samples[0]
    assert len(samples) == 7


COUNTS = {"uncached_input_tokens", "output_tokens", "cache_read_input_tokens"}


@pytest.mark.parametrize(
    "field",
    [name for name in row() if name not in ("uncached_input_tokens", "output_tokens", "cache_read_input_tokens")],
)
async def test_what_may_be_missing_may_be_missing(run, field):
    less = row()
    del less[field]
    samples = await run(UsagePoll, page(bucket(less))).samples()
    assert len(samples) == 7
    assert any(line.endswith('token_type="output"} 2') for line in samples)


async def test_of_a_bucket_one_wrong_row_is_skipped_and_the_others_count(run):
    bad = [row(output_tokens="2"), row(output_tokens=-1), 7]
    for one in bad:
        poll = run(UsagePoll, page(bucket(row(), one, row())))
        day = await poll.model()
        assert [tokens.output for tokens in day.by.values()] == [4]
        assert (poll.reading.rows, poll.reading.skipped["wrong_type"]) == (3, 1)


async def test_when_most_rows_are_wrong_the_poll_fails(run):
    with pytest.raises(AdminApiError) as caught:
        await run(UsagePoll, page(bucket(row(output_tokens="2"), row(model=3)))).model()
    assert caught.value.reason is Reason.BAD_RESPONSE


async def test_the_real_id_of_the_default_workspace_is_the_default_workspace(run):
    workspaces = Workspaces((Workspace("default", "Default", archived=False),), "wrkspc_0")
    rows = bucket(row(), row(workspace_id="wrkspc_0"), row(workspace_id="wrkspc_1"))
    samples = await run(UsagePoll, page(rows), others=[workspaces]).samples()
    assert f'anthropic_usage_tokens{{{PLACE},token_type="output"}} 4' in samples
    assert len(samples) == 2 * 6 + 1


def grouped(run, *dimensions):
    poll = run(UsagePoll, page(bucket(row(speed="fast"), row(speed="standard", model="n"))))
    poll.poll.group_by = dimensions
    return poll


async def test_other_dimensions_are_other_labels(run):
    poll = grouped(run, "model", "inference_geo")
    assert 'anthropic_usage_web_search_requests{model="n",inference_geo=""} 6' in await poll.samples()
    assert poll.api.requests[0].url.params.get_list("group_by[]") == ["model", "inference_geo"]
    assert "anthropic-beta" not in poll.api.requests[0].headers


async def test_speed_is_asked_for_with_its_beta_header(run):
    poll = grouped(run, "speed")
    assert 'anthropic_usage_web_search_requests{speed="fast"} 6' in await poll.samples()
    assert poll.api.requests[0].headers["anthropic-beta"] == "fast-mode-2026-02-01"


async def test_without_a_dimension_everything_is_one_row(run):
    assert 'anthropic_usage_web_search_requests{organization="Acme"} 12' in await grouped(run).samples()


async def test_a_key_counts_as_used_only_where_anything_was_used(run):
    idle = row(api_key_id="apikey_2", cache_creation=None, server_tool_use=None) | dict.fromkeys(COUNTS, 0)
    rows = bucket(row(), idle, row(api_key_id=None))
    poll = run(UsagePoll, page(rows))
    assert poll.poll.digest(await poll.model()).keys() == {"apikey_1", "none"}
    assert grouped(run, "model").poll.digest(UsageDay(date(2026, 2, 28), {})) == {}


async def test_several_days_are_read_with_one_request(run):
    answer = page(bucket(row(), day="2026-02-26"), bucket(day="2026-02-27"), bucket(row(), row(), day="2026-02-28"))
    poll = run(UsagePoll, answer)
    days = await poll.poll.read(poll.reading, date(2026, 2, 26), date(2026, 2, 28))
    assert [(day.day.day, sum(used.output for used in day.by.values())) for day in days] == [(26, 2), (27, 0), (28, 4)]
    assert len(poll.api.requests) == 1


counts = st.integers(0, 2**53)
keys = st.tuples(*[st.text(max_size=3)] * 5)


@given(st.dictionaries(keys, st.tuples(*[counts] * 6), max_size=5))
def test_a_day_comes_out_of_the_ledger_as_it_went_in(by):
    poll = UsagePoll(timedelta(hours=2))
    tokens = {key: Tokens(*numbers) for key, numbers in by.items()}
    day = UsageDay(date(2026, 2, 28), tokens)
    assert poll.decode(day.day, poll.encode(day, poll.digest(day))).by == day.by


def test_the_poll_is_due_as_soon_as_the_day_has_settled_and_today_at_midnight():
    late = datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert UsagePoll(timedelta(hours=2)).also_due(late) == datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert UsageTodayPoll(timedelta(hours=2)).also_due(late) == datetime(2026, 3, 1, tzinfo=UTC)


def test_another_grouping_is_another_shape():
    assert UsagePoll(timedelta(), ("model",)).shape != UsagePoll(timedelta()).shape
