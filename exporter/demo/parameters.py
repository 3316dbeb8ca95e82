"""Query parameters, read strictly: what is not documented is refused.

API reference: arrays are spelled `name[]` and repeated; everything else may appear once.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from urllib.parse import parse_qsl

from exporter.demo.errors import bad_request

Reader = Callable[[str, str], object]
"""From a parameter's name and text to its value; raises ApiError."""
Rules = Mapping[str, Reader]

DEFAULT_LIMIT = 20
LARGEST_LIMIT = 1000
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")


class Query:
    """The parameters of one request."""

    def __init__(self, text: str, rules: Rules) -> None:
        self.values: dict[str, list[object]] = {}
        for name, value in parse_qsl(text, keep_blank_values=True):
            if name not in rules:
                raise bad_request(f"{name}: Extra inputs are not permitted")
            if name in self.values and not name.endswith("[]"):
                raise bad_request(f"{name}: given more than once")
            self.values.setdefault(name, []).append(rules[name](name, value))

    @property
    def limit(self) -> int:
        """Rows on a page; 20 unless asked otherwise."""
        return self.number("limit", DEFAULT_LIMIT)

    def number(self, name: str, default: int) -> int:
        """Return a number, or what is meant if it was not given."""
        value = self._one(name)
        return value if isinstance(value, int) else default

    def text(self, name: str) -> str | None:
        """Return a text that was given."""
        value = self._one(name)
        return value if isinstance(value, str) else None

    def day(self, name: str) -> date:
        """Return a day that must be given. Raises ApiError."""
        value = self._one(name)
        if not isinstance(value, date):
            raise bad_request(f"{name}: Field required")
        return value

    def instant(self, name: str) -> datetime | None:
        """Return an instant that was given, in UTC."""
        value = self._one(name)
        return value if isinstance(value, datetime) else None

    def flag(self, name: str) -> bool:
        """Return whether a flag was given as true."""
        return self._one(name) is True

    def texts(self, name: str) -> Collection[str] | None:
        """Return the values of an array, None if it was not given."""
        return {str(value) for value in self.values[name]} if name in self.values else None

    def _one(self, name: str) -> object:
        return self.values.get(name, [None])[0]


def text(_name: str, value: str) -> str:
    """Take any text."""
    return value


def whole(least: int, most: int) -> Reader:
    """Take a whole number within bounds."""

    def read(name: str, value: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
            raise bad_request(f"{name}: Input should be a valid integer, unable to parse string as an integer")
        if not least <= int(value) <= most:
            raise bad_request(f"{name}: Input should be between {least} and {most}")
        return int(value)

    return read


limit = whole(1, LARGEST_LIMIT)
"""Take a whole number from 1 to 1000."""


def flag(name: str, value: str) -> bool:
    """Take `true` or `false`."""
    if value not in ("true", "false"):
        raise bad_request(f"{name}: Input should be a valid boolean")
    return value == "true"


def day(name: str, value: str) -> date:
    """Take a plain `YYYY-MM-DD`; a time of day is refused."""
    try:
        if DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise bad_request(f"{name}: Input should be a valid date in the format YYYY-MM-DD")


def instant(name: str, value: str) -> datetime:
    """Take a time with its zone, or a plain date for the midnight it begins with."""
    try:
        if DAY.fullmatch(value):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        if INSTANT.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise bad_request(f"{name}: Input should be a valid RFC 3339 time with a zone, such as 2026-11-20T00:00:00Z")


def one_of(*allowed: str) -> Reader:
    """Take one of some words."""

    def read(name: str, value: str) -> str:
        if value not in allowed:
            raise bad_request(f"{name}: Input should be one of {', '.join(allowed)}")
        return value

    return read
