"""Days as an OpenMetrics text: family by family, series by series, each in the order of time.

https://prometheus.io/docs/specs/om/open_metrics_spec/: neither families nor metrics may be interleaved.

A year is too much for memory. So every day becomes a file of sorted lines, and these are merged: what is held at a time
is one day while it is sorted, then a block of lines of each file.
"""

import heapq
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import cramjam

from exporter.days import day_start
from exporter.exposition import Family, header, render_samples

_MOST_OPEN = 64
_LINES_OF_A_BLOCK = 500
_SIZE = 4


class SortedDays:
    """Collects days, oldest first, in files in `folder`, and writes them as one text."""

    def __init__(self, folder: Path, organization: str) -> None:
        self._folder = folder
        self._organization = organization
        self._headers: dict[bytes, bytes] = {}
        self._runs: list[Path] = []
        self._made = 0
        self.samples = 0

    def add(self, day: date, families: Iterable[Family]) -> None:
        """Sort a day's samples and put them aside. Raises ValueError as `exposition.render` does."""
        stamp = b" %d\n" % day_start(day).timestamp()
        lines: list[bytes] = []
        for metric, text, _ in render_samples(families, self._organization):
            self._headers[metric.name.encode() + b"{"] = header(metric)
            lines += text.replace(b"\n", stamp).split(b"\n")[:-1]
        lines.sort()
        self.samples += len(lines)
        self._runs.append(self._put_aside(lines))

    def write(self, out: BinaryIO) -> None:
        """Write the text, and forget the days."""
        runs = self._runs
        while len(runs) > _MOST_OPEN:
            some = [runs[start : start + _MOST_OPEN] for start in range(0, len(runs), _MOST_OPEN)]
            runs = [self._put_aside(_merged(part)) for part in some]
        name = b"\xff"  # no line begins so
        for line in _merged(runs):
            if not line.startswith(name):
                name = line[: line.index(b"{") + 1]
                out.write(self._headers[name])
            out.write(line + b"\n")
        out.write(b"# EOF\n")
        self._runs = []

    def _put_aside(self, lines: Iterable[bytes]) -> Path:
        self._made += 1
        path = self._folder / str(self._made)
        lines = iter(lines)
        with path.open("wb") as file:
            while block := list(islice(lines, _LINES_OF_A_BLOCK)):
                data = bytes(cramjam.snappy.compress_raw(b"\n".join(block)))
                file.write(len(data).to_bytes(_SIZE) + data)
        return path


def _merged(runs: Iterable[Path]) -> Iterator[bytes]:
    """The lines of all files in the order of their series, those of one series in the order of the files.

    The files are gone afterwards.
    """
    yield from heapq.merge(*map(_lines, runs), key=_series)
    for run in runs:
        run.unlink()


def _lines(run: Path) -> Iterator[bytes]:
    with run.open("rb") as file:
        while size := file.read(_SIZE):
            yield from bytes(cramjam.snappy.decompress_raw(file.read(int.from_bytes(size)))).split(b"\n")


def _series(line: bytes) -> bytes:
    return line.rsplit(b" ", 2)[0]
