"""Snapshots: what is served when."""

from datetime import UTC, datetime, timedelta

from exporter.deflate import EMPTY, segment
from exporter.snapshots import EVER, Period, Snapshot, Snapshots

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BODY, LASTING = segment([b"body"]), segment([b"lasting"])


def held(snapshot) -> Snapshots:
    snapshots = Snapshots()
    snapshots.publish("poll", snapshot)
    return snapshots


def test_a_snapshot_is_served_until_it_is_withdrawn_and_its_lasting_part_for_ever():
    snapshots = held(Snapshot("model", BODY, NOON + HOUR, lasting=LASTING))
    assert snapshots.served(NOON) == (BODY, LASTING)
    assert snapshots.served(NOON + HOUR) == (LASTING,)
    assert snapshots.withdrawn(NOON) == frozenset()
    assert snapshots.withdrawn(NOON + HOUR) == {"poll"}


def test_a_running_day_is_served_during_that_day_only_also_if_the_clock_is_set_back():
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    snapshots = held(Snapshot("model", BODY, EVER, true=Period(midnight - timedelta(days=1), midnight)))
    assert snapshots.served(midnight - timedelta(microseconds=1)) == (BODY,)
    assert snapshots.served(midnight) == ()
    assert snapshots.served(midnight - timedelta(days=1, seconds=1)) == ()
    assert snapshots.withdrawn(midnight) == frozenset()


def test_a_new_snapshot_replaces_the_old_one_and_no_other():
    snapshots = held(Snapshot("old", BODY, EVER))
    snapshots.publish("other", Snapshot(1, LASTING, EVER))
    snapshots.publish("poll", Snapshot("new", EMPTY, EVER))
    assert snapshots.served(NOON) == (LASTING,)
    assert (snapshots.model(str), snapshots.model(int), snapshots.model(bytes)) == ("new", 1, None)
