"""What can be fuzzed: a function for each name, which raises if its bytes do any harm."""

import asyncio
import logging
import math
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import msgspec
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from starlette.responses import PlainTextResponse

from exporter.api import wire
from exporter.api.client import _ERROR, _ORGANIZATION
from exporter.api.credential import Credential
from exporter.api.pages import decode, expect_new, next_cursor, parsed, values
from exporter.app import Parts
from exporter.deflate import inflate
from exporter.errors import AdminApiError, Reason, SettingsError
from exporter.front.guard import Guard
from exporter.front.web_file import WebConfigFile
from exporter.labels import MAX_LENGTH
from exporter.polls import ALL
from exporter.retries import instant
from exporter.runner import Outcome
from exporter.settings import Settings
from exporter.sources import leaves, load, variable
from tests.fuzz.pages import PAGES, of_bytes, with_parts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "sk-ant-admin01-fuzzed"
ENDPOINTS: dict[str, wire.Endpoint[Any]] = {
    one.path: one
    for one in (
        wire.USERS,
        wire.INVITES,
        wire.WORKSPACES,
        wire.WORKSPACE_MEMBERS,
        wire.API_KEYS,
        wire.CLAUDE_CODE,
        wire.USAGE,
        wire.COST,
    )
}
SINGLE: dict[str, msgspec.json.Decoder[Any]] = {"me": _ORGANIZATION, "error": _ERROR}


def decoder(data: bytes) -> None:
    """A page is rows, or an AdminApiError: whatever stands in it."""
    instant(data.decode("latin-1"))
    name, body = of_bytes([*PAGES], data)
    if name in SINGLE:
        with suppress(msgspec.DecodeError):
            parsed(SINGLE[name], body)
        return
    endpoint = ENDPOINTS[name]
    try:
        page, wrong = decode(endpoint, body)
        expect_new(endpoint, set(), page)
        next_cursor(endpoint, page)
    except AdminApiError:
        return
    assert len(page.data) + len(wrong) < values(body)


CONCERNED: dict[str, tuple[str, ...]] = {
    "me": ("organization", "members"),
    "users": ("members", "api_keys", "claude_code"),
    "invites": ("invites",),
    "workspaces": ("workspaces", "workspace_members", "api_keys", "usage", "cost"),
    "workspaces/{workspace_id}/members": ("workspaces", "workspace_members"),
    "api_keys": ("members", "workspaces", "api_keys"),
    "usage_report/claude_code": ("members", "claude_code", "claude_code_today"),
    "usage_report/messages": ("workspaces", "usage", "usage_today"),
    "cost_report": ("workspaces", "cost", "cost_today"),
}
"""The polls that look at an endpoint, and those whose answers theirs is joined with."""


VALID = {path: with_parts(page, {}) for path, page in PAGES.items()}


class Errors(logging.Handler):
    """What the exporter's log has of errors: it goes on after some that no outcome tells of."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        assert KEY not in repr(vars(record))
        if record.levelno >= logging.ERROR:
            self.texts.append(f"{record.getMessage()} {record.exc_info}")


ERRORS = Errors()
logging.getLogger("exporter").addHandler(ERRORS)


class Organization:
    """An exporter of an organization that answers well, but for the bodies that a test gives it."""

    def __init__(self, path: str) -> None:
        """Only the polls that the endpoint of this path concerns."""
        self.bodies = dict(VALID)
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url="https://api.example")
        settings = Settings(
            api={"requests_per_minute": 100_000, "retries": 0},
            organization=None if path == "me" else "Acme",
            polls={poll.name: {"enabled": poll.name in CONCERNED[path]} for poll in ALL},
        )
        self.parts = Parts(settings, Credential(key=KEY), http, lambda: NOW, catches_up=False)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/organizations/")
        if path.endswith("/members"):
            path = wire.WORKSPACE_MEMBERS.path
        day = request.url.params.get("starting_at", "")[:10].encode()
        return httpx.Response(200, stream=httpx.ByteStream(self.bodies[path].replace(b"DAY", day)))

    async def poll(self) -> dict[str, Outcome]:
        """Every poll, one after the other."""
        return {name: await self.parts.runner.run(name) for name in self.parts.runner.polls}

    def series(self) -> str:
        """What the polls publish."""
        return b"".join(inflate(self.parts.snapshots.served(NOW))).decode()

    def own(self) -> str:
        """What the exporter says of itself."""
        return b"".join(inflate([self.parts.health.segment(openmetrics=True)])).decode()


def expect_sound(text: str) -> None:
    """It is valid and bounded, no series stands twice, every number is one, and none of it is the key."""
    samples = [one for family in parse_openmetrics(text + "# EOF\n") for one in family.samples]
    assert len({(one.name, tuple(one.labels.items())) for one in samples}) == len(samples)
    assert all(math.isfinite(one.value) for one in samples)
    assert all(len(value) <= MAX_LENGTH for one in samples for value in one.labels.values())
    assert KEY not in text


async def polled(path: str, body: bytes) -> None:
    """Poll what is concerned when the endpoint of this path answers so."""
    ERRORS.texts.clear()
    organization = Organization(path)
    organization.bodies[path] = body
    for poll, outcome in (await organization.poll()).items():
        assert outcome.reason in (None, Reason.BAD_RESPONSE), (poll, outcome.error)
        assert KEY not in outcome.message
    expect_sound(organization.series())
    if path == "me":
        expect_sound(organization.own())
    organization.parts.ledger.close()
    assert ERRORS.texts == []


_loop = asyncio.Runner()


def exposition(data: bytes) -> None:
    """From the bytes of an answer to those of a scrape."""
    _loop.run(polled(*of_bytes([*CONCERNED], data)))


_folder = TemporaryDirectory(prefix="fuzz-")
_FILE = Path(_folder.name) / "config.yml"
_SETTINGS = [variable(name) for name, _ in leaves() if name != "config.file"]
_PROXY = variable("api.proxy-url")
_HASH = re.compile(r"\$2[aby]\$")


def settings(data: bytes) -> None:
    """A file of settings, or one of the environment, is used, or refused in words without the password in it."""
    _FILE.write_bytes(data)
    value = data[1:].decode("utf-8", "replace")
    chosen = _SETTINGS[data[0] % len(_SETTINGS)] if data else _SETTINGS[0]
    for flags, environment in (
        ({"config": {"file": str(_FILE)}}, {}),
        ({}, {chosen: value}),
        ({}, {_PROXY: f"http://me:{KEY}@{value}"}),
    ):
        words = _refusal(partial(load, flags, environment))
        assert words is None or (words.strip() and KEY not in words)


def web_config(data: bytes) -> None:
    """A web configuration is used, or refused in words that name its file; none shows a hash."""
    _FILE.write_bytes(data)
    words = _refusal(partial(WebConfigFile, _FILE))
    if words is None:
        config = WebConfigFile(_FILE).config
        Guard(PlainTextResponse(""), config)
        words = f"{_FILE} {config!r}"
    assert str(_FILE) in words
    assert not _HASH.search(words)


def _refusal(read: Callable[[], object]) -> str | None:
    """The words in which something is refused; None if it is taken."""
    try:
        read()
    except SettingsError as error:
        return str(error)
    return None


TARGETS: dict[str, Callable[[bytes], None]] = {
    "decoder": decoder,
    "exposition": exposition,
    "settings": settings,
    "web-config": web_config,
}
"""By name, which is also that of a folder of tests/fuzz/corpus."""
