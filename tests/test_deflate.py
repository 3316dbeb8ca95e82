"""Deflated pieces: any number of them, in any order, make one gzip file of the joined text."""

import gzip
import random
import tracemalloc
import zlib

from hypothesis import given
from hypothesis import strategies as st

from exporter.deflate import EMPTY, gzip_file, inflate, segment

texts = st.lists(st.binary(max_size=2000) | st.binary(min_size=1, max_size=3).map(lambda b: b * 100_000), max_size=6)


@given(texts, st.binary(max_size=300))
def test_pieces_join_into_one_gzip_file_with_the_right_checksum(parts, last):
    segments = tuple(segment([part]) for part in parts)
    whole = b"".join(gzip_file(segments, last))
    one_member = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert one_member.decompress(whole) == b"".join(parts) + last
    assert one_member.eof
    assert one_member.unused_data == b""
    assert gzip.decompress(whole) == b"".join(parts) + last


@given(texts)
def test_pieces_inflate_to_the_joined_text_in_bounded_chunks(parts):
    chunks = list(inflate([segment([part]) for part in parts]))
    assert b"".join(chunks) == b"".join(parts)
    assert all(len(chunk) <= 1 << 18 for chunk in chunks)


def test_a_client_that_reads_slowly_holds_no_copy_of_what_it_has_not_read():
    whole = segment([random.Random(1).randbytes(8 << 20)])
    chunks = inflate([whole])
    tracemalloc.start()
    next(chunks)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 1 << 20


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_a_segment_of_chunks_is_the_segment_of_their_text(chunks):
    whole, parts = segment([b"".join(chunks)]), segment(chunks)
    assert (whole.crc, whole.length) == (parts.crc, parts.length)
    assert b"".join(inflate([parts])) == b"".join(chunks)


def test_no_text_is_the_empty_segment():
    assert segment([]) is EMPTY
    assert segment([b""]) is EMPTY
