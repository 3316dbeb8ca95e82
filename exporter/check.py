"""`check`: is everything right, and if not, what is a person to do."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx

from exporter.advice import ENTERPRISE
from exporter.api.credential import Credential
from exporter.app import Parts, http_client, utc_now
from exporter.errors import PushError
from exporter.front.listeners import exposure
from exporter.front.tls import described
from exporter.front.web_file import WebConfigFile
from exporter.history.receiver import Receiver, receiver_client
from exporter.history.remote_write import WriteRequest
from exporter.ledger_file import BUSY
from exporter.model import ApiKeys, ClaudeCodeDay, Members, Workspaces
from exporter.polls import ClaudeCodePoll
from exporter.proxies import proxy_url
from exporter.retries import instant
from exporter.runner import Outcome
from exporter.settings import Settings
from exporter.size import size

_MOST_SKEW = timedelta(seconds=60)
_ENTERPRISE_ROLES = {"managed", "owner", "membership_admin", "primary_owner"}


async def check(
    settings: Settings, key: Credential, say: Callable[[str], object], now: Callable[[], datetime] = utc_now
) -> int:
    """Read every enabled source once and `say` how it went, a line each. 0 if all went well, else 1.

    Raises SettingsError.
    """
    settings = settings.with_api(retries=0)
    web_lines = tuple(_web(settings))
    async with http_client(settings) as http:
        parts = Parts(settings, key, http, now, catches_up=False)
        await parts.restore()
        connection = _Connection(now)
        http.event_hooks = {"response": [connection.answered]}
        names = list(parts.runner.polls)
        outcomes = dict(zip(names, await asyncio.gather(*map(parts.runner.run, names)), strict=True))
    said: set[str] = set()
    for name, outcome in outcomes.items():
        say(_line(name, outcome))
        for text in _explanation(outcome):
            if text not in said:
                say(f"{'':<19}{text}")
                said.add(text)
    if ENTERPRISE not in said and _is_enterprise(parts, outcomes):
        say(f"note               {ENTERPRISE}")
    refusal = await _receiver(settings, now)
    for line in _receiver_lines(settings, refusal):
        say(line)
    for line in (_proxy(settings), connection.clock(), connection.certificate(), _ledger(parts)):
        say(line)
    if key.exposed():
        say("key                every user of this machine can read its file: chmod 600")
    for line in (*web_lines, *_teams(parts), *_budgets(parts, settings), *size(parts)):
        say(line)
    parts.ledger.close()
    return 1 if refusal or any(outcome.error for outcome in outcomes.values()) else 0


def _line(name: str, outcome: Outcome) -> str:
    if outcome.reason is None:
        return f"{name:<19}ok            {outcome.rows:>7,} rows  {outcome.series:>9,} series  {outcome.seconds:.2f} s"
    return f"{name:<19}{outcome.reason:<13} {outcome.message}"


def _explanation(outcome: Outcome) -> Iterator[str]:
    """What the API said and what to do, of a failed poll."""
    if detail := getattr(outcome.error, "detail", ""):
        yield f"the API says: {detail}"
    if outcome.hint:
        yield outcome.hint


def _is_enterprise(parts: Parts, outcomes: Mapping[str, Outcome]) -> bool:
    """Whether Claude Code analytics failed where members have roles that only Claude Enterprise has."""
    analytics, members = outcomes.get(ClaudeCodePoll.name), parts.snapshots.model(Members)
    rows = members.all if members else ()
    return bool(analytics and analytics.error) and any(row.role in _ENTERPRISE_ROLES for row in rows)


def _proxy(settings: Settings) -> str:
    proxy = proxy_url(settings.api.base_url, settings.api.proxy_url)
    if not proxy:
        return "proxy              none"
    parts = urlsplit(proxy)
    return f"proxy              {parts.scheme}://{parts.hostname}:{parts.port or ''}"


class _Connection:
    """What the answers tell about clock and certificate."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._skew: timedelta | None = None
        self._issuer = ""

    async def answered(self, response: httpx.Response) -> None:
        """Take note of an answer."""
        dated = instant(response.headers.get("date", ""))
        self._skew = self._now() - dated if dated else None
        stream = response.extensions.get("network_stream")
        tls = stream.get_extra_info("ssl_object") if stream else None
        if tls:
            self._issuer = _issuer(tls.getpeercert() or {})

    def clock(self) -> str:
        """How far our clock is from the API's."""
        if self._skew is None:
            return "clock              unknown: no answer with a date"
        seconds = self._skew.total_seconds()
        if abs(self._skew) > _MOST_SKEW:
            return f"clock              wrong by {seconds:+.0f} s: which day is read depends on it, set the time"
        return "clock              right within a minute"

    def certificate(self) -> str:
        """Who vouches for the API."""
        return f"certificate        issued by {self._issuer}" if self._issuer else "certificate        none was seen"


def _issuer(certificate: Mapping[str, Any]) -> str:
    names = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    return ", ".join(names[name] for name in ("organizationName", "commonName") if name in names)


def _ledger(parts: Parts) -> str:
    ledger = parts.ledger
    if ledger.persistent:
        return "ledger             ok"
    if ledger.trouble.endswith(BUSY):
        return f"ledger             {ledger.trouble}: as it should be beside a service that runs"
    return (
        f"ledger             {ledger.trouble or 'in memory: a restart reads all settled days again; see storage.path'}"
    )


async def _receiver(settings: Settings, now: Callable[[], datetime]) -> PushError | None:
    """Why the receiver of history does not take a request, one without samples, if it does not."""
    section = settings.history.remote_write
    if section.url is None:
        return None
    async with receiver_client(section) as http:
        try:
            await Receiver(section, http, now=now).write(WriteRequest(), attempts=1)
        except PushError as error:
            return error
    return None


def _receiver_lines(settings: Settings, refusal: PushError | None) -> Iterator[str]:
    if refusal:
        yield f"receiver           {refusal.reason:<13} {refusal}"
        if refusal.detail:
            yield f"{'':<19}the receiver says: {refusal.detail}"
    elif settings.history.remote_write.url:
        yield "receiver           ok"


def _teams(parts: Parts) -> Iterator[str]:
    """What is odd about the teams file, by what has just been read."""
    if parts.teams_file is None:
        return
    teams, held = parts.teams_file.teams, parts.snapshots.model
    members, day, keys, workspaces = held(Members), held(ClaudeCodeDay), held(ApiKeys), held(Workspaces)
    actors = None
    if members and day:
        actors = {((member.email or "").casefold(), "user") for member in members.all}
        if parts.policy.actor == "email":  # else nobody knows the others any more
            actors |= {who[:2] for who in day.by}
    findings = teams.findings(
        sorted(actors) if actors else None,
        [(key.id, key.name or "") for key in keys.all] if keys else None,
        list(workspaces.names.items()) if workspaces else None,
        anonymous=parts.policy.actor != "email",
    )
    yield f"teams              {len(teams.cost_centers)} teams" + (", the file needs a look:" if findings else "")
    for text in findings:
        yield f"{'':<19}{text}"


def _budgets(parts: Parts, settings: Settings) -> Iterator[str]:
    """Budgets that nobody can ever spend, by what has just been read."""
    members, keys = parts.snapshots.model(Members), parts.snapshots.model(ApiKeys)
    workspaces, day = parts.snapshots.model(Workspaces), parts.snapshots.model(ClaudeCodeDay)
    actors: set[str] = set()
    if members and keys and day:
        names = (*(one.email for one in members.all), *(one.name for one in keys.all), *(who.actor for who in day.by))
        actors = {(name or "").casefold() for name in names}
    for budget in (section.budget() for section in settings.budgets):
        no_place = budget.scope == "workspace" and workspaces and not workspaces.has(budget.of)
        no_actor = budget.scope == "actor" and actors and actors.isdisjoint({budget.of, parts.policy.name(budget.of)})
        if no_place or no_actor:
            yield f"budget             {budget.name}: there is no {budget.scope} {budget.of}"


def _web(settings: Settings) -> Iterator[str]:
    """How /metrics is served, and what is careless about it. Raises SettingsError."""
    file = WebConfigFile(settings.web.config_file) if settings.web.config_file else None
    tls = "in plain"
    if file and file.pems:
        tls = f"over TLS, with the certificate of {described(file.pems) or 'somebody'}"
    users = len(file.config.basic_auth_users) if file else 0
    yield f"web                {tls}; {users} users" if users else f"web                {tls}; no passwords"
    if careless := exposure(settings, file):
        yield f"{'':<19}{careless}"
