"""HTTP for Prometheus and for people: /metrics, /, /-/healthy, /-/ready, and the pictures that / shows."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Protocol, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.connections import Connection, Limits
from exporter.crowd import Crowd
from exporter.errors import SettingsError
from exporter.page import PICTURES
from exporter.scrape import Scrape
from exporter.values import address

SLICE = 1 << 18
SLICES_AT_ONCE = 4
"""asyncio logs the sixth write to a client that has gone, of which the server only hears when others had their turn."""
LIMITS = Limits()
BURST = 128
QUEUE = 1024
SOCKET_SENDS, SOCKET_RECEIVES = 1 << 18, 1 << 16
GRACE_SECONDS = 3


class Service(Protocol):
    """What the pages show."""

    def scrape(self, *, openmetrics: bool) -> Scrape:
        """The body of /metrics now."""

    def page(self) -> str:
        """The landing page."""

    def healthy(self) -> bool:
        """Whether the schedule runs."""

    def ready(self) -> bool:
        """Whether there is something to scrape."""


def build(service: Service) -> Starlette:
    """The ASGI application: GET and HEAD of a few paths."""
    inflating = asyncio.Lock()

    async def metrics(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        openmetrics = quality(accept, "application/openmetrics-text")
        scrape = service.scrape(openmetrics=openmetrics > 0 and openmetrics >= quality(accept, "text/plain"))
        headers = {"content-type": scrape.content_type, "vary": "accept, accept-encoding", **_NOT_FOR_OTHERS}
        if quality(request.headers.get("accept-encoding", ""), "gzip"):
            pieces = scrape.gzip()
            headers |= {"content-encoding": "gzip", "content-length": str(sum(map(len, pieces)))}
            return _Ready(pieces, headers)
        headers["content-length"] = str(scrape.length)
        return StreamingResponse(_in_turn(scrape.text(), inflating), headers=headers)

    async def landing(_: Request) -> Response:
        return HTMLResponse(service.page(), headers=_PAGE_HEADERS)

    async def picture(request: Request) -> Response:
        known = {file.name: file for file in PICTURES.glob("*.png")}
        file = known.get(request.path_params["name"])
        if file is None:
            return PlainTextResponse("Not Found", 404)
        return FileResponse(file, headers={"cache-control": "max-age=3600", "x-content-type-options": "nosniff"})

    application = Starlette(
        routes=[
            Route("/metrics", metrics),
            Route("/", landing),
            *_probes(service),
            Route("/pictures/{name}", picture),
        ]
    )
    application.router.redirect_slashes = False
    return application


def build_probes(service: Service) -> Starlette:
    """The ASGI application of the listener for probes: those two paths and no other."""
    application = Starlette(routes=_probes(service))
    application.router.redirect_slashes = False
    return application


def _probes(service: Service) -> list[Route]:
    async def healthy(_: Request) -> Response:
        return _verdict(service.healthy(), "the schedule runs", "the schedule does not run")

    async def ready(_: Request) -> Response:
        return _verdict(service.ready(), "ready", "not every poll has answered yet")

    return [Route("/-/healthy", healthy), Route("/-/ready", ready)]


_NOT_FOR_OTHERS = {
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
"""No cache, and no page of another site, gets hold of names and costs."""
_PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    **_NOT_FOR_OTHERS,
}


def _verdict(good: bool, yes: str, no: str) -> Response:  # noqa: FBT001
    return PlainTextResponse((yes if good else no) + "\n", 200 if good else 503)


class _Ready(Response):
    """A body that lies ready. What Starlette does beside a stream, lest it is made for nobody, would take longer."""

    def __init__(self, pieces: Iterable[bytes], headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for number, part in enumerate(_slices(self._pieces), start=1):
            await send({"type": "http.response.body", "body": part, "more_body": True})
            if number % SLICES_AT_ONCE == 0:
                await _let_others()
        await send({"type": "http.response.body", "body": b""})


def _slices(pieces: Iterable[bytes]) -> Iterator[memoryview]:
    """`pieces` in parts of at most 256 KiB: the server waits between them for the client, and holds no more."""
    for piece in pieces:
        for start in range(0, len(piece), SLICE):
            yield memoryview(piece)[start : start + SLICE]


async def _in_turn(pieces: Iterator[bytes], lock: asyncio.Lock) -> AsyncIterator[bytes]:
    """`pieces`, which take milliseconds each to make: one at a time, however many clients want the whole text."""
    while True:
        async with lock:
            piece = next(pieces, None)
            await _let_others()
        if piece is None:
            return
        yield piece


async def _let_others() -> None:
    """Give way: nobody hears that a client has gone, whose buffers are never full again, before the server's turn."""
    await asyncio.sleep(0)


def quality(header: str, name: str) -> float:
    """The `q` that an Accept or Accept-Encoding header gives to `name`; 0 where it is not named."""
    for item in header.lower().split(","):
        value, *parameters = (part.strip() for part in item.split(";"))
        if value == name:
            q = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
            try:
                return float(q)
            except ValueError:
                return 0.0
    return 0.0


class Server(uvicorn.Server):
    """A server that leaves signals to the application."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen.

        What asyncio calls a backlog is also how many connections it accepts at once, before anybody can close one.
        So it is small, and the kernel's queue, in which a scrape waits its turn while others rush in, is set apart.
        """
        await super().startup(sockets)
        for listening in sockets or ():
            listening.listen(QUEUE)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is being answered, and close what is still open after the time for it."""
        await super().shutdown(sockets)
        for connection in self.server_state.connections:
            connection.transport.abort()


def server(app: ASGIApp, tls: ssl.SSLContext | None = None, *, limits: Limits = LIMITS) -> Server:
    """A server for `app`; run it with `serve(sockets=[listen(...)])`, end it with `should_exit`.

    uvicorn knows nothing of `tls`: it has no limits for the handshake.
    """
    return Server(
        uvicorn.Config(
            app,
            http=cast("Any", partial(Connection, limits=limits, tls=tls, crowd=Crowd())),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # else whoever is on this machine could say which client it is
            server_header=False,
            backlog=BURST,
            timeout_keep_alive=limits.keep_alive_seconds,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )


def listen(setting: str, text: str) -> socket.socket:
    """A socket that listens on `text`, HOST:PORT. Raises SettingsError in the name of `setting`."""
    host, port = address(text)
    both = not host and socket.has_dualstack_ipv6()
    try:
        family = socket.AF_INET6 if both or ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, dualstack_ipv6=both, backlog=QUEUE)
    except OSError as error:
        raise SettingsError(f"{setting}: cannot listen on {text}: {error.strerror or error}") from None
    # Accepted sockets inherit all three. Left to itself, the kernel takes 4 MiB for whoever reads slowly, which count
    # as memory of a container.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_SENDS)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_RECEIVES)
    # asyncio does this only for sockets that name their protocol, which these do not: with Nagle's algorithm, a scrape
    # over a kept connection takes 40 ms more.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def url_of(listening: socket.socket, *, tls: bool = False) -> str:
    """Where a person reaches it."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "localhost"}.get(host, host)  # noqa: S104
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
