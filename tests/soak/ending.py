"""What has to be true when the clock stands still: recovered from everything, and every total exact."""

import asyncio
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from exporter.app import http_client
from tests import held
from tests.service import get, samples
from tests.soak.clock import Clock
from tests.soak.processes import BUDGETS, Service
from tests.soak.prometheus import JOBS, Prometheus
from tests.soak.trouble import Trouble
from tests.soak.truth import KEPT_DAYS, Truth, Wanted, differences
from tests.world import World, settings_for

PATIENCE_SECONDS = 120.0
MOST_SHOWN = 5
OUGHT_TO_BE = {"poll_success": 1, "snapshot_withdrawn": 0, "teams_file_success": 1, "ledger_persistent": 1}


def lasting(find: Callable[[], list[str]]) -> list[str]:
    """The problems that are still found after a while; few of them."""
    end = time.monotonic() + PATIENCE_SECONDS
    while (problems := find()) and time.monotonic() < end:
        time.sleep(1)
    return problems[:MOST_SHOWN]


def unlike_truth(prometheus: Prometheus, wanted: Iterable[Wanted]) -> list[str]:
    """Sums that are not those of the simulator, in either format."""
    return [problem for one in wanted for job in JOBS for problem in differences(prometheus.query, one, job)]


def not_recovered(service: Service, clock: Clock) -> list[str]:
    """What the exporter says of itself that is not well; polls must have succeeded since the clock stands still."""
    found = samples(get(f"{service.url}/metrics"))
    ought = OUGHT_TO_BE | {"last_success_timestamp_seconds": clock.end.timestamp()}
    return [
        f"{name} is {value:g} instead of {ought[short]:g}"
        for name, value in found.items()
        for short in [name.partition("{")[0].removeprefix("anthropic_exporter_")]
        if short in ought and value != ought[short]
    ]


def unlike_a_newborn(service: Service, clock: Clock, api: str, trouble: Trouble) -> list[str]:
    """Series that an exporter without a past, asking the same API at the same time, shows otherwise."""
    old, new = _series(samples(get(f"{service.url}/metrics"))), _series(asyncio.run(_newborn(clock, api, trouble)))
    return [
        f"{name} is {old.get(name)} and not {new.get(name)}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _series(found: dict[str, float]) -> dict[str, float]:
    return {
        name: value
        for name, value in found.items()
        if name.startswith("anthropic_") and not name.startswith("anthropic_exporter_")
    }


async def _newborn(clock: Clock, api: str, trouble: Trouble) -> dict[str, float]:
    simulator = SimpleNamespace(url=api, now=clock.end)
    settings: dict[str, Any] = {"teams_file": trouble.teams_file, "budgets": BUDGETS}
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http, **settings)
        await world.parts.restore()
        await world.poll_all()
        found: dict[str, float] = world.scrape()
        return found


def wanted_at(clock: Clock, api: str, trouble: Trouble) -> list[Wanted]:
    """Every sum that is compared."""
    return list(Truth(api, clock.end, trouble.letters).wanted())


def unlike_truth_in(ledger: Path, api: str) -> list[str]:
    """What is wrong with the days that the ledger's file holds; nobody may use it any more."""
    try:
        days = held.days_held(ledger, held.Truth(api))
    except AssertionError as error:
        return [f"the ledger: {error}"]
    return [f"the ledger holds {len(some)} days of {name}" for name, some in days.items() if len(some) != KEPT_DAYS]
