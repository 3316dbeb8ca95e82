"""What several tests share: the simulated organization over real HTTP, and real tools."""

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest

from exporter import web
from exporter.demo.options import Options
from exporter.demo.server import build_app

# No property is about time, and a busy machine may be slow.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")

GOLDEN = Path(__file__).parent / "golden"
SUNDAY_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write the expositions in tests/golden anew")


class Simulator:
    """A simulated organization behind real HTTP, and a clock that tests set."""

    def __init__(self, options: Options, now: datetime) -> None:
        self.now = now
        self.options = options
        self._socket = web.listen("simulator", "127.0.0.1:0")
        self._server = web.server(build_app(options, lambda: self.now))
        self._thread = threading.Thread(target=self._run)
        self.url = web.url_of(self._socket)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join()
        self._socket.close()

    def truth(self, day: object = None) -> Any:
        params = {"day": str(day)} if day else {}
        return httpx.get(f"{self.url}/simulator/truth", params=params).raise_for_status().json()

    def faults(self, *faults: str) -> None:
        httpx.put(f"{self.url}/simulator/faults", json=list(faults)).raise_for_status()

    def requests(self) -> Any:
        return httpx.get(f"{self.url}/simulator/requests").raise_for_status().json()


@pytest.fixture
def simulate() -> Iterator[Callable[..., Simulator]]:
    """Starts simulated organizations; each takes options and, as `now`, the time that it believes in."""
    started: list[Simulator] = []

    def start(*, now: datetime = SUNDAY_NOON, **options: object) -> Simulator:
        simulator = Simulator(Options(**options), now)  # type: ignore[arg-type]
        simulator.start()
        started.append(simulator)
        return simulator

    yield start
    for simulator in started:
        simulator.stop()


@pytest.fixture(scope="session")
def tool() -> Callable[[str, str], str]:
    """The path of a real tool. In CI a missing one is a failure, elsewhere a skip that says what to install."""

    def find(name: str, package: str) -> str:
        path = shutil.which(name)
        if path:
            return path
        text = f"{name} is not installed: apt-get install {package}"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)

    return find


@pytest.fixture
def golden(request) -> Callable[[str, str], None]:
    """Compares a text with a file in tests/golden; --update-golden writes the file."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_text(text)
        assert text == path.read_text()

    return compare
