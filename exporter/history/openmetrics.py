"""Days as an OpenMetrics text: family by family, series by series, each in the order of time.

https://prometheus.io/docs/specs/om/open_metrics_spec/: neither families nor metrics may be interleaved.

A year is too much for memory. So every day becomes a file of sorted lines, and these are merged: what is held at a time
is one day while it is sorted, then one line of each file.
"""

import gzip
import heapq
import io
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO

from exporter.days import day_start
from exporter.exposition import Family, header, render_samples

_MOST_OPEN = 64


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
        self._runs.append(self._put_aside(line + b"\n" for line in lines))

    def write(self, out: BinaryIO) -> None:
        """Write the text, and forget the days."""
        runs = self._runs
        while len(runs) > _MOST_OPEN:
            some = [runs[start : start + _MOST_OPEN] for start in range(0, len(runs), _MOST_OPEN)]
            runs = [self._merged_aside(part) for part in some]
        name = b"\xff"  # no line begins so
        with _merged(runs) as lines:
            for line in lines:
                if not line.startswith(name):
                    name = line[: line.index(b"{") + 1]
                    out.write(self._headers[name])
                out.write(line)
        out.write(b"# EOF\n")
        _remove(runs)
        self._runs = []

    def _merged_aside(self, runs: list[Path]) -> Path:
        with _merged(runs) as lines:
            merged = self._put_aside(lines)
        _remove(runs)
        return merged

    def _put_aside(self, lines: Iterable[bytes]) -> Path:
        self._made += 1
        path = self._folder / f"{self._made}.gz"
        with gzip.open(path, "wb", compresslevel=1) as file, io.BufferedWriter(file, 1 << 16) as buffer:
            buffer.writelines(lines)
        return path


@contextmanager
def _merged(runs: Iterable[Path]) -> Iterator[Iterator[bytes]]:
    """The lines of all files in the order of their series, those of one series in the order of the files."""
    with ExitStack() as stack:
        files = [io.BufferedReader(stack.enter_context(gzip.open(run))) for run in runs]
        yield heapq.merge(*files, key=_series)


def _series(line: bytes) -> bytes:
    return line.rsplit(b" ", 2)[0]


def _remove(runs: Iterable[Path]) -> None:
    for run in runs:
        run.unlink()
