"""What a user can choose from: the examples, and the files that were uploaded."""

from __future__ import annotations

from itertools import count
from typing import Generic, TypeVar

from isthmus import InputError
from isthmus.apps.explorer.lazy_rows import ReadRows
from isthmus.apps.explorer.pieces.base import Piece, Pieces
from isthmus.apps.explorer.pieces.kept import Kept
from isthmus.apps.http.uploaded import as_file

T = TypeVar("T")


class AtHand(Generic[T]):
    """Examples, and the last few files, by their numbers.

    Parameters
    ----------
    pieces : Pieces
    read : ReadRows
        The examples.
    """

    def __init__(self, pieces: Pieces[T], read: ReadRows) -> None:
        self.pieces, self.read = pieces, read
        self._files: Kept[Piece[T]] = Kept()
        self._numbers = count(1)

    def add(self, content: bytes, name: str) -> int:
        """Read a file of the user's, and return its number.

        Raises
        ------
        InputError
            It cannot be read, or does not suit the model; the message names it as the user does.
        """
        with as_file(content, name or "file") as path:
            piece = self.pieces.file(path)
        number = next(self._numbers)
        self._files.get(number, lambda: piece)
        return number

    def piece(self, index: int | None, file: int | None) -> Piece[T]:
        """Return an example, or a file.

        Parameters
        ----------
        index, file : int or None
            One of them.

        Raises
        ------
        InputError
            There is no such file any more.
        """
        if file is None:
            assert index is not None  # one of them is there
            return self.pieces.example(self.read, index)

        def missing() -> Piece[T]:
            raise InputError(f"file: there is no file {file} any more: open it again")

        return self._files.get(file, missing)
