"""The body of one scrape: the snapshots' bytes as they are, our own metrics, the process's."""

from collections.abc import Iterator
from datetime import datetime

from exporter.deflate import Segment, gzip_file, inflate
from exporter.health import Health, Process
from exporter.snapshots import Snapshots

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Scrape:
    """Everything there is to say at `now`, at the cost of joining a dozen pieces."""

    def __init__(
        self, snapshots: Snapshots, health: Health, process: Process | None, now: datetime, *, openmetrics: bool
    ) -> None:
        """Without `process`, its metrics are left out: a textfile collector has its own."""
        health.withdrew(snapshots.withdrawn(now))
        self._parts: tuple[Segment, ...] = (*snapshots.served(now), health.segment(openmetrics=openmetrics))
        self._last = process.text(now, openmetrics=openmetrics) if process else b""
        if openmetrics:
            self._last += b"# EOF\n"
        self.content_type = OPENMETRICS if openmetrics else TEXT

    @property
    def length(self) -> int:
        """Bytes of the text."""
        return sum(part.length for part in self._parts) + len(self._last)

    def text(self) -> Iterator[bytes]:
        """The text, in chunks, inflated on the way: no second copy is kept."""
        yield from inflate(self._parts)
        yield self._last

    def gzip(self) -> list[bytes]:
        """The text as the pieces of one gzip file."""
        return gzip_file(self._parts, self._last)
