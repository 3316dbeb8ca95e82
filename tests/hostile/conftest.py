"""Servers under attack: each test ends with a scrape that succeeds, and with nothing in the log."""

from contextlib import contextmanager

import httpx
import pytest

from exporter import web
from tests.hostile.sockets import complaints, contexts
from tests.pages import Pages, served


@pytest.fixture
def pages():
    return Pages()


@pytest.fixture
def attacked(pages, caplog):
    """A function that gives the URL of a server of `pages` with these limits, and the server."""

    @contextmanager
    def running(limits=web.LIMITS, *, tls=False, **options):
        server_context, client_context = contexts()
        with served(pages, limits, server_context if tls else None, **options) as (url, server):
            yield url, server
            scrape = httpx.get(f"{url}/metrics", verify=client_context, timeout=60)
            assert scrape.status_code == 200
            assert b"\nprocess_" in scrape.content
        assert not complaints(caplog)

    return running
