"""Reports by day; the encoded rows of what was asked for lately are kept, which makes their pages cheap."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from exporter.demo import buckets, wire
from exporter.demo.activity import Day
from exporter.demo.answers import Call, Reply, encoded
from exporter.demo.memory import Memory
from exporter.demo.organization import TRAFFIC_HELD_BACK, Organization, Told
from exporter.demo.pages import Cursor, cursor_of
from exporter.demo.ranges import Asked, asked

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Kind:
    """A report with a bucket per day: its name, and what makes the rows of one."""

    name: str
    rows: Callable[[Organization, Day, Asked], list[wire.Json]]


class Reports:
    """The three reports, and what they remember together."""

    def __init__(self) -> None:
        self._memory = Memory()

    def claude_code(self, call: Call) -> Reply:
        """GET /usage_report/claude_code: one UTC day, a row per actor and place."""
        day, limit, organization = call.query.day("starting_at"), call.query.limit, call.organization
        cursor = cursor_of(call.query.text("page"), organization.id, (day, limit), call.now)
        told = organization.told(day, cursor.moment)
        rows = self._memory.rows(
            (organization.id, "claude_code", day, told), lambda: _claude_code_rows(organization, day, told)
        )
        end = min(cursor.offset + limit, len(rows))
        extra = b',"data_through":' + encoded(wire.timestamp(told.boundary)) if organization.options.quirks else b""
        return _reply(cursor, limit, rows[cursor.offset : end], has_more=end < len(rows), extra=extra)

    def usage(self, call: Call) -> Reply:
        """GET /usage_report/messages: tokens and web searches, a bucket per UTC day."""
        return self._by_day(call, Kind("usage", _usage_rows))

    def cost(self, call: Call) -> Reply:
        """GET /cost_report: what is billed, a bucket per UTC day."""
        return self._by_day(call, Kind("cost", _cost_rows))

    def _by_day(self, call: Call, kind: Kind) -> Reply:
        query, organization = asked(call), call.organization
        cursor = cursor_of(call.query.text("page"), organization.id, (kind.name, query), call.now)
        left = max((query.last(cursor.moment.date()) - query.first).days + 1 - cursor.offset, 0)
        days = [query.first + (cursor.offset + number) * DAY for number in range(min(query.limit, left))]
        data = [self._bucket(organization, day, cursor.moment, query, kind) for day in days]
        extra = b',"refreshed_at":' + encoded(wire.timestamp(cursor.moment)) if organization.options.quirks else b""
        return _reply(cursor, query.limit, data, has_more=left > query.limit, extra=extra)

    def _bucket(self, organization: Organization, day: date, moment: datetime, query: Asked, kind: Kind) -> bytes:
        """Return one day's bucket; `moment` is when the walk began."""
        told = organization.told(day, moment, TRAFFIC_HELD_BACK)

        def make() -> list[bytes]:
            return [encoded(row) for row in kind.rows(organization, organization.traffic_known(day, told), query)]

        place = (organization.id, kind.name, day, told, query.groups, query.filters, query.speed)
        results = b",".join(self._memory.rows(place, make))
        times = f'"starting_at":"{day}T00:00:00Z","ending_at":"{day + DAY}T00:00:00Z"'
        extra = b',"granularity":"day"' if organization.options.quirks else b""
        return b'{%s,"results":[%s]%s}' % (times.encode(), results, extra)


def _claude_code_rows(organization: Organization, day: date, told: Told) -> list[bytes]:
    known = organization.known(day, told)
    return [encoded(row) for row in wire.claude_code_rows(known, organization.id)]


def _usage_rows(organization: Organization, day: Day, query: Asked) -> list[wire.Json]:
    return buckets.usage_rows(day, query, organization.default_workspace.id, quirks=organization.options.quirks)


def _cost_rows(organization: Organization, day: Day, query: Asked) -> list[wire.Json]:
    return buckets.cost_rows(day, query, quirks=organization.options.quirks)


def _reply(cursor: Cursor, limit: int, data: list[bytes], *, has_more: bool, extra: bytes) -> Reply:
    """Return a page of a report, which begins where the cursor says."""
    onward = cursor.at(cursor.offset + len(data)).encode()
    tail = b'],"has_more":%s,"next_page":%s' % (encoded(has_more), encoded(onward if has_more else None))
    body = b'{"data":[' + b",".join(data) + tail + extra + b"}"
    return Reply(body, 1 + -(-cursor.offset // limit), onward)
