"""How the interpreter shares its one lock: scrapes come first while a poll computes in a thread.

A scrape of megabytes lets go of the lock with every piece that it writes. Whoever computes may by default keep it for
5 ms each time, and the garbage collector for as long as it takes to look through everything that is held.
"""

import gc
import sys

SWITCH_SECONDS = 0.0002
YOUNG_OBJECTS = 10_000
"""Between two looks of the collector. What polls make by the ten thousand is in no cycle: nothing waits for it."""


def take_turns() -> None:
    """For a process that serves: small turns, and what was loaded to start it is never looked through again."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
