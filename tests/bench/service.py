"""The exporter as users run it, polling an API that has its pages ready; each in a process of its own."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from exporter.demo.options import Options
from exporter.polls import ALL
from tests.bench.ours import POLL
from tests.promql import free_port, started
from tests.service import first_url, ready, running, until

PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Exporter:
    """A running exporter that has polled."""

    url: str
    pid: int

    @property
    def port(self) -> int:
        """The port of its URL."""
        return int(self.url.rpartition(":")[2])


@contextmanager
def exporting(folder: Path, records: int, interval: str = "1h") -> Iterator[Exporter]:
    """An exporter of so many records, which are new at each poll."""
    own = folder / f"api {interval}"
    own.mkdir()
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.api", f"127.0.0.1:{port}", str(records)]
    with started(own, command, lambda: listens(port)):
        flags = [
            f"--api.base-url=http://127.0.0.1:{port}",
            "--api.requests-per-minute=100000",
            "--organization=Acme",
            "--storage.days=1",
            "--web.listen-address=127.0.0.1:0",
            f"--polls.{POLL}.interval={interval}",
            *(f"--polls.{poll.name}.enabled=false" for poll in ALL if poll.name != POLL),
        ]
        with running(folder, "serve", *flags, ANTHROPIC_ADMIN_KEY=Options.key) as process:
            until(lambda: first_url(process), "the exporter")
            exporter = Exporter(str(first_url(process)), process.child.pid)
            until(lambda: ready(exporter.url), "the first poll", PATIENCE_SECONDS)
            yield exporter


def listens(port: int) -> bool:
    """Whether a server is there. Raises OSError if none is."""
    socket.create_connection(("127.0.0.1", port)).close()
    return True
