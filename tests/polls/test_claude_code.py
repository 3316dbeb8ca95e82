"""Claude Code: cents become dollars, rows are summed, what may be missing may be missing."""

import gc
import json
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.api.wire import CLAUDE_CODE
from exporter.errors import AdminApiError, Reason
from exporter.model import ClaudeCodeDay, dollars
from exporter.polls.claude_code import ClaudeCodePoll, ClaudeCodeTodayPoll
from exporter.snapshots import Period
from tests.polls.conftest import PollRun

DAY = "2026-02-28"
MIDNIGHT = f"{DAY}T00:00:00Z"


def record(email="ann@example.com", **changes):
    """A row as the reference shows it, for the report day of the tests."""
    return {
        "date": MIDNIGHT,
        "organization_id": "00000000-0000-4000-8000-000000000001",
        "actor": {"type": "user_actor", "email_address": email},
        "customer_type": "api",
        "subscription_type": None,
        "is_remote": False,
        "terminal_type": "vscode",
        "core_metrics": core(4),
        "tool_actions": {"edit_tool": {"accepted": 21, "rejected": 2}},
        "model_breakdown": [used("claude-sonnet-5-5", 47)],
    } | changes


def core(sessions, added=310, removed=95, commits=3, pull_requests=1):
    return {
        "num_sessions": sessions,
        "lines_of_code": {"added": added, "removed": removed},
        "commits_by_claude_code": commits,
        "pull_requests_by_claude_code": pull_requests,
    }


def used(model, cents, currency="USD", **tokens):
    counts = {"input": 41000, "output": 15500, "cache_read": 820000, "cache_creation": 60100} | tokens
    return {"model": model, "tokens": counts, "estimated_cost": {"amount": cents, "currency": currency}}


def page(*rows):
    return {"data": list(rows), "has_more": False, "next_page": None}


async def test_a_day_of_three_people_two_terminals_and_a_key(run, golden):
    rows = [
        record(),
        record(terminal_type="tmux"),
        record(terminal_type="tmux"),
        record("Bob@Example.com", customer_type="subscription", subscription_type="team", is_remote=True),
        record(actor={"type": "api_actor", "api_key_name": 'ci "nightly"'}, model_breakdown=[]),
    ]
    golden("claude_code.prom", await run(ClaudeCodePoll, page(*rows)).text())


async def test_sums_of_ten_thousand_people_are_nothing_that_the_garbage_collector_has_to_look_through(run):
    ((_, sums),) = (await run(ClaudeCodePoll, page(record(), record())).model()).by.items()
    assert (sums.tools["edit"].accepted, sums.models["claude-sonnet-5-5"].input) == (42, 82000)
    assert not any(map(gc.is_tracked, (sums, sums.tools, sums.models)))


async def test_rows_are_summed_in_a_thread_so_that_scrapes_go_on_meanwhile(run):
    poll = run(ClaudeCodePoll, page(record(), record()))
    threads = []
    await poll.reading.each(CLAUDE_CODE, {}, lambda _: threads.append(threading.current_thread()))
    assert len(threads) == 2
    assert threading.current_thread() not in threads


async def test_today_is_one_series_per_actor(run, golden):
    rows = [
        record(date="2026-03-01"),
        record(date="2026-03-01", terminal_type="tmux", model_breakdown=[used("claude-opus-5-5", 250)]),
        record("bob@example.com", date="2026-03-01", model_breakdown=[]),
    ]
    golden("claude_code_today.prom", await run(ClaudeCodeTodayPoll, page(*rows)).text())


@pytest.mark.parametrize(
    ("now", "asked"), [("2026-03-01T01:59:59Z", "2026-02-27"), ("2026-03-01T02:00:00Z", "2026-02-28")]
)
async def test_the_report_day_is_asked_for_as_a_plain_date(run, now, asked):
    poll = run(ClaudeCodePoll, page(), now=datetime.fromisoformat(now))
    await poll.model()
    assert poll.api.seen("starting_at") == [asked]


async def test_today_is_asked_for_as_a_plain_date_and_true_until_midnight(run):
    poll = run(ClaudeCodeTodayPoll, page(), now=datetime(2028, 2, 29, 23, 59, tzinfo=UTC))
    model = await poll.model()
    assert poll.api.seen("starting_at") == ["2028-02-29"]
    assert poll.poll.true(model) == Period(datetime(2028, 2, 29, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC))


async def test_a_day_without_rows_has_a_report_day_and_nothing_else(run):
    assert await run(ClaudeCodePoll, page()).samples() == [
        'anthropic_claude_code_report_day_timestamp_seconds{organization="Acme"} 1772236800.0'
    ]
    assert await run(ClaudeCodeTodayPoll, page()).samples() == []


async def test_1234_5_cents_are_12_345_dollars_from_the_bytes_to_the_sample(run):
    body = json.dumps(page(record(model_breakdown=[used("m", 0)]))).replace('"amount": 0', '"amount": 1234.5')
    samples = await run(ClaudeCodePoll, httpx.Response(200, text=body)).samples()
    assert [line for line in samples if "cost" in line] == [
        (
            'anthropic_claude_code_estimated_cost_usd{actor="ann@example.com",actor_type="user",customer_type="api",'
            'subscription_type="",terminal="vscode",remote="false",model="m"} 12.345'
        )
    ]


@given(st.lists(st.integers(0, 10**7).map(lambda tenths: Decimal(tenths) / 10), max_size=20))
async def test_costs_add_up_exactly_before_the_sample_is_written(cents):
    body = json.dumps(page(*(record(model_breakdown=[used("m", float(amount))]) for amount in cents)))
    model = await PollRun(ClaudeCodePoll, httpx.Response(200, text=body)).model()
    total = sum((use.cost for did in model.by.values() for use in did.models.values()), Decimal())
    assert total == sum(cents) / 100


async def test_e_mail_addresses_in_another_letter_case_are_one_actor(run):
    samples = await run(ClaudeCodePoll, page(record("Ann@Example.COM"), record("ann@example.com"))).samples()
    assert samples[0].startswith('anthropic_claude_code_sessions{actor="ann@example.com"')
    assert samples[0].endswith(" 8")


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({"terminal_type": None}, 'terminal="unknown"'),
        ({"terminal_type": ""}, 'terminal="unknown"'),
        ({"terminal_type": "wsl-Übuntu"}, 'terminal="wsl-Übuntu"'),
        ({"customer_type": None}, 'customer_type=""'),
        ({"customer_type": "barter"}, 'customer_type="barter"'),
        ({"subscription_type": "enterprise"}, 'subscription_type="enterprise"'),
        ({"is_remote": None}, 'remote=""'),
        ({"is_remote": True}, 'remote="true"'),
        ({"actor": {"type": "user_actor", "email_address": None}}, 'actor="",actor_type="user"'),
        ({"actor": {"type": "api_actor", "api_key_name": "ci"}}, 'actor="ci",actor_type="api_key"'),
        ({"actor": {"type": "service_account_actor", "id": "svac_1"}}, 'actor="",actor_type="service_account"'),
        ({"date": DAY}, 'terminal="vscode"'),
        ({"news": {"a": 1}}, 'terminal="vscode"'),
    ],
)
async def test_what_may_be_null_unknown_or_new_becomes_a_label(run, changes, label):
    samples = await run(ClaudeCodePoll, page(record(**changes))).samples()
    assert label in samples[0]
    assert len(samples) == 5 + 2 + 5 + 1


@pytest.mark.parametrize("field", ["terminal_type", "customer_type", "subscription_type", "is_remote"])
async def test_what_may_be_missing_may_be_missing(run, field):
    row = record()
    del row[field]
    assert len(await run(ClaudeCodePoll, page(row)).samples()) == 13


@pytest.mark.parametrize("field", ["core_metrics", "tool_actions", "model_breakdown"])
async def test_null_counts_are_none_and_the_rest_of_the_row_counts(run, field):
    samples = await run(ClaudeCodePoll, page(record(**{field: None}), record())).samples()
    assert len(samples) == 13
    assert any(line.endswith(" 8") for line in samples) is (field != "core_metrics")


async def test_unknown_tools_and_models_pass_and_equal_names_are_summed(run):
    tools = {"edit_tool": {"accepted": 1, "rejected": 0}, "edit": {"accepted": 2, "rejected": 0}, "juggle": None}
    samples = await run(
        ClaudeCodePoll, page(record(tool_actions=tools, model_breakdown=[used("m", 1), used("m", 2), used("n", 3)]))
    ).samples()
    short = [line.partition('remote="false",')[2] for line in samples]
    assert 'tool="edit",decision="accepted"} 3' in short
    assert 'model="m"} 0.03' in short
    assert 'model="n"} 0.03' in short
    assert 'model="m",token_type="cache_read"} 1640000' in short


async def test_another_currency_is_left_out_and_counted_and_its_tokens_stay(run):
    rows = [record(model_breakdown=[used("m", 100, "EUR"), used("n", 100)])]
    poll = run(ClaudeCodePoll, page(*rows))
    samples = await poll.samples()
    assert [line for line in samples if "cost" in line and 'model="m"' in line] == []
    assert [line for line in samples if "tokens" in line and 'model="m"' in line] != []
    assert poll.reading.skipped == {"wrong_type": 0, "currency": 1}


@pytest.mark.parametrize(
    "bad",
    [
        record(core_metrics=core("4")),
        record(core_metrics=core(-1)),
        record(core_metrics={}),
        record(actor=None),
        record(model_breakdown=[{"model": "m"}]),
        record(is_remote="no"),
        record(date="2026-02-27T00:00:00Z"),
        "row",
        None,
    ],
)
async def test_one_row_of_a_wrong_type_is_skipped_counted_and_named(run, bad, caplog):
    poll = run(ClaudeCodePoll, page(record(), bad))
    assert len(await poll.samples()) == 13
    assert poll.reading.skipped == {"wrong_type": 1, "currency": 0}
    assert poll.reading.rows == 2
    assert caplog.messages == ["row skipped"]
    assert "example.com" not in repr(vars(caplog.records[0]))


@pytest.mark.parametrize(
    ("good", "bad", "fails"), [(0, 1, True), (5, 1, False), (198, 2, False), (197, 2, True), (5, 2, True)]
)
async def test_too_many_rows_of_a_wrong_type_fail_the_poll(run, good, bad, fails):
    poll = run(ClaudeCodePoll, page(*[record()] * good, *[record(actor=1)] * bad))
    if not fails:
        assert isinstance(await poll.model(), ClaudeCodeDay)
        return
    with pytest.raises(AdminApiError) as caught:
        await poll.model()
    assert caught.value.reason is Reason.BAD_RESPONSE


@pytest.mark.parametrize("cents", ["NaN", "Infinity", "1e400"])
def test_what_can_be_no_amount_is_refused(cents):
    with pytest.raises(ValueError, match="amount"):
        dollars(Decimal(cents))


def test_the_poll_is_also_due_as_soon_as_the_next_day_is_complete():
    poll = ClaudeCodePoll(timedelta(hours=2))
    assert poll.also_due(datetime(2026, 2, 28, 1, 59, tzinfo=UTC)) == datetime(2026, 2, 28, 2, tzinfo=UTC)
    assert poll.also_due(datetime(2026, 2, 28, 2, 0, tzinfo=UTC)) == datetime(2026, 3, 1, 2, tzinfo=UTC)
