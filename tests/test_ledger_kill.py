"""A process that is killed, at whatever moment, leaves a file with every day that it had put, each of them whole."""

import random
import signal

import pytest

from exporter.ledger import SCHEMA
from tests.ledgers import NEWER, assert_filled, child, filled, opened

# All days of one put are of one version, which is their first nine bytes, repeated.
WRITE = """
ledger = Ledger(path)
assert ledger.persistent, ledger.trouble
held = ledger.days("usage", "email")
version = int(ledger.day("usage", MONDAY, "email")[:9]) if held else 0
while True:
    version += 1
    content = b"%09d" % version * (version * 7919 % 30_000 + 1)
    ledger.put("usage", dict.fromkeys([MONDAY, TUESDAY, WEDNESDAY], content), "email", NOON)
    print(version, flush=True)
"""

DIE_AT = """
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
"""


def version_of(path):
    """The version of all days in the file; 0 if there are none."""
    with opened(path) as ledger:
        assert ledger.persistent, ledger.trouble
        contents = [ledger.day("usage", day, "email") or b"" for day in ledger.days("usage", "email")]
    if not contents:
        return 0
    assert contents == contents[:1] * 3
    assert contents[0] == contents[0][:9] * (len(contents[0]) // 9)
    return int(contents[0][:9])


def test_killed_again_and_again_at_random_moments(tmp_path):
    path, reported = tmp_path / "ledger.db", 0
    for round_ in range(20):
        with child(WRITE, path) as process:
            assert process.stdout
            for _ in range(random.Random(round_).randrange(60)):
                reported = int(process.stdout.readline())
            process.kill()
            reported = max([reported, *(int(line) for line in process.stdout if line.endswith("\n"))])
        assert process.returncode == -signal.SIGKILL
        assert version_of(path) in {reported, reported + 1}


@pytest.mark.parametrize("limit", [0, 511, 512, 4096, 4097, 10_000, 16_384, 30_000, 70_000, 200_000, 1_000_000])
def test_killed_by_the_first_write_beyond_a_limit(tmp_path, limit):
    path = tmp_path / "ledger.db"
    with child(DIE_AT + WRITE.replace("* (version * 7919 % 30_000 + 1)", "* 50_000"), path, limit) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGXFSZ
    reported = int((said.split() or "0")[-1])
    assert version_of(path) in {reported, reported + 1}


def test_killed_in_the_midst_of_an_upgrade(tmp_path):
    schema = (*SCHEMA, NEWER[-1], "CREATE TABLE copies AS SELECT * FROM days")
    original = filled(tmp_path / "ledger.db").read_bytes()
    codes = []
    for limit in range(0, 2 * len(original), 4096):
        (folder := tmp_path / str(limit)).mkdir()
        path = folder / "ledger.db"
        path.write_bytes(original)
        with child(f"{DIE_AT}\nLedger(path, schema=({', '.join(map(repr, schema))})).close()", path, limit) as process:
            codes.append(process.wait(timeout=60))
        with opened(path, schema) as ledger:
            assert ledger.persistent, ledger.trouble
            assert_filled(ledger)
    assert codes[0] == -signal.SIGXFSZ
    assert codes[-1] == 0
