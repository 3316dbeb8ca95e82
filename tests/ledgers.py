"""What the tests of the ledger share: a few facts to keep, folders compared byte by byte, other processes."""

import os
import stat
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta

from exporter.ledger import SCHEMA, Ledger

MONDAY, TUESDAY, WEDNESDAY = date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 18)
NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)

# A version to come.
NEWER = (*SCHEMA, "CREATE TABLE invites (id TEXT PRIMARY KEY); INSERT INTO invites VALUES ('invite_1'); -- new")

# What the code of a child finds at hand.
PRELUDE = """
import os, resource, signal, sqlite3, sys
from datetime import timedelta
from pathlib import Path
from exporter.ledger import Ledger
from tests.ledgers import LATER, MONDAY, NEWER, NOON, TUESDAY, WEDNESDAY, assert_filled, fill
path = Path(sys.argv[1])
"""


@contextmanager
def opened(path=None, schema=SCHEMA):
    with closing(Ledger(path, schema=schema)) as ledger:
        yield ledger


def fill(ledger):
    ledger.remember_organization("org-1", "Acme")
    ledger.put("usage", {MONDAY: b"monday", TUESDAY: b"tuesday"}, "email", NOON)
    ledger.succeeded("usage", NOON)
    ledger.set_roles({"user_1": ("admin", NOON)})
    ledger.remember_push("usage", "mimir", MONDAY, NOON)


def assert_filled(ledger):
    assert ledger.organization() == ("org-1", "Acme")
    assert ledger.days("usage", "email") == {MONDAY: NOON, TUESDAY: NOON}
    assert ledger.day("usage", MONDAY, "email") == b"monday"
    assert ledger.day("usage", TUESDAY, "email") == b"tuesday"
    assert ledger.successes() == {"usage": NOON}
    assert ledger.roles() == {"user_1": ("admin", NOON)}
    assert ledger.pushed("usage") == {MONDAY}


def filled(path, schema=SCHEMA):
    """A ledger's file with a few facts in it."""
    with opened(path, schema) as ledger:
        fill(ledger)
        assert ledger.persistent
    return path


def everything_in(folder):
    """Names, kinds and bytes of all that is in a folder."""
    found = {}
    for path in folder.iterdir():
        kind = stat.S_IFMT(path.lstat().st_mode)
        found[path.name] = (kind, path.read_bytes() if kind == stat.S_IFREG else b"")
    return found


def child(code, path, *arguments):
    """A process of its own that runs `code`, for which `path` is the ledger's path."""
    command = [sys.executable, "-c", PRELUDE + code, os.fspath(path), *map(str, arguments)]
    # Not our own standard error: it may be a file, which a process that may write none cannot flush at its end.
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def answer(code, path):
    """What a process of its own prints when it has run `code`."""
    with child(code, path) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return said.strip()
