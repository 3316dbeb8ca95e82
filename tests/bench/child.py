"""A side of the comparison in a process of its own."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

from tests.bench.client import Client

_CONTEXT = multiprocessing.get_context("spawn")
EXIT_SECONDS = 10

Side = Callable[[Connection, list[bytes]], None]


@dataclass(frozen=True)
class Child:
    """A running side: a client of its server, and the bytes that it kept after its first real poll."""

    client: Client
    kept: int
    _pipe: Connection

    def cpu_seconds(self) -> float:
        """The CPU time of the whole process until now."""
        return self._ask("cpu")

    def poll_seconds(self) -> float:
        """Let it poll; how long that took."""
        return self._ask("poll")

    def _ask(self, command: str) -> float:
        self._pipe.send(command)
        seconds: float = self._pipe.recv()
        return seconds


@contextmanager
def child(side: Side, bodies: list[bytes]) -> Iterator[Child]:
    """`side` with these pages, until the block ends."""
    pipe, its_end = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=side, args=(its_end, bodies), daemon=True)
    process.start()
    its_end.close()  # so that a child that dies is an EOFError here
    try:
        port, kept = pipe.recv()
        client = Client(port)
        yield Child(client, kept, pipe)
        client.close()
        pipe.send(None)
        process.join(EXIT_SECONDS)
    finally:
        process.kill()
