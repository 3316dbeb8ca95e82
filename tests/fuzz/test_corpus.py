"""Everything that a fuzzer has found, again, and a few other inputs of every target."""

import random
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
FOUND = [(path.parent.name, path.name) for path in sorted(CORPUS.glob("*/*"))]


@pytest.mark.parametrize(("target", "name"), FOUND)
def test_what_was_found_does_no_harm_any_more(target, name):
    TARGETS[target]((CORPUS / target / name).read_bytes())


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("seed", range(30))
def test_a_target_takes_any_bytes(target, seed):
    TARGETS[target](random.Random(seed).randbytes(seed))
