"""python -m tests.bench.at INSTANT COMMAND...: the exporter's own command line, with a clock that begins at INSTANT."""

import sys
from datetime import datetime
from functools import partial
from unittest.mock import patch

from exporter import app, cli


def main(instant: str, *arguments: str) -> int:
    """Run it. Its exit code."""
    ahead = datetime.fromisoformat(instant) - app.utc_now()
    with patch.object(app, "serve", partial(app.serve, now=lambda: app.utc_now() + ahead)):
        return cli.run(list(arguments))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
