"""The command `history` as users run it, and every sample that its file, its requests or a receiver holds."""

import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from exporter.days import day_start, report_day
from exporter.demo.options import Options
from tests.history.scripted import decoded
from tests.proxy import Request
from tests.receivers import Receiver
from tests.service import Process, ask, get, running

SETTLE = timedelta(hours=2)
RESTATE_DAYS = 3
Series = frozenset[tuple[str, str]]


class Sample(NamedTuple):
    """One sample; a label that is empty is none, as in PromQL."""

    series: Series
    day: date
    value: float


def newest_final() -> date:
    """The newest day that can no longer change."""
    return report_day(datetime.now(UTC), SETTLE) - timedelta(days=RESTATE_DAYS)


def history_flags(api: str, *arguments: str) -> list[str]:
    return ["history", f"--api.base-url={api}", "--api.requests-per-minute=100000", "--api.retries=0", *arguments]


def history(tmp_path: Path, api: str, *arguments: str) -> AbstractContextManager[Process]:
    """The command while it runs."""
    return running(tmp_path, *history_flags(api, *arguments), ANTHROPIC_ADMIN_KEY=Options.key)


def history_to_its_end(api: str, *arguments: str, key: str = Options.key) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "exporter", *history_flags(api, *arguments)]
    return subprocess.run(
        command,
        env={"PATH": "/usr/bin", "ANTHROPIC_ADMIN_KEY": key},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def die_at_any_moment(process: Process, rng: Random, seconds: float) -> bool:
    """SIGKILL within this time, unless it has ended before. Whether it was killed."""
    try:
        process.child.wait(rng.uniform(0, seconds))
    except subprocess.TimeoutExpired:
        return process.stop(signal.SIGKILL)[0] == -signal.SIGKILL
    return False


def truth(api: str, first: date, last: date) -> Any:
    return ask(f"{api}/simulator/truth?since={first}&until={last}")


def tokens(api: str, days: Iterable[date]) -> dict[str, int]:
    """The true tokens of all these days, by type."""
    sums: dict[str, int] = {}
    for day in days:
        for kind, count in ask(f"{api}/simulator/truth?day={day}")["usage"]["tokens"].items():
            sums[kind] = sums.get(kind, 0) + count
    return sums


# All samples of a text, of requests, of a receiver.


def of_text(text: str) -> list[Sample]:
    return [
        Sample(_series(sample.labels | {"__name__": sample.name}), _day(float(sample.timestamp)), sample.value)
        for family in parse_openmetrics(text)
        for sample in family.samples
    ]


def of_body(body: bytes) -> list[Sample]:
    return [Sample(_series(labels), _day(at / 1000), value) for labels, at, value in decoded(body)]


def of_arrived(requests: Iterable[Request]) -> list[Sample]:
    """Those of all requests that a receiver said it took, as often as it did."""
    return [sample for request in requests if request.status in (200, 204) for sample in of_body(request.body)]


def of_receiver(receiver: Receiver, last: date, days: int) -> list[Sample]:
    """What it holds of so many days that end with `last`, its numbers as it keeps them."""
    found = vector(receiver, f'{{__name__=~"anthropic_daily_.+"}}[{days}d] offset 1s', last)
    return [
        Sample(_series(one["metric"]), _day(float(at)), float(value)) for one in found for at, value in one["values"]
    ]


def counts(receiver: Receiver, names: Iterable[str], last: date, days: int) -> dict[Series, int]:
    """On how many of so many days each series of these names has a sample; the function takes the name away."""
    return {
        _series(one["metric"] | {"__name__": name}): int(one["value"][1])
        for name in names
        for one in vector(receiver, f"count_over_time({name}[{days}d] offset 1s)", last)
    }


def vector(receiver: Receiver, expression: str, last: date) -> list[Any]:
    """PromQL at the end of a day, with all labels."""
    if receiver.kind == "victoria":
        get(f"{receiver.url}/internal/force_flush")
    at = day_start(last + timedelta(days=1))
    asked = urllib.parse.urlencode({"query": expression, "time": at.timestamp(), "nocache": 1})
    return list(ask(f"{receiver.url}/api/v1/query?{asked}")["data"]["result"])


def _series(labels: dict[str, str]) -> Series:
    return frozenset((name, value) for name, value in labels.items() if value)


def _day(at: float) -> date:
    """The day that a timestamp stands for: none is at another time than its first second."""
    moment = datetime.fromtimestamp(at, UTC)
    assert moment == day_start(moment.date())
    return moment.date()
