"""The file of a ledger: recognized, locked, checked, made or upgraded; or refused, and then left as it was."""

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from exporter.errors import LedgerError

APPLICATION_ID = 0x616E7865  # "anxe", where file(1) and we find it
MAGIC = b"SQLite format 3\0"
BUSY = "another process uses it"

_held: set[tuple[int, int]] = set()
_opening = threading.Lock()


class LedgerFile:
    """A ledger's file that is ours alone until it is closed.

    Raises LedgerError if the file cannot be used; it then holds what it held, and nothing new lies beside it.
    """

    def __init__(self, path: Path, schema: Sequence[str]) -> None:
        # Closing any descriptor of a file drops all of the process's locks on it, so a ledger that is open
        # here must not be looked into: https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled
        with _opening, _in_words():
            self._place = _place(path)
            if self._place in _held:
                raise LedgerError("it is open already in this process")
            _glance(path, len(schema))
            self.connection = _open(path, schema)
            _held.add(self._place)

    def close(self) -> None:
        """Move everything into the main file, as far as that is possible, and let go of the lock."""
        with _opening:
            with suppress(sqlite3.Error):
                self.connection.close()
            _held.discard(self._place)


def in_memory(schema: Sequence[str]) -> sqlite3.Connection:
    """An empty ledger without a file."""
    connection = _connect(":memory:")
    _upgrade(connection, 0, schema)
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise


def salvage(damaged: sqlite3.Connection, whole: sqlite3.Connection) -> None:
    """Copy every row that can still be read. Both have the same tables."""
    for (table,) in whole.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        with transaction(whole):
            for row in _readable(damaged, table):
                with suppress(sqlite3.Error):  # a row that breaks the table's rules was damaged, too
                    whole.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608


def explained(error: Exception) -> str:
    """An error in words for a person who runs the exporter."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
        return BUSY
    return str(error)


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError, ValueError) as error:  # ValueError: a path that no file can have
        raise LedgerError(explained(error)) from error


def _place(path: Path) -> tuple[int, int]:
    """Which file it is, whatever leads to it. A missing one is made, empty, for nobody but us."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise LedgerError("it is not a file")
    if not os.access(path, os.R_OK | os.W_OK):
        raise LedgerError("it may not be read and written")
    if not os.access(path.resolve().parent, os.W_OK | os.X_OK):
        raise LedgerError("its folder may not be written")
    return status.st_dev, status.st_ino


def _glance(path: Path, newest: int) -> None:
    """Refuse what is not ours before SQLite, which may write to repair it, sees it.

    https://sqlite.org/fileformat.html#the_database_header
    """
    with path.open("rb") as file:
        head = file.read(100)
    if head and not head.startswith(MAGIC):
        raise LedgerError("it is not a ledger but some other file")
    if head:
        _check(int.from_bytes(head[68:72]), int.from_bytes(head[60:64]), newest)


def _check(application: int, version: int, newest: int) -> None:
    if application != APPLICATION_ID or version < 1:
        raise LedgerError("it is the database of another application")
    if version > newest:
        raise LedgerError("a newer version of the exporter wrote it")


def _connect(database: str) -> sqlite3.Connection:
    connection = sqlite3.connect(database, timeout=0, isolation_level=None, check_same_thread=False, uri=True)
    connection.text_factory = lambda text: str(text, "utf-8", "replace")
    # Temporary files would need a folder that a read-only container may not have.
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def _open(path: Path, schema: Sequence[str]) -> sqlite3.Connection:
    connection = _connect(f"{path.absolute().as_uri()}?mode=rw")
    try:
        _lock(connection)
        version = _version(connection, len(schema))
        _examine(connection)
        if version == 0:
            _upgrade(connection, 0, schema)
        elif version < len(schema):
            _upgrade_with_copy(connection, path, version, schema)
        _tune(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _lock(connection: sqlite3.Connection) -> None:
    """Take the lock now, not at the first write, and keep it."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection, newest: int) -> int:
    """The version after SQLite completed or undid what a killed process had begun; 0 if nothing is there."""
    application, version, tables = (
        connection.execute(question).fetchone()[0]
        for question in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if (application, version, tables) == (0, 0, 0):
        return 0
    _check(application, version, newest)
    return int(version)


def _examine(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
        raise LedgerError("it is damaged")


def _tune(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # a power failure may cost the newest days, never the file
    connection.execute("PRAGMA cache_size = -1024")
    connection.execute("PRAGMA journal_size_limit = 4194304")
    connection.execute("PRAGMA secure_delete = ON")  # names and e-mails that were let go of are gone


def _upgrade_with_copy(connection: sqlite3.Connection, path: Path, version: int, schema: Sequence[str]) -> None:
    """Keep the file as it was beside it, for a return to the version that wrote it."""
    copy = _new_file(path, version)
    try:
        connection.execute("VACUUM INTO ?", (copy.absolute().as_uri(),))
        _upgrade(connection, version, schema)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    # The version in the main file is what the next start sees first.
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _new_file(path: Path, version: int) -> Path:
    """An empty file beside the ledger: `ledger.db.v1`, or the first of `ledger.db.v1.1`, ... that is free."""
    copy, number = path.with_name(f"{path.name}.v{version}"), 0
    while True:
        try:
            os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            number += 1
            copy = path.with_name(f"{path.name}.v{version}.{number}")
        else:
            return copy


def _upgrade(connection: sqlite3.Connection, version: int, schema: Sequence[str]) -> None:
    """All missing versions in one transaction: the file has the old one or the newest, nothing between."""
    steps = (
        "BEGIN EXCLUSIVE",
        *schema[version:],
        f"PRAGMA application_id = {APPLICATION_ID}",
        f"PRAGMA user_version = {len(schema)}",
        "COMMIT",
    )
    try:
        connection.executescript("\n;\n".join(steps))
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _readable(connection: sqlite3.Connection, table: str) -> Iterator[tuple[object, ...]]:
    """Its rows, one by one, so that a damaged page costs no more than the rows on it."""
    ids: list[int] = []
    with suppress(sqlite3.Error):
        ids.extend(id_ for (id_,) in connection.execute(f"SELECT rowid FROM {table}"))  # noqa: S608
    for id_ in ids:
        with suppress(sqlite3.Error):
            yield from connection.execute(f"SELECT * FROM {table} WHERE rowid = ?", (id_,)).fetchall()  # noqa: S608
