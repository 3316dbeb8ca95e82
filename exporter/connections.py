"""What a connection may cost: limits on a client's bytes, time and number of connections, however it behaves.

Neither httptools nor uvicorn bounds a request's head, the requests that a client sends ahead, or how long it takes to
send one. Broken and hostile requests leave no line in the log: whoever can reach the port could fill it.
"""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from exporter.crowd import Crowd

HIGH_WATER = 1 << 16
HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Limits:
    """Of one server."""

    connections: int = 128
    """Far more than honest clients need, and far fewer than the usual 1024 open files."""
    request_bytes: int = 1 << 16
    """Of head and body together; no page reads a body."""
    headers: int = 100
    request_seconds: float = 10
    """From the connection, or the first byte on a kept one, to the end of the request: with the handshake of TLS."""
    stalled_seconds: float = 20
    """In which a client takes the next 256 KiB, or the last bytes before a close."""
    answer_seconds: float = 300
    """For a whole answer. Prometheus forgets a series after 5 min, so no scrape lasts longer; for 60 MB without gzip,
    a person's slow link needs 1.6 Mbit/s."""
    keep_alive_seconds: int = 120


class Connection(HttpToolsProtocol):
    """A client, from its acceptance on: TLS is started here, so that one who stalls in the handshake counts as well."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: Limits,
        tls: ssl.SSLContext | None,
        crowd: Crowd["Connection"],
    ) -> None:
        """`limits`, `tls` and `crowd` are the server's; the rest is uvicorn's."""
        super().__init__(config, server_state, app_state, _loop)
        self.limits = limits
        self.crowd = crowd
        self._tls = tls
        self._received = bytearray()
        self._size = 0
        self._idle = False
        self._in_body = False
        self._over = False
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    @property
    def answering(self) -> bool:
        """Whether an answer is due."""
        return self.cycle is not None and not self.cycle.response_complete

    @cached_property
    def network(self) -> bytes:
        """Where it comes from: an IPv4 address, or the /64 that one host of IPv6 has for itself."""
        address = ip_address(self._tcp.get_extra_info("peername")[0].partition("%")[0])
        return (getattr(address, "ipv4_mapped", None) or address).packed[:8]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected; a full house makes room for it."""
        self._tcp = self.transport = transport
        self.connections.add(self)
        self._wait(self.limits.request_seconds)
        if len(self.connections) > self.limits.connections:
            self.crowd.first_to_go().drop()
        if self._tls:
            self._handshake = self.loop.create_task(self._shake_hands(self._tls))
        else:
            self._begin(transport)

    async def _shake_hands(self, context: ssl.SSLContext) -> None:
        with contextlib.suppress(OSError):  # no TLS, a certificate that is refused, or a client that went away
            transport = await self.loop.start_tls(self._tcp, self, context, server_side=True)
            if transport:  # else it was dropped meanwhile
                transport.set_write_buffer_limits(high=HIGH_WATER)
                self._begin(transport)
                return
        self.connection_lost(None)

    def _begin(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.flow = self._reading = _Flow(transport)
        self._parse()

    def drop(self) -> None:
        """Close at once, and forget what was to be sent."""
        self.connections.discard(self)
        self.crowd.left(self)
        self._tcp.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        for timer in (self._deadline, self._stalled):
            if timer:
                timer.cancel()
        self._over = True
        self.crowd.left(self)
        super().connection_lost(exc)

    def _wait(self, seconds: float) -> None:
        """Drop the connection unless something else happens within `seconds`."""
        if self._deadline:
            self._deadline.cancel()
        self.crowd.moved(self)
        self._deadline = self.loop.call_later(seconds, self.drop)

    def data_received(self, data: bytes) -> None:
        """Some bytes of a request, or of many."""
        if self._over:
            return
        self._received += data
        if self.flow:  # before, Python 3.11 may give data that came with the end of TLS's handshake
            self._parse()

    def eof_received(self) -> None:
        """The client sends no more, which asyncio takes for a close: the rest of an answer has nowhere to go."""
        self._over = True
        if self.answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._wait(self.limits.stalled_seconds)

    def _parse(self) -> None:
        """Give the parser one request; what a client sends ahead of its answer stays in bytes, and then in its socket.

        uvicorn would make objects of all of it at once, a few kilobytes of each `GET / HTTP/1.1`.
        """
        if self._received and self._idle:
            self._idle = False
            self._unset_keepalive_if_required()
            self._wait(self.limits.request_seconds)
        while self._received and not self._over and (self._in_body or not self.answering):
            end = self._received.find(HEAD_END)
            piece = bytes(self._received[: end + len(HEAD_END)] if end >= 0 else self._received)
            del self._received[: len(piece)]
            self._size += len(piece)
            if self._size > self.limits.request_bytes:
                self._refuse("The request is too long.")
                break
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserUpgrade:
                # There is no other protocol, and nothing after this request is read: the client must not wait for it.
                self._over = True
                self.cycle.keep_alive = False
            except httptools.HttpParserError:
                self._refuse("Invalid HTTP request received.")
        self._reading.held = bool(self._received)
        if self._received:
            self.flow.pause_reading()
        else:
            self.flow.resume_reading()

    def _refuse(self, why: str) -> None:
        """Read no more, and close; say why unless it would stand in the middle of an answer."""
        self._over = True
        self._received.clear()
        if self._in_body or self.answering:
            self.transport.close()
        else:
            self.send_400_response(why)
        self._wait(self.limits.stalled_seconds)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of them. Raises ValueError if there are too many."""
        if len(self.headers) == self.limits.headers:
            raise ValueError("too many headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A request can be answered."""
        super().on_headers_complete()
        self._in_body = True

    def on_message_complete(self) -> None:
        """A request has ended."""
        super().on_message_complete()
        self._in_body = False
        self._size = 0
        if self.answering:
            self._wait(self.limits.answer_seconds)
        else:
            self._rest()

    def on_response_complete(self) -> None:
        """An answer has ended, and perhaps the connection."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._wait(self.limits.stalled_seconds)
        elif self.answering:
            self._wait(self.limits.answer_seconds)
        elif not self._in_body:
            self._rest()
            self._parse()

    def _rest(self) -> None:
        """Wait for the next request. uvicorn closes idle connections, which waits for bytes that a client left."""
        self._idle = True
        self._wait(self.limits.keep_alive_seconds + self.limits.stalled_seconds)

    def pause_writing(self) -> None:
        """The client's buffers are full."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self.limits.stalled_seconds, self.drop)

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._stalled:
            self._stalled.cancel()
        super().resume_writing()


class _Flow(FlowControl):
    """Reads nothing while there are bytes that wait for the parser."""

    held = False

    def resume_reading(self) -> None:
        """Read again, unless held."""
        if not self.held:
            super().resume_reading()
