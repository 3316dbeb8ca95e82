"""The ledger: settled days that were read already, so that no start reads them again.

A cache, in memory or in a file of SQLite. Whatever happens to the file, the service goes on: in memory,
with what could still be read. The file then stays as it is until a restart.
"""

import logging
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from exporter.errors import LedgerError
from exporter.ledger_file import LedgerFile, explained, in_memory, salvage, transaction

log = logging.getLogger(__name__)

T = TypeVar("T")
Rows = Iterable[tuple[Any, ...]]

SCHEMA = (
    """
    CREATE TABLE organization (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, name TEXT NOT NULL);
    CREATE TABLE days (
        source TEXT NOT NULL, day TEXT NOT NULL, shape TEXT NOT NULL, read_at TEXT NOT NULL, content BLOB NOT NULL,
        PRIMARY KEY (source, day)
    );
    CREATE TABLE successes (poll TEXT PRIMARY KEY, at TEXT NOT NULL);
    CREATE TABLE roles (user_id TEXT PRIMARY KEY, role TEXT NOT NULL, since TEXT NOT NULL);
    """,
    """
    CREATE TABLE pushes (
        target TEXT NOT NULL, source TEXT NOT NULL, day TEXT NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (target, source, day)
    );
    """,
    """
    CREATE TABLE teams (one INTEGER PRIMARY KEY CHECK (one = 1), fingerprint TEXT NOT NULL, since TEXT NOT NULL);
    """,
)
"""One script per version, each upgrading from the version before; released ones are never changed."""


class Ledger:
    """Settled UTC days of one organization, and the few facts that outlast a restart.

    In memory, or in the file at `path` if it can be used; see `trouble`. Any thread may call it. It raises
    nothing but ValueError for a time without a zone.
    """

    def __init__(self, path: Path | None = None, *, schema: Sequence[str] = SCHEMA) -> None:
        self._path = path
        self._schema = schema
        self._lock = threading.Lock()
        self._trouble = ""
        self._file: LedgerFile | None = None
        self._connection: sqlite3.Connection | None = None
        if path is not None:
            self._open(path)
        if self._connection is None:
            self._connection = in_memory(schema)

    @property
    def persistent(self) -> bool:
        """Whether it is, still, a file."""
        return self._file is not None

    @property
    def trouble(self) -> str:
        """Why it is not the file that was asked for, in words for a person; empty if it is, or none was."""
        return self._trouble

    def close(self) -> None:
        """Complete the file and let go of it. A closed ledger holds nothing and takes nothing."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            elif self._connection is not None:
                self._connection.close()
            self._file = self._connection = None

    def organization(self) -> tuple[str, str] | None:
        """Id and name of the organization whose days these are, or None before the first was remembered."""
        rows = self._read("SELECT id, name FROM organization")
        return (str(rows[0][0]), str(rows[0][1])) if rows else None

    def remember_organization(self, organization_id: str, name: str) -> None:
        """Keep the first one for ever; only a name that was empty may come later."""
        sql = """
            INSERT INTO organization VALUES (1, ?, ?)
            ON CONFLICT (one) DO UPDATE SET name = excluded.name
            WHERE organization.name = '' AND organization.id = excluded.id
        """
        self._write((sql, [(organization_id, name)]))

    def days(self, source: str, shape: str) -> dict[date, datetime]:
        """Which days are held in this shape, and when each was read."""
        rows = self._read("SELECT day, read_at FROM days WHERE source = ? AND shape = ?", source, shape)
        return dict(_sound(lambda day, at: (date.fromisoformat(day), _instant(at)), rows))

    def day(self, source: str, day: date, shape: str) -> bytes | None:
        """The content of a day; None if it is not held in this shape, or damaged: then it is forgotten."""
        key = (source, day.isoformat(), shape)
        rows = self._read("SELECT content FROM days WHERE source = ? AND day = ? AND shape = ?", *key)
        if not rows:
            return None
        try:
            return _unpacked(rows[0][0], key)
        except (zlib.error, TypeError):
            log.warning("a damaged day of the ledger is forgotten", extra={"source": source, "day": day.isoformat()})
            sql = "DELETE FROM days WHERE source = ? AND day = ? AND shape = ? AND content = ?"
            self._write((sql, [(*key, rows[0][0])]))
            return None

    def put(self, source: str, days: Mapping[date, bytes], shape: str, read_at: datetime) -> None:
        """Hold the contents of `days`, all of them or none, in place of what was held of these days."""
        at = _text(read_at)
        keys = [(source, day.isoformat(), shape) for day in days]
        rows = [(*key, at, _packed(content, key)) for key, content in zip(keys, days.values(), strict=True)]
        self._write(("INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?, ?)", rows))

    def forget(self, source: str, before: date) -> None:
        """Let go of the days before `before`, whatever their shape, and of where they were pushed."""
        which = [(source, before.isoformat())]
        self._write(
            ("DELETE FROM days WHERE source = ? AND day < ?", which),
            ("DELETE FROM pushes WHERE source = ? AND day < ?", which),
        )

    def keep_shape(self, source: str, shape: str) -> int:
        """Let go of the days that are held in any other shape, also of what the file still has of them. How many."""
        rows = self._read("SELECT day FROM days WHERE source = ? AND shape <> ?", source, shape)
        if rows:
            self._write(("DELETE FROM days WHERE source = ? AND shape <> ?", [(source, shape)]))
            self._run(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall(), [])
        return len(rows)

    def pushed(self, source: str, target: str | None = None) -> set[date]:
        """The days that `target` has been sent; without one, those that any has."""
        sql, values = "SELECT DISTINCT day FROM pushes WHERE source = ?", [source]
        rows = self._read(sql + " AND target = ?", *values, target) if target else self._read(sql, *values)
        return {day for (day,) in _sound(lambda day: (date.fromisoformat(day),), rows)}

    def remember_push(self, source: str, target: str, day: date, at: datetime) -> None:
        """Remember that `target` has a day."""
        self._write(
            ("INSERT OR REPLACE INTO pushes VALUES (?, ?, ?, ?)", [(target, source, day.isoformat(), _text(at))])
        )

    def successes(self) -> dict[str, datetime]:
        """When each poll last succeeded."""
        rows = self._read("SELECT poll, at FROM successes")
        return dict(_sound(lambda poll, at: (poll, _instant(at)), rows))

    def succeeded(self, poll: str, at: datetime) -> None:
        """Remember that a poll succeeded."""
        self._write(("INSERT OR REPLACE INTO successes VALUES (?, ?)", [(poll, _text(at))]))

    def roles(self) -> dict[str, tuple[str, datetime]]:
        """The role of each member, by the user's id, and since when it was seen."""
        rows = self._read("SELECT user_id, role, since FROM roles")
        return dict(_sound(lambda user, role, since: (user, (role, _instant(since))), rows))

    def set_roles(self, roles: Mapping[str, tuple[str, datetime]]) -> None:
        """Remember these roles in place of all that were known."""
        rows = [(user, role, _text(since)) for user, (role, since) in roles.items()]
        self._write(("DELETE FROM roles", [()]), ("INSERT INTO roles VALUES (?, ?, ?)", rows))

    def teams_since(self, fingerprint: str, now: datetime) -> datetime:
        """Since when the teams are these; if they were others until now, `now`."""
        rows = self._read("SELECT since FROM teams WHERE fingerprint = ?", fingerprint)
        for since in _sound(_instant, rows):
            return since
        self._write(("INSERT OR REPLACE INTO teams VALUES (1, ?, ?)", [(fingerprint, _text(now))]))
        return now

    def _open(self, path: Path) -> None:
        try:
            file = LedgerFile(path, self._schema)
        except LedgerError as error:
            self._give_up(str(error))
            return
        self._file, self._connection = file, file.connection
        held = self._read("SELECT count(*) FROM days")
        if self._file:
            log.info("the ledger's file is open", extra={"file": str(path), "days": held[0][0]})

    def _read(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        return self._run(lambda connection: connection.execute(sql, values).fetchall(), [])

    def _write(self, *statements: tuple[str, Rows]) -> None:
        def work(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                for sql, rows in statements:
                    connection.executemany(sql, rows)

        self._run(work, None)

    def _run(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """What `work` gives: with the file, or in memory if the file fails now; `otherwise` if nothing works."""
        with self._lock:
            if self._file is not None:
                try:
                    return work(self._file.connection)
                except sqlite3.Error as error:
                    self._leave(self._file, explained(error))
            try:
                return work(self._connection) if self._connection else otherwise
            except sqlite3.Error:
                log.exception("the ledger in memory failed")
                return otherwise

    def _leave(self, file: LedgerFile, why: str) -> None:
        """Go on in memory, with everything that the file still gives."""
        self._connection = in_memory(self._schema)
        salvage(file.connection, self._connection)
        file.close()
        self._file = None
        self._give_up(why)

    def _give_up(self, why: str) -> None:
        self._trouble = f"{self._path}: {why}"
        facts = {"file": str(self._path), "error": why}
        log.error("the ledger's file cannot be used, days are kept in memory until a restart", extra=facts)


def _sound(read: Callable[..., T], rows: Rows) -> Iterable[T]:
    """What the rows say, without those that say nothing: their page was damaged."""
    for row in rows:
        with suppress(ValueError, TypeError):
            yield read(*row)


def _packed(content: bytes, key: tuple[str, str, str]) -> bytes:
    # As the preset dictionary, the key is part of the checksums: content that a damaged page shows under
    # another day, source or shape is not taken for theirs.
    packer = zlib.compressobj(zdict=" ".join(key).encode())
    return packer.compress(content) + packer.flush()


def _unpacked(packed: bytes, key: tuple[str, str, str]) -> bytes:
    unpacker = zlib.decompressobj(zdict=" ".join(key).encode())
    content = unpacker.decompress(packed)
    if not unpacker.eof:
        raise zlib.error("incomplete")
    return content


def _text(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("a time without a zone: pass an aware datetime")
    return at.astimezone(UTC).isoformat()


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
