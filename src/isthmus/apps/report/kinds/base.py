"""Rows: how rows of one kind of data are shown. Pictures and tables each answer the same questions in blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import narwhals as nw
import numpy as np

from isthmus.apps.report.blocks import Block


class Rows(Protocol):
    """How rows are shown."""

    def versions(self, given: Mapping[str, Any], errors: np.ndarray, caption: str = "") -> list[Block]:
        """Show the same rows in several versions; the first is the original.

        Parameters
        ----------
        given : dict of rows
        errors : ndarray of shape (n, ...)
            Of each of the user's elements.
        caption : str
        """
        ...

    def grid(self, given: Any, across: int, what: str, caption: str = "", names: Sequence[str] = ()) -> Block:
        """Show rows that belong together, `across` of them side by side where that can be, else each with its name."""
        ...

    def unit(self, name: str, below: Any, above: Any, walk: Any, steps: np.ndarray) -> list[Block]:
        """Show what a unit does to what is decoded.

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
        ...

    def examples(self, name: str, given: Any, activations: np.ndarray, walk: Any) -> Block:
        """Show the rows that activate a unit most."""
        ...

    def by_feature(self, errors: np.ndarray) -> Block:
        """Show the mean error of each of the user's elements."""
        ...

    layout: str
    """How the cards of units stand, as `isthmus.apps.report.blocks.Section` knows it."""

    differences: str
    """How to read what `unit` shows of a decoder's atom."""


def take(rows: Any, at: Any) -> Any:
    """Return the rows at some places, in the form of `rows`."""
    frame = nw.from_native(rows, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return frame[np.atleast_1d(np.arange(len(frame))[at]).tolist()].to_native()
    return rows[at] if hasattr(rows, "shape") else np.asarray(rows)[at]


def drawn(X: Any, at: np.ndarray) -> Any:
    """Return the rows at some places in rising order; of a stream, piece by piece."""
    if not hasattr(type(X), "chunks"):
        return X if len(at) == len(X) else take(X, at)
    found, start = [], 0
    for piece in X.chunks():
        found.append(take(piece, at[(at >= start) & (at < start + len(piece))] - start))
        start += len(piece)
    if isinstance(nw.from_native(found[0], eager_only=True, pass_through=True), nw.DataFrame):
        return nw.concat([nw.from_native(piece, eager_only=True) for piece in found]).to_native()
    return np.concatenate(found)
