"""Uploaded: the content of a file that came over the network, read as files are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from isthmus import InputError


@contextmanager
def as_file(content: bytes, name: str) -> Iterator[Path]:
    """Give a file with this content for a while; an InputError about it says `name` instead of its path."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_bytes(content)
        try:
            yield path
        except InputError as error:
            if str(path) not in str(error):
                raise
            raise InputError(str(error).replace(str(path), name)) from error
