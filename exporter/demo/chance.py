"""Randomness that is a function of its arguments: the same organization on every machine and after every restart."""

import hashlib
import random
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
Choice = TypeVar("Choice")


def digest(*parts: object, size: int = 8) -> bytes:
    """Return `size` bytes that depend on the text of all parts and on nothing else."""
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=size).digest()


def stream(*parts: object) -> random.Random:
    """Return a generator that always tells the same story for the same parts."""
    return random.Random(int.from_bytes(digest(*parts)))  # noqa: S311 - habits, not secrets


def token(length: int, *parts: object) -> str:
    """Return letters and digits in the alphabet of the API's ids."""
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest(*parts, size=length))


def identifier(prefix: str, *parts: object) -> str:
    """Return an id as the API writes them: `user_01AbC...`, 24 characters after the prefix."""
    return f"{prefix}_01{token(22, prefix, *parts)}"


def organization_id(*parts: object) -> str:
    """Return a UUID, which is what the API uses for organizations alone."""
    return str(uuid.UUID(bytes=digest("organization", *parts, size=16), version=4))


def moment(rng: random.Random, first: datetime, last: datetime) -> datetime:
    """Return an instant between two others, with microseconds."""
    span = max(int((last - first) / timedelta(microseconds=1)), 1)
    return first + timedelta(microseconds=rng.randrange(span))


def weighted(rng: random.Random, options: Sequence[tuple[Choice, float]]) -> Choice:
    """Choose one of some (choice, weight) pairs; faster than `random.choices` for a single draw."""
    point = rng.random() * sum(weight for _, weight in options)
    for choice, weight in options:
        point -= weight
        if point < 0:
            return choice
    return options[-1][0]
