"""Rows: how rows of one kind of data are picked and shown in a report, in blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from isthmus.apps.kinds import adapter
from isthmus.apps.report.blocks import Block
from isthmus.apps.report.scoring import Scoring
from isthmus.data.sources.in_memory import is_stream
from isthmus.data.tables.rows import joined, some
from isthmus.tasks.anomaly.calibration import said_of

ROWS, ELEMENTS = 10_000, 2**25
"""Rows that are looked at, and numbers in them, at most."""

FREE = 128
"""Length that an axis of any length counts as."""


@dataclass(frozen=True)
class Picked:
    """The rows that a report looks at.

    Attributes
    ----------
    X : rows, as a model takes them
    index : ndarray of shape (n,)
        The user's row that each of them is, or ends with, which gives it its label.
    total : int
        Number of rows that they were picked from.
    scored : what a detector scores
        The same rows, or the signal that they are windows of.
    scored_index : ndarray
        The user's rows that have a score.
    """

    X: Any
    index: np.ndarray
    total: int
    scored: Any
    scored_index: np.ndarray


class Rows(ABC):
    """Rows of one kind of data.

    Parameters
    ----------
    data : Data
        Fitted.
    X : rows
        Rows from which deviations are estimated, without the columns of a condition.
    """

    noun: ClassVar[str] = "row"
    """What one of them is called."""
    unit: ClassVar[str] = "rows"
    """What a detector scores."""
    span: int = 1
    """How many of the user's rows one of them is: those that are nearer to each other are nearly the same."""
    layout: ClassVar[str] = "pairs"
    """How the cards of units stand, as `isthmus.apps.report.blocks.Section` knows it."""
    strips: str = "flow"
    """How the blocks of `versions` stand."""
    errors: str = "pairs"
    """How the blocks of `by_feature` and `extreme` stand."""
    abnormal_style: ClassVar[str] = "flow"
    """How the blocks of `abnormal` stand."""
    differences: ClassVar[str] = ""
    """How to read what `code_unit` shows of a decoder's atom."""
    side: ClassVar[int] = 3
    """Decoded codes on a side of the grid over the latent space."""
    samples: ClassVar[int] = 8
    """Samples that are shown."""
    walks: ClassVar[int] = 1
    """Interpolations that are shown."""

    @abstractmethod
    def __init__(self, data: Any, X: Any) -> None: ...

    @classmethod
    @abstractmethod
    def pick(cls, data: Any, X: Any) -> Picked:
        """Return the rows of X that the report uses."""

    @property
    def one(self) -> str:
        """The noun with its article."""
        return f"{'an' if self.noun[0] in 'aeiou' else 'a'} {self.noun}"

    @property
    def note(self) -> str:
        """What the report leaves out of the rows, in a sentence."""
        return ""

    def guarantee(self, calibration: Mapping[str, object]) -> str:
        """Return what a calibration of a detector guarantees."""
        return said_of(self.unit, calibration)[0]

    def band(self, calibration: Mapping[str, Any]) -> str:
        """Return which fraction of normal rows lies above the threshold of a detector, with 95 % probability."""
        return said_of(self.unit, calibration)[1]

    @abstractmethod
    def versions(self, versions: Mapping[str, Any], errors: Any) -> list[Block]:
        """Show the same rows in several versions; the first is the original.

        Parameters
        ----------
        versions : dict of rows
        errors : ndarray of shape (n, ...), or a list of them
            Of each of the user's elements.
        """

    @abstractmethod
    def extreme(self, title: str, versions: Mapping[str, Any], errors: Any) -> list[Block]:
        """Show the rows with the largest or the smallest errors, as `versions` does."""

    @abstractmethod
    def grid(self, rows: Any, across: int, what: str, caption: str = "", names: Sequence[str] = ()) -> Block:
        """Show rows that belong together, `across` of them side by side if possible, else each with its name."""

    @abstractmethod
    def code_unit(self, name: str, below: Any, above: Any, walk: Any, steps: np.ndarray) -> list[Block]:
        """Show what a unit of the code does to what is decoded.

        Parameters
        ----------
        name : str
        below, above : one row
            Decoded before and after a step of the unit.
        walk : rows
            Decoded while the unit takes each of the `steps`.
        steps : ndarray
            In standard deviations.
        """

    @abstractmethod
    def examples(self, name: str, rows: Any, activations: np.ndarray, walk: Any) -> Block:
        """Show the rows that activate a unit most."""

    @abstractmethod
    def by_feature(self, errors: np.ndarray) -> list[Block]:
        """Show the mean error of each of the user's elements."""

    @abstractmethod
    def abnormal(self, scoring: Scoring, reconstruct: Callable[[Any], Any]) -> list[Block]:
        """Show what a detector finds most abnormal, and what contributes to it.

        Parameters
        ----------
        scoring : Scoring
        reconstruct : callable
            From rows to their reconstructions.
        """


def rows_of(data: object) -> type[Rows]:
    """Return how rows of fitted data are shown.

    Raises
    ------
    InputError
        The report cannot show this kind of data yet.
    """
    rows: type[Rows] = adapter("report", data)
    return rows


def take(rows: Any, at: Any) -> Any:
    """Return some rows by their indices, in the form of `rows`."""
    return some(rows, np.atleast_1d(np.arange(len(rows))[at]))


def elements(shape: Sequence[int | None]) -> int:
    """Return how many numbers a row of a shape has; an estimate if an axis is free."""
    return prod(axis or FREE for axis in shape)


def chosen(n: int, shape: Sequence[int | None]) -> np.ndarray:
    """Return the indices of the rows to use, in increasing order: all of n, or some at random."""
    limit = max(2, min(ROWS, ELEMENTS // elements(shape)))
    return np.arange(n) if n <= limit else np.sort(np.random.default_rng(0).choice(n, limit, replace=False))


def picked_rows(data: Any, X: Any) -> Picked:
    """Return some of the user's rows, each scored by itself."""
    at = chosen(len(X), data.shape)
    rows = drawn(X, at)
    return Picked(rows, at, len(X), rows, at)


def drawn(X: Any, at: np.ndarray) -> Any:
    """Return some rows by their increasing indices; of a stream, piece by piece."""
    if not is_stream(X):
        return X if len(at) == len(X) else take(X, at)
    parts, start = [], 0
    for piece in X.chunks():
        parts.append(take(piece, at[(at >= start) & (at < start + len(piece))] - start))
        start += len(piece)
    return joined([part for part in parts if len(part)])
