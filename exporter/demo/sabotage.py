"""How each kind of fault looks on the wire.

Under a real server (uvicorn, either of its parsers) a connection breaks where it should: a body that ends early
makes it close the connection, and a head it cannot write makes it close without a byte. An in-memory transport
cannot show `hang`, `drop`, `cut-connection`, `drip` and `huge`.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import repeat

from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from exporter.demo.answers import Reply, encoded
from exporter.demo.errors import ApiError
from exporter.demo.faults import Fault
from exporter.demo.wire import Json

HTML = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><h1>Checking</h1></body></html>"
ELSEWHERE = "https://elsewhere.invalid/v1/organizations/me"
MESSAGES = {
    401: "invalid x-api-key",
    403: "API key has scopes [read:analytics], but this endpoint needs [api:admin]",
    404: "Not found",
    429: "This request would exceed your organization's rate limit",
    500: "Internal server error",
    529: "Overloaded",
}
WRONG = {
    "me": ("name", 17),
    "users": ("email", 17),
    "invites": ("expires_at", 17),
    "workspaces": ("name", ["a", "list"]),
    "workspace_members": ("workspace_role", 17),
    "api_keys": ("created_at", {"an": "object"}),
    "claude_code": ("core_metrics", "none"),
    "usage": ("uncached_input_tokens", "many"),
    "cost": ("amount", ["a", "list"]),
}
"""The field of each endpoint's rows that gets a value of another type."""


def error_of(fault: Fault) -> ApiError | None:
    """Return the documented error a fault stands for, if it is one of those."""
    if not fault.kind.isdigit():
        return None
    retry_after = fault.retry_after if fault.kind in ("429", "529") else None
    return ApiError(int(fault.kind), MESSAGES[int(fault.kind)], retry_after=retry_after)


def spoiled(fault: Fault, endpoint: str, reply: Reply, cursor: str | None) -> Reply:
    """Return the reply with wrong rows or a repeated cursor; `cursor` is the one the request came with."""
    if fault.kind not in ("wrong-row", "wrong-rows", "repeat-cursor"):
        return reply
    document = json.loads(reply.body)
    if fault.kind == "repeat-cursor":
        _repeat_cursor(document, cursor, reply.onward)
    else:
        _wrong_rows(document, endpoint, every=fault.kind == "wrong-rows")
    return Reply(encoded(document), reply.page, reply.onward)


def _wrong_rows(document: Json, endpoint: str, *, every: bool) -> None:
    data = document.get("data", [document])
    rows = [row for one in data for row in one.get("results", [one])] if isinstance(data, list) else []
    name, value = WRONG[endpoint]
    for row in rows if every else rows[len(rows) // 2 :][:1]:
        row[name] = value


def _repeat_cursor(document: Json, cursor: str | None, onward: str | None) -> None:
    if "next_page" in document:
        document |= {"has_more": True, "next_page": cursor or onward}
    elif "last_id" in document:
        document |= {"has_more": True, "last_id": cursor or document["last_id"]}


class Sabotage:
    """An ASGI application that answers as a fault demands."""

    def __init__(self, kind: str, body: bytes, headers: dict[str, str]) -> None:
        self.kind = kind
        self.body = body
        self.headers = headers

    @property
    def status(self) -> int | None:
        """The status that is sent, None if nothing is."""
        if self.kind in ("hang", "drop"):
            return None
        return 302 if self.kind == "redirect" else 200

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or fail to."""
        json_headers = {**self.headers, "content-type": "application/json"}
        half = self.body[: len(self.body) // 2]
        match self.kind:
            case "html":
                await Response(HTML, headers=self.headers, media_type="text/html")(scope, receive, send)
            case "redirect":
                await RedirectResponse(ELSEWHERE, 302, self.headers)(scope, receive, send)
            case "cut":
                await Response(half, headers=json_headers)(scope, receive, send)
            case "cut-connection":
                await _start(send, {**json_headers, "content-length": str(len(self.body))})
                await _part(send, half)
            case "drop":
                await _drop(send)
            case "hang":
                await _gone(receive)
            case "drip":
                await _start(send, {**json_headers, "content-length": str(len(self.body))})
                await _until_gone(receive, send, _drops(self.body))
            case "huge":
                await _start(send, json_headers)
                await _until_gone(receive, send, _flood())


async def _start(send: Send, headers: dict[str, str]) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": pairs})


async def _part(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _drop(send: Send) -> None:
    """Begin an answer no server can write: it gives up before the first byte and closes the connection."""
    try:
        await _start(send, {"x-unwritable": "line\r\nbreak"})
    except Exception:  # noqa: BLE001 - every server has its own, and it is what we want
        return


async def _gone(receive: Receive) -> None:
    """Wait until the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _drops(body: bytes) -> AsyncIterator[bytes]:
    for index in range(len(body)):
        yield body[index : index + 1]
        await asyncio.sleep(1)


async def _flood() -> AsyncIterator[bytes]:
    yield b'{"data":['
    for part in repeat(b'{"type":"user","name":"another one"},' * 1000):
        yield part
        await asyncio.sleep(0)


async def _until_gone(receive: Receive, send: Send, parts: AsyncIterator[bytes]) -> None:
    """Send parts until there are none left or the client has gone, whichever is first."""

    async def send_all() -> None:
        async for part in parts:
            await _part(send, part)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    sending, leaving = asyncio.ensure_future(send_all()), asyncio.ensure_future(_gone(receive))
    await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
    for task in (sending, leaving):
        task.cancel()
    await asyncio.gather(sending, leaving, return_exceptions=True)
