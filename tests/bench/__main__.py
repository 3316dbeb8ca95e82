"""python -m tests.bench: this exporter beside prometheus_client gauges that do the same job, as ratios of one run."""

import argparse
import os
import platform
import sys
from importlib.metadata import version

from tests.bench.measure import FULL, QUICK, measure
from tests.bench.report import table


def main(arguments: list[str]) -> None:
    """Print the table. A missed target is no failure; two sides that do not expose the same are one."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 records and few rounds: only to see that it runs")
    plans = QUICK if parser.parse_args(arguments).quick else FULL
    _say(
        f"Python {platform.python_version()}, prometheus_client {version('prometheus-client')}, "
        f"{os.cpu_count()} CPUs. Both sides take turns; only the ratios mean something elsewhere.\n"
    )
    try:
        for line in table(row for plan in plans for row in measure(plan)):
            _say(line)
    except ValueError as error:
        sys.exit(f"no fair comparison: {error}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
