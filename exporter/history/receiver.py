"""The one place that speaks HTTP with a receiver of remote write: authentication, limits and retries."""

import asyncio
import ssl
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import httpx

from exporter import __version__
from exporter.errors import PushError, Reason
from exporter.history import remote_write
from exporter.proxies import client_proxy
from exporter.retries import reason_of, retry_after, retrying
from exporter.settings import RemoteWriteSection
from exporter.tls import client_context

_SECTION = "history.remote-write"
_MAX_DETAIL = 2048
_MAX_DETAIL_BYTES = 16 << 10
_LEAST_SECRET = 8
"""Shorter values of headers are names of tenants, and may be part of any word."""


def receiver_client(
    section: RemoteWriteSection, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """Connections to the receiver, with the settings' certificates. Raises SettingsError."""
    context = client_context(_SECTION, section.ca_file, section.cert_file, section.key_file)
    return httpx.AsyncClient(
        headers={
            **section.headers,
            **remote_write.HEADERS,
            "accept-encoding": "identity",
            "user-agent": f"anthropic-exporter/{__version__}",
        },
        timeout=section.timeout.total_seconds(),
        transport=transport,
        proxy=client_proxy(section.url, context) if section.url else None,
        verify=context,
        trust_env=False,
    )


class Receiver:
    """One receiver. `http` is of `receiver_client` and closed by whoever opened it."""

    def __init__(
        self,
        section: RemoteWriteSection,
        http: httpx.AsyncClient,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.url = section.url or ""
        self.batch = section.batch
        self._section = section
        self._http = http
        self._now = now
        self._sleep = sleep

    def target(self, organization: str) -> str:
        """Names where pushes of `organization` arrive: receiver and tenant, as a hash because headers may be secret."""
        parts = (self.url, organization, *(part for pair in sorted(self._section.headers.items()) for part in pair))
        return sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]

    async def write(self, request: Any, *, attempts: int | None = None) -> None:  # noqa: ANN401
        """Send a WriteRequest, again where that may help, `attempts` times at most. Raises PushError."""
        content = await asyncio.to_thread(remote_write.body, request)
        async for attempt in retrying(attempts or self._section.retries + 1, self._sleep):
            with attempt:
                await self._post(content)

    async def _post(self, content: bytes) -> None:
        headers = self._authorization()
        seconds = self._section.timeout.total_seconds()
        try:
            async with (
                asyncio.timeout(seconds),
                self._http.stream("POST", self.url, content=content, headers=headers) as response,
            ):
                if not response.is_success:
                    await self._refuse(response)
        except (TimeoutError, httpx.TimeoutException):
            raise PushError(Reason.TIMEOUT, f"remote write: no answer within {seconds:g} s") from None
        except (httpx.HTTPError, ssl.SSLError) as error:  # an alert after the handshake, which httpx passes on as it is
            raise PushError(Reason.CONNECTION, f"remote write: {type(error).__name__} {error}".strip()) from None

    def _authorization(self) -> dict[str, str]:
        section = self._section
        if section.bearer_token_file:
            return {"authorization": f"Bearer {_secret(section.bearer_token_file)}"}
        if section.password_file:
            pair = f"{section.username}:{_secret(section.password_file)}"
            return {"authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        return {}

    async def _refuse(self, response: httpx.Response) -> NoReturn:
        status = response.status_code
        raise PushError(
            reason_of(status),
            f"remote write: HTTP {status}" + (", a redirect, which is never followed" if 300 <= status < 400 else ""),
            detail=await _detail(response, self._secrets(response.request)),
            retry_after=retry_after(response, self._now()),
            status=status,
        )

    def _secrets(self, request: httpx.Request) -> list[str]:
        """What a receiver must not repeat into our logs: what a request was authorized with."""
        credentials = request.headers.get("authorization", "").partition(" ")[2]
        secrets = [credentials, *self._section.headers.values()]
        if self._section.password_file:
            secrets.append(b64decode(credentials).decode().partition(":")[2])
        return [secret for secret in secrets if len(secret) >= _LEAST_SECRET]


def _secret(file: Path) -> str:
    try:
        text = file.read_text("utf-8", "replace").strip()
    except OSError as error:
        raise PushError(Reason.UNAUTHORIZED, f"remote write: cannot read {file}: {error.strerror}") from None
    if not (text and text.isascii() and text.isprintable()):
        raise PushError(Reason.UNAUTHORIZED, f"remote write: {file} must hold one line of printable ASCII")
    return text


async def _detail(response: httpx.Response, secrets: Iterable[str]) -> str:
    """What the receiver says about its refusal."""
    if "content-encoding" in response.headers:
        return ""  # it was not asked for, and httpx would inflate it to any size
    text = b""
    try:
        async for chunk in response.aiter_bytes():
            text += chunk[: _MAX_DETAIL_BYTES - len(text)]
            if len(text) >= _MAX_DETAIL_BYTES:
                break
    except httpx.HTTPError:
        pass  # the status says enough
    words = text.decode("utf-8", "replace")
    for secret in secrets:
        words = words.replace(secret, "[secret]")
    words = " ".join(words.split())
    return "".join(character if character.isprintable() else " " for character in words)[:_MAX_DETAIL]
