"""Real helm."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.helm.cases import CASES
from tests.helm.chart import CHART, Rendered, template


@pytest.fixture(scope="session")
def program(tool) -> str:
    """The newest helm. That the one before renders the same is a test of its own."""
    return str(tool("helm4"))


@pytest.fixture(scope="session", params=["helm3", "helm4"])
def each_program(request, tool) -> str:
    """A test that has this is one for each major version."""
    return str(tool(request.param))


@pytest.fixture
def render(program) -> Callable[..., Rendered]:
    """Renders values."""
    return partial(template, program)


@pytest.fixture(params=CASES)
def case(request, render) -> Rendered:
    """What is rendered of each case."""
    rendered: Rendered = render(CASES[request.param])
    return rendered


@pytest.fixture(scope="session")
def schema() -> Any:
    """The schema of values."""
    return json.loads((CHART / "values.schema.json").read_text())
