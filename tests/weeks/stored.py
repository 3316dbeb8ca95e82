"""A real Prometheus that holds what was replayed: what it would have scraped, and what its rules make of that."""

import json
import struct
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from exporter.history.remote_write import HEADERS, WriteRequest, body
from tests import promql, receivers
from tests.rules.cases import rules
from tests.service import get
from tests.weeks.replay import HOUR, Recording, labels_of

SCRAPED = {"job": "anthropic-exporter", "instance": "127.0.0.1:10204"}
_SERIES_AT_ONCE = 500
ENDED = struct.unpack("<d", (0x7FF0000000000002).to_bytes(8, "little"))[0]
"""https://github.com/prometheus/prometheus/blob/main/model/value/value.go, StaleNaN"""
RESIDENT_BYTES = 107e6
CPU_SECONDS_AN_HOUR = 10.0
SCRAPE_SECONDS = 0.01
"""Of the process and its scrapes, about as `anthropic-exporter demo` had them."""

Points = Iterable[tuple[float, float]]
"""Times in seconds with their values."""


@contextmanager
def prometheus(tool: Callable[[str], str], folder: Path, *, lookback: timedelta = HOUR) -> Iterator[str]:
    """The URL of an empty Prometheus that takes samples of any day, `lookback` apart."""
    port = promql.free_port()
    further = f"--query.lookback-delta={lookback.total_seconds() / 60 + 5:.0f}m"
    command = [*receivers.command("prometheus2", tool("prometheus"), folder, port), further]
    with promql.started(folder, command, lambda: get(f"http://127.0.0.1:{port}/-/ready")):
        yield f"http://127.0.0.1:{port}"


def write(url: str, series: Iterable[tuple[dict[str, str], Points]]) -> None:
    """Send samples."""
    request = WriteRequest()
    for labels, points in series:
        one = request.timeseries.add()
        for name in sorted(labels):
            one.labels.add(name=name, value=labels[name])
        for at, value in points:
            one.samples.add(value=value, timestamp=round(at * 1000))
        if len(request.timeseries) == _SERIES_AT_ONCE:
            _post(url, request)
            request = WriteRequest()
    _post(url, request)


def _post(url: str, request: Any) -> None:
    message = urllib.request.Request(f"{url}/api/v1/write", body(request), HEADERS)
    with urllib.request.urlopen(message) as answer:
        assert answer.status in (200, 204)


def scraped(recording: Recording, **target: str) -> Iterator[tuple[dict[str, str], Points]]:
    """What Prometheus would have scraped from a target."""
    target = SCRAPED | target
    for name, runs in recording.runs():
        seen = [(number, value) for first, last, value in runs for number in range(first, last + 1)]
        yield labels_of(name) | target, ended(((recording.at(number), value) for number, value in seen), recording.step)
    times = [recording.at(number).timestamp() for number in range(recording.moments)]
    for name, values in _beside(recording).items():
        yield {"__name__": name} | target, zip(times, values, strict=True)


def ended(points: Iterable[tuple[datetime, float]], step: timedelta) -> Points:
    """The points, and where the next one is missing Prometheus' mark of a series that has ended."""
    before = None
    for at, value in points:
        if before is not None and at - before > step:
            yield (before + step).timestamp(), ENDED
        yield at.timestamp(), value
        before = at
    if before is not None:
        yield (before + step).timestamp(), ENDED


def _beside(recording: Recording) -> dict[str, list[float]]:
    """What Prometheus and the process would have added, the latter as `anthropic-exporter demo` once was."""
    samples = [0.0] * recording.moments
    for _, runs in recording.runs():
        for first, last, _ in runs:
            for number in range(first, last + 1):
                samples[number] += 1
    hours = [number * recording.step / timedelta(hours=1) for number in range(recording.moments)]
    return {
        "up": [1.0] * recording.moments,
        "scrape_samples_scraped": samples,
        "scrape_duration_seconds": [SCRAPE_SECONDS] * recording.moments,
        "process_resident_memory_bytes": [RESIDENT_BYTES] * recording.moments,
        "process_cpu_seconds_total": [hour * CPU_SECONDS_AN_HOUR for hour in hours],
        "process_start_time_seconds": [recording.start.timestamp()] * recording.moments,
    }


def record(url: str, start: datetime, end: datetime, step: timedelta = HOUR) -> None:
    """Evaluate the recording rules at every step, each over what those before it have made."""
    for rule in rules("recording.yml"):
        found = query_range(url, rule["expr"], start, end, step)
        name = {"__name__": rule["record"]}
        write(url, [(labels | name, ended(_dated(points), step)) for labels, points in found])


def _dated(points: Points) -> Iterator[tuple[datetime, float]]:
    return ((datetime.fromtimestamp(at, UTC), value) for at, value in points)


def query_range(
    url: str, expression: str, start: datetime, end: datetime, step: timedelta
) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
    """The series of a range query, with all their labels."""
    points: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = defaultdict(list)
    while start <= end:  # 11,000 steps are the most that it answers at once
        last = min(end, start + 10_000 * step)
        parameters = {
            "query": expression,
            "start": start.timestamp(),
            "end": last.timestamp(),
            "step": step.total_seconds(),
        }
        with urllib.request.urlopen(f"{url}/api/v1/query_range", urllib.parse.urlencode(parameters).encode()) as answer:
            for one in json.load(answer)["data"]["result"]:
                labels = tuple(sorted(one["metric"].items()))
                points[labels] += [(float(at), float(value)) for at, value in one["values"]]
        start = last + step
    return [(dict(labels), found) for labels, found in points.items()]
