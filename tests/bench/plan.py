"""Everything that is measured, in order, at full size and at a small one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench import measure, nginx, polling, prometheus, slow, start
from tests.bench.measure import Turns
from tests.bench.report import PROMETHEUS, Missing, Row, of_clients
from tests.bench.service import Exporter, exporting
from tests.bench.tools import MissingError


@dataclass(frozen=True)
class Plan:
    """How much of each. An organization of so many `people` has so many `actors`."""

    beside_python: tuple[Turns, ...]
    records: int
    clients: tuple[int, ...]
    wrk_seconds: int
    wrk_rounds: int
    scrape_interval: int
    scrapes: int
    slow_seconds: int
    polling_seconds: int
    people: int
    actors: int
    starts: int


FULL = Plan(
    (Turns(100, 15, 50), Turns(1_000, 5, 50), Turns(10_000, 3, 50)),
    records=10_000,
    clients=(1, 8, 64),
    wrk_seconds=2,
    wrk_rounds=3,
    scrape_interval=6,
    scrapes=5,
    slow_seconds=10,
    polling_seconds=20,
    people=1589,
    actors=1000,
    starts=5,
)
QUICK = Plan(
    (Turns(100, 3, 5),),
    records=100,
    clients=(8,),
    wrk_seconds=1,
    wrk_rounds=1,
    scrape_interval=1,
    scrapes=1,
    slow_seconds=1,
    polling_seconds=1,
    people=162,
    actors=100,
    starts=1,
)


def rows(plan: Plan, folder: Path) -> Iterator[Row | Missing]:
    """All of it. Raises ValueError if sides that are compared are not alike, or if something was not answered."""
    for turns in plan.beside_python:
        yield from measure.measure(turns)
    size = f"{plan.records:,} records"
    with exporting(folder, plan.records) as exporter:
        many = [of_clients(number) for number in plan.clients]
        yield from _if_there(_beside_nginx(plan, exporter, size, folder), size, *many, PROMETHEUS)
        yield from slow.measure(exporter, size, plan.slow_seconds)
    with exporting(folder, plan.records, "100ms") as exporter:
        yield from polling.measure(exporter, size, plan.polling_seconds)
    yield from start.measure(folder, plan.people, plan.actors, plan.starts)


def _beside_nginx(plan: Plan, exporter: Exporter, size: str, folder: Path) -> Iterator[Row | Missing]:
    with nginx.nginx(nginx.ask(exporter.port), folder) as port:
        for number in plan.clients:
            by_wrk = nginx.compare(exporter, port, size, number, seconds=plan.wrk_seconds, rounds=plan.wrk_rounds)
            yield from _if_there(by_wrk, size, of_clients(number))
        own = prometheus.compare(exporter, port, size, folder, interval=plan.scrape_interval, scrapes=plan.scrapes)
        yield from _if_there(own, size, PROMETHEUS)


def _if_there(rows: Iterator[Row | Missing] | Iterator[Row], size: str, *names: str) -> Iterator[Row | Missing]:
    """What is measured, or where the program for it is missing, that it is."""
    try:
        yield from rows
    except MissingError as missing:
        for name in names:
            yield Missing(name, size, str(missing))
