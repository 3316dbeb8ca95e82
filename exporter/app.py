"""The one place where the parts are built, started and stopped."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution
from json import loads
from pathlib import Path
from socket import socket
from typing import Any

import httpx

from exporter import HOME, __version__, page, web
from exporter.api.client import AdminApi
from exporter.api.credential import Credential
from exporter.days import day_start
from exporter.errors import SettingsError
from exporter.front.listeners import REFRESH_SECONDS, Front
from exporter.health import Health, Process
from exporter.history.daily import KeptDays
from exporter.history.push import LivePush, Pusher
from exporter.history.receiver import Receiver, receiver_client
from exporter.ledger import Ledger
from exporter.policy import Policy, hash_key
from exporter.polls import ALL, ReportPoll
from exporter.proxies import client_proxy
from exporter.runner import Runner
from exporter.schedule import Job, Schedule
from exporter.scrape import Scrape
from exporter.settings import KEY_VARIABLE, Settings
from exporter.snapshots import Snapshots
from exporter.teams import UNASSIGNED, TeamsFile
from exporter.tls import client_context
from exporter.turns import take_turns
from exporter.views import all_views

READY_SECONDS = 60
TEAMS_SECONDS = 10
PUSH_SECONDS = 5
EXIT_SECONDS = 4.5


def utc_now() -> datetime:
    """The wall clock. Everything else takes the time as an argument."""
    return datetime.now(UTC)


def credential(settings: Settings, environment: Mapping[str, str]) -> Credential:
    """The key that the settings and the environment name. Raises SettingsError, saying where to get one."""
    key, file = environment.get(KEY_VARIABLE), settings.api.key_file
    if not file and not key:
        raise SettingsError(
            f"no key: put an Admin key into the environment variable {KEY_VARIABLE}, or its file's path into "
            "api.key-file.\nAn admin of the organization makes one in the Console under Settings, Admin keys "
            "(it begins with sk-ant-admin).\nTo look around without a key: anthropic-exporter demo"
        )
    return Credential(key=key, file=file, bearer=settings.api.auth == "bearer")


def http_client(settings: Settings) -> httpx.AsyncClient:
    """One pool of connections to the API, with the settings' proxy and certificates. Raises SettingsError."""
    api = settings.api
    context = client_context("api", api.ca_file)
    seconds = api.timeout.total_seconds()
    return httpx.AsyncClient(
        base_url=api.base_url,
        headers={
            "accept": "application/json",
            "accept-encoding": "gzip",
            "anthropic-version": api.version,
            "user-agent": f"anthropic-exporter/{__version__} ({HOME})",
        },
        # A connection has to fail by itself before the whole request does: of a handshake that is cancelled, httpcore
        # leaves the socket to the garbage collector.
        timeout=httpx.Timeout(seconds, connect=seconds / 3),
        limits=httpx.Limits(max_connections=32),
        proxy=client_proxy(api.base_url, context, api.proxy_url),
        verify=context,
        trust_env=False,
    )


def label_policy(settings: Settings) -> Policy:
    """How people appear. Raises SettingsError if the key of hashed names cannot be used."""
    labels = settings.labels
    hashed = "hash" in (labels.actor, labels.activity_actor)
    return Policy(
        labels.actor,
        labels.activity_actor,
        hash_key=hash_key(labels.hash_key_file) if hashed else b"",
        drop=labels.drop,
        least_team=labels.min_team_size,
        most_actors=settings.limits.actors,
    )


def teams_file(settings: Settings) -> TeamsFile | None:
    """The teams file, if there is one. Raises SettingsError if it is wrong, or lacks the team of a budget."""
    if settings.teams_file is None:
        return None
    file = TeamsFile(settings.teams_file)
    known = {*file.teams.cost_centers, UNASSIGNED}
    for budget in (section.budget() for section in settings.budgets):
        if budget.scope == "team" and budget.of not in known:
            raise SettingsError(f"budgets: {budget.name}: {settings.teams_file} has no team {budget.of}")
    return file


class Parts:
    """Everything between the API and the body of a scrape. `http` is closed by whoever opened it.

    Days beside the report day are read only where it `catches_up`.
    """

    def __init__(
        self,
        settings: Settings,
        key: Credential,
        http: httpx.AsyncClient,
        now: Callable[[], datetime] = utc_now,
        *,
        catches_up: bool = True,
    ) -> None:
        self.policy = policy = label_policy(settings)
        polls = [poll(settings.settle, settings.group_by, policy) for poll in ALL if settings.poll(poll.name).enabled]
        if not polls:
            raise SettingsError("polls: none is enabled, there is nothing to do")
        self.now = now
        self.intervals = {poll.name: settings.poll(poll.name).interval for poll in polls}
        self.teams_file = teams_file(settings)
        self.snapshots = Snapshots()
        self.ledger = Ledger(settings.storage.path)
        drop = settings.metrics.dropped
        self.days = KeptDays(self.ledger, self.snapshots, settings.history.restate_days, drop)
        remembered = self.ledger.organization()
        self.health = Health(self.intervals, version=__version__, revision=revision())
        if settings.api.key_expires:
            self.health.key_expires(day_start(settings.api.key_expires))
        self.api = AdminApi(
            http,
            key,
            now=now,
            observe=self.health.requested,
            timeout_seconds=settings.api.timeout.total_seconds(),
            retries=settings.api.retries,
            requests_per_minute=settings.api.requests_per_minute,
            organization_id=remembered[0] if remembered else None,
        )
        self.runner = Runner(
            polls,
            self.api,
            key,
            self.snapshots,
            self.health,
            now=now,
            max_age=settings.max_age,
            ledger=self.ledger,
            keep_days=settings.storage.days,
            restate_days=settings.history.restate_days,
            catch_up=catches_up,
            views=all_views([section.budget() for section in settings.budgets], policy),
            organization=settings.organization,
            least_team=policy.least_team,
            drop=drop,
        )

    async def restore(self) -> None:
        """Show the teams, and what is known from before a restart."""
        await self.show_teams()
        await self.runner.restore()

    async def show_teams(self) -> None:
        """Show the teams that their file holds."""
        if self.teams_file:
            self.health.teams_file(success=True)
            await self.runner.show_teams(self.teams_file.teams)

    async def refresh_teams(self) -> None:
        """Show the teams again if their file has changed."""
        if self.teams_file:
            changed = await asyncio.to_thread(self.teams_file.refresh)
            self.health.teams_file(success=not self.teams_file.trouble)
            if changed:
                await self.runner.show_teams(self.teams_file.teams)

    def live_push(self, settings: Settings, http: httpx.AsyncClient) -> LivePush | None:
        """What pushes settled days, if there is a receiver for them."""
        if settings.history.remote_write.url is None:
            return None
        polls = self.reports()
        pusher = partial(self.pusher, settings, http)
        return LivePush(polls, self.days, pusher, self.health.history(poll.name for poll in polls), self.now)

    def pusher(self, settings: Settings, http: httpx.AsyncClient) -> Pusher | None:
        """What sends days to the receiver; None while what their labels need is not known."""
        if not self.runner.labels_known():
            return None
        receiver = Receiver(settings.history.remote_write, http, now=self.now)
        return Pusher(self.days, self.ledger, receiver, self.runner.organization, self.now)

    def reports(self) -> list[ReportPoll[Any]]:
        """The polls whose settled days are kept."""
        return [poll for poll in self.runner.polls.values() if isinstance(poll, ReportPoll)]


class Service:
    """The running service, as its pages see it. `speed` is that of the parts' clock."""

    def __init__(
        self, parts: Parts, push: LivePush | None = None, beside: Iterable[Job] = (), speed: float = 1
    ) -> None:
        self._parts = parts
        self._push = push
        self._process = Process()
        self._started = time.monotonic()
        jobs = [(parts.refresh_teams, TEAMS_SECONDS), *beside] + ([(push.round, PUSH_SECONDS)] if push else [])
        self.schedule = Schedule(
            parts.runner, parts.intervals, now=parts.now, planned=parts.health.planned, beside=jobs, speed=speed
        )
        parts.runner.key_changed = self.schedule.retry_failed

    def scrape(self, *, openmetrics: bool) -> Scrape:
        """The body of /metrics now."""
        parts = self._parts
        return Scrape(parts.snapshots, parts.health, self._process, parts.now(), openmetrics=openmetrics)

    def page(self) -> str:
        """The landing page now."""
        now, runner = self._parts.now(), self._parts.runner
        withdrawn = self._parts.snapshots.withdrawn(now)
        lines = [
            page.PollLine(
                name,
                runner.outcomes.get(name),
                runner.running(name),
                self.schedule.plans.get(name),
                runner.successes.get(name) if self._parts.snapshots.get(name) else None,
                name in withdrawn,
            )
            for name in runner.polls
        ]
        return page.page(self._parts.health.organization, lines, runner.days_held(), now, self._push)

    def healthy(self) -> bool:
        """Whether the schedule runs, whatever the API does."""
        return self.schedule.alive()

    def ready(self) -> bool:
        """Whether every poll has answered once, ok or not, or has had a minute to do so."""
        return self._parts.runner.answered() or time.monotonic() - self._started >= READY_SECONDS


async def serve(
    settings: Settings,
    key: Credential,
    front: Front,
    *others: tuple[web.Server, socket],
    now: Callable[[], datetime] = utc_now,
    speed: float = 1,
) -> None:
    """Run behind `front`, with `others` beside, until SIGTERM or SIGINT: finish what is being answered, and return.

    So many seconds of `now` as `speed` says are one of the machine's.
    """
    take_turns()
    async with http_client(settings) as http, receiver_client(settings.history.remote_write) as receiver:
        parts = Parts(settings, key, http, now)
        await parts.restore()
        await follow(front, parts.health)
        following = (partial(follow, front, parts.health), REFRESH_SECONDS)
        service = Service(parts, parts.live_push(settings, receiver), [following], speed)
        async with _running(*front.servers(service), *others) as stopped:
            service.schedule.start()
            await stopped.wait()
            await service.schedule.stop()
        parts.ledger.close()


async def follow(front: Front, health: Health) -> None:
    """Do as the web configuration wants now, and show whether that could be done."""
    await front.refresh()
    if front.file:
        health.web_config(success=not front.file.trouble)


async def simulate(server: web.Server, listening: socket) -> None:
    """Run `server` until SIGTERM or SIGINT."""
    async with _running((server, listening)) as stopped:
        await stopped.wait()


async def once(settings: Settings, key: Credential) -> tuple[bytes, bool]:
    """Poll everything once. The exposition, and whether a source failed.

    With a file that keeps them, the settled days that are missing are read too: the next run has them already.
    """
    async with http_client(settings) as http:
        parts = Parts(settings, key, http, catches_up=settings.storage.path is not None)
        await parts.restore()
        outcomes = await asyncio.gather(*(parts.runner.run(name) for name in parts.runner.polls))
        await parts.runner.caught_up()
        parts.ledger.close()
    scrape = Scrape(parts.snapshots, parts.health, None, parts.now(), openmetrics=False)
    return b"".join(scrape.text()), any(outcome.error for outcome in outcomes)


@asynccontextmanager
async def _running(*servers: tuple[web.Server, socket]) -> AsyncIterator[asyncio.Event]:
    """`servers` while they run; gives an event that a signal to stop sets."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, stopped)
    tasks = [asyncio.create_task(server.serve(sockets=[listening])) for server, listening in servers]
    for task in tasks:
        task.add_done_callback(lambda _: stopped.set())
    try:
        yield stopped
    finally:
        for server, _ in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)


def _stop(stopped: asyncio.Event) -> None:
    """Stop in good order, but stop: no thread that hangs in a name lookup may hold the process up."""
    stopped.set()
    timer = threading.Timer(EXIT_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()


def revision() -> str:
    """The commit that this is: an image is built with a file that names it, else pip may know it."""
    with suppress(OSError):
        if built := Path(__file__).with_name("REVISION").read_text().strip():
            return built
    try:
        origin = loads(distribution("anthropic-exporter").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return "unknown"
    return str(origin.get("vcs_info", {}).get("commit_id", "unknown"))
