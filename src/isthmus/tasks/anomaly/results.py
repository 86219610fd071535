"""Results: flagged rows, the table of scores, and the columns that contribute most to each score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from isthmus.core.data import Data, Rows
from isthmus.data.sources.in_memory import pieces
from isthmus.support.errors import InputError
from isthmus.tasks.anomaly.calibration import labels_of
from isthmus.tasks.anomaly.checks import check_flagged
from isthmus.tasks.anomaly.expectation import Cell, compared
from isthmus.tasks.anomaly.scorer import Scorer
from isthmus.tasks.anomaly.thresholds import Thresholds

ScoredRows = dict[str, np.ndarray]
"""The columns of the table of scores, each of shape (n,)."""
CONTRIBUTORS = 3
"""Number of columns named for each row."""


@dataclass(frozen=True)
class Rule:
    """The rule that decides which rows are flagged.

    Attributes
    ----------
    scorer : Scorer
    thresholds : Thresholds
    groups : name or index of a column, or None
    deviation : ndarray of shape (columns,)
        See `typical_residuals`; empty if it is unknown.
    """

    scorer: Scorer
    thresholds: Thresholds
    groups: str | int | None
    deviation: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def data(self) -> Data:
        """The data, which turns rows into tensors."""
        return self.scorer.data

    @property
    def columns(self) -> list[Any]:
        """The names of the columns that it was trained on, in their order; empty where they have none."""
        return self.scorer.autoencoder.column_names

    def labels(self, X: Rows) -> np.ndarray | None:
        """Return the group of each row; None without groups."""
        return labels_of(X, self.groups)

    def limits(self, X: Rows) -> float | np.ndarray:
        """Return the threshold of each row; a single number if all rows have the same."""
        return self.thresholds.limits(self.labels(X) if self.thresholds else None)

    def p_values(self, X: Rows) -> np.ndarray:
        """Return the p-value of each row."""
        return self.thresholds.p_values(self.scorer.scores(X), self.labels(X))

    def score_rows(self, X: Rows) -> ScoredRows:
        """Return ``"score"``, ``"p_value"`` and ``"flagged"`` of each row, each of shape (n,), in one pass."""
        return self.of_scores(self.scorer.scores(X), X)

    def of_scores(self, score: np.ndarray, X: Rows) -> ScoredRows:
        """Return the same of rows whose scores are known."""
        labels = self.labels(X)
        p = self.thresholds.p_values(score, labels)
        return {"score": score, "p_value": p, "flagged": score > self.thresholds.limits(labels)}

    def table(self, X: Rows, explain: bool = False, contributors: int = CONTRIBUTORS) -> ScoredRows:
        """Return the table of scores; with `explain`, also the columns that contribute most to each."""
        scored = self.score_rows(X)
        check_flagged(self.data, int(scored["flagged"].sum()), len(scored["flagged"]))
        return {**scored, **(self.contributors(X, contributors) if explain else {})}

    def contributors(self, X: Rows, count: int = CONTRIBUTORS) -> ScoredRows:
        """Return the columns that contribute most to the score of each row, and what was expected in them.

        Of recordings, return where in each the score comes from: ``from`` and ``to`` in seconds, and ``hertz``.

        As `top_contributors` does, and ``value_1`` (in the row), ``expected_1`` (``0.4 ± 0.1``, or ``tcp (97 %)``),
        ``value_2`` …, as text.

        Raises
        ------
        InputError
            The data are images, which have no named columns.
        """
        if self.data.locates:
            return self.located(X)
        if not self.data.named_columns:
            raise InputError("images have no columns whose contributions could be named: use explain(X) for maps")
        names = self.data.row_names()
        parts = [
            self.with_expected(piece, top_contributors(self.scorer.contributions(piece), names, count))
            for piece in pieces(X)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def located(self, X: Rows) -> ScoredRows:
        """Return where in each row its score comes from, for data that say so."""
        maps = [torch.as_tensor(one) for piece in pieces(X) for one in self.scorer.contributions(piece)]
        where = list(map(self.data.located, maps))
        return {name: np.array([one[name] for one in where]) for name in where[0]}

    def cells(self, X: Rows, top: ScoredRows) -> list[list[Cell]]:
        """Return the cells of the columns that contribute most, beside what was expected: a list for each rank."""
        beside, names = compared(self.scorer, X, self.deviation), self.data.row_names()
        index_of = {name: index for index, name in enumerate(names)}
        ranked = [column for name, column in top.items() if name.startswith("contributor_")]
        return [beside.cells(np.array([index_of[name] for name in column], dtype=int)) for column in ranked]

    def with_expected(self, X: Rows, top: ScoredRows) -> ScoredRows:
        """Return the contributors with the value of each, and what was expected of it, as text."""
        columns: ScoredRows = {}
        for rank, cells in enumerate(self.cells(X, top), start=1):
            columns |= {name: top[name] for name in (f"contributor_{rank}", f"contribution_{rank}")}
            columns[f"value_{rank}"] = np.array([cell.value_text for cell in cells], dtype=object)
            columns[f"expected_{rank}"] = np.array([cell.expected_text for cell in cells], dtype=object)
        return columns


def top_contributors(contributions: ArrayLike, names: Sequence[str], count: int = CONTRIBUTORS) -> ScoredRows:
    """Return the columns that contribute most to the score of each row, and their fractions of all contributions.

    Parameters
    ----------
    contributions : array or DataFrame of shape (n, columns)
        As `AnomalyDetector.explain` returns them; negative ones count as zero.
    names : sequence of str
        Names of the columns.
    count : int, default 3
        Number of columns to name.

    Returns
    -------
    dict of ndarray of shape (n,)
        ``"contributor_1"`` (a name), ``"contribution_1"`` (0 to 1), ``"contributor_2"`` …; the largest first.

    Examples
    --------
    >>> top = top_contributors([[1.0, 3.0, -1.0]], ["a", "b", "c"], count=2)
    >>> [(name, values.tolist()) for name, values in top.items()]
    [('contributor_1', ['b']), ('contribution_1', [0.75]), ('contributor_2', ['a']), ('contribution_2', [0.25])]
    """
    fractions = contribution_fractions(np.asarray(contributions, dtype=np.float64))
    order = np.argsort(-fractions, axis=1, kind="stable")[:, :count]
    columns: ScoredRows = {}
    for rank, index in enumerate(order.T, start=1):
        columns[f"contributor_{rank}"] = np.asarray(names, dtype=object)[index]
        columns[f"contribution_{rank}"] = np.take_along_axis(fractions, index[:, None], 1)[:, 0]
    return columns


def contribution_fractions(contributions: np.ndarray) -> np.ndarray:
    """Return each contribution as a fraction of its row's total; zeros if the total is zero."""
    positive = np.nan_to_num(np.maximum(contributions, 0.0))
    total = positive.sum(1, keepdims=True)
    fractions: np.ndarray = np.divide(positive, total, out=np.zeros_like(positive), where=total > 0)
    return fractions
