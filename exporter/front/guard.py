"""What every request to the pages passes first: rate limit, password. And what every answer gets: headers."""

import base64
import binascii

from aiolimiter import AsyncLimiter
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.front.passwords import Busy, Passwords
from exporter.front.web_config import RateSection, WebConfig

_ASK = {"www-authenticate": 'Basic realm="anthropic-exporter", charset="UTF-8"'}


class Guard:
    """`app` behind what a web configuration wants; another one may be put in its place at any time."""

    def __init__(self, app: ASGIApp, config: WebConfig) -> None:
        self._app = app
        self._config: WebConfig | None = None
        self._passwords: Passwords | None = None
        self._limiter: AsyncLimiter | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self.use(config)

    def use(self, config: WebConfig) -> None:
        """Do as `config` wants from now on. Passwords are forgotten if users have changed."""
        before = self._config or WebConfig()
        if config.basic_auth_users != before.basic_auth_users:
            self._passwords = Passwords(config.basic_auth_users) if config.basic_auth_users else None
        if config.rate_limit != before.rate_limit:
            self._limiter = _limiter(config.rate_limit)
        headers = config.http_server_config.headers
        self._headers = [(name.lower().encode(), (value or "").encode()) for name, value in headers.items()]
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        headers = self._headers

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = {name for name, _ in headers}
                theirs = [(name, value) for name, value in message["headers"] if name.lower() not in ours]
                message = {**message, "headers": theirs + headers}
            await send(message)

        answer = await self._refusal(scope) or self._app
        await answer(scope, receive, with_headers if headers else send)

    async def _refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that does not get through."""
        if self._limiter:
            if not self._limiter.has_capacity():
                return _too_many()
            await self._limiter.acquire()
        if self._passwords is None:
            return None
        credentials = _credentials(scope)
        try:
            if credentials is not None and await self._passwords.right(credentials, (scope["client"] or ("",))[0]):
                return None
        except Busy:
            return _too_many()
        return PlainTextResponse("Unauthorized\n", 401, headers=_ASK)


def _limiter(rate: RateSection) -> AsyncLimiter | None:
    return AsyncLimiter(rate.burst, rate.burst * rate.interval.total_seconds()) if rate.interval else None


def _too_many() -> Response:
    return PlainTextResponse("Too Many Requests\n", 429, headers={"retry-after": "1"})


def _credentials(scope: Scope) -> bytes | None:
    """USER:PASSWORD of the header Authorization, if there is one and it is one of basic authentication."""
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(given) != 1:
        return None
    scheme, _, encoded = given[0].partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        return None
