"""An Admin API that says what a test wants it to say."""

import asyncio
from datetime import UTC, datetime

import httpx

from exporter.api.client import AdminApi
from exporter.api.credential import Credential
from exporter.api.wire import USERS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "sk-ant-admin01-secret"


def unread(answer: httpx.Response) -> httpx.Response:
    """The answer as it comes from a network."""
    if not answer.is_closed:
        return answer
    return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))


class Api:
    """An Admin API that gives these answers one after the other, the last one for ever, and remembers requests."""

    def __init__(self, *answers, key=KEY, bearer=False, **options):
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []
        self.observed: list[tuple[str, str]] = []
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url="https://api.example")
        self.client = AdminApi(
            http,
            Credential(key=key, bearer=bearer),
            now=lambda: NOW,
            observe=lambda endpoint, code, _: self.observed.append((endpoint, code)),
            sleep=self._sleep,
            **{"requests_per_minute": 100_000} | options,
        )

    async def _answer(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(request)
        if asyncio.iscoroutine(answer):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        return unread(answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer))

    async def _sleep(self, seconds):
        self.waits.append(seconds)

    async def rows(self, endpoint=USERS, params=None, **options):
        return [row async for page in self.client.pages(endpoint, params, **options) for row in page.rows]

    async def wrong(self, endpoint=USERS):
        return [text async for page in self.client.pages(endpoint) for text in page.wrong]

    def seen(self, parameter):
        return [request.url.params.get(parameter) for request in self.requests]
