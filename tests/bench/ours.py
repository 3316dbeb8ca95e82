"""The exporter: the parts that `exporter.app` builds, polling pages that lie in memory."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

import httpx

from exporter import web
from exporter.api.credential import Credential
from exporter.app import Parts, Service
from exporter.polls import ALL
from exporter.settings import Settings
from exporter.turns import take_turns
from tests.bench.memory import growth
from tests.bench.records import NEXT_DAY, pages

POLL = "claude_code"
SETTINGS: dict[str, Any] = {
    "organization": "Acme",
    "api": {"requests_per_minute": 100_000},
    "polls": {poll.name: {"enabled": poll.name == POLL} for poll in ALL},
}
SCRAPE_INTERVAL = timedelta(seconds=15)


class Clock:
    """Goes on by a scrape interval at every look, so that nothing made for one scrape serves the next."""

    def __init__(self):
        self._now = NEXT_DAY

    def __call__(self):
        self._now += SCRAPE_INTERVAL
        return self._now


class Ours:
    """The exporter with a transport that answers each request with a page of `bodies`."""

    def __init__(self, bodies):
        self.bodies = bodies
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url="https://api.example")
        key = Credential(key="sk-ant-admin01-bench")
        self._parts = Parts(Settings(**SETTINGS), key, http, Clock(), catches_up=False)
        self.service = Service(self._parts)

    def _answer(self, request):
        body = self.bodies[int(request.url.params.get("page", "1")) - 1]
        return httpx.Response(200, stream=httpx.ByteStream(body))

    async def poll(self):
        outcome = await self._parts.runner.run(POLL)
        if outcome.error:
            raise outcome.error


def run(pipe: Connection, bodies: list[bytes]) -> None:
    """Serve, and do what `pipe` says, until it says None."""
    asyncio.run(_run(pipe, bodies))


async def _run(pipe: Connection, bodies: list[bytes]) -> None:
    take_turns()  # as the service does
    ours = Ours(pages(1))
    await ours.poll()
    ours.bodies = bodies
    with growth() as kept:
        await ours.poll()
    with web.listen("the benchmark", "127.0.0.1:0") as listening:
        server = web.server(web.build(ours.service))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        pipe.send((listening.getsockname()[1], kept()))
        while command := await asyncio.to_thread(pipe.recv):
            pipe.send(time.process_time() if command == "cpu" else await _seconds(ours.poll))
        server.should_exit = True
        await serving


async def _seconds(work: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started
