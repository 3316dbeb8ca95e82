"""python -m tests.systemd: deploy/systemd by the lines of its page, in a container with a systemd of its own."""

import argparse
import sys

from tests.systemd.checks import CHECKS, said
from tests.systemd.machine import FailedError, build, machine


def main(arguments: list[str]) -> int:
    """Try everything; 0 if all is well. DOCKER_HOST is used as docker does."""
    parser = argparse.ArgumentParser(prog="python -m tests.systemd", description=__doc__)
    parser.add_argument("--base", default="debian:bookworm-slim", metavar="IMAGE", help="(default: %(default)s)")
    build(parser.parse_args(arguments).base)
    with machine() as it:
        for check in CHECKS:
            name = check.__name__.replace("_", " ")
            try:
                _say(f"ok      {name}: {check(it)}")
            except FailedError as error:
                _say(f"FAILED  {name}: {error}\n\n{said(it)}")
                return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
