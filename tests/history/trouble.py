"""What can go wrong between a sender and a receiver of remote write, in stretches, over and over."""

import threading
from collections import Counter
from random import Random
from typing import Any

import cramjam

from exporter.history.remote_write import WriteRequest
from tests.history.runs import Series, of_body
from tests.proxy import DROPPED, LOST, Faulty, Request

TOO_LARGE = 400
"""To batches of several series: as if one of them were bad, but none is when it is alone."""
KINDS = (429, 500, 503, DROPPED, LOST, TOO_LARGE)
LONGEST = {TOO_LARGE: 16}
LONGEST_OF_OTHERS = 3
WELL = 204
WELL_FOR = (50, 90)
"""So many requests are fine before each stretch."""


class Trouble:
    """Answers in place of a receiver behind `proxy`: every kind of fault in turn, and 400 to the series `bad` always.

    `before_next` happens once, before the next request is answered.
    """

    def __init__(self, proxy: Faulty, bad: Series, rng: Random) -> None:
        self.seen: Counter[int] = Counter()
        self.before_next: Any = None
        self._proxy = proxy
        self._bad = bad
        self.rng = rng
        self._kinds: list[int] = []
        self._kind = 0
        self._left = 0
        self._lock = threading.Lock()  # a killed sender's last request may still be under way

    def __call__(self, request: Request) -> int | None:
        """The status for a request; None if it is fine."""
        with self._lock:
            event, self.before_next = self.before_next, None
            if event:
                event()
            status = self._status(request)
            if status is not None:
                self.seen[status] += 1
            return status

    def _status(self, request: Request) -> int | None:
        if not self._left:
            self._next()
        self._left -= 1
        if self._kind in (429, 500, 503, DROPPED):
            return self._kind
        content = bytes(cramjam.snappy.decompress_raw(request.body))
        several = len(WriteRequest.FromString(content).timeseries) > 1
        if self._holds_bad(request, content) or (self._kind == TOO_LARGE and several):
            return 400
        return LOST if self._kind == LOST else None

    def _holds_bad(self, request: Request, content: bytes) -> bool:
        """Whether the bad series is in the request; most are without one of its labels, which is quick to see."""
        suspect = all(value.encode() in content for _, value in self._bad)
        return suspect and any(sample.series == self._bad for sample in of_body(request.body))

    def _next(self) -> None:
        """Fine for a while after each fault; no fault comes again before all others have."""
        if self._kind != WELL:
            self._kind, self._left = WELL, self.rng.randint(*WELL_FOR)
            return
        self._kinds = self._kinds or self.rng.sample(KINDS, len(KINDS))
        self._kind = self._kinds.pop()
        self._left = self.rng.randint(1, LONGEST.get(self._kind, LONGEST_OF_OTHERS))
        self._proxy.retry_after = self.rng.choice(["0", "0", "0", "1"])
