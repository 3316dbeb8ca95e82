"""While a poll computes in a thread, scrapes have their turn."""

import gc
import sys

import pytest

from exporter.turns import take_turns


@pytest.fixture(autouse=True)
def defaults():
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*threshold)
    gc.unfreeze()


def test_who_computes_keeps_the_lock_for_less_than_a_millisecond():
    take_turns()
    assert sys.getswitchinterval() < 0.001


def test_the_collector_looks_at_nothing_that_was_there_at_the_start_and_seldom_at_the_rest():
    before = gc.get_threshold()[0]
    take_turns()
    assert len(gc.get_objects()) < gc.get_freeze_count() / 10
    assert gc.get_threshold()[0] > 10 * before
