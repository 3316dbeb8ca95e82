"""One page of a list: its rows, good and bad, and where the next page is.

Admin API reference, "pagination": lists go on after their last id, reports at an opaque cursor.
"""

import json
from decimal import Decimal
from functools import cache, partial
from typing import Any, NoReturn, TypeVar, get_args

import msgspec

from exporter.api.wire import Endpoint, Page
from exporter.errors import AdminApiError, Reason

Row = TypeVar("Row")
Parsed = TypeVar("Parsed")

MAX_CURSOR_LENGTH = 4096


def values(body: bytes) -> int:
    """How many JSON values `body` holds at most: each but the first follows a comma or opens a list or an object.

    What a body needs in memory depends on them more than on its length.
    """
    return 1 + len(body) - len(body.translate(None, b",[{"))


def parsed(decoder: msgspec.json.Decoder[Parsed], body: bytes) -> Parsed:
    """What `decoder` makes of `body`. Raises msgspec.DecodeError, for what msgspec itself has other errors for too."""
    try:
        return decoder.decode(body)
    except (RecursionError, UnicodeDecodeError) as error:
        raise msgspec.DecodeError(f"no JSON that can be read: {type(error).__name__}") from None


def decode(endpoint: Endpoint[Row], body: bytes) -> tuple[Page[Row], list[str]]:
    """The page, and what was wrong with rows that are left out: types and places, no content.

    Raises AdminApiError if it is no page at all.
    """
    try:
        return parsed(_decoder(endpoint), body), []
    except msgspec.DecodeError:
        return _decode_row_by_row(endpoint, body)


@cache
def _decoder(endpoint: Endpoint[Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(Page[endpoint.row])  # type: ignore[name-defined]


def next_cursor(endpoint: Endpoint[Row], page: Page[Row]) -> str | None:
    """The cursor of the next page, or None after the last. Raises AdminApiError if it is promised and not given."""
    if not endpoint.rows_have_ids:
        return page.next_page or None if page.has_more is not False else None
    if page.has_more and not page.last_id:
        raise AdminApiError(Reason.BAD_RESPONSE, f"{endpoint.path}: more pages are said to follow, but no last_id")
    return page.last_id if page.has_more else None


def expect_sendable(endpoint: Endpoint[Any], text: str) -> None:
    """Raise AdminApiError if `text` is no cursor and no id that a URL can hold, or one that leads to another path."""
    if not (text.isascii() and text.isprintable()) or len(text) > MAX_CURSOR_LENGTH or text in ("", ".", ".."):
        raise AdminApiError(Reason.BAD_RESPONSE, f"{endpoint.path}: an id or a cursor that no request can hold")


def expect_new(endpoint: Endpoint[Row], seen: set[str], page: Page[Row]) -> None:
    """Add the page's ids and its cursor to those `seen`.

    Raises AdminApiError if one of them was there, or the cursor is none.
    """
    new = [row.id for row in page.data] if endpoint.rows_have_ids else []  # type: ignore[attr-defined]
    if cursor := next_cursor(endpoint, page):
        expect_sendable(endpoint, cursor)
        new.append(f"cursor {cursor}")
    before = len(seen)
    seen.update(new)
    if len(seen) != before + len(new):
        raise AdminApiError(Reason.BAD_RESPONSE, f"{endpoint.path}: an id or a cursor repeats")


class _Loose(msgspec.Struct):
    data: list[Any]
    has_more: bool | None = None
    next_page: str | None = None
    last_id: str | None = None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _whole_number(text: str) -> int | Decimal:
    return int(text) if len(text) < 20 else Decimal(text)  # Python refuses to read an int of thousands of digits


_loads = partial(json.loads, parse_float=Decimal, parse_int=_whole_number, parse_constant=_no_number)


def _decode_row_by_row(endpoint: Endpoint[Row], body: bytes) -> tuple[Page[Row], list[str]]:
    """A page in which a row is of a wrong type, or a string is not Unicode (which only `json` reads).

    Raises AdminApiError if it is no page at all.
    """
    try:
        loose = msgspec.convert(_loads(body), _Loose)
    except (msgspec.ValidationError, ValueError, RecursionError, ArithmeticError) as error:
        what = str(error) if isinstance(error, msgspec.ValidationError) else "the body is not JSON"
        raise AdminApiError(Reason.BAD_RESPONSE, f"{endpoint.path}: {what}") from None
    page: Page[Row] = Page([], loose.has_more, loose.next_page, loose.last_id)
    wrong = []
    for number, row in enumerate(loose.data):
        inner = row.get("results") if isinstance(row, dict) else None
        if isinstance(inner, list):  # of a bucket one row may be wrong, and the others right
            row["results"], problems = _right(inner, _type_of_results(endpoint))
            wrong += [f"bucket {number}, {problem}" for problem in problems]
        try:
            page.data.append(_converted(row, endpoint.row))
        except msgspec.ValidationError as error:
            wrong.append(f"row {number}: {error}")
    return page, wrong


def _converted(row: Any, kind: Any) -> Any:  # noqa: ANN401
    """The row as one of this kind. Raises msgspec.ValidationError, for what msgspec itself has other errors for too."""
    try:
        return msgspec.convert(row, kind)
    except (RecursionError, UnicodeEncodeError) as error:
        raise msgspec.ValidationError(type(error).__name__) from None


def _right(rows: list[Any], kind: Any) -> tuple[list[Any], list[str]]:  # noqa: ANN401
    """Those that are of this kind, and what is wrong with the others."""
    right, wrong = [], []
    for number, row in enumerate(rows):
        try:
            _converted(row, kind)
        except msgspec.ValidationError as error:
            wrong.append(f"row {number}: {error}")
        else:
            right.append(row)
    return right, wrong


def _type_of_results(endpoint: Endpoint[Any]) -> Any:  # noqa: ANN401
    arguments = get_args(endpoint.row)
    return arguments[0] if arguments else Any
