"""Scorer: a fitted autoencoder with a fitted score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from isthmus.core.data import Columns, Data, Rows
from isthmus.core.graphs import Contributions, Scored, evaluating
from isthmus.core.terms import Score
from isthmus.data.sources.in_memory import pieces
from isthmus.data.tables.rows import joined
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.estimators.inference import in_order
from isthmus.tasks.anomaly.checks import check_data, check_scores


@dataclass(frozen=True)
class Scorer:
    """Computes the scores of rows.

    Attributes
    ----------
    autoencoder : Autoencoder
    score : Score
        Both fitted.
    """

    autoencoder: Autoencoder
    score: Score

    @property
    def data(self) -> Data:
        """The data, which turns rows into tensors."""
        data: Data = self.autoencoder.data_
        return data

    def graph(self, kind: type[Scored] = Scored) -> Scored:
        """Return the graph from columns to scores, or to contributions."""
        return evaluating(kind(self.data, self.autoencoder.model_, self.score))

    def scores(self, X: Rows) -> np.ndarray:
        """Return the score of each row, or time step of a signal, of shape (n,): higher is more abnormal."""
        return np.concatenate([self._of_piece(piece, self.column_scores) for piece in pieces(X)])

    def contributions(self, X: Rows) -> Rows:
        """Return how much each of the user's elements contributes to the score of its row: (n, ...), or a list."""
        return joined([self._of_piece(piece, self._column_contributions) for piece in pieces(X)])

    def column_scores(self, columns: Columns) -> Tensor:
        """Return the scores of columns."""
        scores = self.autoencoder.run_columns(self.graph(), columns)["score"]
        check_scores(scores)
        return scores

    def _column_contributions(self, columns: Columns) -> Tensor:
        return self.autoencoder.run_columns(self.graph(Contributions), columns)["contributions"]

    def _of_piece(self, X: Rows, function: Callable[[Columns], Tensor]) -> Rows:
        """Return what a function gives for each row, an array where all have one size."""
        answers = []
        for group in self.autoencoder.groups(X):
            check_data(self.data, group.columns)
            values = self.data.per_row(function(group.columns), X if group.index is None else group.rows)
            answers.append((group.index, values.double().numpy()))
        return in_order(answers)
