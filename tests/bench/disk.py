"""`python -m tests.bench.disk`: what scraped series take on Prometheus' disk, in blocks that promtool makes.

Nine in ten series are of the report day and change once a day; the others are of the running day and change every
15 minutes while people work. Scrapes come every two minutes, as in deploy/prometheus. promtool fills chunks of 120
samples, where a Prometheus that scrapes begins another one every two hours: that is somewhat more.
"""

import random
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.ledger import say

SERIES, DAYS = 300, 6
EVERY, CHANGES = timedelta(minutes=2), timedelta(minutes=15)
BEGIN = datetime(2026, 10, 5, tzinfo=UTC)
"""A Monday."""
WORK = range(7, 18)
REPORT_HOUR = 2
BLOCK = "162h"
"""Of the lengths that blocks may have, the first that holds all days: what Prometheus makes of its blocks in time."""


def main() -> None:
    """Make the blocks, and print what they take."""
    promtool = shutil.which("promtool")
    if promtool is None:
        raise SystemExit("promtool is missing: apt-get install prometheus")
    with TemporaryDirectory() as folder:
        file, blocks = Path(folder, "scraped.om"), Path(folder, "blocks")
        with file.open("w") as out:
            out.writelines(exposition())
        make = [promtool, "tsdb", "create-blocks-from", "openmetrics", f"--max-block-duration={BLOCK}"]
        subprocess.run([*make, file, blocks], check=True, stdout=subprocess.DEVNULL)
        size = sum(one.stat().st_size for one in blocks.rglob("*") if one.is_file())
    samples = SERIES * DAYS * (timedelta(days=1) // EVERY)
    say(f"{SERIES} series, {DAYS} days, every {EVERY.seconds // 60} minutes: {samples:,} samples, {size:,} bytes")
    say(f"{size / samples:.3f} bytes a sample, {1000 * size / SERIES / DAYS / 2**20:.2f} MiB a day for 1,000 series")


def exposition() -> Iterator[str]:
    """The file, series by series."""
    chance = random.Random(1)
    yield "# TYPE anthropic_claude_code_tokens gauge\n"
    for number in range(SERIES):
        labels = (
            f'organization="Acme",actor="somebody.{number // 4}@example.com",actor_type="user",customer_type="api",'
            f'subscription_type="",terminal="vscode",remote="false",model="claude-sonnet-5-5",'
            f'token_type="{number % 4}",job="anthropic-exporter",instance="127.0.0.1:10204"'
        )
        for at, value in values(chance, running=number % 10 == 0):
            yield f"anthropic_claude_code_tokens{{{labels}}} {value} {at}\n"
    yield "# EOF\n"


def values(chance: random.Random, *, running: bool) -> Iterator[tuple[int, int]]:
    """When it is scraped, in seconds, and what it is then."""
    value = 0
    for number in range(DAYS * (timedelta(days=1) // EVERY)):
        at = BEGIN + number * EVERY
        since = (at - BEGIN) % timedelta(days=1)
        if not running and since // EVERY == timedelta(hours=REPORT_HOUR) // EVERY:
            value = chance.randrange(10**6)
        elif running and not since:
            value = 0
        elif running and at.hour in WORK and since // CHANGES > (since - EVERY) // CHANGES:
            value += chance.randrange(10**4)
        yield int(at.timestamp()), value


if __name__ == "__main__":
    main()
