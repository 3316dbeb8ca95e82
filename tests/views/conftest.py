"""What a view shows of models that a test makes up, each held by a poll of its own."""

import pytest

from exporter.deflate import EMPTY, inflate
from exporter.snapshots import EVER, Snapshot, Snapshots
from exporter.views.base import render_view
from tests.scripted import NOW


class Shown:
    """Snapshots with models in them, and a view over them."""

    def __init__(self, view, *models, now=NOW):
        self.snapshots = Snapshots()
        for model in models:
            self.hold(model)
        self.snapshots.show(view.name, render_view(view, self.snapshots, now, "Acme"))

    def hold(self, model, until=EVER):
        self.snapshots.publish(type(model).__name__, Snapshot(model, EMPTY, until))

    def lines(self, now=NOW):
        """The samples of a scrape, without the label that all have."""
        text = b"".join(inflate(self.snapshots.served(now))).decode()
        return [line.replace('organization="Acme",', "") for line in text.splitlines() if line[0] != "#"]


@pytest.fixture
def shown():
    return Shown
