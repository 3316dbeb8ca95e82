"""`python -m exporter` and the console script."""

import os
import signal
import sys


def main() -> None:
    """Run a command; exit with its code."""
    if sys.argv[1:2] not in (["once"], ["check"], ["metrics"]):
        # A service may be stopped while the imports below still run, and then too 0 is what it should end with. It has
        # nothing to finish yet, and an exception in the middle of somebody's import may become another one.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    from exporter.cli import run  # noqa: PLC0415

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
