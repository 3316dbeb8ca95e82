"""The ledger: what was put is what is there, in memory and in a file, also after a restart."""

from datetime import UTC, date, datetime, timedelta, timezone
from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ledgers import LATER, MONDAY, NOON, TUESDAY, WEDNESDAY, assert_filled, fill, opened

few_days = st.dictionaries(st.dates(), st.binary(max_size=200), max_size=4)
zones = st.sampled_from([UTC, timezone(timedelta(hours=-11, minutes=-30))])
instants = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=zones)  # noqa: DTZ001
puts = st.tuples(st.sampled_from(["usage", "cost"]), few_days, st.sampled_from(["email", "hash"]), instants)


@pytest.fixture(params=["memory", "file"])
def ledger(request, tmp_path):
    with opened(tmp_path / "ledger.db" if request.param == "file" else None) as ledger:
        assert ledger.persistent == (request.param == "file")
        yield ledger


@given(st.lists(puts, max_size=5))
def test_the_last_put_of_a_day_is_what_is_there_and_nothing_else(all_puts):
    expected: dict[tuple[str, date], tuple[str, datetime, bytes]] = {}
    with opened() as ledger:
        for source, days, shape, at in all_puts:
            ledger.put(source, days, shape, at)
            expected |= {(source, day): (shape, at, content) for day, content in days.items()}
        for (source, day), (shape, _, content) in expected.items():
            assert ledger.day(source, day, shape) == content
        for wanted in [(source, shape) for source in ("usage", "cost") for shape in ("email", "hash")]:
            found = {day: at for (source, day), (shape, at, _) in expected.items() if (source, shape) == wanted}
            assert ledger.days(*wanted) == found


@given(few_days, st.text(), st.text(), instants)
def test_any_words_content_and_day_survive_a_restart(tmp_path_factory, days, source, shape, at):
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    with opened(path) as ledger:
        ledger.put(source, days, shape, at)
    with opened(path) as ledger:
        assert ledger.persistent
        assert ledger.days(source, shape) == dict.fromkeys(days, at)
        assert {day: ledger.day(source, day, shape) for day in days} == days


def test_a_day_of_another_shape_is_not_seen_and_is_replaced(ledger):
    ledger.put("usage", {MONDAY: b"by e-mail"}, "email", NOON)
    assert ledger.day("usage", MONDAY, "hash") is None
    assert ledger.days("usage", "hash") == {}
    ledger.put("usage", {MONDAY: b"by hash"}, "hash", LATER)
    assert ledger.days("usage", "email") == {}
    assert ledger.days("usage", "hash") == {MONDAY: LATER}


def test_times_are_given_back_in_utc(ledger):
    at = datetime(2026, 11, 19, 1, tzinfo=timezone(timedelta(hours=13)))
    ledger.put("usage", {MONDAY: b""}, "email", at)
    ledger.succeeded("usage", at)
    assert str(ledger.days("usage", "email")[MONDAY]) == "2026-11-18 12:00:00+00:00"
    assert str(ledger.successes()["usage"]) == "2026-11-18 12:00:00+00:00"


def test_a_time_without_a_zone_is_refused_and_nothing_is_put(ledger):
    with pytest.raises(ValueError, match="without a zone"):
        ledger.put("usage", {MONDAY: b""}, "email", datetime(2026, 11, 19))  # noqa: DTZ001
    assert ledger.days("usage", "email") == {}


def test_days_before_a_day_are_forgotten_and_those_of_other_sources_stay(ledger):
    for source in ("usage", "cost"):
        ledger.put(source, {MONDAY: b"1", TUESDAY: b"2", WEDNESDAY: b"3"}, "email", NOON)
    ledger.put("usage", {MONDAY: b"of another shape"}, "hash", NOON)
    ledger.forget("usage", TUESDAY)
    assert set(ledger.days("usage", "email")) == {TUESDAY, WEDNESDAY}
    assert ledger.days("usage", "hash") == {}
    assert set(ledger.days("cost", "email")) == {MONDAY, TUESDAY, WEDNESDAY}


def test_pushes_are_known_by_their_target_and_forgotten_with_their_days(ledger):
    for day, target in ((MONDAY, "mimir"), (TUESDAY, "mimir"), (MONDAY, "thanos"), (MONDAY, "mimir")):
        ledger.remember_push("usage", target, day, NOON)
    ledger.remember_push("cost", "mimir", WEDNESDAY, NOON)
    assert ledger.pushed("usage", "mimir") == ledger.pushed("usage") == {MONDAY, TUESDAY}
    assert ledger.pushed("usage", "thanos") == {MONDAY}
    ledger.forget("usage", TUESDAY)
    assert (ledger.pushed("usage"), ledger.pushed("cost")) == ({TUESDAY}, {WEDNESDAY})


def test_the_first_organization_stays_and_only_an_empty_name_is_filled_in(ledger):
    assert ledger.organization() is None
    ledger.remember_organization("org-1", "")
    ledger.remember_organization("org-2", "Other")
    assert ledger.organization() == ("org-1", "")
    ledger.remember_organization("org-1", "Acme")
    ledger.remember_organization("org-1", "Renamed")
    ledger.remember_organization("org-2", "Other")
    assert ledger.organization() == ("org-1", "Acme")


def test_the_last_success_of_each_poll_is_known(ledger):
    ledger.succeeded("usage", NOON)
    ledger.succeeded("cost", NOON)
    ledger.succeeded("usage", LATER)
    assert ledger.successes() == {"usage": LATER, "cost": NOON}


def test_roles_are_replaced_as_a_whole(ledger):
    ledger.set_roles({"user_1": ("admin", NOON), "user_2": ("user", NOON)})
    ledger.set_roles({"user_2": ("developer", LATER), "user_3": ("", NOON)})
    assert ledger.roles() == {"user_2": ("developer", LATER), "user_3": ("", NOON)}


def test_everything_is_there_after_a_restart(tmp_path):
    with opened(tmp_path / "ledger.db") as ledger:
        fill(ledger)
    with opened(tmp_path / "ledger.db") as ledger:
        assert (ledger.persistent, ledger.trouble) == (True, "")
        assert_filled(ledger)


def test_a_closed_ledger_holds_nothing_and_takes_nothing(ledger):
    fill(ledger)
    ledger.close()
    ledger.close()
    fill(ledger)
    assert ledger.days("usage", "email") == ledger.successes() == ledger.roles() == {}
    assert ledger.day("usage", MONDAY, "email") is None
    assert ledger.organization() is None
    assert not ledger.persistent


def test_two_threads_write_and_read_at_once(ledger):
    start = Barrier(2)

    def work(source):
        start.wait()
        for number in range(50):
            ledger.put(source, {MONDAY + timedelta(number): source.encode()}, "email", NOON)
            ledger.succeeded(source, NOON + timedelta(number))
            assert ledger.day(source, MONDAY + timedelta(number), "email") == source.encode()

    threads = [Thread(target=work, args=(source,)) for source in ("usage", "cost")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.trouble == ""
    assert ledger.successes() == dict.fromkeys(["usage", "cost"], NOON + timedelta(49))
    assert [len(ledger.days(source, "email")) for source in ("usage", "cost")] == [50, 50]
