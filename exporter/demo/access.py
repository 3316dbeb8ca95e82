"""Who asks, and whether they may: credentials, API version, request limit.

API reference, "Authentication" and "Rate limits".
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property

from exporter.demo.errors import ApiError, bad_request
from exporter.demo.options import Options
from exporter.demo.organization import EnterpriseOrganization, Organization

VERSIONS = ("2023-06-01", "2026-10-21")
OTHER_ORGANIZATION_KEY = "sk-ant-admin01-other-organization"
ENTERPRISE_PREFIX = "sk-ant-api01-"
ENTERPRISE_ENDPOINTS = ("users", "invites")


class Directory:
    """The organizations there are, by credential; one main one, and two to try messages with."""

    def __init__(self, options: Options, anchor: date) -> None:
        self.options = options
        self.anchor = anchor

    @cached_property
    def main(self) -> Organization:
        """The organization the options describe."""
        return Organization(self.options, self.anchor)

    @cached_property
    def other(self) -> Organization:
        """Another one with another id and other data: somebody mixed up two keys."""
        return Organization(self._elsewhere(1_000_003, "Other Organization"), self.anchor)

    @cached_property
    def enterprise(self) -> EnterpriseOrganization:
        """A Claude Enterprise organization, of which this API shows members and invites only."""
        return EnterpriseOrganization(self._elsewhere(2_000_003, "Enterprise Organization"), self.anchor)

    def _elsewhere(self, away: int, name: str) -> Options:
        """Return the options of another organization, where nothing was asked to happen."""
        return replace(self.options, seed=self.options.seed + away, organization_name=name, incidents=())

    def of(self, headers: Mapping[str, str]) -> Organization:
        """Return the organization whose credential the headers carry. Raises ApiError 401."""
        credential = headers.get("x-api-key")
        if credential is None:
            scheme, _, credential = headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                raise ApiError(401, "x-api-key header is required")
        if credential == self.options.key:
            return self.main
        if credential == OTHER_ORGANIZATION_KEY:
            return self.other
        if credential.startswith(ENTERPRISE_PREFIX):
            return self.enterprise
        raise ApiError(401, "invalid x-api-key")


def auth_header(headers: Mapping[str, str]) -> str | None:
    """Return which header carries a credential: `x-api-key`, `authorization` or none."""
    return next((name for name in ("x-api-key", "authorization") if name in headers), None)


def check_scope(organization: Organization, endpoint: str) -> None:
    """Refuse an Enterprise key what its scopes do not cover. Raises ApiError 403."""
    if isinstance(organization, EnterpriseOrganization) and endpoint not in ENTERPRISE_ENDPOINTS:
        raise ApiError(403, "API key has scopes [read:analytics, read:members], but this endpoint needs [api:admin]")


def version(headers: Mapping[str, str]) -> str:
    """Return the API version asked for. Raises ApiError 400."""
    given = headers.get("anthropic-version")
    if given is None:
        raise bad_request("anthropic-version: header is required")
    if given not in VERSIONS:
        raise bad_request(f'anthropic-version: "{given}" is not a valid version')
    return given


def betas(headers: Iterable[str]) -> frozenset[str]:
    """Return the betas asked for, by one header with commas or by several."""
    return frozenset(name.strip() for header in headers for name in header.split(","))


class Limiter:
    """At most so many answered requests in any 60 seconds; 0 is no limit."""

    def __init__(self, requests_per_minute: int) -> None:
        self.requests_per_minute = requests_per_minute
        self._answered: deque[datetime] = deque()

    def admit(self, now: datetime) -> None:
        """Count a request. Raises ApiError 429 with the seconds until the next one is welcome."""
        if not self.requests_per_minute:
            return
        while self._answered and (now - self._answered[0]).total_seconds() >= 60:
            self._answered.popleft()
        if len(self._answered) >= self.requests_per_minute:
            wait = 60 - (now - self._answered[0]).total_seconds()
            message = f"This request would exceed your limit of {self.requests_per_minute} requests per minute"
            raise ApiError(429, message, retry_after=math.ceil(wait))
        self._answered.append(now)
