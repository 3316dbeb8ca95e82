"""One soak: weeks on a fast clock with trouble all the time, but for the end, where everything is looked at."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from tests.service import until
from tests.soak import ending, processes
from tests.soak.clock import Clock
from tests.soak.processes import Service
from tests.soak.prometheus import JOBS, Prometheus, Scrapes, scraping
from tests.soak.samples import Sample, left_behind, read
from tests.soak.trouble import Trouble
from tests.soak.truth import SOURCES

START = datetime(2026, 10, 1, 20, tzinfo=UTC)
"""In the evening, so that after whole days there is much of a running day to be compared, too."""
CALM = 0.2
"""Of the time, at the end, there is no trouble any more."""
EPISODE_SECONDS = 12.0
LONGEST_EPISODE_SECONDS = 90.0
QUIET_SAMPLES = 5

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What was asked for."""

    minutes: float
    days_per_minute: float
    seed: int
    people: int
    clients: int
    scrape_seconds: int

    def clock(self, folder: Path) -> Clock:
        """The clock of all processes."""
        days = timedelta(days=self.minutes * self.days_per_minute)
        return Clock(START, START + days, self.days_per_minute * 24 * 60, folder / "clock")


@dataclass
class Findings:
    """What was seen."""

    samples: list[Sample] = field(default_factory=list)
    """While the clock ran."""
    scrapes: dict[str, Scrapes] = field(default_factory=dict)
    clients: dict[str, int] = field(default_factory=dict)
    episodes: int = 0
    compared: int = 0
    problems: list[str] = field(default_factory=list)


def soak(plan: Plan, program: str, folder: Path, say: Say) -> Findings:
    """Run it with the Prometheus `program`; files are left in `folder`."""
    clock = plan.clock(folder)
    with processes.simulated(clock, plan.people, folder) as api:
        trouble = Trouble(Random(plan.seed), api, folder)
        with processes.serving(clock, api, trouble, folder) as service:
            with scraping(program, service.url.removeprefix("http://"), plan.scrape_seconds, folder) as prometheus:
                found = _Soak(plan, clock, trouble, service, prometheus, say).run(api, folder)
            code, seconds = service.process.stop()
        found.problems += _last_words(service, code, seconds)
        found.problems += ending.unlike_truth_in(service.ledger, api)
    return found


def _last_words(service: Service, code: int, seconds: float) -> list[str]:
    defects = [line for line in service.process.said().splitlines() if "level=error" in line or "Traceback" in line]
    late = [f"it ended with {code} after {seconds:.1f} s"] if code or seconds > 5 else []
    return late + [line for line in defects if "the teams file cannot be used" not in line][: ending.MOST_SHOWN]


@dataclass
class _Soak:
    """While all processes run."""

    plan: Plan
    clock: Clock
    trouble: Trouble
    service: Service
    prometheus: Prometheus
    say: Say
    found: Findings = field(default_factory=Findings)

    def run(self, api: str, folder: Path) -> Findings:
        """From the first scrape to the last."""
        began, found, service = time.monotonic(), self.found, self.service
        until(lambda: service.process.said().count("settled days are complete") == len(SOURCES), "the settled days")
        before = read(service.samples)[-QUIET_SAMPLES:]
        with processes.clients(service, self.plan.clients, self.plan.seed, folder) as clients:
            self._weeks()
            clients.stop()
            found.clients = json.loads(clients.said())
        found.samples = [one for one in read(service.samples) if 0 < one.seconds < self.plan.minutes * 60]
        wanted = ending.wanted_at(self.clock, api, self.trouble)
        found.compared = sum(len(one.amounts) for one in wanted)
        found.problems += ending.lasting(lambda: ending.not_recovered(service, self.clock))
        found.problems += ending.lasting(lambda: ending.unlike_truth(self.prometheus, wanted))
        found.problems += ending.lasting(lambda: ending.unlike_a_newborn(service, self.clock, api, self.trouble))
        found.problems += ending.lasting(lambda: left_behind(before, read(service.samples)[-QUIET_SAMPLES:]))
        seconds = time.monotonic() - began
        found.scrapes = {job: self.prometheus.scrapes(job, seconds) for job in JOBS}
        found.problems += [f"{job}: {one.failed} scrapes failed" for job, one in found.scrapes.items() if one.failed]
        found.problems += [f"Prometheus: {name} is {count:g}" for name, count in self.prometheus.complaints().items()]
        found.episodes = self.trouble.episodes
        return found

    def _weeks(self) -> None:
        """Days go by, with trouble at first."""
        length = self.plan.minutes * 60
        mean, longest = min(EPISODE_SECONDS, length / 10), min(LONGEST_EPISODE_SECONDS, length / 4)
        rng = self.trouble.rng
        self.clock.begin()
        while (left := length * (1 - CALM) - self.clock.seconds()) > 0:
            self.say(f"{self.clock.now():%Y-%m-%d %H:%M} {self.trouble.begin()}")
            time.sleep(min(left, longest, rng.expovariate(1 / mean)))
            self.trouble.end()
            time.sleep(rng.expovariate(2 / mean))
        time.sleep(max(0.0, length - self.clock.seconds()))
