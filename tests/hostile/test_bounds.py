"""What an answer may cost in memory, measured in a process of its own, and how much one poll may read and publish."""

import gzip
import json
import subprocess
import sys
import zlib

import pytest

from exporter import exposition
from exporter.polls import base
from tests.fuzz.targets import Organization
from tests.hostile.upstream import exporting, head, listening, page, repeated, user, whole

CHUNKED = "transfer-encoding: chunked"


def bomb():
    """gzip of a GiB of spaces, in a megabyte: always the same piece."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    first, again = (packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + first + again * 1023


def record(day):
    """One person with 120,000 tools, in a terminal of a long name: it would be in each of the series."""
    long = "é" * 500
    tools = {f"tool {number}": {"accepted": 1, "rejected": 1} for number in range(120_000)}
    row = {"date": day, "actor": {"type": long, "email_address": long}, "terminal_type": long, "customer_type": long}
    return page(row | {"subscription_type": long, "core_metrics": None, "tool_actions": tools, "model_breakdown": None})


COSTLY = {
    "gzip in gzip": (
        lambda _: whole(gzip.compress(bomb()), "content-encoding: gzip, gzip"),
        "members",
        "bad_response",
        20,
    ),
    "a bomb of gzip": (lambda _: whole(bomb(), "content-encoding: gzip"), "members", "bad_response", 200),
    "chunks of two bytes": (lambda _: repeated(b"2\r\n  \r\n" * 4000, head(CHUNKED)), "members", "timeout", 50),
    "a header of 50 MB": (lambda _: [head()[:-2], b"x: " + b"x" * 50_000_000], "members", "connection", 20),
    "numbers, as many as there is room for": (
        lambda _: whole('{"data":[%s1]}' % ("1," * 30_000_000)),
        "members",
        "bad_response",
        150,
    ),
    "lists in lists": (lambda _: whole('{"data":[%s1]}' % ("[[[]]]," * 9_000_000)), "members", "bad_response", 150),
    "long labels of many series": (
        lambda request: whole(record(request.split(b"starting_at=")[1][:10].decode())),
        "claude_code",
        "bad_response",
        300,
    ),
}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak of memory has other units")
@pytest.mark.parametrize("kind", COSTLY)
def test_what_an_answer_costs_in_memory_is_bounded(kind):
    answer, poll, reason, most = COSTLY[kind]
    with listening(answer) as upstream:
        patience = "3s" if reason == "timeout" else "60s"
        command = [sys.executable, "-m", "tests.hostile.child", upstream.url, poll, patience]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=200, check=True)
    seen, grown, _ = ran.stdout.split("\t")
    assert seen == reason
    assert int(grown) < most


def walk(request):
    """Users without end, three a page, always with another cursor."""
    after = int((request.split(b"after_id=user_")[1:] or [b"0 "])[0].split()[0].split(b"&")[0])
    numbers = [after + 1, after + 2, after + 3]
    return whole(page(*map(user, numbers), has_more=True, last_id=f"user_{numbers[-1]}"))


@pytest.mark.parametrize(("bound", "most"), [("MOST_BYTES", 10_000), ("MOST_VALUES", 300)])
async def test_what_one_poll_may_read_is_bounded(bound, most, monkeypatch):
    monkeypatch.setattr(base, bound, most)
    with listening(walk) as upstream:
        async with exporting(upstream.url) as exporter:
            failed = await exporter.poll()
            assert failed.reason == "bad_response"
            assert failed.message.endswith("for one poll")
            assert exporter.series() == ""
        assert 15 < len(upstream.requests) < 40


async def test_the_text_of_one_poll_is_bounded(monkeypatch):
    monkeypatch.setattr(exposition, "MOST_TEXT", 1 << 20)
    rows = [user(number) for number in range(20_000)]
    with listening(whole(page(*rows[:10]))) as upstream:
        async with exporting(upstream.url) as exporter:
            assert (await exporter.poll()).error is None
            before = exporter.series()
            upstream.answer = lambda _: whole(json.dumps({"data": rows, "has_more": False}))
            failed = await exporter.poll()
            assert (failed.reason, exporter.series()) == ("bad_response", before)
            assert failed.message == "more than 1 MiB of series from one poll"


async def test_thousands_of_workspaces_are_read_one_after_the_other():
    organization = Organization("workspaces/{workspace_id}/members")
    workspaces = [{"id": f"wrkspc_{number}", "name": "x"} for number in range(1500)]
    organization.bodies["workspaces"] = page(*workspaces).encode()
    assert not any(outcome.error for outcome in (await organization.poll()).values())
    assert organization.series().count("anthropic_workspace_members{") == 1500
