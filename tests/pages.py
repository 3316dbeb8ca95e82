"""The exporter's HTTP in this process, with pages that a test writes."""

import socket
from contextlib import contextmanager

from exporter import web
from exporter.deflate import EMPTY, segment
from exporter.health import Health, Process
from exporter.scrape import Scrape
from exporter.snapshots import EVER, Snapshot, Snapshots
from tests.scripted import NOW
from tests.serving import serving


class Pages:
    """What the pages show, as a test says."""

    def __init__(self):
        self.snapshots = Snapshots()
        self.health = Health({}, version="1", revision="2")
        self.process = Process()
        self.good = True

    def body(self, *chunks):
        self.snapshots.publish("poll", Snapshot(None, segment(chunks) if chunks else EMPTY, EVER))

    def scrape(self, *, openmetrics):
        return Scrape(self.snapshots, self.health, self.process, NOW, openmetrics=openmetrics)

    def page(self):
        return "<h1>page</h1>"

    def healthy(self):
        return self.good

    def ready(self):
        return self.good


@contextmanager
def served(pages, limits=web.LIMITS, tls=None, **options):
    """The URL of a server of `pages`, and the server; `options` are of its socket."""
    listening = web.listen("test", "127.0.0.1:0")
    for name, value in options.items():
        listening.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    server = web.server(web.build(pages), tls=tls, limits=limits)
    with serving(server, listening) as url:
        yield url.replace("http:", "https:") if tls else url, server
