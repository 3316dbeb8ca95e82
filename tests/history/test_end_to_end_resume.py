"""The command is ended at bad moments: no file is half-written, and nothing that was read is asked for again."""

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from exporter.ledger import Ledger
from exporter.polls import ReportPoll
from exporter.polls.claude_code import ClaudeCodePoll
from exporter.polls.cost import CostPoll
from exporter.polls.usage import UsagePoll
from exporter.windows import span
from tests.history.runs import SETTLE, history, history_to_its_end, newest_final, of_text
from tests.proxy import Faulty, faulty
from tests.service import Process, ask, simulator, until

LAST = newest_final()
FIRST = LAST - timedelta(days=44)
POLLS: tuple[ReportPoll[Any], ...] = (ClaudeCodePoll(SETTLE), UsagePoll(SETTLE), CostPoll(SETTLE))
SOURCES = {"claude_code": "claude_code", "messages": "usage", "cost_report": "cost"}
EVERYTHING = {(source, day) for source in SOURCES.values() for day in span(FIRST, LAST)}
DAYS = [f"--since={FIRST}", f"--until={LAST}"]


@pytest.fixture(scope="module")
def api(tmp_path_factory) -> Iterator[str]:
    with simulator(tmp_path_factory.mktemp("api"), "--people=12", "--days=55") as url:
        yield url


@pytest.fixture(autouse=True)
def nothing_asked_yet(api):
    ask(f"{api}/simulator/faults", [], "PUT")
    ask(f"{api}/simulator/requests", method="DELETE")


def asked(api: str) -> set[tuple[str, date]]:
    """The daily reports that were asked for."""
    found: set[tuple[str, date]] = set()
    for request in ask(f"{api}/simulator/requests"):
        source = SOURCES.get(request["path"].rsplit("/", 1)[1])
        if source:
            days = [date.fromisoformat(text) for text in re.findall(r"ing_at=(\d{4}-\d\d-\d\d)", request["query"])]
            found |= {(source, day) for day in span(days[0], days[-1] - timedelta(days=len(days) - 1))}
    return found


def more_than(api: str, share: float) -> None:
    """Wait until a share of the daily reports has been asked for."""
    until(lambda: len(asked(api)) > share * len(EVERYTHING), "days to be asked for")


def held(folder: Path) -> set[tuple[str, date]]:
    """The daily reports in the ledger that a command left beside its output."""
    ledger = Ledger(folder / "ledger.db")
    assert ledger.persistent, ledger.trouble
    found = {(poll.name, day) for poll in POLLS for day in ledger.days(poll.name, poll.shape)}
    ledger.close()
    return found


def test_a_command_that_was_killed_while_it_read_asks_only_for_what_is_missing(api, tmp_path):
    file, work = tmp_path / "history.om", tmp_path / "history.om.work"
    for share in (0.2, 0.6):
        with history(tmp_path, api, *DAYS, f"--output={file}") as process:
            more_than(api, share)
            process.stop(signal.SIGKILL)
        assert not file.exists()
    before = held(work)
    assert before < EVERYTHING
    ask(f"{api}/simulator/requests", method="DELETE")
    assert history_to_its_end(api, *DAYS, f"--output={file}").returncode == 0
    assert asked(api) == EVERYTHING - before
    assert {sample.day for sample in of_text(file.read_text("utf-8"))} == {*span(FIRST, LAST)}
    assert list(tmp_path.glob("history.om*")) == [file]


def test_a_command_that_was_killed_while_it_wrote_asks_for_no_day_again(api, tmp_path):
    file, work = tmp_path / "history.om", tmp_path / "history.om.work"
    with history(tmp_path, api, *DAYS, f"--output={file}") as process:
        until((work / "1").exists, "the first day to be put aside")
        process.stop(signal.SIGKILL)
    assert not file.exists()
    assert held(work) == EVERYTHING
    ask(f"{api}/simulator/requests", method="DELETE")
    assert history_to_its_end(api, *DAYS, f"--output={file}").returncode == 0
    assert asked(api) == set()
    assert list(tmp_path.glob("history.om*")) == [file]


def test_an_older_file_stays_until_the_new_one_is_whole(api, tmp_path):
    file = tmp_path / "history.om"
    file.write_text("what was there\n")
    with history(tmp_path, api, *DAYS, f"--output={file}") as process:
        seen = {file.read_text("utf-8")[-6:]}
        while process.child.poll() is None:
            seen.add(file.read_text("utf-8")[-6:])
    assert seen == {"there\n", "# EOF\n"}


# SIGTERM.


def ends_quickly(process: Process) -> None:
    code, seconds = process.stop()
    assert code == 143, process.said()
    assert seconds < 5
    assert "Traceback" not in process.said()


@pytest.mark.parametrize("fault", [None, "all:hang", "claude_code:hang", "usage:drip"])
def test_sigterm_ends_it_quickly_while_it_reads(api, tmp_path, fault):
    ask(f"{api}/simulator/faults", [fault] if fault else [], "PUT")
    with history(tmp_path, api, *DAYS, f"--output={tmp_path}/history.om") as process:
        until(lambda: ask(f"{api}/simulator/requests") if fault == "all:hang" else asked(api), "a request")
        ends_quickly(process)
    assert not (tmp_path / "history.om").exists()


def test_sigterm_ends_it_quickly_while_it_writes(api, tmp_path):
    with history(tmp_path, api, *DAYS, f"--output={tmp_path}/history.om") as process:
        until((tmp_path / "history.om.work" / "1").exists, "the first day to be put aside")
        ends_quickly(process)
    assert not (tmp_path / "history.om").exists()


@contextmanager
def silent() -> Iterator[tuple[Faulty, threading.Event]]:
    """A receiver that takes a request and says nothing, and what is set as soon as it has one."""
    came, over = threading.Event(), threading.Event()

    def answer(_: object) -> int:
        came.set()
        over.wait()
        return 503

    with faulty("http://127.0.0.1:9/write", answer) as proxy:
        yield proxy, came
        over.set()


def test_sigterm_ends_it_quickly_while_the_receiver_says_nothing(api, tmp_path):
    days = [f"--since={LAST}", f"--until={LAST}"]
    with silent() as (proxy, came), history(tmp_path, api, *days, f"--remote-write={proxy.write_url}") as process:
        assert came.wait(30)
        ends_quickly(process)


def test_sigterm_ends_it_quickly_while_it_waits_for_another_try(api, tmp_path):
    with faulty("http://127.0.0.1:9/write", lambda _: 429) as proxy:
        proxy.retry_after = "60"
        with history(tmp_path, api, *DAYS[1:], f"--since={LAST}", f"--remote-write={proxy.write_url}") as process:
            until(lambda: proxy.requests, "a request")
            ends_quickly(process)
