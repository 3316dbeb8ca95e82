"""What every view is: families that are made from the models of several polls."""

from abc import ABC, abstractmethod
from collections.abc import Container, Iterable
from datetime import datetime
from itertools import groupby
from typing import ClassVar, NamedTuple

from exporter.deflate import segment
from exporter.exposition import Family, header, render_parts
from exporter.polls.base import Held
from exporter.snapshots import ALWAYS, Period, Piece, Shared, Snapshots


class Part(NamedTuple):
    """Samples of a family that exist only while models of the kinds `needs` are held, and `true`.

    Parts of one family follow each other.
    """

    family: Family
    needs: tuple[type, ...] = ()
    true: Period = ALWAYS


class View(ABC):
    """Families of more than one model. They are made again whenever a poll gives a new one of those."""

    name: ClassVar[str]
    reads: ClassVar[tuple[type, ...]]
    """The kinds of models that it looks at."""

    @abstractmethod
    def parts(self, held: Held, now: datetime) -> Iterable[Part]:
        """The samples; `held` gives the newest model of a kind, or None."""


def render_view(
    view: View, snapshots: Snapshots, now: datetime, organization: str, drop: Container[str] = ()
) -> list[Shared]:
    """The families of `view` as bytes, but for those named in `drop`. Raises ValueError as `exposition.render` does."""
    shown = []
    parts_kept = (part for part in view.parts(snapshots.model, now) if part.family.metric.name not in drop)
    for metric, group in groupby(parts_kept, lambda part: part.family.metric):
        parts = list(group)
        texts = render_parts(metric, [part.family.groups for part in parts], organization)
        pieces = [
            Piece(segment([text]), _polls(part.needs, snapshots), part.true)
            for part, text in zip(parts, texts, strict=True)
            if text
        ]
        shown.append(Shared(segment([header(metric)]), tuple(pieces)))
    return shown


def _polls(kinds: Iterable[type], snapshots: Snapshots) -> tuple[str, ...]:
    return tuple(poll for kind in kinds if (poll := snapshots.source(kind)))
