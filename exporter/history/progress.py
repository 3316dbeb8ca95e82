"""How far a long command is: a bar on a terminal, a line now and then elsewhere."""

import sys
from types import TracebackType
from typing import Self

from tqdm import tqdm


class Progress:
    """Counts `total` steps of `what` on standard error."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._tenth = 0
        self._bar = tqdm(total=total, desc=what, unit="", file=sys.stderr, disable=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.close()

    def step(self, steps: int = 1) -> None:
        """So many more are done."""
        self._done += steps
        self._bar.update(steps)
        tenth = 10 * self._done // self._total
        if self._bar.disable and tenth > self._tenth:
            sys.stderr.write(f"{self._what}: {self._done} of {self._total}\n")
        self._tenth = tenth
