"""Weeks of the simulated organization in minutes: what scrapes of the exporter would have shown, series by series.

The exporter's own parts poll the simulated API over real HTTP when their schedule says so; both are told the time.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from exporter import web
from exporter.app import http_client
from exporter.deflate import Segment, inflate
from exporter.demo.options import Options
from exporter.history.receiver import receiver_client
from exporter.schedule import next_run
from tests.conftest import Simulator
from tests.serving import serving
from tests.world import World, settings_for

THURSDAY = datetime(2026, 10, 1, tzinfo=UTC)
"""When weeks begin. So many whole weeks after 1970 that promtool, whose clock begins there, sees the same weekdays."""
HOUR = timedelta(hours=1)
SELDOM: dict[str, Any] = {
    **{name: {"interval": "3h"} for name in ("members", "invites", "workspaces", "api_keys")},
    **{name: {"interval": "3h"} for name in ("claude_code_today", "usage_today", "cost_today")},
    **{name: {"interval": "6h"} for name in ("claude_code", "usage", "cost")},
}
"""Polls that come no more often than it takes to see what the days bring."""
Run = tuple[int, int, float]
"""From the moment of one number to that of another, both included, a value."""


@dataclass
class Recording:
    """What a scrape every `step` from `start` on has seen: of each series its runs of equal values, oldest first."""

    start: datetime
    step: timedelta
    moments: int = 0
    closed: dict[str, list[Run]] = field(default_factory=dict)
    _open: dict[str, tuple[int, float]] = field(default_factory=dict)
    _segments: dict[Segment, dict[str, float]] = field(default_factory=dict)

    def see(self, segments: Iterable[Segment]) -> None:
        """One more scrape. Pieces that it has in common with the one before are not read again."""
        now = {segment: self._segments.get(segment) or _read(segment) for segment in segments}
        gone = {name for segment in self._segments.keys() - now.keys() for name in self._segments[segment]}
        new = {name: value for segment in now.keys() - self._segments.keys() for name, value in now[segment].items()}
        for name in gone - new.keys():
            self._close(name)
        for name, value in new.items():
            if name in self._open and self._open[name][1] != value:
                self._close(name)
            self._open.setdefault(name, (self.moments, value))
        self._segments = now
        self.moments += 1

    def _close(self, name: str) -> None:
        first, value = self._open.pop(name)
        self.closed.setdefault(name, []).append((first, self.moments - 1, value))

    def runs(self) -> Iterator[tuple[str, list[Run]]]:
        """Every series, as the exposition writes it, with its runs."""
        for name in self.closed.keys() | self._open.keys():
            last = [(self._open[name][0], self.moments - 1, self._open[name][1])] if name in self._open else []
            yield name, [*self.closed.get(name, ()), *last]

    def at(self, number: int) -> datetime:
        """When the moment of this number was."""
        return self.start + number * self.step


def _read(segment: Segment) -> dict[str, float]:
    lines = b"".join(inflate([segment])).decode().splitlines()
    return {name: float(value) for name, _, value in (one.rpartition(" ") for one in lines if one[0] != "#")}


class Weeks(World):
    """The exporter's parts on a schedule of simulated time. `push` sends its settled days, if there is a receiver."""

    def __init__(self, simulator: Simulator, http: Any, recording: Recording, **settings: Any) -> None:
        super().__init__(simulator, http, **settings)
        self.recording = recording
        self.push: Any = None
        self._plans: dict[str, datetime] = {}
        self._chance = random.Random(1)

    async def until(self, end: datetime) -> None:
        """Go on until `end`, polls as they are due, and a scrape at every step."""
        runner = self.parts.runner
        while (now := self.recording.at(self.recording.moments)) <= end:
            self.simulator.now = now
            for name, poll in runner.polls.items():
                if self._plans.get(name, now) <= now:
                    outcome = await runner.run(name)
                    interval = self.parts.intervals[name]
                    self._plans[name] = next_run(poll, interval, outcome, self._chance.random())
                    self.parts.health.planned(name, self._plans[name])
            await runner.caught_up()
            if self.push:
                await self.push.round()
            self.parts.health.withdrew(self.parts.snapshots.withdrawn(now))
            self.recording.see([*self.parts.snapshots.served(now), self.parts.health.segment(openmetrics=False)])


@asynccontextmanager
async def weeks(
    options: Options, start: datetime, end: datetime, step: timedelta = HOUR, **settings: Any
) -> AsyncIterator[Weeks]:
    """An exporter at `start`, to be sent on its way. The history of the organization ends on the day of `end`."""
    with ExitStack() as stack:
        simulator = Simulator(options, end)
        simulator.url = stack.enter_context(serving(simulator.server, web.listen("simulator", "127.0.0.1:0")))
        simulator.now = start
        own = settings_for(simulator, **settings)
        async with http_client(own) as http, receiver_client(own.history.remote_write) as receiver:
            made = Weeks(simulator, http, Recording(simulator.now, step), **settings)
            made.push = made.parts.live_push(own, receiver)
            await made.parts.restore()
            yield made


_SERIES = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}


def labels_of(series: str) -> dict[str, str]:
    """The labels of a series of an exposition, its name among them; those that are empty are none."""
    found = _SERIES.fullmatch(series)
    assert found, series
    pairs = (
        (name, re.sub(r"\\.", lambda one: _ESCAPES[one[0]], text)) for name, text in _LABEL.findall(found[2] or "")
    )
    return {"__name__": found[1], **{name: text for name, text in pairs if text}}


def recorded(options: Options, start: datetime, end: datetime, step: timedelta = HOUR, **settings: Any) -> Recording:
    """What scrapes from `start` to `end` would have shown, with polls that come seldom."""

    async def run() -> Recording:
        async with weeks(options, start, end, step, polls=SELDOM, **settings) as made:
            await made.until(end)
            return made.recording

    return asyncio.run(run())
