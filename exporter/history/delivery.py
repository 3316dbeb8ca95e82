"""A day's samples to a receiver. A batch that is refused is split until the bad series is alone; the rest arrives."""

import logging
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import Any

from exporter.errors import PushError, Reason
from exporter.history import remote_write
from exporter.history.receiver import Receiver

log = logging.getLogger(__name__)

MOST_REFUSED = 1000
"""A day of which the receiver refuses more series than this is not a matter of bad series: it fails."""
NOTHING_TAKEN = 50
"""So many requests refused while not one series was taken: the receiver takes none of this day."""
_MOST_WAITING = 5
_TRIES_OF_A_PART = 2


@dataclass
class Delivered:
    """How many samples of a day the receiver took, and the series that it refused, each with its answer."""

    samples: int = 0
    refused: list[tuple[str, PushError]] = field(default_factory=list)
    refusals: int = 0
    """Requests of one or more series that were refused on the way."""

    def refuse(self, error: PushError) -> None:
        """Count a refusal. Raise PushError if it is not some series that are bad: the whole day is refused."""
        self.refusals += 1
        if len(self.refused) >= MOST_REFUSED or (self.refusals >= NOTHING_TAKEN and not self.samples):
            raise self.nothing_but(error)

    def nothing_but(self, error: PushError) -> PushError:
        """That the whole day is refused."""
        text = f"the day is refused, {self.samples} samples taken: {error}"
        return PushError(Reason.BAD_REQUEST, text, detail=error.detail)


async def deliver(receiver: Receiver, requests: AsyncIterable[Any]) -> Delivered:
    """Send these WriteRequests. Sending them again, as a whole or in part, changes nothing that is there.

    Raises PushError if the receiver cannot be asked, and with the reason `bad_request` if it refuses the whole day.
    """
    done = Delivered()
    # What is bad waits a little, so that something good has arrived before its series are told apart.
    waiting: list[tuple[Any, PushError]] = []
    async for request in requests:
        if error := await _refusal(receiver, request, done):
            waiting.append((request, error))
        if len(waiting) > _MOST_WAITING:
            await _split(receiver, *waiting.pop(0), done)
    for request, error in waiting:
        await _split(receiver, request, error, done)
    if done.refused and not done.samples:
        raise done.nothing_but(done.refused[0][1])
    for name, error in done.refused:
        facts = {"series": name, "error": str(error), "detail": error.detail}
        log.warning("the receiver refuses a series, all others have arrived", extra=facts)
    return done


async def _refusal(
    receiver: Receiver,
    request: Any,  # noqa: ANN401
    done: Delivered,
    attempts: int | None = None,
) -> PushError | None:
    """Send it. What the receiver says if a part of the request may pass; raises if none will now."""
    try:
        await receiver.write(request, attempts=attempts)
    except PushError as error:
        if not await _blames_a_sample(receiver, error):
            raise
        done.refuse(error)
        return error
    done.samples += len(request.timeseries)
    return None


async def _blames_a_sample(receiver: Receiver, error: PushError) -> bool:
    """Whether fewer samples may pass: Prometheus refuses a whole batch for one of them.

    With 400 mostly, but with 500 for one that is older than its window; a 500 is the receiver's own trouble if it
    does not even take a request without samples.
    """
    if error.status != 500:
        return error.reason is Reason.BAD_REQUEST
    try:
        await receiver.write(remote_write.WriteRequest(), attempts=1)
    except PushError:
        return False
    return True


async def _split(receiver: Receiver, request: Any, error: PushError, done: Delivered) -> None:  # noqa: ANN401
    """Both halves first: what is good arrives before anything bad is looked for."""
    if len(request.timeseries) == 1:
        # With a 500, the receiver's own trouble may have ended just before it was asked without samples.
        still = error if error.status != 500 else await _refusal(receiver, request, done, attempts=1)
        if still:
            (name,) = remote_write.names(request)
            done.refused.append((name, still))
        return
    halves = remote_write.halves(request)
    errors = [await _refusal(receiver, half, done, _TRIES_OF_A_PART) for half in halves]
    for half, why in zip(halves, errors, strict=True):
        if why:
            await _split(receiver, half, why, done)
