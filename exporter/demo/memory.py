"""What was asked for lately, kept in a bounded number of bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable

LARGEST = 64_000_000


class Memory:
    """Encoded rows by what they answer; what was not asked for longest goes first."""

    def __init__(self, largest: int = LARGEST) -> None:
        self.largest = largest
        self.size = 0
        self._kept: OrderedDict[Hashable, list[bytes]] = OrderedDict()

    def rows(self, place: Hashable, make: Callable[[], list[bytes]]) -> list[bytes]:
        """Return the rows for a place, made now if they are not known."""
        if place not in self._kept:
            self._kept[place] = make()
            self.size += sum(map(len, self._kept[place]))
            while self.size > self.largest and len(self._kept) > 1:
                _, forgotten = self._kept.popitem(last=False)
                self.size -= sum(map(len, forgotten))
        self._kept.move_to_end(place)
        return self._kept[place]
