"""A thousand damaged files: each gives a clear error, or what was written, and nothing else."""

import struct
import zlib

import numpy as np
import pytest

from isthmus.support.errors import FileFormatError
from isthmus.tasks.compression import numbers, text_tables
from isthmus.tasks.compression.chunks import read
from tests.compressors import scene

N = 170


def table():
    random = np.random.default_rng(0)
    rows = [f"{random.integers(9)},{random.integers(3)},{random.random():.2f}" for _ in range(90)]
    return text_tables.packed("\n".join(["a,b,c", *rows, ""]).encode())


def log():
    x = np.cumsum(np.random.default_rng(0).normal(size=(300, 2)), 0)
    x[5, 0] = np.nan
    return numbers.packed(x, 0.01)


def damaged(content, random, mended):
    """Return a file with some bytes changed, or cut; its checksums may be made right again."""
    data = bytearray(content)
    if random.random() < 0.3:
        return bytes(data[: random.integers(0, len(data))])
    for _ in range(random.integers(1, 4)):
        data[random.integers(8 if mended else 0, len(data))] ^= 1 << random.integers(0, 8)
    at = 8
    while mended and at + 12 <= len(data):
        (length,) = struct.unpack_from("<I", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            break
        struct.pack_into("<I", data, end, zlib.crc32(bytes(data[at + 4 : end])))
        at = end + 4
    return bytes(data)


@pytest.mark.parametrize("mended", [False, True], ids=["as damaged", "checksums made right"])
@pytest.mark.parametrize("kind", ["image", "numbers", "table"])
def test_damaged_files_give_a_clear_error(kind, mended, compressor):
    content, opened = {
        "image": lambda: (compressor.compress(scene(64, 96)), compressor.decompress),
        "numbers": lambda: (log(), lambda data: numbers.unpacked(read(data))),
        "table": lambda: (table(), lambda data: text_tables.unpacked(read(data))),
    }[kind]()
    whole, said = opened(content), list[str]()
    for seed in range(N):
        data = damaged(content, np.random.default_rng(seed), mended)
        try:
            back = opened(data)
        except FileFormatError as error:
            said.append(str(error))
        else:  # what was changed does not matter, or could not be noticed since its checksum is right
            assert mended or np.array_equal(back, whole) or back == whole
    assert len(said) > N / 2 and all("damaged" in one or " is " in one or " has " in one for one in said)
