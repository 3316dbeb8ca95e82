"""`make audit`: does anything that is pinned have a known vulnerability? 0 no, 1 yes, 2 there is nothing to tell by."""

import sys
from pathlib import Path

from tests.supply.advisories import NoAdvisoriesError, findings, newest, read
from tests.supply.locks import LOCKS, ROOT, pins

EXPORT = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"


def main(file: str) -> int:
    """Compare the lock files with the advisories in `file`."""
    try:
        advisories = read(Path(file))
    except NoAdvisoriesError as error:
        sys.stderr.write(f"{error}\nFetch {EXPORT}, anywhere, and name it: make audit ADVISORIES=all.zip\n")
        return 2
    found = False
    for lock in LOCKS:
        pinned = list(pins((ROOT / lock).read_text()))
        known = findings(pinned, advisories)
        lines = [f"{len(pinned)} packages, {len(known)} known vulnerabilities", *map(str, known)]
        sys.stdout.writelines(f"{lock}: {line}\n" for line in lines)
        found = found or bool(known)
    sys.stdout.write(f"by {len(advisories):,} advisories, the youngest of {newest(advisories)}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
