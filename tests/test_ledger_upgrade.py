"""A ledger's file of an older version is copied, then upgraded, all or nothing."""

import sqlite3
from contextlib import closing

from exporter.ledger import SCHEMA
from tests.ledgers import NEWER, NOON, WEDNESDAY, answer, assert_filled, everything_in, filled, opened

NOW = len(SCHEMA)
NEXT = NOW + 1
FAILING = (*NEWER, "CREATE TABLE keys (id TEXT); CREATE UNIQUE INDEX one_day_per_shape ON days (shape)")


def version(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def test_an_older_file_is_copied_and_then_upgraded(tmp_path):
    path = filled(tmp_path / "ledger.db")
    with opened(path, NEWER) as ledger:
        assert ledger.persistent
        assert_filled(ledger)
        assert ledger._read("SELECT id FROM invites") == [("invite_1",)]
        assert path.read_bytes()[60:64] == NEXT.to_bytes(4), "the next start sees the old version"
    copy = tmp_path / f"ledger.db.v{NOW}"
    assert set(everything_in(tmp_path)) == {path.name, copy.name}
    assert (version(path), version(copy), oct(copy.stat().st_mode & 0o777)) == (NEXT, NOW, "0o600")
    with opened(copy) as ledger:
        assert ledger.persistent
        assert_filled(ledger)


def test_a_copy_never_takes_the_place_of_another_file(tmp_path):
    path = filled(tmp_path / "ledger.db")
    taken = (f"ledger.db.v{NOW}", f"ledger.db.v{NOW}.1")
    for name in taken:
        (tmp_path / name).write_text("mine")
    with opened(path, NEWER) as ledger:
        assert ledger.persistent
    assert [(tmp_path / name).read_text() for name in taken] == ["mine", "mine"]
    with opened(tmp_path / f"ledger.db.v{NOW}.2") as ledger:
        assert_filled(ledger)


def test_an_upgrade_that_fails_leaves_the_file_and_no_copy(tmp_path):
    path = filled(tmp_path / "ledger.db")
    before = everything_in(tmp_path)
    with opened(path, FAILING) as ledger:
        assert (ledger.persistent, ledger.trouble) == (False, f"{path}: UNIQUE constraint failed: days.shape")
        ledger.put("usage", {WEDNESDAY: b"wednesday"}, "email", NOON)
        assert ledger.day("usage", WEDNESDAY, "email") == b"wednesday"
    assert everything_in(tmp_path) == before
    with opened(path) as ledger:
        assert ledger.persistent
        assert_filled(ledger)


def test_without_room_for_a_copy_there_is_no_upgrade(tmp_path):
    path = filled(tmp_path / "ledger.db")
    before = everything_in(tmp_path)
    code = """
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
ledger = Ledger(path, schema=NEWER)
print(ledger.persistent)
fill(ledger)
assert_filled(ledger)
ledger.close()
"""
    assert answer(code, path) == "False"
    assert everything_in(tmp_path) == before


def test_a_version_that_was_killed_after_its_upgrade_is_known_as_the_newer_one(tmp_path):
    path = filled(tmp_path / "ledger.db")
    newer = tmp_path / "newer.db"
    newer.write_bytes(path.read_bytes())
    with closing(sqlite3.connect(newer, isolation_level=None)) as connection:
        connection.executescript(f"BEGIN; {NEWER[-1]}\n; PRAGMA user_version = {NEXT}; COMMIT")
        (tmp_path / "ledger.db-wal").write_bytes((tmp_path / "newer.db-wal").read_bytes())
    assert path.read_bytes()[63] == NOW
    with opened(path) as ledger:
        assert (ledger.persistent, ledger.trouble) == (False, f"{path}: a newer version of the exporter wrote it")
    with opened(path, NEWER) as ledger:
        assert ledger.persistent
        assert_filled(ledger)
