"""`python -m tests.hostile.child URL POLL TIMEOUT`: one poll; its reason, and by how many MiB the memory grew."""

import asyncio
import resource
import sys

from tests.hostile.upstream import exporting


def peak() -> int:
    """In KiB, on Linux."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def main(url: str, poll: str, timeout: str) -> None:  # noqa: ASYNC109
    async with exporting(url, poll, timeout=timeout) as exporter:
        before = peak()
        outcome = await exporter.poll()
        print(outcome.reason, (peak() - before) >> 10, outcome.message, sep="\t")  # noqa: T201


asyncio.run(main(*sys.argv[1:]))
