"""`python -m tests.bench.pace [MEMBERS ...]`: requests of an exporter in an hour, by the size of the organization.

Polls run at the instants that the schedule gives them, on a clock that jumps from one to the next.
"""

import asyncio
import random
import sys
from datetime import timedelta

from exporter import web
from exporter.app import http_client
from exporter.deflate import inflate
from exporter.demo.options import Options
from exporter.schedule import next_run
from tests.bench.ledger import requests, say
from tests.bench.start import NOW
from tests.conftest import Simulator
from tests.service import samples
from tests.serving import serving
from tests.world import World, settings_for

MEMBERS = (79, 1_589, 6_356)
"""Of whom some 50, 1,000 and 4,000 use Claude Code on a workday."""
HOURS = 12
API = {"timeout": "5m"}


def main(sizes: list[int]) -> None:
    """Print a line for each size."""
    for members in sizes:
        say(f"{members:,} members: {asyncio.run(hourly(members)):.0f} requests an hour")


async def hourly(members: int) -> float:
    """Requests in an hour of half a day that begins at noon, once all days are read."""
    simulator = Simulator(Options(people=members, days=10), NOW)
    chance = random.Random(1)
    with serving(simulator.server, web.listen("simulator", "127.0.0.1:0")) as url:
        simulator.url = url
        async with http_client(settings_for(simulator, api=API)) as http:
            world = World(simulator, http, api=API, storage={"days": 4})
            await world.poll_all()
            runner, intervals = world.parts.runner, world.parts.intervals
            before, due = made(world), {name: NOW + chance.random() * intervals[name] for name in runner.polls}
            while (now := min(due.values())) < NOW + timedelta(hours=HOURS):
                simulator.now = now
                name = min(due, key=due.__getitem__)
                outcome = await runner.run(name)
                if outcome.error:
                    raise outcome.error
                due[name] = next_run(runner.polls[name], intervals[name], outcome, chance.random())
            return (made(world) - before) / HOURS


def made(world: World) -> int:
    """Requests until now."""
    text = b"".join(inflate([world.parts.health.segment(openmetrics=False)])).decode()
    return requests(samples(text))


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or list(MEMBERS))
