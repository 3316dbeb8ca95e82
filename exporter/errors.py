"""What can go wrong, and the words for it.

    ExporterError
    ├── SettingsError   a setting is missing, unknown or wrong; exit code 2
    ├── AdminApiError   a request or an answer of the Admin API; carries a Reason
    └── LedgerError     the ledger's file cannot be used; the ledger catches it and goes on in memory

Anything else that a poll raises is a defect of ours and is counted as `Reason.BUG`.
"""

import difflib
from collections.abc import Iterable
from enum import StrEnum
from typing import Literal


class Reason(StrEnum):
    """Why a poll failed: the closed set behind the label `reason`."""

    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    BAD_REQUEST = "bad_request"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    BAD_RESPONSE = "bad_response"
    WRONG_ORGANIZATION = "wrong_organization"
    BUG = "bug"

    @property
    def passes(self) -> bool:
        """Whether the same request may well succeed a little later."""
        return self in _PASSING

    @property
    def lasts(self) -> bool:
        """Whether only somebody's decision ends it: a missing right or an endpoint this organization has not."""
        return self in _LASTING


_PASSING = frozenset({Reason.RATE_LIMITED, Reason.SERVER_ERROR, Reason.TIMEOUT, Reason.CONNECTION})
_LASTING = frozenset({Reason.FORBIDDEN, Reason.NOT_FOUND, Reason.BAD_REQUEST, Reason.WRONG_ORGANIZATION})


Cause = Literal["wrong_type", "currency"]
"""Why a row, or an amount in it, was left out: the closed set behind the label `cause`."""


class ExporterError(Exception):
    """Base of all errors that the exporter raises on purpose."""


class SettingsError(ExporterError):
    """A setting is missing, unknown or wrong; the text names it, its source and what is allowed."""


class LedgerError(ExporterError):
    """The ledger's file cannot be used; the text says why, for a person, without naming the file."""


class AdminApiError(ExporterError):
    """The Admin API did not give a usable answer.

    The text is fit for logs: it names the endpoint and the status, never the credential or the body.
    `detail` is the API's own message for a person who asks (`check`), `retry_after` its wish in seconds.
    """

    def __init__(self, reason: Reason, message: str, *, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after


def nearest(name: str, known: Iterable[str]) -> str:
    """What somebody who wrote `name` may have meant, as the end of a sentence."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(sorted(known))}"
