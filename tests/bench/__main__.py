"""python -m tests.bench: every target of speed and memory, measured in one run beside others that do the same job."""

import argparse
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.plan import FULL, QUICK, rows
from tests.bench.report import table
from tests.bench.tools import versions


def main(arguments: list[str]) -> None:
    """Print the table. A missed target is no failure; two sides that are not alike are one."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 records and few rounds: only to see that it runs")
    plan = QUICK if parser.parse_args(arguments).quick else FULL
    programs = [f"Python {platform.python_version()}", f"prometheus_client {version('prometheus-client')}", *versions()]
    _say(f"{os.cpu_count()} CPUs, {', '.join(programs)}. All sides take turns; ratios say more than times.\n")
    with TemporaryDirectory() as folder:
        try:
            for line in table(rows(plan, Path(folder))):
                _say(line)
        except ValueError as error:
            sys.exit(f"nothing to compare: {error}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
