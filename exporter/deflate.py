"""Compressed pieces that join into one gzip member without being compressed again.

A poll's lines are deflated once. Each piece ends with `Z_FULL_FLUSH`, so pieces can stand in any order
after a gzip header; the checksum of the whole is computed from those of the pieces. One member it must
be: several in a row are legal gzip, and Prometheus reads them, but curl and httpx silently stop after
the first.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_RAW = -zlib.MAX_WBITS
_POLYNOMIAL = 0xEDB88320  # CRC-32, reflected
_CHUNK = 1 << 18
_BITE = 1 << 13


@dataclass(frozen=True, eq=False)
class Segment:
    """Deflated text with what it takes to join it: the CRC-32 and the length of the text."""

    deflated: bytes
    crc: int
    length: int

    @cached_property
    def shift(self) -> int:
        """What a checksum is multiplied by when this segment follows: x to the power of its bits."""
        return _x_to_the(8 * self.length)


EMPTY = Segment(b"", 0, 0)


def segment(chunks: Iterable[bytes]) -> Segment:
    """Deflate `chunks` as one text, holding no more of it than a chunk at a time."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, _RAW)
    parts, crc, length = [], 0, 0
    for chunk in chunks:
        parts.append(compressor.compress(chunk))
        crc = zlib.crc32(chunk, crc)
        length += len(chunk)
    if not length:
        return EMPTY
    parts.append(compressor.flush(zlib.Z_FULL_FLUSH))
    return Segment(b"".join(parts), crc, length)


@lru_cache(1)
def _checksum(parts: tuple[Segment, ...]) -> int:
    """The CRC-32 of the joined texts. The parts change once per poll, scrapes are many."""
    crc = 0
    for part in parts:
        crc = _multiply(part.shift, crc) ^ part.crc
    return crc


def gzip_file(parts: tuple[Segment, ...], last: bytes) -> list[bytes]:
    """The pieces of one gzip file that holds the text of `parts` and then `last`."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, _RAW)
    end = compressor.compress(last) + compressor.flush()
    length = sum(part.length for part in parts) + len(last)
    trailer = struct.pack("<II", zlib.crc32(last, _checksum(parts)), length & 0xFFFFFFFF)
    return [_HEADER, *(part.deflated for part in parts), end + trailer]


def inflate(segments: Iterable[Segment]) -> Iterator[bytes]:
    """The text of `segments`, joined, in chunks of at most 256 KiB."""
    inflater = zlib.decompressobj(_RAW)
    for part in segments:
        # In small bites, because zlib copies what it has not yet read of a bite, for every client at a time.
        for start in range(0, len(part.deflated), _BITE):
            data = part.deflated[start : start + _BITE]
            while data:
                yield inflater.decompress(data, _CHUNK)
                data = inflater.unconsumed_tail


# zlib's crc32_combine, which Python does not offer (github.com/madler/zlib, crc32.c): checksums are polynomials
# over GF(2), highest power in the lowest bit.


def _multiply(a: int, b: int) -> int:
    """The product of `a` and `b` modulo the polynomial."""
    product = 0
    bit = 1 << 31
    while a:
        if a & bit:
            product ^= b
            a ^= bit
        b = (b >> 1) ^ _POLYNOMIAL if b & 1 else b >> 1
        bit >>= 1
    return product


def _x_to_the(power: int) -> int:
    """X to the power of `power` modulo the polynomial."""
    result, square = 1 << 31, 1 << 30
    while power:
        if power & 1:
            result = _multiply(result, square)
        square = _multiply(square, square)
        power >>= 1
    return result
