"""HTTP for Prometheus and for people: /metrics, /, /-/healthy, /-/ready, and the pictures that / shows."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from exporter.errors import SettingsError
from exporter.page import PICTURES
from exporter.scrape import Scrape
from exporter.values import address

SLICE = 1 << 18
STALLED_SECONDS = 20.0
KEEP_ALIVE_SECONDS = 120
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

    async def metrics(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        openmetrics = quality(accept, "application/openmetrics-text")
        scrape = service.scrape(openmetrics=openmetrics > 0 and openmetrics >= quality(accept, "text/plain"))
        headers = {"content-type": scrape.content_type, "vary": "accept, accept-encoding", **_NOT_FOR_OTHERS}
        if quality(request.headers.get("accept-encoding", ""), "gzip"):
            pieces = scrape.gzip()
            headers |= {"content-encoding": "gzip", "content-length": str(sum(map(len, pieces)))}
            return StreamingResponse(_slices(pieces), headers=headers)
        headers["content-length"] = str(scrape.length)
        return StreamingResponse(_slices(scrape.text()), headers=headers)

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


async def _slices(pieces: Iterable[bytes]) -> AsyncIterator[memoryview]:
    """`pieces` in parts of at most 256 KiB: the server waits between them for the client, and holds no more."""
    for piece in pieces:
        for start in range(0, len(piece), SLICE):
            yield memoryview(piece)[start : start + SLICE]


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


class _Connection(HttpToolsProtocol):
    """Cuts clients that stop reading: whoever takes no 256 KiB within 20 s is gone, and so is its memory."""

    _cut: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """The client's buffers are full."""
        super().pause_writing()
        self._cut = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        self._reading()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._reading()
        super().connection_lost(exc)

    def _reading(self) -> None:
        if self._cut:
            self._cut.cancel()
            self._cut = None


class Server(uvicorn.Server):
    """A server that leaves signals to the application."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def server(app: ASGIApp, tls: ssl.SSLContext | None = None) -> Server:
    """A server for `app`, over `tls`; run it with `serve(sockets=[listen(...)])`, end it with `should_exit`."""
    return Server(
        uvicorn.Config(
            app,
            http=_Connection,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # else whoever is on this machine could say which client it is
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            ssl_context_factory=(lambda *_: tls) if tls else None,
        )
    )


def listen(setting: str, text: str) -> socket.socket:
    """A socket that listens on `text`, HOST:PORT. Raises SettingsError in the name of `setting`."""
    host, port = address(text)
    both = not host and socket.has_dualstack_ipv6()
    try:
        family = socket.AF_INET6 if both or ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, dualstack_ipv6=both, backlog=128)
    except OSError as error:
        raise SettingsError(f"{setting}: cannot listen on {text}: {error.strerror or error}") from None
    # asyncio does this only for sockets that name their protocol, which these do not: with Nagle's algorithm, a scrape
    # over a kept connection takes 40 ms more. Accepted sockets inherit it.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def url_of(listening: socket.socket, *, tls: bool = False) -> str:
    """Where a person reaches it."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "localhost"}.get(host, host)  # noqa: S104
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
