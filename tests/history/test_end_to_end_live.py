"""What `serve` pushes: every final day once, none too early, also if it is killed or the receiver is not there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from exporter.app import http_client
from exporter.days import day_start
from exporter.demo.faults import Fault
from exporter.demo.options import Options
from exporter.windows import span
from tests.history.runs import (
    RESTATE_DAYS,
    Sample,
    die_at_any_moment,
    history_to_its_end,
    newest_final,
    of_arrived,
    of_body,
    of_receiver,
    of_text,
)
from tests.proxy import Faulty, faulty
from tests.receivers import receiving
from tests.service import exporter, get, samples, simulator, until
from tests.world import World, settings_for

SOURCES = ("claude_code", "cost", "usage")
KEPT = 62

# Real processes.


def says(url: str, name: str) -> dict[str, float]:
    """A metric of the exporter about history, by source."""
    series = f'anthropic_exporter_history_{name}{{organization="{Options.organization_name}",source="%s"}}'
    found = samples(get(f"{url}/metrics"))
    return {source: found[series % source] for source in SOURCES if series % source in found}


def everything_is_pushed(url: str, proxy: Faulty, days: set[date]) -> bool:
    nothing_waits = says(url, "pending") == dict.fromkeys(SOURCES, 0.0)
    return nothing_waits and {sample.day for sample in of_arrived(proxy.requests)} == days


def test_whenever_it_is_killed_every_final_day_arrives_and_nothing_younger(tool, tmp_path, rng, request):
    last = newest_final()
    days = span(last - timedelta(days=KEPT - RESTATE_DAYS - 1), last)
    (folder := tmp_path / "receiver").mkdir()
    with (
        simulator(tmp_path, "--people=12", "--days=75") as api,
        receiving("prometheus2", tool, folder) as receiver,
        faulty(receiver.write_url) as proxy,
    ):
        receiver.process.stop()
        flags = [f"--storage.path={tmp_path}/ledger.db", f"--history.remote-write.url={proxy.write_url}"]
        flags.append("--history.remote-write.retries=0")
        with exporter(tmp_path, api, *flags) as (url, process):
            until(lambda: proxy.requests, "a push")
            until(lambda: "a day could not be pushed" in process.said(), "its failure")
            assert min(says(url, "pending").values()) > 0
            assert says(url, "last_pushed_day_timestamp_seconds") == {}
            process.stop()
        with receiving("prometheus2", tool, folder, receiver.port) as again:
            for _ in range(max(1, request.config.getoption("--kills") // 7)):
                with exporter(tmp_path, api, *flags) as (_, process):
                    die_at_any_moment(process, rng, 7)  # it pushes after 5 seconds
            with exporter(tmp_path, api, *flags) as (url, process):
                until(lambda: everything_is_pushed(url, proxy, {*days}), "all days")
                newest = says(url, "last_pushed_day_timestamp_seconds")
                assert newest == dict.fromkeys(SOURCES, day_start(last).timestamp())
            sent = len(proxy.requests)
            with exporter(tmp_path, api, *flags) as (url, process):
                until(lambda: says(url, "last_pushed_day_timestamp_seconds") == newest, "a round of pushes")
                assert says(url, "pushed_samples_total") == dict.fromkeys(SOURCES, 0.0)
            assert len(proxy.requests) == sent
            file = tmp_path / "days.om"
            assert history_to_its_end(api, f"--since={days[0]}", f"--until={last}", f"--output={file}").returncode == 0
            told = {*of_text(file.read_text("utf-8"))}
            assert {*of_arrived(proxy.requests)} == told
            assert {*of_receiver(again, last + timedelta(days=9), 99)} == told


# The same parts, told the time.

URL = "http://127.0.0.1:9/api/v1/write"
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
HOURS = timedelta(hours=6)


class Live:
    """A world whose settled days are pushed to a receiver that takes everything."""

    def __init__(self, simulator, http, **settings) -> None:
        history = {"remote_write": {"url": URL}} | settings.pop("history", {})
        settings = {"storage": {"days": 10}, "history": history} | settings
        self.world = World(simulator, http, **settings)
        self.requests: list[httpx.Request] = []
        taking = httpx.AsyncClient(transport=httpx.MockTransport(self._take))
        push = self.world.parts.live_push(settings_for(simulator, **settings), taking)
        assert push
        self.push = push

    def _take(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(204)

    async def steps(self, number: int) -> None:
        """Polls and pushes, four times a day."""
        for _ in range(number):
            await self.world.poll(*self.world.parts.runner.polls)
            await self.world.parts.runner.caught_up()
            await self.push.round()
            self.world.simulator.now += HOURS

    def pushed(self) -> list[Sample]:
        return [sample for request in self.requests for sample in of_body(request.content)]

    def billed(self) -> dict[date, float]:
        """Dollars by day."""
        sums: dict[date, float] = {}
        for sample in self.pushed():
            if dict(sample.series)["__name__"] == "anthropic_daily_cost_usd":
                sums[sample.day] = sums.get(sample.day, 0) + sample.value
        return sums


@asynccontextmanager
async def live(simulator, **settings) -> AsyncIterator[Live]:
    async with http_client(settings_for(simulator)) as http:
        yield Live(simulator, http, **settings)


def final_dollars(simulator, days):
    """What the API says of days long after."""
    simulator.now += timedelta(days=10)
    told = {day: simulator.truth(day)["cost"]["usd"] for day in days}
    return {day: pytest.approx(float(dollars)) for day, dollars in told.items()}


@pytest.fixture
def restating(simulate):
    return simulate(now=NOON, people=10, days=20, restate=True)


async def test_of_a_day_that_grows_only_its_final_numbers_are_pushed_and_once(restating):
    async with live(restating) as here:
        await here.steps(20)
        billed = here.billed()
        assert here.world.total("anthropic_exporter_history_changed_total") == 0
    sent = [sample[:2] for sample in here.pushed()]
    assert len(sent) == len({*sent})
    assert billed == final_dollars(restating, span(date(2026, 3, 1), date(2026, 3, 12)))


async def test_a_day_that_changes_after_it_was_pushed_is_counted_and_named_and_not_pushed_again(restating, caplog):
    async with live(restating, history={"restate_days": 0}) as here:
        await here.steps(12)
        counted = here.world.total("anthropic_exporter_history_changed_total")
    named = [(record.poll, record.day) for record in caplog.records if "changed after it was pushed" in record.message]
    assert ("cost", "2026-03-12") in named
    assert counted == len(named)
    day = date(2026, 3, 12)
    sent = [sample[:2] for sample in here.pushed()]
    assert len(sent) == len({*sent})
    assert here.billed()[day] < float(restating.truth(day)["cost"]["usd"])


async def test_without_the_organizations_name_serve_pushes_nothing_unless_it_is_given(simulate):
    nameless = simulate(now=NOON, people=10, days=20, faults=(Fault.parse("me:403"),))
    for organization, pushes in ((None, False), ("Acme", True)):
        async with live(nameless, organization=organization) as here:
            polls = [name for name in here.world.parts.runner.polls if name != "organization"]
            await here.world.poll(*polls)
            await here.world.parts.runner.caught_up()
            await here.push.round()
            assert bool(here.requests) is pushes
            assert {dict(sample.series)["organization"] for sample in here.pushed()} <= {"Acme"}
