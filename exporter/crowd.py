"""Who has to go when a server is full."""

from typing import Generic, Protocol, TypeVar


class Member(Protocol):
    """A connection, as far as it matters here."""

    @property
    def network(self) -> bytes:
        """Where it comes from."""

    @property
    def answering(self) -> bool:
        """Whether an answer is due."""


M = TypeVar("M", bound=Member)


class Crowd(Generic[M]):
    """The connections of one server by their networks, in each those first that have waited longest."""

    def __init__(self) -> None:
        """Nobody yet."""
        self._networks: dict[bytes, dict[M, None]] = {}

    def moved(self, member: M) -> None:
        """Something has happened to `member`: it goes to the end of its row."""
        row = self._networks.setdefault(member.network, {})
        row.pop(member, None)
        row[member] = None

    def left(self, member: M) -> None:
        """It is closed, if it was not before."""
        row = self._networks.get(member.network, {})
        row.pop(member, None)
        if not row:
            self._networks.pop(member.network, None)

    def first_to_go(self) -> M:
        """Whom to close: of the network with most connections, who has waited longest.

        So one host takes the places of nobody but itself, and where all come through one proxy, a scrape has the time
        of half as many arrivals as there are places to be sent. Those that are being answered go last, until they hold
        half of the row: else whoever reads slowly could fill it.
        """
        row = max(self._networks.values(), key=len)
        busy = 2 * sum(member.answering for member in row) >= len(row)
        return next(member for member in row if member.answering == busy)
