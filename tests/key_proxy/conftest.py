"""One key proxy for the tests that leave it as it is."""

import pytest

from tests.key_proxy.proxy import SECRETS, key_proxy, upstream


@pytest.fixture(scope="session")
def nginx(tool):
    return tool("nginx")


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with upstream(tmp_path_factory.mktemp("api")) as api:
        yield api


@pytest.fixture(autouse=True)
def as_usual(api):
    yield
    api.instead = api.date = None


@pytest.fixture(scope="module")
def proxy(nginx, api):
    with key_proxy(nginx, api) as proxy:
        yield proxy
        assert not any(secret in proxy.said() for secret in SECRETS)
