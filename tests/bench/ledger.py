"""`python -m tests.bench.ledger`: 62 settled days of 3,000 actors: time to read them, memory, the file, a restart."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.service import ask, exporter, get, ready, samples, simulator, until

PEOPLE = 4400  # of whom some 3,000 use Claude Code on a workday
SOURCES = 3
PATIENCE_SECONDS = 1800


def main() -> None:
    """Measure, and print a line for each number."""
    with TemporaryDirectory() as name, simulator(Path(name), f"--people={PEOPLE}", "--days=70") as api:
        folder = Path(name)
        flags = [f"--storage.path={folder}/ledger.db"]
        began = time.monotonic()
        with exporter(folder, api, *flags) as (url, process):
            until(lambda: ready(url), "every poll")
            say(f"every poll answered after {time.monotonic() - began:.1f} s")
            say(f"memory then {memory(url):.0f} MiB")
            done = "settled days are complete"
            until(lambda: process.said().count(done) == SOURCES, "all days", PATIENCE_SECONDS)
            say(f"62 days of every report after {time.monotonic() - began:.1f} s")
            say(f"memory then {memory(url):.0f} MiB")
            found = samples(get(f"{url}/metrics"))
            actors = sum(value for series, value in found.items() if "active_actors" in series and '"30d"' in series)
            say(f"active actors in 30 days {actors:.0f}, series {len(found)}")
            say(f"requests {requests(found)}: {requests(found) / 15:.0f} minutes at half of the default pace")
            process.stop()
        say(f"file {(folder / 'ledger.db').stat().st_size / 2**20:.1f} MiB")
        ask(f"{api}/simulator/faults", ["me:500"], "PUT")
        began = time.monotonic()
        with exporter(folder, api, *flags) as (url, _):
            until(lambda: "anthropic_cost_window_usd{" in get(f"{url}/metrics"), "a scrape")
            say(f"a restart serves all of it after {time.monotonic() - began:.1f} s, memory {memory(url):.0f} MiB")


def say(line: str) -> None:
    """A line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def requests(found: Mapping[str, float]) -> int:
    """How many there were, of all endpoints, by the exporter's samples."""
    return round(sum(value for one, value in found.items() if one.startswith("anthropic_exporter_api_requests_total{")))


def memory(url: str) -> float:
    """Resident memory in MiB."""
    return samples(get(f"{url}/metrics"))["process_resident_memory_bytes"] / 2**20


if __name__ == "__main__":
    main()
