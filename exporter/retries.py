"""When a request is worth another try, and what the status of an answer means: for the Admin API and for receivers."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from exporter.errors import Reason, RequestError

MAX_RETRY_AFTER = 300.0

_backoff = wait_exponential_jitter(initial=1, max=60, jitter=1)
_REASONS = {
    400: Reason.BAD_REQUEST,
    401: Reason.UNAUTHORIZED,
    402: Reason.FORBIDDEN,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    408: Reason.TIMEOUT,
    429: Reason.RATE_LIMITED,
    504: Reason.TIMEOUT,
}


def retrying(attempts: int, sleep: Callable[[float], Awaitable[None]]) -> AsyncRetrying:
    """Tries, `attempts` at most, while a RequestError may pass: after what the server asks for, else ever longer."""
    return AsyncRetrying(
        stop=stop_after_attempt(attempts),
        wait=_wait,
        retry=retry_if_exception(_worth_a_retry),
        sleep=sleep,
        reraise=True,
    )


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    wish = error.retry_after if isinstance(error, RequestError) else None
    return _backoff(state) if wish is None else wish


def _worth_a_retry(error: BaseException) -> bool:
    """Not where it cannot help, nor where the server asks for more patience than there is."""
    return isinstance(error, RequestError) and error.reason.passes and (error.retry_after or 0) <= MAX_RETRY_AFTER


def reason_of(status: int) -> Reason:
    """What a status other than success means."""
    if status >= 500:
        return _REASONS.get(status, Reason.SERVER_ERROR)
    return _REASONS.get(status, Reason.BAD_REQUEST if status >= 400 else Reason.BAD_RESPONSE)


def retry_after(response: httpx.Response, now: datetime) -> float | None:
    """Seconds to wait by the header `retry-after`: a number or a date."""
    text = response.headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        at = instant(text)
        if at is None:
            return None
        seconds = (at - now).total_seconds()
    return max(0.0, seconds) if seconds < float("inf") else None


def instant(text: str) -> datetime | None:
    """The date that a header gives, or None if it is none."""
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return at if at.tzinfo else None
