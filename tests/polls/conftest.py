"""Runs one poll against scripted answers and gives the text that it would publish."""

from datetime import timedelta

import pytest

from exporter.deflate import EMPTY
from exporter.exposition import render
from exporter.polls import Reading
from exporter.snapshots import EVER, Snapshot, Snapshots
from tests.scripted import NOW, Api


class PollRun:
    """A poll with everything that it needs, and what came of it."""

    def __init__(self, poll, *answers, now=NOW, others=(), **options):
        self.api = Api(*answers, **options)
        self.poll = poll(timedelta(hours=2))
        self.snapshots = Snapshots()
        for number, model in enumerate(others):
            self.snapshots.publish(f"other {number}", Snapshot(model, EMPTY, EVER))
        self.reading = Reading(self.poll.name, self.api.client, self.snapshots, now)

    async def model(self):
        model = await self.poll.fetch(self.reading)
        self.reading.check()
        return model

    async def text(self):
        model = await self.model()
        families = [*self.poll.families(model, self.snapshots.model), *self.poll.lasting(model)]
        return b"".join(chunk for chunk, _ in render(families, "Acme")).decode()

    async def samples(self):
        return [line.replace('organization="Acme",', "") for line in (await self.text()).splitlines() if line[0] != "#"]


@pytest.fixture
def run():
    return PollRun
