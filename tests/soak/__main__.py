"""python -m tests.soak: weeks in minutes under faults and bad clients, while a Prometheus scrapes every second."""

import argparse
import random
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import TOOLS
from tests.soak.report import not_flat, table
from tests.soak.run import Plan, soak


def main(arguments: list[str]) -> int:
    """Run it; 0 if all was well."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20, metavar="N", help="how long (default: 20)")
    parser.add_argument("--days-per-minute", type=float, default=1.5, metavar="N", help="the clock's (default: 1.5)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), metavar="N", help="of everything random")
    parser.add_argument("--people", type=int, default=200, metavar="N", help="members (default: 200)")
    parser.add_argument("--clients", type=int, default=64, metavar="N", help="slow clients (default: 64)")
    parser.add_argument("--scrape-seconds", type=int, default=1, metavar="N", help="between scrapes (default: 1)")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="where to leave samples of the service")
    parser.add_argument("--folder", type=Path, help="an empty one, to leave all files in (default: none are left)")
    own = parser.parse_args(arguments)
    program = shutil.which("prometheus3") or shutil.which("prometheus3", path=TOOLS)
    if program is None:
        parser.error("prometheus3 is missing: make tools")
    plan = Plan(own.minutes, own.days_per_minute, own.seed, own.people, own.clients, own.scrape_seconds)
    _say(str(plan))
    with ExitStack() as stack:
        folder = own.folder or Path(stack.enter_context(TemporaryDirectory()))
        found = soak(plan, program, folder, _say)
        if own.csv:
            shutil.copy(folder / "samples.csv", own.csv)
    problems = found.problems + not_flat(found)
    for line in (*table(found), *problems):
        _say(line)
    return 1 if problems else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
