"""The memory that a process keeps, as Linux sees it."""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def resident() -> int:
    """Resident bytes of this process, garbage aside."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def growth() -> Iterator[Callable[[], int]]:
    """Gives a function that says, after the block, by how many bytes the process is larger than before."""
    before = resident()
    after = before
    yield lambda: after - before
    after = resident()
