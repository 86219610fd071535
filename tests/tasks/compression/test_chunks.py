"""The container: what was written comes back, and what was changed on the way is said."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus import FileFormatError
from isthmus.tasks.compression.chunks import SIGNATURE, Chunk, DamagedFileError, read, written

CHUNKS = [Chunk(b"HEAD", b"\x01abc"), Chunk(b"tEXt", b""), Chunk(b"TILE", bytes(range(256)))]


@given(st.lists(st.tuples(st.sampled_from([b"HEAD", b"TILE", b"meta"]), st.binary(max_size=50)), max_size=5))
def test_chunks_come_back(chunks):
    back = read(written(Chunk(*chunk) for chunk in chunks))
    assert [(chunk.type, chunk.payload) for chunk in back] == chunks
    assert all(chunk.intact for chunk in back)


def test_lower_case_may_be_skipped():
    assert [chunk.skippable for chunk in CHUNKS] == [False, True, False]


@pytest.mark.parametrize("length", range(len(written(CHUNKS))))
def test_truncated_files_are_refused(length):
    with pytest.raises(DamagedFileError, match="is truncated|is empty"):
        read(written(CHUNKS)[:length], "a.isth")


def test_changed_bits_are_refused():
    data, draw = written(CHUNKS), random.Random(0)
    for _ in range(500):
        at, bit = draw.randrange(8 * len(data)), bytearray(data)
        bit[at // 8] ^= 1 << at % 8
        with pytest.raises(FileFormatError, match=r"^a\.isth "):
            read(bytes(bit), "a.isth")


def test_bytes_after_the_end_are_refused():
    with pytest.raises(DamagedFileError, match="has 2 bytes after its end: 318 in all"):
        read(written(CHUNKS) + b"xx")


def test_a_transfer_as_text_is_named():
    with pytest.raises(DamagedFileError, match="line ends were changed"):
        read(written(CHUNKS).replace(b"\r\n", b"\n"))
    with pytest.raises(FileFormatError, match="not a compressed file of isthmus: it starts with b"):
        read(b"\x89PNG\r\n\x1a\n" + written(CHUNKS))


def test_what_is_intact_can_be_read():
    data = bytearray(written(CHUNKS))
    data[len(SIGNATURE) + 8] ^= 1
    chunks = read(bytes(data[:-20]), damaged=True)
    assert [(chunk.type, chunk.intact) for chunk in chunks] == [(b"HEAD", False), (b"tEXt", True)]
