"""What several tests share: the simulated organization over real HTTP, and real tools."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from exporter import web
from exporter.demo.options import Options
from exporter.demo.server import build_app
from tests.receivers import PROGRAMS, Receiver, receiving
from tests.service import ask
from tests.serving import serving

# No property is about time, and a busy machine may be slow. CI, which looks at every change, tries fewer examples.
hypothesis.settings.register_profile(
    "patient",
    deadline=None,
    max_examples=50 if os.environ.get("CI") else 100,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large],
)
hypothesis.settings.load_profile("patient")

GOLDEN = Path(__file__).parent / "golden"
TOOLS = Path(__file__).parent.parent / ".tools" / "bin"
REMEDIES = {
    "promtool": "apt-get install prometheus",
    "amtool": "apt-get install prometheus-alertmanager",
    "prometheus3": "make tools",
    "promtool3": "make tools",
    **dict.fromkeys(("helm3", "helm4", "kubectl"), "make tools"),
    "nginx": "apt-get install nginx-light",
    "systemd-analyze": "apt-get install systemd",
}
"""Of tools that are not in a package of their name."""
SUNDAY_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


SEED = pytest.StashKey[int]()


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write the expositions in tests/golden anew")
    parser.addoption("--kills", type=int, default=8, help="how often test_kills kills the exporter, history a fourth")
    parser.addoption("--seed", type=int, help="of random moments and orders; if a test fails, the one it had is shown")


def pytest_configure(config):
    given = config.getoption("--seed")
    config.stash[SEED] = random.randrange(10**6) if given is None else given
    if hasattr(config, "workerinput"):  # all processes have the seed of the one that shows it
        config.stash[SEED] = config.workerinput["seed"]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    node.workerinput["seed"] = node.config.stash[SEED]


LONG = (
    "test_planted",
    "test_messy",
    "test_end_to_end",
    "test_faults",
    "test_quiet",
    "test_ledger_kill",
    "test_kills",
    "test_soak",
)


def pytest_collection_modifyitems(items):
    """Files that take minutes come first: at the end, one process would wait for the other."""
    items.sort(key=lambda item: not item.path.stem.startswith(LONG))


def pytest_terminal_summary(terminalreporter, config):
    if terminalreporter.stats.keys() & {"failed", "error"}:
        terminalreporter.write_line(f"moments and orders were those of --seed={config.stash[SEED]}")


class Simulator:
    """A simulated organization behind real HTTP, and a clock that tests set."""

    def __init__(self, options: Options, now: datetime) -> None:
        self.now = now
        self.url = ""
        self.server = web.server(build_app(options, lambda: self.now))
        self.server.config.date_header = False  # it would be the machine's, not that of the clock above

    def truth(self, day: date) -> Any:
        return ask(f"{self.url}/simulator/truth?day={day}")


@pytest.fixture
def simulate() -> Iterator[Callable[..., Simulator]]:
    """Starts simulated organizations; each takes options and, as `now`, the time that it believes in."""
    with ExitStack() as stack:

        def start(*, now: datetime = SUNDAY_NOON, **options: Any) -> Simulator:
            simulator = Simulator(Options(**options), now)
            simulator.url = stack.enter_context(serving(simulator.server, web.listen("simulator", "127.0.0.1:0")))
            return simulator

        yield start


@pytest.fixture(scope="session")
def rng(request) -> random.Random:
    """For random moments and orders."""
    return random.Random(request.config.stash[SEED])


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """The path of a real tool. In CI a missing one is a failure, elsewhere a skip that says what to do."""

    def find(name: str) -> str:
        path = shutil.which(name) or shutil.which(name, path=TOOLS)
        if path:
            return path
        text = f"{name} is missing: {REMEDIES.get(name, f'apt-get install {name}')}"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)

    return find


@pytest.fixture(scope="module", params=PROGRAMS)
def receiver_kind(request) -> str:
    """A test that has this is one for each kind of receiver."""
    return str(request.param)


@pytest.fixture(scope="module")
def receiver(receiver_kind, tool, tmp_path_factory) -> Iterator[Receiver]:
    """A receiver of each kind, empty when the first test of a module has it."""
    with receiving(receiver_kind, tool, tmp_path_factory.mktemp(receiver_kind)) as receiver:
        yield receiver


@pytest.fixture
def golden(request) -> Callable[[str, str], None]:
    """Compares a text with a file in tests/golden; --update-golden writes the file."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_text(text)
        assert text == path.read_text()

    return compare
