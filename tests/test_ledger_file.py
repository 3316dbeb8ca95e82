"""A ledger's file is used if it is ours, whole, and nobody else's at the moment; else nothing happens to it."""

import logging
import os
import sqlite3
import stat
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.ledgers import NEWER, NOON, answer, assert_filled, child, everything_in, fill, filled, opened

OPEN = "ledger = Ledger(path); print(ledger.persistent, ledger.trouble, flush=True)"
HOLD = OPEN + "; sys.stdin.read(); fill(ledger); assert ledger.persistent"
GARBAGE = bytes(range(256)) * 16


def text(path):
    path.write_text("the notes of somebody, which are longer than any header" * 100)


def short_text(path):
    path.write_bytes(b"SQLite\n")


def zeros(path):
    path.write_bytes(bytes(8192))


def half_of_a_header(path):
    path.write_bytes(filled(path).read_bytes()[:50])


def database(path, *statements):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in ("CREATE TABLE notes (text)", "INSERT INTO notes VALUES ('mine')", *statements):
            connection.execute(statement)


def another_application(path):
    database(path, "PRAGMA application_id = 77", "PRAGMA user_version = 1")


def another_application_in_wal_mode(path):
    database(path, "PRAGMA journal_mode = WAL", "INSERT INTO notes VALUES ('mine, too')")


def another_application_that_was_killed(path):
    aside = path.with_name("aside.db")
    with closing(sqlite3.connect(aside, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE notes (text)")
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").write_bytes(Path(f"{aside}{suffix}").read_bytes())
    aside.unlink()


def newer_version(path):
    filled(path, NEWER)


def truncated(path):
    path.write_bytes(filled(path).read_bytes()[:-4096])


def nothing_but_a_header(path):
    path.write_bytes(filled(path).read_bytes()[:100])


def garbage_in_the_middle(path):
    content = filled(path).read_bytes()
    middle = len(content) // 4096 // 2 * 4096
    path.write_bytes(content[:middle] + GARBAGE + content[middle + 4096 :])


def garbage_after_the_header(path):
    path.write_bytes(filled(path).read_bytes()[:100] + 12 * GARBAGE)


def without_a_table(path):
    with closing(sqlite3.connect(filled(path))) as connection:
        connection.execute("DROP TABLE days")


def folder(path):
    path.mkdir()


def fifo(path):
    os.mkfifo(path)


def link_to_nothing(path):
    path.symlink_to("nothing")


def link_to_itself(path):
    path.symlink_to(path.name)


BAD_FILES = {
    text: "some other file",
    short_text: "some other file",
    zeros: "some other file",
    half_of_a_header: "another application",
    database: "another application",
    another_application: "another application",
    another_application_in_wal_mode: "another application",
    another_application_that_was_killed: "another application",
    newer_version: "a newer version",
    truncated: "malformed",
    nothing_but_a_header: "",
    garbage_in_the_middle: "damaged",
    garbage_after_the_header: "",
    without_a_table: "no such table",
    folder: "not a file",
    fifo: "not a file",
    link_to_nothing: "No such file",
    link_to_itself: "symbolic links",
}


@pytest.mark.parametrize(("make", "why"), BAD_FILES.items(), ids=lambda value: getattr(value, "__name__", "why"))
def test_a_file_that_is_no_sound_ledger_stays_as_it_is_and_memory_is_used(tmp_path, caplog, make, why):
    make(path := tmp_path / "ledger.db")
    before = everything_in(tmp_path)
    assert_memory_instead_of(path, why, caplog)
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("name", ["missing/ledger.db", "notes.txt/ledger.db", "a\0b", "n" * 300])
def test_a_path_where_no_file_can_be_is_named_and_memory_is_used(tmp_path, caplog, name):
    (tmp_path / "notes.txt").write_text("mine")
    assert_memory_instead_of(tmp_path / name, "", caplog)
    assert everything_in(tmp_path) == {"notes.txt": (stat.S_IFREG, b"mine")}


def assert_memory_instead_of(path, why, caplog):
    with caplog.at_level(logging.INFO), opened(path) as ledger:
        assert not ledger.persistent
        assert ledger.trouble.startswith(f"{path}: ")
        assert why in ledger.trouble
        fill(ledger)
        assert_filled(ledger)
    (line,) = caplog.records
    assert (line.levelname, line.__dict__["file"]) == ("ERROR", str(path))
    assert line.__dict__["error"] == ledger.trouble.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "why"),
    [
        (0o000, 0o755, "it may not be read"),
        (0o444, 0o755, "it may not be read"),
        (0o666, 0o555, "its folder may not"),
        (None, 0o555, "Permission denied"),
    ],
)
def test_without_the_right_permissions_nothing_is_touched(file_mode, folder_mode, why):
    as_nobody = "if os.getuid() == 0: os.setuid(65534)\n"
    use = "fill(ledger); assert_filled(ledger); ledger.close()"
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "ledger.db"
        if file_mode is not None:
            filled(path).chmod(file_mode)
        path.parent.chmod(folder_mode)
        before = set(Path(name).iterdir())
        said = answer(f"{as_nobody}{OPEN}\n{use}", path)
        path.parent.chmod(0o755)
        assert said.startswith(f"False {path}: {why}")
        assert set(Path(name).iterdir()) == before
        if file_mode is not None:
            path.chmod(0o600)
            with opened(path) as ledger:
                assert_filled(ledger)


def test_a_new_file_is_for_nobody_else_and_so_is_what_lies_beside_it(tmp_path):
    with opened(tmp_path / "ledger.db") as ledger:
        fill(ledger)
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()}
        assert modes == {"ledger.db": "0o600", "ledger.db-wal": "0o600"}
    assert set(everything_in(tmp_path)) == {"ledger.db"}


def test_what_was_let_go_of_is_not_in_the_file_any_more(tmp_path):
    path = tmp_path / "ledger.db"
    with opened(path) as ledger:
        ledger.set_roles({f"{number}@example.com": ("admin", NOON) for number in range(1000)})
    assert b"@example.com" in path.read_bytes()
    with opened(path) as ledger:
        ledger.set_roles({})
    assert b"@example.com" not in path.read_bytes()


def test_an_empty_file_is_a_new_ledger(tmp_path, caplog):
    (path := tmp_path / "ledger.db").touch()
    with caplog.at_level(logging.INFO):
        filled(path)
        with opened(path) as ledger:
            assert_filled(ledger)
    assert [(line.levelname, line.__dict__["days"]) for line in caplog.records] == [("INFO", 0), ("INFO", 2)]


def test_what_a_deleted_ledger_left_beside_it_does_not_come_back(tmp_path):
    path = tmp_path / "ledger.db"
    with opened(path) as ledger:
        fill(ledger)
        left = (tmp_path / "ledger.db-wal").read_bytes()
    path.unlink()
    (tmp_path / "ledger.db-wal").write_bytes(left)
    with opened(path) as ledger:
        assert ledger.persistent
        assert ledger.days("usage", "email") == {}
        fill(ledger)
    with opened(path) as ledger:
        assert_filled(ledger)


@pytest.mark.parametrize("name", ["a b%20?mode=memory#c.db", "ledger-\udcff.db", "журнал.db"])
def test_any_name_is_just_a_name(tmp_path, name):
    filled(tmp_path / name)
    assert set(everything_in(tmp_path)) == {name}
    with opened(tmp_path / name) as ledger:
        assert_filled(ledger)


def test_a_link_to_a_ledger_is_followed(tmp_path):
    (tmp_path / "data").mkdir()
    filled(tmp_path / "data" / "ledger.db")
    (tmp_path / "ledger.db").symlink_to("data/ledger.db")
    with opened(tmp_path / "ledger.db") as ledger:
        assert ledger.persistent
        assert_filled(ledger)


def test_a_relative_path_is_one_of_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    filled(Path("ledger.db"))
    assert set(everything_in(tmp_path)) == {"ledger.db"}


def test_while_one_process_uses_the_file_another_uses_memory(tmp_path):
    path = filled(tmp_path / "ledger.db")
    with child(HOLD, path) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "True \n"
        before = everything_in(tmp_path)
        with opened(path) as ledger:
            assert ledger._read("PRAGMA busy_timeout") == [(0,)], "nobody waits for a lock"
            assert (ledger.persistent, ledger.trouble) == (False, f"{path}: another process uses it")
            fill(ledger)
            assert_filled(ledger)
        assert everything_in(tmp_path) == before
        holder.communicate("go on", timeout=60)
        assert holder.returncode == 0
    with opened(path) as ledger:
        assert ledger.persistent


def test_another_ledger_of_this_process_neither_gets_the_file_nor_breaks_the_lock(tmp_path):
    path = tmp_path / "ledger.db"
    (tmp_path / "link.db").symlink_to(path)
    with opened(path) as first:
        for other in (path, tmp_path / "link.db"):
            with opened(other) as second:
                assert (second.persistent, second.trouble) == (False, f"{other}: it is open already in this process")
        assert answer(OPEN, path) == f"False {path}: another process uses it"
        assert first.persistent
    assert answer(OPEN, path) == "True"


def test_another_program_that_only_reads_the_file_keeps_it_from_us(tmp_path):
    path = filled(tmp_path / "ledger.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM days").fetchone()
        assert answer(OPEN, path) == f"False {path}: another process uses it"
        reader.execute("COMMIT")
    assert answer(OPEN, path) == "True"
