"""python -m tests.soak.api CLOCK OPTIONS ADDRESS: the simulated Admin API on a fast clock."""

import asyncio
import json
import sys

from exporter import app, logs, web
from exporter.demo.options import Options
from exporter.demo.server import build_app
from tests.soak.clock import Clock


def main(clock: str, options: str, address: str) -> None:
    """Serve until SIGTERM. The organization's history ends where the clock starts, and goes on from there."""
    logs.set_up("info", "logfmt")
    server = web.server(build_app(Options(**json.loads(options)), Clock.parse(clock).now))
    server.config.date_header = False  # it would be the machine's, not that of the clock
    with web.listen("the simulated API", address) as listening:
        asyncio.run(app.simulate(server, listening))


if __name__ == "__main__":
    main(*sys.argv[1:])
