"""120 days to real receivers, by a command that is killed over and over and through every trouble on the way.

No sample is lost, doubled or changed.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from exporter.days import day_start
from exporter.labels import escape
from exporter.windows import span
from tests.history.runs import (
    Sample,
    Series,
    counts,
    die_at_any_moment,
    history,
    history_to_its_end,
    newest_final,
    of_arrived,
    of_receiver,
    of_text,
    tokens,
    truth,
)
from tests.history.trouble import KINDS, Trouble
from tests.proxy import Faulty, faulty
from tests.receivers import Receiver, receiving
from tests.service import simulator

DAYS = 120
RANGES = 4
MOST_RUNS = 30
LAST = newest_final()
ALL_DAYS = span(LAST - timedelta(days=DAYS - 1), LAST)
END = day_start(LAST + timedelta(days=1))
CENT = 0.005


@pytest.fixture(scope="module")
def api(tmp_path_factory) -> Iterator[str]:
    with simulator(tmp_path_factory.mktemp("api"), "--people=12", "--days=130") as url:
        yield url


@pytest.fixture(scope="module")
def told(api, tmp_path_factory) -> list[Sample]:
    """Every sample of the days, from a file that nothing disturbed."""
    path = tmp_path_factory.mktemp("file") / "days.om"
    result = history_to_its_end(api, f"--since={ALL_DAYS[0]}", f"--until={LAST}", f"--output={path}")
    assert result.returncode == 0, result.stderr
    return of_text(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def bad(told, rng) -> Series:
    """The series that no receiver takes: one that has a sample now and then, as tools and commits have."""
    days = Counter(sample.series for sample in told if "lines_of_code" in dict(sample.series)["__name__"])
    rare = sorted((series for series, count in days.items() if 5 < count < 30), key=sorted)
    chosen: Series = rng.choice(rare)
    return chosen


@dataclass
class Marathon:
    """Runs of the command over ranges of days, each again until it ends with 0, and killed so many times."""

    api: str
    proxy: Faulty
    folder: Path
    rng: Random
    kills: int
    killed: int = 0
    said: list[str] = field(default_factory=list)

    def run(self, days: list[date], *, may_die: bool) -> int:
        flags = [
            "--log.format=json",
            f"--storage.path={self.folder}/ledger.db",
            f"--remote-write={self.proxy.write_url}",
        ]
        limits = ["--history.remote-write.batch=100", "--history.remote-write.retries=2"]
        with history(self.folder, self.api, f"--since={days[0]}", f"--until={days[-1]}", *flags, *limits) as process:
            if may_die:
                self.killed += die_at_any_moment(process, self.rng, 2.5)
            code = process.child.wait(60)
            self.said.append(process.said())
        return code

    def push(self, days: list[date], kills: int) -> None:
        codes: list[int] = []
        while 0 not in codes and len(codes) < MOST_RUNS:
            codes.append(self.run(days, may_die=len(codes) < kills))
        assert codes[-1] == 0, (codes, self.said[-1])
        assert {*codes} <= {0, 1, -9}, self.said

    def push_all(self, ranges: list[list[date]]) -> None:
        for number, days in enumerate(ranges):
            self.push(days, self.kills // RANGES + (number < self.kills % RANGES))


def ranges(rng: Random) -> list[list[date]]:
    """The days cut anywhere, in any order."""
    cuts = [0, *sorted(rng.sample(range(1, DAYS), RANGES - 1)), DAYS]
    parts = [ALL_DAYS[first:last] for first, last in pairwise(cuts)]
    return rng.sample(parts, len(parts))


@dataclass(frozen=True)
class Pushed:
    receiver: Receiver
    proxy: Faulty
    trouble: Trouble
    marathon: Marathon


@pytest.fixture(scope="module")
def folder(receiver_kind, tmp_path_factory) -> Path:
    made: Path = tmp_path_factory.mktemp(receiver_kind)
    return made


@pytest.fixture(scope="module")
def started(receiver_kind, tool, folder) -> Callable[..., AbstractContextManager[Receiver]]:
    """A receiver that keeps what it has in the folder."""
    return partial(receiving, receiver_kind, tool, folder)


@pytest.fixture(scope="module")
def troubled(bad, rng) -> Callable[[Faulty], Trouble]:
    return partial(Trouble, bad=bad, rng=rng)


@pytest.fixture(scope="module")
def pushed(started, troubled, folder, api, request) -> Iterator[Pushed]:
    """A receiver after all days were pushed to it, in the middle of which it was down for a while."""
    with started() as receiver, faulty(receiver.write_url) as proxy:
        proxy.answer = trouble = troubled(proxy)
        marathon = Marathon(api, proxy, folder, trouble.rng, request.config.getoption("--kills") // 4)
        todo = ranges(trouble.rng)
        marathon.push_all(todo[: RANGES // 2])
        trouble.before_next = receiver.process.stop
        assert marathon.run(todo[RANGES // 2], may_die=False) == 1
        with started(receiver.port) as again:
            marathon.push_all(todo[RANGES // 2 :])
            yield Pushed(again, proxy, trouble, marathon)


def as_promql(series: Series) -> str:
    labels = dict(series)
    name = labels.pop("__name__")
    return name + "{" + ",".join(f'{key}="{escape(value)}"' for key, value in sorted(labels.items())) + "}"


def total(pushed: Pushed, metric: str, label: str) -> dict[str, float]:
    """Sums of all days by a label."""
    asked = f"sum by ({label}) (sum_over_time({metric}[{DAYS}d] offset 1s))"
    return {names[0]: value for names, value in pushed.receiver.query(asked, END).items()}


def to_the_cent(dollars):
    return {name: pytest.approx(float(amount), abs=CENT) for name, amount in dollars.items()}


def test_everything_went_wrong_on_the_way(pushed):
    assert pushed.trouble.seen.keys() == {*KINDS}
    assert 502 in {request.status for request in pushed.proxy.requests}
    assert pushed.marathon.killed


def test_every_series_has_exactly_the_days_that_it_has_in_the_file_and_nothing_else_is_there(pushed, told, bad):
    want = Counter(sample.series for sample in told if sample.series != bad)
    names = {dict(series)["__name__"] for series in want}
    assert counts(pushed.receiver, names, LAST, DAYS) == want
    assert DAYS in want.values()
    assert counts(pushed.receiver, names, LAST + timedelta(days=5), DAYS + 9) == want


def test_every_sample_is_the_one_of_the_file(pushed, told, bad):
    found = {sample[:2]: sample.value for sample in of_receiver(pushed.receiver, LAST, DAYS)}
    want = {sample[:2]: sample.value for sample in told if sample.series != bad}
    assert found == (pytest.approx(want, rel=1e-9) if pushed.receiver.kind == "victoria" else want)


def test_billed_dollars_are_the_truth_to_the_cent(pushed, api):
    want = truth(api, ALL_DAYS[0], LAST)["cost_usd_by_workspace"]
    assert total(pushed, "anthropic_daily_cost_usd", "workspace_id") == to_the_cent(want)


def test_estimated_dollars_are_the_truth_to_the_cent(pushed, api):
    want = truth(api, ALL_DAYS[0], LAST)["estimated_cost_usd_by_actor"]
    assert total(pushed, "anthropic_daily_claude_code_estimated_cost_usd", "actor") == to_the_cent(want)


def test_tokens_are_the_truth_exactly(pushed, api):
    assert total(pushed, "anthropic_daily_usage_tokens", "token_type") == tokens(api, ALL_DAYS)


def test_the_bad_series_and_no_other_is_named_on_each_of_its_days(pushed, told, bad):
    lines = [line for said in pushed.marathon.said for line in said.splitlines() if "refuses a series" in line]
    assert {json.loads(line)["series"] for line in lines} == {as_promql(bad)}
    assert len(lines) >= sum(sample.series == bad for sample in told)


def test_every_sample_was_taken_with_the_value_of_the_file_and_with_no_other(pushed, told, bad):
    assert {*of_arrived(pushed.proxy.requests)} == {sample for sample in told if sample.series != bad}
