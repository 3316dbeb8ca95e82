"""Pages: the family of `after_id` and `last_id`, and that of `page` and `next_page`.

A cursor carries the moment at which its walk began, so that all pages of one walk over the running day agree; it is
bound to the query it was made for.
"""

import base64
import binascii
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from exporter.demo import parameters
from exporter.demo.chance import digest
from exporter.demo.errors import bad_request
from exporter.demo.parameters import Query, Rules

BY_ID: Rules = {"limit": parameters.limit, "after_id": parameters.text, "before_id": parameters.text}
BY_CURSOR: Rules = {"limit": parameters.limit, "page": parameters.text}


@dataclass(frozen=True, slots=True)
class IdPage:
    """The ids on one page, whether more follow in the direction of the walk, and the page's number from 1."""

    ids: Sequence[str]
    has_more: bool
    number: int = 1

    def envelope(self, data: Sequence[object]) -> dict[str, object]:
        """Return the JSON around the page's rows."""
        first, last = (self.ids[0], self.ids[-1]) if self.ids else (None, None)
        return {"data": data, "first_id": first, "last_id": last, "has_more": self.has_more}


def id_page(order: Sequence[str], shown: Collection[str], query: Query) -> IdPage:
    """Cut a page out of a list.

    `order` has every id there ever was: a cursor stays good when its row is no longer among `shown`.
    """
    after, before, limit = query.text("after_id"), query.text("before_id"), query.limit
    if after is not None and before is not None:
        raise bad_request("after_id, before_id: at most one of them may be given")
    if before is not None:
        left = [one for one in order[: _place(order, "before_id", before)] if one in shown]
        return IdPage(left[-limit:], len(left) > limit)
    start = 0 if after is None else _place(order, "after_id", after) + 1
    left = [one for one in order[start:] if one in shown]
    earlier = len(shown) - len(left)
    return IdPage(left[:limit], len(left) > limit, 1 + -(-earlier // limit))


def _place(order: Sequence[str], name: str, cursor: str) -> int:
    try:
        return order.index(cursor)
    except ValueError:
        raise bad_request(f"{name}: no such id") from None


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the walk over the answer to one query, as it was at one moment."""

    organization: str
    asked: object
    """The query; its text tells queries apart."""
    moment: datetime
    """When the walk began, in whole minutes: it says up to when all of its pages tell."""
    offset: int

    def encode(self) -> str:
        """Return the opaque text for `next_page`."""
        content = json.dumps([self.moment.isoformat(), self.offset, self._seal()], separators=(",", ":"))
        return "page_" + base64.urlsafe_b64encode(content.encode()).decode()

    def at(self, offset: int) -> "Cursor":
        """Return the cursor to another place in the same walk."""
        return replace(self, offset=offset)

    def _seal(self) -> str:
        return digest(self.organization, self.asked, self.moment.isoformat(), self.offset).hex()


def decode(text: str, organization: str, asked: object) -> Cursor:
    """Read a cursor back. Raises ApiError if it is not one, or belongs to another query."""
    try:
        moment, offset, seal = json.loads(base64.b64decode(text.removeprefix("page_"), b"-_", validate=True))
        cursor = Cursor(organization, asked, datetime.fromisoformat(moment), int(offset))
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError):
        raise bad_request("page: not a valid cursor") from None
    if not text.startswith("page_") or cursor._seal() != seal:  # noqa: SLF001 - its own module
        raise bad_request("page: the cursor belongs to another query; keep all parameters while paging")
    return cursor


def cursor_of(text: str | None, organization: str, asked: object, now: datetime) -> Cursor:
    """Return the cursor a request came with, or that of a walk which begins with it. Raises ApiError."""
    if text is None:
        return Cursor(organization, asked, now.replace(second=0, microsecond=0), 0)
    return decode(text, organization, asked)
