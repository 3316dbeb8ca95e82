"""Faults that can be asked for: their text form, and which of them strikes a request.

`users:429,retry-after=2,times=3` makes the next three requests for /users fail with 429.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

ENDPOINTS = (
    "me", "users", "invites", "workspaces", "workspace_members", "api_keys", "claude_code", "claude_code_today",
    "usage", "usage_today", "cost", "cost_today", "all",
)  # fmt: skip
KINDS = (
    "401", "403", "404", "429", "500", "529", "html", "cut", "hang", "drop", "cut-connection", "drip", "redirect",
    "wrong-row", "wrong-rows", "repeat-cursor", "huge",
)  # fmt: skip
OPTIONS = {"after": "after", "times": "times", "for": "seconds", "retry-after": "retry_after", "page": "page"}


class FaultError(ValueError):
    """A fault's text is not understood; the message names what is allowed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, at one endpoint, for ever unless an option says otherwise."""

    endpoint: str
    kind: str
    after: int = 0
    """This many requests are fine before the first that fails."""
    times: int | None = None
    """How many requests fail before all is well again."""
    seconds: int | None = None
    """How long it lasts from the start, `for=` in the text."""
    retry_after: int | None = None
    """Seconds in the `retry-after` header of a 429 or 529."""
    page: int | None = None
    """Only from this page of a walk on, counted from 1."""

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Read `ENDPOINT:KIND[,option=value...]`. Raises FaultError."""
        head, *settings = text.split(",")
        endpoint, _, kind = (part.strip() for part in head.partition(":"))
        if endpoint not in ENDPOINTS:
            raise FaultError(f"fault {text!r}: endpoint {endpoint!r} is not one of {', '.join(ENDPOINTS)}")
        if kind not in KINDS:
            raise FaultError(f"fault {text!r}: kind {kind!r} is not one of {', '.join(KINDS)}")
        return cls(endpoint, kind, **dict(_option(text, setting) for setting in settings))

    def __str__(self) -> str:
        """Give back the text it can be parsed from."""
        values = {name: getattr(self, field) for name, field in OPTIONS.items()}
        given = [
            f"{name}={value}" for name, value in values.items() if value is not None and (name, value) != ("after", 0)
        ]
        return ",".join([f"{self.endpoint}:{self.kind}", *given])

    def concerns(self, endpoint: str, page: int) -> bool:
        """Whether a request for this page of this endpoint can be struck at all."""
        if self.kind == "wrong-row":
            return self.endpoint in (endpoint, "all") and page == (self.page or 1)
        return self.endpoint in (endpoint, "all") and page >= (self.page or 1)

    def strikes(self, seen: int, elapsed_seconds: float) -> bool:
        """Whether the request after `seen` earlier ones is struck, this long after the start."""
        if self.seconds is not None and elapsed_seconds >= self.seconds:
            return False
        return seen >= self.after and (self.times is None or seen < self.after + self.times)


def _option(text: str, setting: str) -> tuple[str, int]:
    name, _, value = (part.strip() for part in setting.partition("="))
    if name not in OPTIONS:
        raise FaultError(f"fault {text!r}: option {name!r} is not one of {', '.join(OPTIONS)}")
    if not (value.isascii() and value.isdigit()):
        raise FaultError(f"fault {text!r}: {name} needs a whole number, not {value!r}")
    return OPTIONS[name], int(value)


class Switchboard:
    """The faults in force, and how many requests each has seen."""

    def __init__(self, faults: Iterable[Fault], now: datetime) -> None:
        self.replace(faults, now)

    def replace(self, faults: Iterable[Fault], now: datetime) -> None:
        """Put other faults in force; counts and durations start anew."""
        self.faults = tuple(faults)
        self._seen = [0] * len(self.faults)
        self._since = now

    def strike(self, endpoint: str, page: int, now: datetime) -> Fault | None:
        """Count a request with every fault it concerns and return the first that strikes it."""
        elapsed = (now - self._since).total_seconds()
        struck = None
        for index, fault in enumerate(self.faults):
            if not fault.concerns(endpoint, page):
                continue
            if struck is None and fault.strikes(self._seen[index], elapsed):
                struck = fault
            self._seen[index] += 1
        return struck
