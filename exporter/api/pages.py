"""One page of a list: its rows, good and bad, and where the next page is.

Admin API reference, "pagination": lists go on after their last id, reports at an opaque cursor.
"""

import json
from decimal import Decimal
from functools import cache
from typing import Any, NoReturn, TypeVar, get_args

import msgspec

from exporter.api.wire import Endpoint, Page
from exporter.errors import AdminApiError, Reason

Row = TypeVar("Row")


def decode(endpoint: Endpoint[Row], body: bytes) -> tuple[Page[Row], list[str]]:
    """The page, and what was wrong with rows that are left out: types and places, no content.

    Raises AdminApiError if it is no page at all.
    """
    try:
        page: Page[Row] = _decoder(endpoint).decode(body)
    except msgspec.DecodeError:
        return _decode_row_by_row(endpoint, body)
    return page, []


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


def expect_new(endpoint: Endpoint[Row], seen: set[str], page: Page[Row]) -> None:
    """Add the page's ids and its cursor to those `seen`. Raises AdminApiError if one of them was there."""
    new = [row.id for row in page.data] if endpoint.rows_have_ids else []  # type: ignore[attr-defined]
    if cursor := next_cursor(endpoint, page):
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


def _decode_row_by_row(endpoint: Endpoint[Row], body: bytes) -> tuple[Page[Row], list[str]]:
    """A page in which a row is of a wrong type, or a string is not Unicode (which only `json` reads).

    Raises AdminApiError if it is no page at all.
    """
    try:
        loose = msgspec.convert(json.loads(body, parse_float=Decimal, parse_constant=_no_number), _Loose)
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
            page.data.append(msgspec.convert(row, endpoint.row))
        except msgspec.ValidationError as error:
            wrong.append(f"row {number}: {error}")
    return page, wrong


def _right(rows: list[Any], kind: Any) -> tuple[list[Any], list[str]]:  # noqa: ANN401
    """Those that are of this kind, and what is wrong with the others."""
    right, wrong = [], []
    for number, row in enumerate(rows):
        try:
            msgspec.convert(row, kind)
        except msgspec.ValidationError as error:
            wrong.append(f"row {number}: {error}")
        else:
            right.append(row)
    return right, wrong


def _type_of_results(endpoint: Endpoint[Any]) -> Any:  # noqa: ANN401
    arguments = get_args(endpoint.row)
    return arguments[0] if arguments else Any
