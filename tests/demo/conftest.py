import pytest

from tests.demo.simulated import Api


@pytest.fixture(scope="session")
def api():
    """An ordinary organization of 200 people, at its ordinary instant; for tests that change nothing."""
    return Api()


@pytest.fixture(scope="session")
def plain():
    """The same without oddities."""
    return Api(quirks=False)


@pytest.fixture
def simulate():
    """Make an organization of one's own."""
    return Api
