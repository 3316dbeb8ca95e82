"""Whatever happens to a ledger's file while it is used, no day that was read is lost and nothing is raised."""

import os
import random
from datetime import timedelta

import pytest

from tests.ledgers import (
    LATER,
    MONDAY,
    NOON,
    TUESDAY,
    WEDNESDAY,
    answer,
    assert_filled,
    fill,
    filled,
    opened,
)

OPENS = "print(Ledger(path).persistent)"


def noise(seed, size=100_000):
    """Bytes that do not get smaller by compression."""
    return random.Random(seed).randbytes(size)


def page_of(path, content):
    """The offset of a page of the file that is in the midst of this content."""
    return path.read_bytes().index(content[50_000:50_100]) // 4096 * 4096


def overwrite(path, offset, content):
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)


def test_a_full_disk_costs_no_day_and_the_file_keeps_what_it_had(tmp_path, caplog):
    path = tmp_path / "ledger.db"
    with opened(path) as ledger:
        fill(ledger)
        pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
        ledger._connection.execute(f"PRAGMA max_page_count = {pages + 30}")
        ledger.put("usage", {WEDNESDAY: b"wednesday", **days_of_noise(5)}, "email", NOON)
        assert (ledger.persistent, ledger.trouble) == (False, f"{path}: database or disk is full")
        assert len(ledger.days("usage", "email")) == 8
        assert ledger.day("usage", MONDAY, "email") == b"monday"
        assert ledger.day("usage", WEDNESDAY, "email") == b"wednesday"
        assert (ledger.organization(), ledger.successes()) == (("org-1", "Acme"), {"usage": NOON})
        assert ledger.roles() == {"user_1": ("admin", NOON)}
        (line,) = caplog.records
        assert (line.levelname, line.__dict__["error"]) == ("ERROR", "database or disk is full")
        assert answer(OPENS, path) == "True", "the lock was not released"
        ledger.succeeded("usage", LATER)
        ledger.set_roles({})
    with opened(path) as ledger:
        assert ledger.persistent
        assert_filled(ledger)


def days_of_noise(number):
    return {WEDNESDAY + timedelta(n): noise(n) for n in range(1, number + 1)}


def test_real_errors_of_writing_cost_no_day_either(tmp_path):
    code = """
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
ledger = Ledger(path)
days = {MONDAY + timedelta(n): os.urandom(20_000) for n in range(60)}
for day, content in days.items():
    ledger.put("usage", {day: content}, "email", NOON)
assert {day: ledger.day("usage", day, "email") for day in days} == days
print(ledger.persistent, ledger.trouble)
ledger.close()
"""
    path = tmp_path / "ledger.db"
    assert answer(code, path).startswith(f"False {path}: ")
    with opened(path) as ledger:
        assert ledger.persistent
        held = ledger.days("usage", "email")
        assert len(held) >= 5
        assert {len(ledger.day("usage", day, "email") or b"") for day in held} == {20_000}


def test_without_any_room_a_new_file_stays_empty_until_there_is_some(tmp_path):
    code = """
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
ledger = Ledger(path)
fill(ledger)
assert_filled(ledger)
print(ledger.persistent)
"""
    path = tmp_path / "ledger.db"
    assert (answer(code, path), path.read_bytes()) == ("False", b"")
    filled(path)


def test_a_damaged_day_is_not_held_and_is_read_again(tmp_path, caplog):
    path = tmp_path / "ledger.db"
    with opened(path) as ledger:
        ledger.put("usage", {MONDAY: noise(1), TUESDAY: noise(2), WEDNESDAY: noise(3)}, "email", NOON)
    overwrite(path, page_of(path, noise(2)) + 2000, b"damage")
    with opened(path) as ledger:
        assert [ledger.day("usage", day, "email") for day in (MONDAY, TUESDAY)] == [noise(1), None]
        assert set(ledger.days("usage", "email")) == {MONDAY, WEDNESDAY}
        ledger.put("usage", {TUESDAY: noise(2)}, "email", LATER)
        assert ledger.day("usage", TUESDAY, "email") == noise(2)
        assert ledger.persistent
    (line,) = caplog.records
    assert line.message == "a damaged day of the ledger is forgotten"


def test_a_page_that_is_damaged_while_the_file_is_used_costs_one_day(tmp_path):
    path = tmp_path / "ledger.db"
    with opened(path) as ledger:
        fill(ledger)
        ledger.put("cost", {MONDAY: noise(1), TUESDAY: noise(2), WEDNESDAY: noise(3)}, "email", NOON)
    with opened(path) as ledger:
        overwrite(path, page_of(path, noise(2)), b"\xff" * 4096)
        ledger._connection.execute("PRAGMA shrink_memory")
        assert ledger.day("cost", TUESDAY, "email") is None
        assert (ledger.persistent, ledger.trouble) == (False, f"{path}: database disk image is malformed")
        assert ledger.days("cost", "email") == {MONDAY: NOON, WEDNESDAY: NOON}
        assert [ledger.day("cost", day, "email") for day in (MONDAY, WEDNESDAY)] == [noise(1), noise(3)]
        assert_filled(ledger)
        assert answer("print(Ledger(path).trouble)", path) == f"{path}: it is damaged", "the lock was not released"


@pytest.mark.parametrize("change", ["day = '2026-11-18'", "source = 'cost'", "shape = 'hash'", "content = x'78'"])
def test_content_that_stands_under_another_day_source_or_shape_is_damaged(change):
    with opened() as ledger:
        ledger.put("usage", {MONDAY: b"monday", TUESDAY: b"tuesday"}, "email", NOON)
        ledger._connection.execute(f"UPDATE days SET {change} WHERE day = '2026-11-16'")
        held = {
            ledger.day(source, day, shape)
            for source in ("usage", "cost")
            for shape in ("email", "hash")
            for day in ledger.days(source, shape)
        }
        assert held == {b"tuesday", None}


@pytest.mark.parametrize("table", ["organization", "days", "successes", "roles"])
def test_a_table_that_is_gone_does_not_take_the_others_with_it(tmp_path, table):
    with opened(tmp_path / "ledger.db") as ledger:
        fill(ledger)
        ledger._connection.execute(f"DROP TABLE {table}")
        assert ledger.organization() == (None if table == "organization" else ("org-1", "Acme"))
        assert ledger.day("usage", MONDAY, "email") == (None if table == "days" else b"monday")
        assert ledger.successes() == ({} if table == "successes" else {"usage": NOON})
        assert ledger.roles() == ({} if table == "roles" else {"user_1": ("admin", NOON)})
        assert not ledger.persistent
        fill(ledger)
        assert_filled(ledger)


def test_rows_that_fit_into_no_table_are_left_behind(tmp_path):
    with opened(tmp_path / "ledger.db") as ledger:
        fill(ledger)
        ledger._connection.executescript("ALTER TABLE roles ADD COLUMN note; DROP TABLE organization")
        assert ledger.organization() is None
        assert ledger.roles() == {}
        fill(ledger)
        assert_filled(ledger)


def test_a_file_that_is_cut_while_it_is_used_is_left_and_memory_is_used(tmp_path):
    path = filled(tmp_path / "ledger.db")
    with opened(path) as ledger:
        os.truncate(path, 4096)
        ledger._connection.execute("PRAGMA shrink_memory")
        ledger.forget("usage", TUESDAY)
        fill(ledger)
        assert_filled(ledger)
        assert not ledger.persistent


def test_words_that_make_no_sense_are_as_if_they_were_not_there(tmp_path):
    path = tmp_path / "ledger.db"
    with opened(path) as ledger:
        fill(ledger)
        for sql in (
            "UPDATE days SET read_at = 'noon' WHERE day = '2026-11-16'",
            "UPDATE days SET day = CAST(x'ff' AS TEXT) WHERE day = '2026-11-17'",
            "UPDATE successes SET at = CAST(x'fe' AS TEXT)",
            "UPDATE roles SET since = x'00'",
        ):
            ledger._connection.execute(sql)
        assert ledger.days("usage", "email") == ledger.successes() == ledger.roles() == {}
        fill(ledger)
        assert_filled(ledger)
        assert ledger.persistent


def test_even_memory_that_fails_raises_nothing(caplog):
    with opened() as ledger:
        ledger._connection.execute("DROP TABLE days")
        fill(ledger)
        assert ledger.days("usage", "email") == {}
        assert ledger.successes() == {"usage": NOON}
    assert {line.message for line in caplog.records} == {"the ledger in memory failed"}
