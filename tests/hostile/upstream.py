"""Servers that answer with any bytes at any pace, and an exporter that has only them."""

import json
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from exporter.api.credential import Credential
from exporter.app import Parts, http_client, utc_now
from exporter.deflate import inflate
from exporter.polls import ALL
from exporter.settings import Settings

KEY = "sk-ant-admin01-secret-of-a-test"
BODY = "body-that-nobody-may-see"
CURSOR = "cursor-that-nobody-may-see"
ENDLESS = b" " * (1 << 16)

Answer = Iterable[bytes]
"""What is sent, piece by piece; then the connection is closed."""


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join(
        [f"HTTP/1.1 {status}", "content-type: application/json", "connection: close", *lines, "", ""]
    ).encode()


def whole(body: bytes | str, *lines: str, status: str = "200 OK") -> Answer:
    """A complete answer."""
    body = body if isinstance(body, bytes) else body.encode()
    return [head(f"content-length: {len(body)}", *lines, status=status), body]


def repeated(piece: bytes, *first: bytes) -> Iterator[bytes]:
    """`first`, and then the same piece for ever."""
    yield from first
    while True:
        yield piece


def user(number: int = 1, **fields: Any) -> dict[str, Any]:
    known = {"id": f"user_{number}", "email": f"u{number}@example.com", "role": "user"}
    return known | {"added_at": "2026-01-01T00:00:00Z"} | fields


def page(*rows: Any, **envelope: Any) -> str:
    return json.dumps({"data": rows or [user()], "has_more": False, "last_id": None} | envelope)


@dataclass
class Upstream:
    """A server: what it answers next, and what it was sent."""

    answer: Callable[[bytes], Answer]
    seconds_between: float = 0
    requests: list[bytes] = field(default_factory=list)
    url: str = ""
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def listening(answer: Callable[[bytes], Answer] | Answer, tls: ssl.SSLContext | None = None) -> Iterator[Upstream]:
    """A server on a free port. `answer` makes an answer of a request's head, or is the answer."""
    upstream = Upstream(answer if callable(answer) else lambda _: answer)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with suppress(OSError), tls.wrap_socket(self.request, server_side=True) if tls else self.request as client:
                request = client.recv(65536)
                while request.startswith(b"GET ") and b"\r\n\r\n" not in request:
                    request += client.recv(65536)
                upstream.requests.append(request)
                for piece in upstream.answer(request):
                    client.sendall(piece)
                    if upstream.ended.wait(upstream.seconds_between):
                        return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        upstream.url = f"{'https' if tls else 'http'}://localhost:{server.server_address[1]}"
        try:
            yield upstream
        finally:
            upstream.ended.set()
            server.shutdown()
            thread.join()


class Exporter:
    """One poll of an upstream, with everything between its answer and the scrape."""

    def __init__(self, parts: Parts, poll: str) -> None:
        self.parts = parts
        self.poll_name = poll
        self.seconds = 0.0

    async def poll(self):
        started = time.monotonic()
        outcome = await self.parts.runner.run(self.poll_name)
        self.seconds = time.monotonic() - started
        return outcome

    def series(self) -> str:
        return b"".join(inflate(self.parts.snapshots.served(self.parts.now()))).decode()


@asynccontextmanager
async def exporting(url, poll="members", now=utc_now, **api):
    """An exporter of the API at `url` that runs one poll, when it is told to."""
    polls = {one.name: {"enabled": one.name == poll} for one in ALL}
    known = {"base_url": url, "requests_per_minute": 100_000, "retries": 0, "timeout": "1s"}
    settings = Settings(api=known | api, organization="Acme", polls=polls)
    async with http_client(settings) as http:
        parts = Parts(settings, Credential(key=KEY), http, now, catches_up=False)
        yield Exporter(parts, poll)
        parts.ledger.close()
