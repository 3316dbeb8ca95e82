"""The receivers that history is tested with are real: they keep, across restarts and faults, what they are written."""

import struct
import subprocess
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.proxy import DROPPED, LOST, faulty
from tests.receivers import CONFIG, PROMTOOLS, blocks, receiving

MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
DAYS = (1, 2, 3)  # ago: newest first
ALL = {("a",): 6, ("b",): 60}


def varint(number):
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def part(number, body):
    """A field of a protobuf message that is text or a message itself."""
    return bytes([number << 3 | 2]) + varint(len(body)) + body


def series(name, label, value, at):
    labels = (("__name__", name), ("series", label))
    sample = b"\x09" + struct.pack("<d", value) + b"\x10" + varint(int(at.timestamp() * 1000))
    text = b"".join(part(1, part(1, key.encode()) + part(2, value.encode())) for key, value in labels)
    return part(1, text + part(2, sample))


def uncompressed(body):
    """Snappy's block format with one literal and nothing compressed."""
    return varint(len(body)) + bytes([61 << 2]) + (len(body) - 1).to_bytes(2, "little") + body


def write(url, name, days_ago):
    """The answer to one request with both series at one day."""
    at = MIDNIGHT - timedelta(days=days_ago)
    body = uncompressed(series(name, "a", days_ago, at) + series(name, "b", days_ago * 10, at))
    headers = {"content-type": "application/x-protobuf", "content-encoding": "snappy"}
    headers["x-prometheus-remote-write-version"] = "0.1.0"
    return httpx.post(url, content=body, headers=headers, timeout=30, trust_env=False, verify=False)


def write_all(url, name):
    return [write(url, name, days_ago).status_code for days_ago in DAYS]


def total(receiver, name):
    """The sums of all days; a second before midnight no day is at the edge of the window."""
    return receiver.query(f"sum_over_time({name}[3d] offset 1s)", MIDNIGHT)


def test_days_that_are_written_newest_first_are_all_there(receiver):
    assert receiver.query("backwards", MIDNIGHT) == {}
    assert write_all(receiver.write_url, "backwards") == [204, 204, 204]
    assert receiver.query("count_over_time(backwards[3d] offset 1s)", MIDNIGHT) == {("a",): 3, ("b",): 3}
    assert total(receiver, "backwards") == ALL


def test_new_days_and_new_series_are_seen_at_once(receiver):
    for count, days_ago in enumerate(DAYS, start=1):
        write(receiver.write_url, "prompt", days_ago)
        assert receiver.query("count_over_time(prompt[4d])", MIDNIGHT) == {("a",): count, ("b",): count}
        write(receiver.write_url, f"name_{days_ago}", 1)
        names = receiver.query('count(last_over_time({__name__=~"name_.*"}[4d]))', MIDNIGHT)
        assert names == {(): 2 * count}


def test_days_that_are_written_again_change_nothing(receiver):
    for _ in range(2):
        assert write_all(receiver.write_url, "again") == [204, 204, 204]
        assert total(receiver, "again") == ALL


def test_a_restart_keeps_what_was_written(receiver_kind, tool, tmp_path):
    with receiving(receiver_kind, tool, tmp_path) as receiver:
        write_all(receiver.write_url, "kept")
    with receiving(receiver_kind, tool, tmp_path, receiver.port) as restarted:
        assert restarted.write_url == receiver.write_url
        assert total(restarted, "kept") == ALL


@pytest.mark.parametrize("kind", PROMTOOLS)
def test_a_file_becomes_blocks_that_answer_the_same(kind, tool, tmp_path):
    samples = [
        f'filed{{series="{label}"}} {value} {(MIDNIGHT - timedelta(days=days_ago)).timestamp()}'
        for label, factor in (("a", 1), ("b", 10))
        for days_ago, value in ((days_ago, days_ago * factor) for days_ago in reversed(DAYS))
    ]
    (tmp_path / "history.om").write_text("\n".join(["# TYPE filed gauge", *samples, "# EOF\n"]))
    with blocks(kind, tool, tmp_path, tmp_path / "history.om") as receiver:
        assert total(receiver, "filed") == ALL


def test_faults_reach_the_sender_and_what_is_refused_is_not_written(receiver):
    faults = iter((429, 500, 400, DROPPED))
    with faulty(receiver.write_url, lambda _: next(faults)) as proxy:
        proxy.retry_after = "7"
        answers = [write(proxy.write_url, "refused", 1) for _ in range(3)]
        with pytest.raises(httpx.RemoteProtocolError):
            write(proxy.write_url, "refused", 1)
    assert [(answer.status_code, answer.headers["retry-after"]) for answer in answers] == [
        (429, "7"),
        (500, "7"),
        (400, "7"),
    ]
    assert [request.status for request in proxy.requests] == [429, 500, 400, DROPPED]
    assert total(receiver, "refused") == {}


def test_what_is_forwarded_arrives_whole_even_if_the_answer_is_lost(receiver):
    with faulty(receiver.write_url, lambda _: LOST) as proxy:
        for days_ago in DAYS:
            with pytest.raises(httpx.RemoteProtocolError):
                write(proxy.write_url, "forwarded", days_ago)
        assert total(receiver, "forwarded") == ALL
        proxy.answer = lambda _: None
        assert write_all(proxy.write_url, "forwarded") == [204, 204, 204]
    assert total(receiver, "forwarded") == ALL
    assert {request.headers["content-encoding"] for request in proxy.requests} == {"snappy"}


def test_a_receiver_that_is_down_is_a_bad_gateway_until_it_is_back(receiver_kind, tool, tmp_path):
    with receiving(receiver_kind, tool, tmp_path) as receiver, faulty(receiver.write_url) as proxy:
        receiver.process.stop()
        assert write_all(proxy.write_url, "down") == [502, 502, 502]
        with receiving(receiver_kind, tool, tmp_path, receiver.port) as again:
            assert write_all(proxy.write_url, "down") == [204, 204, 204]
            assert total(again, "down") == ALL


@pytest.mark.parametrize("kind", PROMTOOLS)
def test_the_configuration_for_users_is_one(kind, tool):
    result = subprocess.run([tool(PROMTOOLS[kind]), "check", "config", CONFIG], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
