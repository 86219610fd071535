"""Restoring: rows of one kind of data before and after noise was removed, and what was taken away."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

from isthmus.apps.explorer.pieces.base import Pieces

T = TypeVar("T")


class Restoring(ABC, Generic[T]):
    """How rows of one kind are cleaned and shown (abstract); an object of it belongs to one model."""

    pieces: Pieces[T]
    """How they are read."""
    noise: ClassVar[str]
    """What the level of noise is: ``"deviation"`` in units of black to white, or ``"ratio"`` to the row itself."""
    quality: ClassVar[str]
    """What `compared` gives, in decibels."""

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
