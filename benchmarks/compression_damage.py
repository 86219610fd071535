"""A thousand damaged compressed files: cut anywhere, or with bytes changed; of some, checksums are made right again.

Each must be refused with an error of isthmus that says why, or give what was written (a part that may be skipped was
hit), in two seconds and a gigabyte: never a crash, and something else only where checksums were made right on purpose.
"""

from __future__ import annotations

import resource
import struct
import time
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_sample_image

from benchmarks.support.figures import Figure, Result
from benchmarks.support.memory import PER_GIGABYTE
from benchmarks.support.timing import say
from isthmus import Compressor
from isthmus.support.errors import FileFormatError
from isthmus.tasks.compression import numbers, text_tables
from isthmus.tasks.compression.chunks import SIGNATURE, read

OTHER = "gives something else"
FILES, SECONDS, GIGABYTES = 1000, 2.0, 1.0


def run(quick: bool) -> Result:
    random, kinds = np.random.default_rng(0), list(written())
    outcomes, slowest = Counter[str](), 0.0
    for number in range(30 if quick else FILES):
        content, reader, truth = kinds[number % len(kinds)]
        spoilt, forged = damaged(content, random)
        start = time.perf_counter()
        outcomes[outcome(spoilt, reader, truth) + (", checksums made right" if forged else "")] += 1
        slowest = max(slowest, time.perf_counter() - start)
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PER_GIGABYTE
    say(f"{dict(outcomes)}; {slowest:.2f} s, {highest:.2f} GB")
    figures = [Figure(what, count, "files", most=0 if what == OTHER else None) for what, count in outcomes.items()]
    return Result(
        [
            *figures,
            *([] if OTHER in outcomes else [Figure(OTHER, 0, "files", most=0)]),
            Figure("slowest", slowest, "s", most=SECONDS),
            Figure("peak memory of the process", highest, "GB", most=GIGABYTES),
        ]
    )


def outcome(content: bytes, reader: Callable[[bytes], Any], truth: Any) -> str:
    """Return what comes of reading a file; an error of another kind ends the benchmark."""
    try:
        back = reader(content)
    except FileFormatError:
        return "refused, with the reason"
    same = np.array_equal(back, truth) if isinstance(truth, np.ndarray) else back == truth
    return "gives what was written" if same else OTHER


def written() -> Any:
    """Yield files of each kind, with what reads them, and what that gives."""
    compressor, random = Compressor.shipped(), np.random.default_rng(1)
    log = np.cumsum(random.normal(size=(2000, 3)), 0)
    rows = [f"{random.integers(9)},{random.choice(['ash', 'elm'])},{random.random():.3f}" for _ in range(500)]
    kinds: list[tuple[bytes, Callable[[bytes], Any]]] = [
        (compressor.compress(load_sample_image("flower.jpg")[:128, :160], 50), compressor.decompress),
        (numbers.packed(log, 0.01), lambda content: numbers.unpacked(read(content))),
        (
            text_tables.packed("\n".join(["a,b,c", *rows, ""]).encode()),
            lambda content: text_tables.unpacked(read(content)),
        ),
    ]
    for content, reader in kinds:
        yield content, reader, reader(content)


def damaged(content: bytes, random: np.random.Generator) -> tuple[bytes, bool]:
    """Return a file that was cut, or some of whose bytes were changed, and whether its checksums are right again."""
    spoilt = bytearray(content)
    if random.random() < 0.3:
        return bytes(spoilt[: random.integers(len(spoilt))]), False
    for at in random.integers(0, len(spoilt), random.integers(1, 5)):
        spoilt[at] ^= int(random.integers(1, 256))
    forged = bool(random.random() < 0.5)
    return mended(bytes(spoilt)) if forged else bytes(spoilt), forged


def mended(content: bytes) -> bytes:
    """Return a file whose checksums are right, as far as its chunks can be found."""
    result, at = bytearray(content), len(SIGNATURE)
    while at + 12 <= len(result):
        (length,) = struct.unpack_from("<I", result, at)
        end = at + 8 + length
        if end + 4 > len(result):
            break
        struct.pack_into("<I", result, end, zlib.crc32(bytes(result[at + 4 : end])))
        at = end + 4
    return bytes(result)
