"""The exporter's own parts against the simulated organization, both told the time by a test."""

from datetime import UTC, datetime
from functools import lru_cache

from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.api.credential import Credential
from exporter.app import Parts
from exporter.demo.options import Options
from exporter.scrape import Scrape
from exporter.settings import Settings
from tests.service import samples


class World:
    """The exporter's parts, with the simulator's clock."""

    def __init__(self, simulator, http, *, key=Options.key, **settings):
        self.simulator = simulator
        self.parts = Parts(settings_for(simulator, **settings), Credential(key=key), http, self.now)

    def now(self):
        return self.simulator.now

    async def poll(self, *names):
        for name in names:
            outcome = await self.parts.runner.run(name)
            assert outcome.error is None, outcome.message

    async def poll_all(self):
        """Every poll once, and then the settled days that are missing."""
        await self.poll(*self.parts.runner.polls)
        await self.parts.runner.caught_up()

    def text(self):
        body = Scrape(self.parts.snapshots, self.parts.health, None, self.simulator.now, openmetrics=False)
        return b"".join(body.text()).decode()

    def scrape(self):
        return samples(self.text())

    def matching(self, metric, **labels):
        return [one for one in _parsed(self.text()) if one.name == metric and labels.items() <= one.labels.items()]

    def total(self, metric, **labels):
        found = self.matching(metric, **labels)
        return sum(sample.value for sample in found) if found else None

    def by(self, label, metric, **labels):
        """Sums by the values of a label."""
        sums: dict[str, float] = {}
        for sample in self.matching(metric, **labels):
            sums[sample.labels[label]] = sums.get(sample.labels[label], 0) + sample.value
        return sums

    def report_day(self, source="claude_code"):
        return datetime.fromtimestamp(self.total(f"anthropic_{source}_report_day_timestamp_seconds"), UTC).date()


@lru_cache(4)
def _parsed(text):
    return [sample for family in parse_text(text) for sample in family.samples]


def settings_for(simulator, *, api=None, **settings):
    own = {"base_url": simulator.url, "requests_per_minute": 100_000, "retries": 0}
    return Settings(api=own | (api or {}), **settings)
