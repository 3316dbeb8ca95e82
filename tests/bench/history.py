"""`python -m tests.bench.history [DAYS]`: a year of 3,000 actors to files and to a receiver: time, memory, bytes."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory

from exporter.demo.options import Options
from tests.bench.ledger import PEOPLE, say
from tests.proxy import answering
from tests.service import Process, ask, running, simulator

YEAR = 365
KEEPS_WATCH_SECONDS = 0.2


class Sink(BaseHTTPRequestHandler):
    """A receiver that takes everything and keeps its size."""

    protocol_version = "HTTP/1.1"
    received: list[int] = []  # noqa: RUF012

    def do_POST(self) -> None:
        """Take a request."""
        self.received.append(len(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main(days: int) -> None:
    """Measure, and print a line for each number."""
    with TemporaryDirectory() as name, simulator(Path(name), f"--people={PEOPLE}", f"--days={days + 5}") as api:
        folder = Path(name)
        since = datetime.now(UTC).date() - timedelta(days=days + 1)
        flags = [
            f"--api.base-url={api}",
            "--api.requests-per-minute=100000",
            "--api.timeout=5m",
            f"--since={since}",
            f"--until={since + timedelta(days=days - 1)}",
            f"--storage.path={folder}/ledger.db",
        ]
        requests = 0

        def count() -> None:
            nonlocal requests
            requests += len(ask(f"{api}/simulator/requests"))
            ask(f"{api}/simulator/requests", method="DELETE")

        measure(
            folder,
            "read from the API, and written to a file a month",
            *flags,
            f"--output={folder}/%Y-%m.om",
            tick=count,
        )
        say(f"  requests {requests}: {requests / 30:.0f} minutes at the default pace")
        say(f"  ledger {mebibytes((folder / 'ledger.db').stat().st_size)}")
        say(f"  files {mebibytes(sum(file.stat().st_size for file in folder.glob('*.om')))}")
        measure(folder, "from the ledger to one file", *flags, f"--output={folder}/all.om")
        with answering(Sink) as address:
            url = f"http://{address}/api/v1/write"
            measure(folder, "from the ledger by remote write", *flags, f"--remote-write={url}")
        say(f"  {len(Sink.received)} requests, {mebibytes(sum(Sink.received))}")


def mebibytes(size: float) -> str:
    """A number of bytes for people."""
    return f"{size / 2**20:.1f} MiB"


def measure(folder: Path, what: str, *flags: str, tick: Callable[[], None] = lambda: None) -> None:
    """Run `history`, print how long it took and what it held in each fifth of the time; `tick` runs now and then."""
    began = time.monotonic()
    held: list[int] = []
    with running(folder, "history", *flags, ANTHROPIC_ADMIN_KEY=Options.key) as process:
        while process.child.poll() is None:
            held.append(resident(process))
            if len(held) % 50 == 0:  # the simulator remembers a thousand requests
                tick()
            time.sleep(KEEPS_WATCH_SECONDS)
        said = process.said()
    tick()
    if process.child.returncode:
        raise SystemExit(said)
    fifth = max(1, len(held) // 5)
    peaks = [max(held[start : start + fifth]) for start in range(0, fifth * 5, fifth) if held[start : start + fifth]]
    say(f"{what}: {time.monotonic() - began:.0f} s, MiB at most in each fifth {[peak >> 20 for peak in peaks]}")
    for line in said.splitlines():
        if " samples of " in line:
            say(f"  {Path(line).name}")


def resident(process: Process) -> int:
    """The resident bytes of a process; 0 if it has just ended."""
    try:
        fields = Path(f"/proc/{process.child.pid}/status").read_text().split("VmRSS:")
    except OSError:
        return 0
    return int(fields[1].split()[0]) << 10 if len(fields) > 1 else 0


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else YEAR)
