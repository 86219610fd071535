"""Reads the golden files, and says on standard output the symbols of each as JSON::

python -m tests.tasks.compression.golden.read
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from isthmus import Compressor
from isthmus.tasks.compression import codec, numbers, symbols, text_tables
from isthmus.tasks.compression.chunks import read
from isthmus.tasks.compression.pictures import unpacked_picture

FOLDER = Path(__file__).parent
SYMBOLS = FOLDER / "symbols.json"


def names() -> list[str]:
    """Return the names of the golden files."""
    return sorted(path.stem for path in FOLDER.glob("*.isth"))


@cache
def compressor(name: str) -> Compressor:
    """Return the compressor that reads a file."""
    return Compressor.load(FOLDER / "own.safetensors") if name.startswith("own") else Compressor.shipped()


def content_of(name: str) -> dict[str, np.ndarray]:
    """Return what is in a file, as arrays by their names."""
    content = (FOLDER / f"{name}.isth").read_bytes()
    chunks = read(content)
    if text_tables.of_text_table(chunks[0].payload):
        return {"bytes": np.frombuffer(text_tables.unpacked(chunks), np.uint8)}
    if numbers.of_numbers(chunks[0].payload):
        return {"numbers": numbers.unpacked(chunks)}
    picture, _ = unpacked_picture(content, compressor(name).codec_of)
    more = {} if picture.alpha is None else {"alpha": picture.alpha}
    return {
        "pixels": picture.pixels,
        **more,
        **{key: np.frombuffer(value, "u1") for key, value in picture.meta.items()},
    }


def symbols_of(name: str) -> str:
    """Return the SHA-256 of the symbols of a file, in their order."""
    digest = hashlib.sha256()
    with _seen(digest):
        for key, values in content_of(name).items():
            if key != "pixels":
                digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


@contextlib.contextmanager
def _seen(digest: hashlib._Hash) -> Iterator[None]:
    """See the symbols that are read, before they are summed up."""

    class Seeing(symbols.Reader):
        def __call__(self, *slot):
            taken = super().__call__(*slot)
            digest.update(taken.numpy().astype("<i4").tobytes())
            return taken

    with mock.patch.object(codec, "Reader", Seeing):
        yield


def main() -> None:
    """Say the symbols of all files, as this process reads them."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.backends.mkldnn.enabled = os.environ.get("GOLDEN_MKLDNN", "1") == "1"
    print(json.dumps({name: symbols_of(name) for name in names()}))


if __name__ == "__main__":
    main()
