"""Results: flagged rows, the table of scores, and the columns that contribute most to each score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from isthmus.core.data import Data, Rows
from isthmus.support.errors import InputError
from isthmus.tasks.anomaly.calibration import labels_of
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
    """

    scorer: Scorer
    thresholds: Thresholds
    groups: str | int | None

    @property
    def data(self) -> Data:
        """The data, which turns rows into tensors."""
        return self.scorer.data

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
        score, labels = self.scorer.scores(X), self.labels(X)
        p = self.thresholds.p_values(score, labels)
        return {"score": score, "p_value": p, "flagged": score > self.thresholds.limits(labels)}

    def table(self, X: Rows, explain: bool = False, contributors: int = CONTRIBUTORS) -> ScoredRows:
        """Return the table of scores; with `explain`, also the columns that contribute most to each."""
        return {**self.score_rows(X), **(self.contributors(X, contributors) if explain else {})}

    def contributors(self, X: Rows, count: int = CONTRIBUTORS) -> ScoredRows:
        """Return the columns that contribute most to the score of each row: see `top_contributors`.

        Raises
        ------
        InputError
            The data are images, which have no named columns.
        """
        if not self.data.named_columns:
            raise InputError("images have no columns whose contributions could be named: use explain(X) for maps")
        return top_contributors(self.scorer.contributions(X), self.data.row_names(), count)


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
