"""What several tests share: the simulated organization over real HTTP, and real tools."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write the expositions in tests/golden anew")


@pytest.fixture
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
