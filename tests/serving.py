"""A server of ours in a thread of this process."""

import asyncio
import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket

from exporter import web
from tests.service import until

for module in ("anyio.abc", "anyio._backends._asyncio", "anyio._core._fileio"):
    # Else they come in with the first request. pytest rewrites them, and in the server's thread the compiler of
    # Python 3.11 fails now and then ("AST constructor recursion depth mismatch").
    importlib.import_module(module)


@contextmanager
def serving(server: web.Server, listening: socket) -> Iterator[str]:
    """The URL of `server` while it runs on `listening`, which is closed at the end."""
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    try:
        until(lambda: server.started, "the server")
        yield web.url_of(listening)
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        listening.close()
