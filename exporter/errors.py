"""What can go wrong, and the words for it.

    ExporterError
    ├── SettingsError       a setting is missing, unknown or wrong; exit code 2
    ├── RequestError        another server gives no usable answer; carries a Reason
    │   ├── AdminApiError   the Admin API
    │   └── PushError       a receiver of remote write
    └── LedgerError         the ledger's file cannot be used; the ledger catches it and goes on in memory

Anything else that a poll raises is a defect of ours and is counted as `Reason.BUG`.
"""

import difflib
from collections.abc import Iterable
from enum import StrEnum
from typing import Literal


class Reason(StrEnum):
    """Why a poll or a push failed: the closed set behind the label `reason`."""

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


class RequestError(ExporterError):
    """Another server did not give a usable answer.

    The text is fit for logs: it names what was asked and the status, never a credential or a body.
    `detail` is the server's own message for a person who asks, `retry_after` its wish in seconds, `status` that of
    HTTP where an answer came.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        detail: str = "",
        retry_after: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after
        self.status = status


class AdminApiError(RequestError):
    """The Admin API did not give a usable answer."""


class PushError(RequestError):
    """A receiver of remote write did not take what it was sent."""


def nearest(name: str, known: Iterable[str]) -> str:
    """What somebody who wrote `name` may have meant, as the end of a sentence."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(sorted(known))}"
