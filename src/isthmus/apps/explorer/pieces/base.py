"""Pieces: examples and files of the user's, as far as a page works on them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from isthmus.apps.explorer.lazy_rows import ReadRows

T = TypeVar("T")


@dataclass(frozen=True)
class Piece(Generic[T]):
    """What a page works on of a row: all of it, or a part of a large one.

    Attributes
    ----------
    row : T
    note : str
        Which part it is, and how large.
    """

    row: T
    note: str


class Pieces(ABC, Generic[T]):
    """How rows of one kind are read for a page (abstract); an object of it belongs to the fitted data of one model."""

    accepts: ClassVar[str]
    """Which files a browser offers to open."""

    @abstractmethod
    def example(self, read: ReadRows, index: int) -> Piece[T]:
        """Return an example."""

    @abstractmethod
    def file(self, path: Path) -> Piece[T]:
        """Return what is in a file; raise InputError where it cannot be read or does not suit the model."""
