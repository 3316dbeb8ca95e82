"""Who may in: passwords against their bcrypt hashes.

bcrypt is slow on purpose, some 70 ms at a cost of 10. It runs in a thread, one check at a time, so that guessing
neither stops the event loop nor takes more than one processor; what was found right once is known again at once.
"""

import asyncio
import hmac
import os
from collections import Counter
from collections.abc import Mapping

import bcrypt
from pydantic import SecretStr

_LONGEST = 72
"""Bytes of a password that bcrypt looks at."""
MOST_CHECKS = 64
MOST_OF_ONE = 8
"""How many different guesses may wait, altogether and from one address: who asks for the first time waits for them."""


class Busy(Exception):  # noqa: N818
    """Too many checks are under way."""


class Passwords:
    """The passwords of `users`, given as bcrypt hashes.

    An unknown user is checked against somebody's hash as well, by chance but always the same one, and refused: so that
    it takes as long as with a user who exists, also where hashes are of different costs. Of a right password an HMAC is
    kept, with a key that nobody else knows, one per user; of a wrong one nothing.
    """

    def __init__(self, users: Mapping[str, SecretStr]) -> None:
        self._hashes = {name.encode(): value.get_secret_value().encode() for name, value in users.items()}
        self._stand_ins = sorted(self._hashes.values())
        self._key = os.urandom(32)
        self._right: dict[bytes, bytes] = {}
        self._checks: dict[bytes, asyncio.Task[bool]] = {}
        self._waiting: Counter[str] = Counter()
        self._one_at_a_time = asyncio.Lock()

    async def right(self, credentials: bytes, client: str) -> bool:
        """Whether `credentials`, USER:PASSWORD from the address `client`, are those of a user. Raises Busy."""
        user, colon, password = credentials.partition(b":")
        if not colon or len(password) > _LONGEST:
            return False
        mark = hmac.digest(self._key, credentials, "sha256")
        if hmac.compare_digest(self._right.get(user, b""), mark):
            return True
        check = self._checks.get(mark)
        if check is None:
            if len(self._checks) >= MOST_CHECKS or self._waiting[client] >= MOST_OF_ONE:
                raise Busy
            self._waiting[client] += 1
            check = self._checks[mark] = asyncio.create_task(self._check(user, password, mark, client))
        return await asyncio.shield(check)  # others may wait for it, and one of them going away must not end it

    async def _check(self, user: bytes, password: bytes, mark: bytes, client: str) -> bool:
        try:
            async with self._one_at_a_time:
                fits = await asyncio.to_thread(bcrypt.checkpw, password, self._hashes.get(user) or self._stand_in(user))
        finally:
            self._waiting[client] -= 1
            self._waiting += Counter()  # forgets those at 0
            del self._checks[mark]
        if fits and user in self._hashes:
            self._right[user] = mark
            return True
        return False

    def _stand_in(self, user: bytes) -> bytes:
        chance = int.from_bytes(hmac.digest(self._key, user, "sha256"))
        return self._stand_ins[chance % len(self._stand_ins)]
