"""Scrapes while the exporter polls without a pause: from JSON over HTTP to bytes, with other numbers every time."""

import time
from collections.abc import Iterator

from tests.bench.client import Client
from tests.bench.report import POLLING, Row
from tests.bench.service import Exporter
from tests.service import get, samples

EVERY_SECONDS = 0.1


def measure(exporter: Exporter, size: str, seconds: int) -> Iterator[Row]:
    """The 99th percentile. Raises ValueError if no poll ended meanwhile."""
    client = Client(exporter.port)
    client.scrape()
    before, took = polls(exporter), []
    began = time.perf_counter()
    for number in range(round(seconds / EVERY_SECONDS)):
        # A scrape that was late makes the next ones wait: that is counted, too.
        due = began + number * EVERY_SECONDS
        time.sleep(max(0.0, due - time.perf_counter()))
        client.scrape()
        took.append(time.perf_counter() - due)
    client.close()
    if polls(exporter) == before:
        raise ValueError(f"no poll ended in {seconds} s")
    yield Row(POLLING, size, "ms", 1e3 * sorted(took)[len(took) * 99 // 100])


def polls(exporter: Exporter) -> float:
    """How many have succeeded or failed."""
    found = samples(get(f"{exporter.url}/metrics"))
    return sum(value for series, value in found.items() if series.startswith("anthropic_exporter_polls_total"))
