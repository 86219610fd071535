"""Restoring: rows of one kind of data before and after noise was removed, and what was taken away."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from isthmus.apps.explorer.lazy_rows import ReadRows

T = TypeVar("T")


@dataclass(frozen=True)
class Piece(Generic[T]):
    """What is restored of a row: all of it, or a part of a large one.

    Attributes
    ----------
    row : T
    note : str
        Which part it is, and how large.
    """

    row: T
    note: str


class Restoring(ABC, Generic[T]):
    """How rows of one kind are cleaned and shown (abstract); an object of it belongs to one model."""

    accepts: ClassVar[str]
    """Which files a browser offers to open."""
    noise: ClassVar[str]
    """What the level of noise is: ``"deviation"`` in units of black to white, or ``"ratio"`` to the row itself."""
    quality: ClassVar[str]
    """What `compared` gives, in decibels."""

    @abstractmethod
    def example(self, read: ReadRows, index: int) -> Piece[T]:
        """Return an example."""

    @abstractmethod
    def file(self, path: Path) -> Piece[T]:
        """Return what is in a file; raise InputError where it cannot be read or does not suit the model."""

    @abstractmethod
    def noisy(self, row: T, noise: float, seed: int) -> T:
        """Return a row with white noise of a level."""

    @abstractmethod
    def restored(self, row: T) -> T:
        """Return what the model makes of a row."""

    @abstractmethod
    def between(self, before: T, after: T, strength: float) -> T:
        """Return before + strength (after - before)."""

    @abstractmethod
    def compared(self, clean: T, row: T) -> float:
        """Return how near a row is to the clean one, in decibels."""

    @abstractmethod
    def values(self, before: T, after: T, whole: T) -> dict[str, Any]:
        """Return both as the page shows them, and what was taken away, enlarged by as much as that of the whole.

        Parameters
        ----------
        before, after : T
        whole : T
            What `after` is at a strength of 1.
        """
