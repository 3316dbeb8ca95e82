"""The file and remote write say the same, to real Prometheuses as well: whole or by month, as blocks or as requests."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import pytest

from exporter.days import day_start
from exporter.windows import span
from tests.history.runs import Sample, history_to_its_end, newest_final, of_arrived, of_receiver, of_text
from tests.promql import ERROR_OF_A_SUM
from tests.proxy import faulty
from tests.receivers import PROMTOOLS, Receiver, blocks, receiving
from tests.service import simulator

DAYS = 33
LAST = newest_final()
FIRST = LAST - timedelta(days=DAYS - 1)
END = day_start(LAST + timedelta(days=1))
QUESTIONS = (
    f"sum by (workspace_id) (sum_over_time(anthropic_daily_cost_usd[{DAYS}d] offset 1s))",
    "sum by (actor) (sum_over_time(anthropic_daily_claude_code_estimated_cost_usd[30d] offset 1s))",
    "sum by (model, token_type) (sum_over_time(anthropic_daily_usage_tokens[7d] offset 1s))",
    "count by (actor) (count_over_time(anthropic_daily_claude_code_sessions[30d] offset 1s) > 5)",
    "topk(3, sum by (actor) (max_over_time(anthropic_daily_claude_code_lines_of_code[30d] offset 1s)))",
    "sum by (tool) (anthropic_daily_claude_code_tool_actions offset 1d)",
)


@pytest.fixture(scope="module")
def api(tmp_path_factory) -> Iterator[str]:
    with simulator(tmp_path_factory.mktemp("api"), "--people=12", "--days=45") as url:
        yield url


@pytest.fixture(scope="module")
def write(api, tmp_path_factory):
    """Runs the command for all days; what is read once it keeps in a ledger."""
    ledger = tmp_path_factory.mktemp("ledger") / "ledger.db"

    def run(*flags: str) -> None:
        days = [f"--since={FIRST}", f"--until={LAST}", f"--storage.path={ledger}"]
        result = history_to_its_end(api, *days, *flags)
        assert result.returncode == 0, result.stderr

    return run


@pytest.fixture(scope="module")
def whole(write, tmp_path_factory) -> Path:
    path: Path = tmp_path_factory.mktemp("whole") / "history.om"
    write(f"--output={path}")
    return path


@pytest.fixture(scope="module")
def months(write, tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("months")
    write(f"--output={folder}/history-%Y-%m.om")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def told(whole) -> list[Sample]:
    return of_text(whole.read_text("utf-8"))


@pytest.fixture(scope="module", params=["whole", "months"])
def files(request, whole, months) -> list[Path]:
    return [whole] if request.param == "whole" else months


@pytest.fixture(scope="module", params=PROMTOOLS)
def pushed(request, write, tool, tmp_path_factory) -> Iterator[tuple[Receiver, list[Sample]]]:
    """A Prometheus with all days by remote write, and what it was sent."""
    with receiving(request.param, tool, tmp_path_factory.mktemp(request.param)) as receiver:
        with faulty(receiver.write_url) as proxy:
            write(f"--remote-write={proxy.write_url}")
        yield receiver, of_arrived(proxy.requests)


def answers(receiver: Receiver) -> list[object]:
    return [pytest.approx(receiver.query(question, END), rel=ERROR_OF_A_SUM) for question in QUESTIONS]


def lines_by_family(text: str) -> list[list[str]]:
    """The samples of a text as they stand: a list for each family, begun by its TYPE."""
    parts = text.removesuffix("# EOF\n").split("# TYPE ")[1:]
    return [[line for line in part.splitlines()[1:] if not line.startswith("#")] for part in parts]


def test_each_family_stands_once_and_a_series_is_whole_and_in_the_order_of_time(whole):
    text = whole.read_text("utf-8")
    assert text.endswith("\n# EOF\n")
    assert text.count("# EOF") == 1
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")]
    assert len(names) == len(set(names)) == 10
    for family in lines_by_family(text):
        runs = [
            (series, [int(line.rsplit(" ", 1)[1]) for line in lines])
            for series, lines in groupby(family, lambda line: line.rsplit(" ", 2)[0])
        ]
        assert len(runs) == len({series for series, _ in runs})
        assert all(times == sorted(set(times)) for _, times in runs)


def test_it_holds_every_day_and_no_other(told):
    assert {sample.day for sample in told} == {*span(FIRST, LAST)}
    assert len(told) == len({sample[:2] for sample in told})


def test_months_have_a_file_each_with_the_same_samples(months, told):
    named = {f"history-{day:%Y-%m}.om" for day in span(FIRST, LAST)}
    assert [path.name for path in months] == sorted(named)
    samples = {path.name: of_text(path.read_text("utf-8")) for path in months}
    assert all(f"history-{sample.day:%Y-%m}.om" == name for name, some in samples.items() for sample in some)
    assert sorted(told, key=repr) == sorted((sample for some in samples.values() for sample in some), key=repr)


def test_remote_write_sends_the_samples_of_the_file_each_of_them_once(pushed, told):
    _, sent = pushed
    assert len(sent) == len(told)
    assert {*sent} == {*told}


def test_blocks_of_it_answer_as_remote_write_does(pushed, files, told, tool, tmp_path):
    receiver, _ = pushed
    with blocks(receiver.kind, tool, tmp_path, *files) as imported:
        assert {*of_receiver(imported, LAST, DAYS)} == {*of_receiver(receiver, LAST, DAYS)} == {*told}
        asked = [imported.query(question, END) for question in QUESTIONS]
    assert all(asked)
    assert asked == answers(receiver)
