"""The command `history`: reads the days that are missing, and writes all of them to a file or to a receiver."""

import asyncio
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from exporter.api.credential import Credential
from exporter.app import Parts, http_client, utc_now
from exporter.catchup import each_range
from exporter.days import DAY, report_day
from exporter.errors import AdminApiError, LedgerError, PushError, Reason, SettingsError
from exporter.history.openmetrics import SortedDays
from exporter.history.progress import Progress
from exporter.history.push import Pusher
from exporter.history.receiver import receiver_client
from exporter.polls import OrganizationPoll, Reading, ReportPoll, WorkspacesPoll
from exporter.settings import Settings
from exporter.windows import ranges, span

Say = Callable[[str], object]
Todo = Mapping[ReportPoll[Any], list[date]]

STANDARD_OUTPUT = "-"


@dataclass(frozen=True)
class Wanted:
    """The days from `since` to `until`, both included, into the file `output` or, without one, to the receiver.

    `-` is standard output. A file whose name holds %Y and %m is one for each month.
    `again`: days are read anew, and also those are sent that the ledger knows the receiver to have.
    """

    since: date
    until: date | None = None
    output: str | None = None
    again: bool = False


def history(
    settings: Settings, key: Credential, wanted: Wanted, say: Say, now: Callable[[], datetime] = utc_now
) -> int:
    """Write the wanted days; `say` how it went. 0 if all went well, 1 if a source or the receiver failed.

    Whatever ends it, no file is half-written, and given a ledger that outlasts it, nothing is read or pushed twice.
    Raises SettingsError.
    """
    days = _days(settings, wanted, now())
    files = _files(wanted.output or "", days)
    with _work_folder(wanted.output) as folder:
        run = _Run(_with_ledger(settings, folder), key, say, now)
        try:
            if wanted.output is None:
                done = asyncio.run(run.push(days, again=wanted.again))
            else:
                done = asyncio.run(run.collect(days, again=wanted.again)) and run.write(files, folder)
        finally:
            run.close()
        if done:
            shutil.rmtree(folder)
    return 0 if done else 1


def _days(settings: Settings, wanted: Wanted, now: datetime) -> list[date]:
    newest = report_day(now, settings.settle)
    # A receiver keeps the first value of a timestamp: unless told otherwise it gets what can no longer change.
    until = wanted.until or (newest if wanted.output else newest - settings.history.restate_days * DAY)
    if not wanted.since <= until <= newest:
        raise SettingsError(f"--since {wanted.since}, --until {until}: not in order, or not settled: {newest} is")
    return span(wanted.since, until)


def _with_ledger(settings: Settings, folder: Path) -> Settings:
    """The settings with a ledger in `folder` if they name none: a year is too much for memory."""
    if settings.storage.path:
        return settings
    storage = settings.storage.model_copy(update={"path": folder / "ledger.db"})
    return settings.model_copy(update={"storage": storage})


@contextmanager
def _work_folder(output: str | None) -> Iterator[Path]:
    """Beside the output, where a later run finds what an earlier one has read; else one that goes away."""
    if output in (None, STANDARD_OUTPUT):
        try:
            temporary = TemporaryDirectory(prefix="anthropic-exporter-", ignore_cleanup_errors=True)
        except OSError as error:
            raise SettingsError(f"no folder for temporary files, TMPDIR may name one: {error.strerror}") from None
        with temporary as name:
            yield Path(name)
        return
    folder = Path(f"{output}.work")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise SettingsError(f"--output: cannot make the folder {folder}: {error.strerror}") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        # Somebody else's, in a folder such as /tmp: a link in it could lead what we write to any file of ours.
        raise SettingsError(f"--output: {folder} is somebody else's or a link: remove it, or choose another place")
    yield folder


def _files(output: str, days: list[date]) -> dict[str, list[date]]:
    """The days by the file they go to."""
    if "%" not in output:
        return {output: days}
    if "%Y" not in output or "%m" not in output:
        raise SettingsError(f"--output: {output} needs both %Y and %m, which stand for the year and the month")
    files: dict[str, list[date]] = {}
    for day in days:
        files.setdefault(output.replace("%Y", f"{day:%Y}").replace("%m", f"{day:%m}"), []).append(day)
    return files


class _Run:
    """One run: the ledger stays open until `close`."""

    def __init__(self, settings: Settings, key: Credential, say: Say, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._key = key
        self._say = say
        self._now = now
        self._parts: Parts | None = None

    def close(self) -> None:
        if self._parts:
            self._parts.ledger.close()

    async def collect(self, days: list[date], *, again: bool) -> bool:
        """Read into the ledger what it lacks. Whether it has everything now."""
        async with http_client(self._settings) as http:
            parts = await self._opened(http)
            if not parts:
                return False
            return await self._read(parts, dict.fromkeys(parts.reports(), days), again=again)

    async def push(self, days: list[date], *, again: bool) -> bool:
        """Read what the ledger lacks, and send what the receiver lacks. Whether everything has arrived."""
        section = self._settings.history.remote_write
        async with http_client(self._settings) as http, receiver_client(section) as receiver:
            parts = await self._opened(http)
            pusher = parts.pusher(self._settings, receiver) if parts else None
            if not parts or not pusher:
                return False
            todo = {poll: days if again else sorted({*days} - pusher.pushed(poll)) for poll in parts.reports()}
            complete = await self._read(parts, todo, again=again)
            return await self._send(parts, pusher, todo) and complete

    async def _opened(self, http: httpx.AsyncClient) -> Parts | None:
        """The parts, once they know what the labels of days need."""
        parts = self._parts = Parts(self._settings, self._key, http, self._now, catches_up=False)
        if parts.ledger.trouble:
            raise SettingsError(
                f"storage.path: {parts.ledger.trouble}.\nA service that runs keeps its file to itself: stop it, or "
                "give this command a file of its own, such as --storage.path=history.db"
            )
        await parts.show_teams()
        for name in (OrganizationPoll.name, WorkspacesPoll.name):
            outcome = await parts.runner.run(name) if name in parts.runner.polls else None
            if outcome and outcome.error:
                self._say(f"{name}: {outcome.reason}: {outcome.message}. {outcome.hint}".strip())
        if parts.runner.labels_known():
            return parts
        self._say(
            "nothing is written: it would not have the labels that `serve` gives it. Without /me set `organization`"
        )
        return None

    async def _read(self, parts: Parts, todo: Todo, *, again: bool) -> bool:
        """Into the ledger, the newest first. Whether nothing is lacking any more."""
        lacking = todo if again else {poll: parts.days.lacking(poll, days, self._now()) for poll, days in todo.items()}
        with Progress("daily reports read", sum(map(len, lacking.values()))) as progress:
            reads = [self._read_days(parts, poll, days, progress) for poll, days in lacking.items()]
            errors = dict(zip(lacking, await asyncio.gather(*reads), strict=True))
        for poll, error in errors.items():
            if error:
                self._say(
                    f"{poll.name}: {error}. What was read is kept; to do without, --polls.{poll.name}.enabled=false"
                )
        if trouble := parts.ledger.trouble:
            self._say(f"the days cannot be kept: {trouble}")
        return not any(errors.values()) and not trouble

    async def _read_days(
        self, parts: Parts, poll: ReportPoll[Any], days: list[date], progress: Progress
    ) -> AdminApiError | None:
        async def read(first: date, last: date) -> AdminApiError | None:
            reading = Reading(poll.name, parts.api, parts.snapshots, self._now())
            try:
                read = await poll.read(reading, first, last)
                reading.check()
            except AdminApiError as error:
                return error
            await asyncio.to_thread(parts.days.keep, poll, read, reading.now)
            progress.step(len(read))
            return None

        return await each_range(ranges(days, poll.days_at_once), read)

    async def _send(self, parts: Parts, pusher: Pusher, todo: Todo) -> bool:
        """Newest first: see LivePush. Whether all that is held has arrived."""
        held = ((day, poll) for poll, days in todo.items() for day in parts.days.held(poll, days))
        queue = sorted(held, key=lambda one: one[0], reverse=True)
        samples = refused = 0
        with Progress("daily reports pushed", len(queue)) as progress:
            for day, poll in queue:
                try:
                    done = await pusher.push(poll, day)
                except PushError as error:
                    self._say(f"{poll.name} of {day} did not arrive: {error} {error.detail}".strip())
                    if error.reason is Reason.BAD_REQUEST:
                        self._say(f"If it is about time or order: its out-of-order window must reach back to {day}.")
                    return False
                samples, refused = samples + done.samples, refused + len(done.refused)
                progress.step()
        self._say(f"{samples} samples of {len(queue)} daily reports have arrived, {refused} were refused")
        return True

    def write(self, files: Mapping[str, list[date]], folder: Path) -> bool:
        """Write these days, which the ledger holds, to their files, each whole or not at all. Whether it worked."""
        with Progress("days written", sum(map(len, files.values()))) as progress:
            for name, days in files.items():
                try:
                    samples = self._write(name, days, folder, progress)
                except OSError as error:
                    self._say(f"{name} cannot be written: {error.strerror}")
                    return False
                except LedgerError as error:
                    self._say(f"{name} is not written: {error}")
                    return False
                self._say(f"{name}: {samples} samples of {len(days)} days")
        return True

    def _write(self, name: str, days: list[date], folder: Path, progress: Progress) -> int:
        parts = self._parts
        if parts is None:
            raise AssertionError
        text = SortedDays(folder, parts.runner.organization)
        for day in days:
            text.add(day, chain.from_iterable(parts.days.families(poll, day) for poll in parts.reports()))
            progress.step()
        if name == STANDARD_OUTPUT:
            text.write(sys.stdout.buffer)
        else:
            with (partial := folder / "partial").open("wb") as file:
                text.write(file)
            partial.replace(name)
        return text.samples
