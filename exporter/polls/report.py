"""What the polls of reports have in common: whole UTC days, the report day first among them, and the open ones."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from exporter.api.client import Params
from exporter.api.wire import Bucket, Endpoint
from exporter.catalog import Metric
from exporter.days import DAY, day_start, next_midnight, next_report, report_day, utc_day
from exporter.errors import AdminApiError, Reason
from exporter.exposition import Family, family
from exporter.model import Day, Open
from exporter.polls.base import Poll, Reading
from exporter.snapshots import Period
from exporter.windows import Days, span

Row = TypeVar("Row")
AnyDay = TypeVar("AnyDay", bound=Day[Any, Any])
AnyOpen = TypeVar("AnyOpen", bound=Open[Any, Any])

_encoder = msgspec.msgpack.Encoder()
_PAIR = b"\x92"


async def rows_by_day(
    reading: Reading, endpoint: Endpoint[Bucket[Row]], params: Params, first: date, last: date
) -> AsyncIterator[tuple[date, Row]]:
    """The rows of a report by buckets, from `first` to `last`, both included, with the day they belong to."""
    query = {**params, "starting_at": _text(day_start(first)), "bucket_width": "1d"}
    if last < utc_day(reading.now):
        # The reference promises buckets that end before `ending_at`. Whether one that ends just then is among them it
        # does not say: a minute more makes it sure, and what is too much is left out below.
        query["ending_at"] = _text(day_start(last + DAY) + timedelta(minutes=1))
    async for bucket in reading.all(endpoint, query):
        day = utc_day(bucket.starting_at)
        if first <= day <= last:
            for row in bucket.results:
                yield day, row


def _array(rows: Collection[object]) -> bytes:
    """An array of msgpack, row by row: of ten thousand at once, nothing else would run meanwhile."""
    return b"\xdd" + len(rows).to_bytes(4) + b"".join([_encoder.encode(row) for row in rows])


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


class ReportPoll(Poll[AnyDay], Generic[AnyDay]):
    """A report whose settled days are kept: the poll reads the report day, others are read when they are missing."""

    interval = timedelta(hours=1)
    model: ClassVar[type[Day[Any, Any]]]
    content: ClassVar[Any]
    """The type of the pairs of `Day.by`."""
    format: ClassVar[int] = 1
    """Of what is kept. Another one has the kept days read again."""
    kept: ClassVar[type[Days[Any]]]
    kept_content: ClassVar[Any]
    """The type of the pairs of a digest."""
    days_at_once: ClassVar[int] = 1
    """How many days one request may ask for."""
    report_day: ClassVar[Metric]

    @property
    def shape(self) -> str:
        """How a day is read and kept: days of another shape cannot stand beside it."""
        return str(self.format)

    @property
    def teams_when_read(self) -> bool:
        """Whether days are read again when other people are in other teams."""
        return False

    def incomplete(self, digest: Mapping[Any, Any], age: timedelta) -> bool:
        """Whether a restored day of this age lacks what is not kept, so that it has to be read again."""
        return False

    def beside(self, days: Any) -> Iterable[object]:  # noqa: ANN401
        """Further models, made of the settled days that are held: a value of `kept`."""
        return ()

    @abstractmethod
    async def read(self, reading: Reading, first: date, last: date) -> list[AnyDay]:
        """The days from `first` to `last`, both included, those without any row too. Raises AdminApiError."""

    @abstractmethod
    def digest(self, day: AnyDay) -> Mapping[Any, Any]:
        """What windows need of a day: a value of `kept`."""

    def encode(self, day: AnyDay, digest: Mapping[Any, Any]) -> bytes:
        """A day as it is kept: its digest first, which a start can then have without the rest.

        Raises AdminApiError for a sum that nobody can have reached, and that no msgpack holds.
        """
        try:
            return _PAIR + _array(digest.items()) + _array(day.by.items())
        except OverflowError:
            raise AdminApiError(Reason.BAD_RESPONSE, f"{self.name}: a sum beyond all bounds") from None

    def decode(self, day: date, content: bytes) -> AnyDay:
        """A kept day. Raises msgspec.DecodeError or ArithmeticError if it is none of this shape."""
        _, pairs = msgspec.msgpack.decode(content, type=tuple[msgspec.Raw, list[self.content]])  # type: ignore[name-defined]
        return self.model(day, dict(pairs))  # type: ignore[return-value]

    def decode_digest(self, content: bytes) -> dict[Any, Any]:
        """The digest of a kept day. Raises as `decode` does."""
        pairs, _ = msgspec.msgpack.decode(content, type=tuple[list[self.kept_content], msgspec.Raw])  # type: ignore[name-defined]
        return dict(pairs)

    async def fetch(self, reading: Reading) -> AnyDay:
        """Read the report day."""
        day = report_day(reading.now, self.settle)
        (whole,) = await self.read(reading, day, day)
        return whole

    def also_due(self, now: datetime) -> datetime | None:
        """As soon as another day is the report day."""
        return next_report(now, self.settle)

    def lasting(self, model: AnyDay) -> Iterable[Family]:
        """Which day it is."""
        yield family(self.report_day, {(): day_start(model.day).timestamp()})


class OpenPoll(Poll[AnyOpen], Generic[AnyOpen]):
    """A report on the days that are not complete yet. The series are those of the running day; gone at midnight."""

    interval = timedelta(minutes=15)
    max_age = timedelta(hours=3)

    def open_days(self, now: datetime) -> tuple[date, date]:
        """The first and the last one at `now`."""
        return report_day(now, self.settle) + DAY, utc_day(now)

    def true(self, model: AnyOpen) -> Period:
        """During the running day."""
        start = day_start(model.running.day)
        return Period(start, next_midnight(start))

    def also_due(self, now: datetime) -> datetime | None:
        """As soon as another day runs: budgets speak of the current month."""
        return next_midnight(now)


def empty_days(first: date, last: date) -> dict[date, dict[Any, Any]]:
    """Sums to fill, for each of these days."""
    return {day: {} for day in span(first, last)}
