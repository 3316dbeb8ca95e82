"""What every poll is: fetch, model, rows."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Generic, Protocol, TypeVar

from exporter.api.client import MAX_BODY_BYTES, MAX_VALUES, AdminApi, Params
from exporter.api.wire import Bucket, Endpoint
from exporter.catalog import USAGE_DIMENSIONS
from exporter.errors import AdminApiError, Cause, Reason
from exporter.exposition import Family
from exporter.ledger import Ledger
from exporter.model import dollars
from exporter.policy import Policy
from exporter.snapshots import ALWAYS, Period, Snapshots

log = logging.getLogger(__name__)

Model = TypeVar("Model")
Other = TypeVar("Other")
Row = TypeVar("Row")

_NAMED_IN_LOG = 3

MOST_BYTES, MOST_VALUES = 8 * MAX_BODY_BYTES, 8 * MAX_VALUES
"""Of the JSON of one run. A day of Claude Code of 100,000 people is about 160 MB and 7 million values; what is kept of
so much, and the series that are made of it, take a few times its bytes."""


class Held(Protocol):
    """Gives the newest model of this kind, whichever poll read it, or None."""

    def __call__(self, kind: type[Other], /) -> Other | None:
        """Look it up."""


class Reading:
    """One run of a poll: gives it rows and time, and counts what came and what was left out.

    In the `background`, all of its requests keep to half of the pace.
    """

    def __init__(
        self, poll: str, api: AdminApi, snapshots: Snapshots, now: datetime, *, background: bool = False
    ) -> None:
        self.api = api
        self._background = background
        self.now = now
        self.held = snapshots.model
        self.rows = 0
        self.skipped: dict[Cause, int] = {"wrong_type": 0, "currency": 0}
        self._length = self._values = 0
        self._poll = poll

    async def all(
        self,
        endpoint: Endpoint[Row],
        params: Params | None = None,
        *,
        counted: bool = True,
        **path: str,
    ) -> AsyncIterator[Row]:
        """The rows of all pages; not `counted` where it is another look at the same rows.

        Raises AdminApiError, also where this run has read more than any organization can have.
        """
        async for rows in self._pages(endpoint, params, counted=counted, **path):
            for row in rows:
                yield row

    async def each(self, endpoint: Endpoint[Row], params: Params, take: Callable[[Row], None]) -> None:
        """Give each row to `take`, in a thread, so that scrapes go on where rows are many. Raises as `all` does."""
        async for rows in self._pages(endpoint, params):
            await asyncio.to_thread(_give, rows, take)

    async def _pages(
        self, endpoint: Endpoint[Row], params: Params | None, *, counted: bool = True, **path: str
    ) -> AsyncIterator[list[Row]]:
        async for page in self.api.pages(endpoint, params, background=self._background, **path):
            self._length += page.length
            self._values += page.values
            if self._length > MOST_BYTES or self._values > MOST_VALUES:
                most = f"{MOST_BYTES >> 20} MiB or {MOST_VALUES:,} values"
                raise AdminApiError(Reason.BAD_RESPONSE, f"{endpoint.path}: more than {most} for one poll")
            if counted:
                self.rows += sum(map(_size, page.rows)) + len(page.wrong)
                for where in page.wrong:
                    self.skip("wrong_type", where)
            yield page.rows

    def skip(self, cause: Cause, where: str) -> None:
        """Count a row, or an amount in it, as left out; `where` says what was wrong without its content."""
        self.skipped[cause] += 1
        if self.skipped[cause] <= _NAMED_IN_LOG:
            log.warning("row skipped", extra={"poll": self._poll, "cause": cause, "where": where})

    def dollars(self, cents: Decimal, currency: str, where: str) -> Decimal | None:
        """US dollars of an amount in cents; None, counted as left out, if it is in another currency or can be none."""
        if currency != "USD":
            self.skip("currency", f"{where} in another currency than USD")
            return None
        try:
            return dollars(cents)
        except ValueError as error:
            self.skip("wrong_type", f"{where}: {error}")
            return None

    def check(self) -> None:
        """Raise AdminApiError if so many rows are of a wrong type that it cannot be one odd row."""
        wrong = self.skipped["wrong_type"]
        if wrong and (wrong >= self.rows or (wrong > 1 and wrong > self.rows / 100)):
            raise AdminApiError(Reason.BAD_RESPONSE, f"{wrong} of {self.rows} rows are of a wrong type")


def _give(rows: Iterable[Row], take: Callable[[Row], None]) -> None:
    for row in rows:
        take(row)


def _size(row: object) -> int:
    """How many rows it is: those of a bucket are what the report is about."""
    return len(row.results) if isinstance(row, Bucket) else 1


class Poll(ABC, Generic[Model]):
    """One source of the API. A poll returns; the runner schedules, measures and publishes.

    `settle`: how long after its end a day counts as complete; `group_by`: the dimensions of usage; `policy`: how people
    appear.
    """

    name: ClassVar[str]
    interval: ClassVar[timedelta]
    """How often, unless the settings say otherwise."""
    reads: ClassVar[tuple[type, ...]] = ()
    """Models of other polls that `families` looks at: a new one has the rows made again."""
    in_background: ClassVar[bool] = False
    """Whether its many requests keep to half of the pace, so that they delay nothing else."""
    max_age: ClassVar[timedelta] = timedelta(days=3650)
    """An age past which the series are withdrawn even if the settings allow more."""

    def __init__(
        self, settle: timedelta, group_by: Iterable[str] = USAGE_DIMENSIONS, policy: Policy | None = None
    ) -> None:
        self.settle = settle
        self.group_by = tuple(group_by)
        self.policy = policy or Policy()

    @abstractmethod
    async def fetch(self, reading: Reading) -> Model:
        """Read the source, whole. Raises AdminApiError."""

    @abstractmethod
    def families(self, model: Model, held: Held) -> Iterable[Family]:
        """The series of `model`; `held` gives the newest model of another poll, or None."""

    def lasting(self, model: Model) -> Iterable[Family]:
        """Series that outlive a withdrawal."""
        return ()

    def remember(self, model: Model, ledger: Ledger) -> Iterable[object]:
        """Further models, which the ledger makes of `model` and of what it has seen before."""
        return ()

    def true(self, model: Model) -> Period:
        """When what `families` says is true."""
        return ALWAYS

    def also_due(self, now: datetime) -> datetime | None:
        """An instant after `now` at which the poll is due whatever its interval."""
        return None
