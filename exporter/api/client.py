"""The one place that speaks HTTP with the Admin API: authentication, pacing, retries, limits and pages.

It only ever sends GET. Admin API reference: docs.claude.com/en/api/admin-api ("errors", "pagination", "rate limits").
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, NoReturn, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from aiolimiter import AsyncLimiter

from exporter.api import body
from exporter.api.credential import Credential
from exporter.api.pages import decode, expect_new, expect_sendable, next_cursor, parsed, values
from exporter.api.wire import Endpoint, ErrorBody, ErrorText, Organization
from exporter.errors import AdminApiError, Reason
from exporter.retries import instant, reason_of, retry_after, retrying

Row = TypeVar("Row")
Params = Mapping[str, str | int | Sequence[str]]

MAX_PAGES = 10_000
MAX_BODY_BYTES = 64 << 20
MAX_VALUES = 2_000_000
"""Of one page. Rows of the reports take more than 20 bytes a value; what is denser needs many times its bytes."""
MOST_SKEW = timedelta(hours=1)
"""The API holds data back for an hour, and a day settles for two: with clocks further apart than the hour between, a
day that still changes would be taken for a complete one."""
_MAX_ERROR_BYTES = 64 << 10


@dataclass(frozen=True)
class Rows(Generic[Row]):
    """The rows of one page, and what was wrong with those that are left out: types and places, no content.

    `length` in bytes and `values` say how much JSON it was.
    """

    rows: list[Row]
    wrong: list[str]
    length: int
    values: int


class AdminApi:
    """A client for one organization.

    `observe(endpoint, code, seconds)` hears of every request; `code` is `none` where no answer came.
    `organization_id` is the one that is known from before: answers for another one are refused.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        credential: Credential,
        *,
        now: Callable[[], datetime],
        observe: Callable[[str, str, float], None] = lambda *_: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        timeout_seconds: float = 30,
        retries: int = 4,
        requests_per_minute: int = 30,
        organization_id: str | None = None,
    ) -> None:
        self._http = http
        self._credential = credential
        self._now = now
        self._observe = observe
        self._sleep = sleep
        self._timeout = timeout_seconds
        self._attempts = retries + 1
        self._pace = AsyncLimiter(requests_per_minute, 60)
        self._background_pace = AsyncLimiter(max(1, requests_per_minute // 2), 60)
        self._organization_id = organization_id
        self._answered_id: str | None = None
        self._unverified = organization_id is not None
        self._verifying = asyncio.Lock()

    # The organization.

    @property
    def organization_id(self) -> str | None:
        """Which organization this client speaks with: by /me, else by the header of the answers."""
        return self._organization_id or self._answered_id

    async def organization(self) -> Organization:
        """GET /me. The first answer fixes which organization this client speaks with.

        Raises AdminApiError, with the reason `wrong_organization` if it is another one than before.
        """
        content = await self._get("me", "me", {})
        try:
            answer = parsed(_ORGANIZATION, content)
        except msgspec.DecodeError as error:
            raise AdminApiError(Reason.BAD_RESPONSE, f"me: {error}") from None
        if self._organization_id not in (None, answer.id):
            raise AdminApiError(Reason.WRONG_ORGANIZATION, "the credential belongs to another organization than before")
        self._organization_id = answer.id
        self._unverified = False
        return answer

    def credential_changed(self) -> None:
        """Before the next request with the new key, make sure that it is for the same organization."""
        self._unverified = self._organization_id is not None

    async def _verify(self) -> None:
        async with self._verifying:
            if not self._unverified:
                return
            try:
                await self.organization()
            except AdminApiError as error:
                if error.reason not in (Reason.FORBIDDEN, Reason.NOT_FOUND):
                    raise
                self._unverified = False  # the header that every answer carries is still compared

    # Pages.

    async def pages(
        self, endpoint: Endpoint[Row], params: Params | None = None, *, background: bool = False, **path: str
    ) -> AsyncIterator[Rows[Row]]:
        """All pages of a list, the largest there are. `path` fills the endpoint's path.

        `background` requests keep to half of the pace, so that many of them delay nothing else.
        Raises AdminApiError; also, as `bad_response`, for a cursor or an id that repeats or that no request can hold.
        """
        for identifier in path.values():
            expect_sendable(endpoint, identifier)
        filled = endpoint.path.format(**{name: quote(value, safe="") for name, value in path.items()})
        query = {**(params or {}), "limit": endpoint.limit}
        seen: set[str] = set()
        for _ in range(MAX_PAGES):
            if self._unverified:
                await self._verify()
            content = await self._get(endpoint.path, filled, query, background=background, beta=endpoint.beta)
            count = values(content)
            if count > MAX_VALUES:
                raise AdminApiError(Reason.BAD_RESPONSE, f"{endpoint.path}: a page of more than {MAX_VALUES:,} values")
            page, wrong = decode(endpoint, content)
            expect_new(endpoint, seen, page)
            yield Rows(page.data, wrong, len(content), count)
            cursor = next_cursor(endpoint, page)
            if cursor is None:
                return
            query["after_id" if endpoint.rows_have_ids else "page"] = cursor
        raise AdminApiError(Reason.BAD_RESPONSE, f"{endpoint.path}: more than {MAX_PAGES} pages")

    # One answer.

    async def _get(self, name: str, path: str, params: Params, *, background: bool = False, beta: str = "") -> bytes:
        """One answer, asked for again where that may help.

        `name` stands for the endpoint in metrics and errors. Raises AdminApiError.
        """
        async for attempt in retrying(self._attempts, self._sleep):
            with attempt:
                if background:
                    await self._background_pace.acquire()
                await self._pace.acquire()
                return await self._exchange(name, path, params, beta)
        raise AssertionError  # tenacity returns or raises

    async def _exchange(self, name: str, path: str, params: Params, beta: str) -> bytes:
        started = time.monotonic()
        code = "none"
        headers = self._credential.headers() | ({"anthropic-beta": beta} if beta else {})
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._http.stream("GET", f"v1/organizations/{path}", params=params, headers=headers) as response,
            ):
                code = str(response.status_code)
                if response.status_code != 200:
                    await self._refuse(name, response)
                self._expect_organization(name, response)
                if "starting_at" in params:
                    self._expect_our_time(name, response)
                return await body.read(name, response, MAX_BODY_BYTES)
        except (TimeoutError, httpx.TimeoutException):
            raise AdminApiError(Reason.TIMEOUT, f"{name}: no complete answer within {self._timeout:g} s") from None
        except (httpx.HTTPError, ssl.SSLError) as error:  # an alert after the handshake, which httpx passes on as it is
            words = str(error)
            if isinstance(error, httpx.RemoteProtocolError):
                words = words.partition(":")[0]  # the rest repeats what the server sent
            text = self._credential.redact(f"{name}: {type(error).__name__} {words}").strip()
            raise AdminApiError(Reason.CONNECTION, text) from None
        finally:
            self._observe(name, code, time.monotonic() - started)

    def _expect_organization(self, name: str, response: httpx.Response) -> None:
        answered = response.headers.get("anthropic-organization-id")
        if self.organization_id and answered and answered != self.organization_id:
            raise AdminApiError(Reason.WRONG_ORGANIZATION, f"{name}: the answer is for another organization")
        self._answered_id = self._answered_id or answered

    def _expect_our_time(self, name: str, response: httpx.Response) -> None:
        """For reports: which day is asked for, and whether it is complete, is decided by our clock."""
        dated = instant(response.headers.get("date", ""))
        skew = dated - self._now() if dated else timedelta()
        if abs(skew) > MOST_SKEW:
            text = f"{name}: the answer is dated {skew.total_seconds():+.0f} s from our clock, and one of them is wrong"
            raise AdminApiError(Reason.BAD_RESPONSE, text)

    async def _refuse(self, name: str, response: httpx.Response) -> NoReturn:
        """Raise the error that a status other than 200 stands for."""
        status = response.status_code
        try:
            told = parsed(_ERROR, await body.read(name, response, _MAX_ERROR_BYTES))
        except (AdminApiError, msgspec.DecodeError, httpx.HTTPError):
            told = ErrorBody(error=ErrorText())
        redact = self._credential.redact
        request = response.headers.get("request-id") or told.request_id or "unknown"
        # Redacted before it is cut: a part of the key is no longer found.
        kind = redact(told.error.type)[:64] or "no error body"
        raise AdminApiError(
            reason_of(status),
            f"{name}: HTTP {status} ({kind}), request {redact(request)[:64]}"
            + (", a redirect, which is never followed" if 300 <= status < 400 else ""),
            detail=redact(told.error.message)[:500],
            retry_after=retry_after(response, self._now()),
            status=status,
        )


_ORGANIZATION = msgspec.json.Decoder(Organization)
_ERROR = msgspec.json.Decoder(ErrorBody)
