"""The newest complete answer of each poll, and which of it is served at a given time.

A snapshot is immutable and published with one assignment, so a scrape that runs meanwhile sees either the
old answer or the new one. Nothing has to run for one to end: every piece says until when it is served.
"""

from collections.abc import Iterable, Iterator, Mapping
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
    `lasting` holds series that outlive a withdrawal, so that no alert about old data resolves by itself. `beside` are
    further models that live as long.
    """

    model: object
    body: Segment
    withdrawn_at: datetime
    true: Period = ALWAYS
    lasting: Segment = EMPTY
    beside: tuple[object, ...] = ()

    def withdrawn(self, now: datetime) -> bool:
        """Whether the last success is too old."""
        return now >= self.withdrawn_at

    def served(self, now: datetime) -> Iterator[Segment]:
        """What of it is exported at `now`."""
        if now in self.true and not self.withdrawn(now):
            yield self.body
        yield self.lasting


@dataclass(frozen=True, eq=False)
class Piece:
    """Samples of a family: served while `true`, and while none of the polls that it `needs` is withdrawn."""

    body: Segment
    needs: tuple[str, ...] = ()
    true: Period = ALWAYS


@dataclass(frozen=True, eq=False)
class Shared:
    """A family that is made from several sources: its header, and its samples by what they are made from."""

    head: Segment
    pieces: tuple[Piece, ...]


class Snapshots:
    """The newest snapshot of every poll, by the poll's name, and what views made of them, by the view's name."""

    def __init__(self) -> None:
        self._newest: Mapping[str, Snapshot] = {}
        self._shown: Mapping[str, tuple[Shared, ...]] = {}

    def publish(self, poll: str, snapshot: Snapshot) -> None:
        """Replace the poll's snapshot."""
        self._newest = {**self._newest, poll: snapshot}

    def show(self, view: str, families: Iterable[Shared]) -> None:
        """Replace what the view shows."""
        self._shown = {**self._shown, view: tuple(families)}

    def get(self, poll: str) -> Snapshot | None:
        """The poll's newest snapshot, withdrawn or not."""
        return self._newest.get(poll)

    def model(self, kind: type[Model]) -> Model | None:
        """The newest model of this kind that any poll holds, withdrawn or not."""
        return next((model for _, model in self._models() if isinstance(model, kind)), None)

    def source(self, kind: type) -> str | None:
        """The poll that holds a model of this kind."""
        return next((poll for poll, model in self._models() if isinstance(model, kind)), None)

    def _models(self) -> Iterator[tuple[str, object]]:
        for poll, held in self._newest.items():
            for model in (held.model, *held.beside):
                yield poll, model

    def served(self, now: datetime) -> tuple[Segment, ...]:
        """Everything that is exported at `now`."""
        own = (part for held in self._newest.values() for part in held.served(now) if part is not EMPTY)
        withdrawn = self.withdrawn(now)
        return (*own, *(part for families in self._shown.values() for part in _alive(families, withdrawn, now)))

    def withdrawn(self, now: datetime) -> frozenset[str]:
        """The polls whose series are withheld at `now` because their last success is too old."""
        return frozenset(name for name, held in self._newest.items() if held.withdrawn(now))


def _alive(families: Iterable[Shared], withdrawn: frozenset[str], now: datetime) -> Iterator[Segment]:
    for shared in families:
        bodies = [piece.body for piece in shared.pieces if now in piece.true and withdrawn.isdisjoint(piece.needs)]
        if bodies:
            yield shared.head
            yield from bodies
