"""The newest complete answer of each poll, and which of it is served at a given time.

A snapshot is immutable and published with one assignment, so a scrape that runs meanwhile sees either the
old answer or the new one. Nothing has to run for one to end: every piece says until when it is served.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from exporter.deflate import EMPTY, Segment

EVER = datetime.max.replace(tzinfo=UTC)
BEGINNING = datetime.min.replace(tzinfo=UTC)

Model = TypeVar("Model")


@dataclass(frozen=True)
class Period:
    """From `start` until just before `end`."""

    start: datetime = BEGINNING
    end: datetime = EVER

    def __contains__(self, instant: object) -> bool:
        """Whether `instant` lies in it."""
        return isinstance(instant, datetime) and self.start <= instant < self.end


ALWAYS = Period()


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The result of one successful poll.

    `model` is what was read, `body` its series, served while `true` (a running day, say) and until `withdrawn_at`;
    `lasting` holds series that outlive a withdrawal, so that no alert about old data resolves by itself.
    """

    model: object
    body: Segment
    withdrawn_at: datetime
    true: Period = ALWAYS
    lasting: Segment = EMPTY

    def withdrawn(self, now: datetime) -> bool:
        """Whether the last success is too old."""
        return now >= self.withdrawn_at

    def served(self, now: datetime) -> Iterator[Segment]:
        """What of it is exported at `now`."""
        if now in self.true and not self.withdrawn(now):
            yield self.body
        yield self.lasting


class Snapshots:
    """The newest snapshot of every poll, by the poll's name."""

    def __init__(self) -> None:
        self._newest: Mapping[str, Snapshot] = {}

    def publish(self, poll: str, snapshot: Snapshot) -> None:
        """Replace the poll's snapshot."""
        self._newest = {**self._newest, poll: snapshot}

    def get(self, poll: str) -> Snapshot | None:
        """The poll's newest snapshot, withdrawn or not."""
        return self._newest.get(poll)

    def model(self, kind: type[Model]) -> Model | None:
        """The newest model of this kind that any poll holds."""
        models = (snapshot.model for snapshot in self._newest.values())
        return next((model for model in models if isinstance(model, kind)), None)

    def served(self, now: datetime) -> tuple[Segment, ...]:
        """Everything that is exported at `now`."""
        return tuple(part for held in self._newest.values() for part in held.served(now) if part is not EMPTY)

    def withdrawn(self, now: datetime) -> frozenset[str]:
        """The polls whose series are withheld at `now` because their last success is too old."""
        return frozenset(name for name, held in self._newest.items() if held.withdrawn(now))
