"""What a setting may be: durations, URLs, addresses, lists of words. What is wrong is told with what is allowed."""

import fnmatch
import ipaddress
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, timedelta
from typing import Annotated, Any, get_args
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from exporter.catalog import API_METRICS, DAILY_METRICS
from exporter.errors import nearest
from exporter.policy import Droppable

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d|w)")


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    text = str(value)
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError("write a duration with its unit, such as 30s, 10m, 2h, 1h30m or 1d")
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))


Duration = Annotated[timedelta, BeforeValidator(_duration)]


def duration_text(value: timedelta) -> str:
    """`value` as it is written in settings: the largest unit that fits."""
    seconds = value.total_seconds()
    unit = next((unit for unit in ("d", "h", "m", "s") if seconds and seconds % _UNITS[unit] == 0), "s")
    return f"{seconds / _UNITS[unit]:.0f}{unit}"


def _day(value: object) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("write a day, such as 2027-03-31") from None


Day = Annotated[date, BeforeValidator(_day)]


def _parts(url: str, wanted: str) -> SplitResult:
    """The parts of an http or https URL. Raises ValueError, which repeats nothing of it: there may be a password."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in ("https", "http") and parts.hostname and parts.port != 0:
            return parts
    raise ValueError(f"write {wanted}")


def _base_url(url: str) -> str:
    wanted = "https://HOST[:PORT][/PATH]"
    parts = _parts(url, wanted)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"write {wanted}")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("the key would travel in plain: use https (http is for loopback addresses only)")
    return url.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base_url)]


def is_loopback(host: str | None) -> bool:
    """Whether `host` can only be this machine."""
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def http_proxy(url: str) -> str:
    """`url`, if it is that of an HTTP proxy. Raises ValueError."""
    _parts(url, "http://HOST:PORT or https://HOST:PORT, and special characters of a password as %40")
    return url


ProxyUrl = Annotated[str, AfterValidator(http_proxy)]


def address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; the host is empty for all addresses. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535 or (":" in host and not host.startswith("[")):
        raise ValueError("write HOST:PORT, such as 127.0.0.1:10204, [::1]:10204 or :10204 for all addresses")
    return host.strip("[]"), int(port)


def _listen_address(text: str) -> str:
    address(text)
    return text


ListenAddress = Annotated[str, AfterValidator(_listen_address)]


Interval = Annotated[Duration, Field(ge=timedelta(milliseconds=100), le=timedelta(days=1))]


_DIMENSIONS = (
    "account_id",
    "api_key_id",
    "context_window",
    "inference_geo",
    "model",
    "service_account_id",
    "service_tier",
    "speed",
    "workspace_id",
)
_MOST_DIMENSIONS = 5


def _words(value: object) -> object:
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _dimensions(names: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := [name for name in names if name not in _DIMENSIONS]:
        raise ValueError(f"{wrong[0]} is no dimension of usage: there are {', '.join(_DIMENSIONS)}")
    if len(names) > _MOST_DIMENSIONS or len(set(names)) < len(names):
        raise ValueError(f"name at most {_MOST_DIMENSIONS} different dimensions, as the API allows no more")
    return names


Dimensions = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_dimensions)]


def _droppable(names: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := [name for name in names if name not in get_args(Droppable)]:
        raise ValueError(f"{wrong[0]} is no label that can be dropped: there are {', '.join(get_args(Droppable))}")
    return names


Droppables = Annotated[tuple[Any, ...], NoDecode, BeforeValidator(_words), AfterValidator(_droppable)]


def families(patterns: Iterable[str]) -> frozenset[str]:
    """The names of the metrics made from the API that match one of these names and globs."""
    return frozenset(name for pattern in patterns for name in fnmatch.filter(_FAMILIES, pattern))


def _families(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        if not fnmatch.filter(_FAMILIES, pattern):
            raise ValueError(f"{pattern} matches no metric that is made from the API{nearest(pattern, _FAMILIES)}")
    return patterns


_FAMILIES = [metric.name for metric in API_METRICS + DAILY_METRICS]
Families = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_families)]


def _remote_write_url(url: str) -> str:
    wanted = "the whole URL, such as http://127.0.0.1:9090/api/v1/write, without user and password"
    parts = _parts(url, wanted)
    if not parts.path.strip("/") or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"write {wanted}")
    return url


RemoteWriteUrl = Annotated[str, AfterValidator(_remote_write_url)]


_OURS = {"authorization", "content-type", "content-encoding", "content-length", "host"}


def _headers(value: object) -> object:
    """Headers as a mapping, or as text: NAME=VALUE,NAME=VALUE."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if any(not equals for _, equals, _ in pairs):
        raise ValueError("write NAME=VALUE, several with commas between")
    return {name.strip(): text.strip() for name, _, text in pairs}


def _no_header_of_ours(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not value.isprintable() or not value.isascii():
            raise ValueError(f"{name} is no header with a value of printable ASCII")
        if name.lower() in _OURS or name.lower().startswith("x-prometheus-remote-write"):
            raise ValueError(f"{name} is not yours to set (for authorization there are username and the token's file)")
    return headers


Headers = Annotated[dict[str, str], NoDecode, BeforeValidator(_headers), AfterValidator(_no_header_of_ours)]
