"""A clock that is wrong by a day, ours or the API's: no day is taken for another, and `check` says so."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from exporter.api.credential import Credential
from exporter.check import check
from exporter.polls import ALL
from exporter.settings import Settings
from tests.hostile.upstream import KEY, exporting, listening, whole

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RECORD = {
    "actor": {"type": "user_actor", "email_address": "ann@example.com"},
    "core_metrics": {
        "num_sessions": 1,
        "lines_of_code": None,
        "commits_by_claude_code": 0,
        "pull_requests_by_claude_code": 0,
    },
    "tool_actions": None,
    "model_breakdown": None,
}


def dated(at):
    """The API at this time by its `Date`: of any day it has a record."""

    def answer(request):
        day = request.split(b"starting_at=")[1][:10].decode()
        page = {"data": [RECORD | {"date": day}], "has_more": False, "next_page": None}
        return whole(json.dumps(page), f"date: {format_datetime(at, usegmt=True)}")

    return answer


@pytest.mark.parametrize(
    ("ours", "theirs"), [(NOON + DAY, NOON), (NOON - DAY, NOON), (NOON, NOON + DAY), (NOON, NOON - DAY)]
)
@pytest.mark.parametrize("poll", ["claude_code", "claude_code_today"])
async def test_a_report_that_is_dated_another_day_is_not_published(ours, theirs, poll):
    with listening(dated(theirs)) as upstream:
        clock = [ours]
        async with exporting(upstream.url, poll, lambda: clock[0]) as exporter:
            failed = await exporter.poll()
            assert failed.reason == "bad_response"
            assert f"dated {(theirs - ours).total_seconds():+.0f} s from our clock" in failed.message
            assert "set this machine's time" in failed.hint
            assert exporter.series() == ""
            clock[0] = NOON
            upstream.answer = dated(NOON)
            assert (await exporter.poll()).error is None
            assert "ann@example.com" in exporter.series()


@pytest.mark.parametrize("minutes", [-59, 0, 59])
async def test_a_clock_that_is_wrong_by_minutes_does_no_harm(minutes):
    with listening(dated(NOON + timedelta(minutes=minutes))) as upstream:
        async with exporting(upstream.url, "claude_code", lambda: NOON) as exporter:
            assert (await exporter.poll()).error is None


@pytest.mark.parametrize(
    "date", ["", "soon", "Sun, 01 Mar 99999999999999999999 12:00:00 GMT", "Sun, 01 Mar 2026 12:00:00 -0000"]
)
async def test_a_date_that_is_none_proves_nothing(date):
    with listening(
        lambda request: [piece.replace(b"date: ", f"date: {date}\r\nx: ".encode()) for piece in dated(NOON)(request)]
    ) as upstream:
        async with exporting(upstream.url, "claude_code", lambda: NOON) as exporter:
            assert (await exporter.poll()).error is None


async def test_check_says_how_far_the_clocks_are_apart():
    polls = {poll.name: {"enabled": poll.name == "claude_code"} for poll in ALL}
    lines: list[str] = []
    with listening(dated(NOON)) as upstream:
        settings = Settings(api={"base_url": upstream.url}, organization="Acme", polls=polls)
        assert await check(settings, Credential(key=KEY), lines.append, lambda: NOON + DAY) == 1
    said = "\n".join(lines)
    assert "clock              wrong by +86400 s" in said
    assert "claude_code        bad_response" in said
    assert "set this machine's time" in said
