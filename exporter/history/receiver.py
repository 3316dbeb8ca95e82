"""The one place that speaks HTTP with a receiver of remote write: authentication, limits and retries."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
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
_MAX_DETAIL_BYTES = 2048


def receiver_client(
    section: RemoteWriteSection, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """Connections to the receiver, with the settings' certificates. Raises SettingsError."""
    context = client_context(_SECTION, section.ca_file, section.cert_file, section.key_file)
    return httpx.AsyncClient(
        headers={**section.headers, **remote_write.HEADERS, "user-agent": f"anthropic-exporter/{__version__}"},
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
                self._http.stream("POST", self.url, content=content, headers=headers, auth=self._basic()) as response,
            ):
                if not response.is_success:
                    await self._refuse(response)
        except (TimeoutError, httpx.TimeoutException):
            raise PushError(Reason.TIMEOUT, f"remote write: no answer within {seconds:g} s") from None
        except (httpx.HTTPError, ssl.SSLError) as error:  # an alert after the handshake, which httpx passes on as it is
            raise PushError(Reason.CONNECTION, f"remote write: {type(error).__name__} {error}".strip()) from None

    def _authorization(self) -> dict[str, str]:
        file = self._section.bearer_token_file
        return {"authorization": f"Bearer {_secret(file)}"} if file else {}

    def _basic(self) -> httpx.BasicAuth | None:
        file = self._section.password_file
        return httpx.BasicAuth(self._section.username or "", _secret(file)) if file else None

    async def _refuse(self, response: httpx.Response) -> NoReturn:
        status = response.status_code
        raise PushError(
            reason_of(status),
            f"remote write: HTTP {status}" + (", a redirect, which is never followed" if 300 <= status < 400 else ""),
            detail=await _detail(response),
            retry_after=retry_after(response, self._now()),
            status=status,
        )


def _secret(file: Path) -> str:
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PushError(Reason.UNAUTHORIZED, f"remote write: cannot read {file}: {error}") from None
    if not (text and text.isascii() and text.isprintable()):
        raise PushError(Reason.UNAUTHORIZED, f"remote write: {file} must hold one line of printable ASCII")
    return text


async def _detail(response: httpx.Response) -> str:
    """What the receiver says about its refusal."""
    text = b""
    try:
        async for chunk in response.aiter_bytes():
            text += chunk[: _MAX_DETAIL_BYTES - len(text)]
            if len(text) >= _MAX_DETAIL_BYTES:
                break
    except httpx.HTTPError:
        pass  # the status says enough
    words = " ".join(text.decode("utf-8", "replace").split())
    return "".join(character if character.isprintable() else " " for character in words)
