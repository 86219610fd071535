"""Study: what a report measures of a model on some rows, each quantity once."""

from __future__ import annotations

import warnings
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
from sklearn.utils.validation import check_is_fitted

from isthmus.apps.capabilities import autoencoder_of, detects
from isthmus.apps.report.kinds.base import Rows, rows_of, take
from isthmus.apps.report.labels import groups_of, labels_of, ordered
from isthmus.apps.report.plane import Plane
from isthmus.apps.report.scoring import Scoring
from isthmus.support.errors import TooFewRowsError
from isthmus.tasks.evaluation.codes import CodeStatistics, divergence
from isthmus.tasks.evaluation.reconstruction import ReconstructionMetrics

if TYPE_CHECKING:
    from isthmus.estimators.autoencoder import Autoencoder

SILENT = 0.01
"""Nats below which a unit of a posterior says nothing about the row."""


class Study:
    """A model and the rows that it is measured on.

    Parameters
    ----------
    model : Autoencoder, or an estimator that holds one
        Fitted; of a detector, its scores are looked at too.
    X : rows, as for ``model.transform``, a signal, or a stream of rows
        Where there are very many, some are drawn at random.
    y : array of shape (n,), optional
        Labels; also the condition of a model that was trained with ``condition="y"``.
    examples : bool, default True
        Whether real rows may be shown.

    Raises
    ------
    InputError
        There are fewer than two rows, or not one label for each.
    sklearn.exceptions.NotFittedError
        The model is not fitted.

    Attributes
    ----------
    total : int
        Rows of X, or windows of a signal.
    X, y :
        The rows or windows that are looked at, and their labels.
    index : ndarray of shape (n,)
        The number of each among the user's rows; of a window, of its last time step.
    scoring : Scoring or None
        What a detector says of them.
    """

    def __init__(self, model: Any, X: Any, y: Any = None, examples: bool = True) -> None:
        check_is_fitted(model)
        self.model: Autoencoder = autoencoder_of(model)
        self.examples = examples
        self._rows = rows_of(self.model.data_)
        if len(X) < 2:
            raise TooFewRowsError(len(X), "a report")
        labels = None if y is None else labels_of(y, len(X))
        picked = self._rows.pick(self.model.data_, X)
        self.X, self.index, self.total = picked.X, picked.index, picked.total
        self.y = None if labels is None else labels[picked.index]
        self.scoring = None
        if detects(model):
            scored = None if labels is None else labels[picked.scored_index]
            self.scoring = Scoring(model, picked.scored, picked.scored_index, scored)

    # -- rows ----------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.X)

    @cached_property
    def rows(self) -> Rows:
        """How rows are shown."""
        return self._rows(self.model.data_, self.originals)

    def apart(self, order: np.ndarray, n: int) -> np.ndarray:
        """Return the first n of some rows, without those that are nearly the same as an earlier one."""
        kept: list[int] = []
        for row in order.tolist():
            if all(abs(self.index[row] - self.index[other]) >= self.rows.span for other in kept):
                kept.append(row)
            if len(kept) == n:
                break
        return np.array(kept)

    @cached_property
    def originals(self) -> Any:
        """The rows without the columns of the condition, which is not reconstructed."""
        if self.model.condition is None or self.model.condition == "y":
            return self.X
        return nw.from_native(self.X, eager_only=True).drop(self._condition_columns).to_native()

    @property
    def _condition_columns(self) -> list[str]:
        condition = self.model.condition
        return [condition] if isinstance(condition, str) else list(condition or ())

    @property
    def condition(self) -> Any:
        """The condition of each row, where X does not hold it."""
        return self.y if self.model.condition == "y" else None

    @cached_property
    def typical(self) -> Any:
        """The most frequent condition, under which codes of no row are decoded."""
        if self.model.condition is None:
            return None
        if self.model.condition == "y":
            return [Counter(np.asarray(self.y).tolist()).most_common(1)[0][0]]
        frame = nw.from_native(self.X, eager_only=True).select(self._condition_columns)
        commonest = Counter(frame.iter_rows()).most_common(1)[0][0]
        return frame[[list(frame.iter_rows()).index(commonest)]].to_native()

    @cached_property
    def groups(self) -> dict[str, np.ndarray]:
        """Masks of the rows by label."""
        return {"rows": np.ones(len(self), bool)} if self.y is None else groups_of(self.y)

    @property
    def scale(self) -> str:
        """Which colours the groups get: ``"c"`` for names, ``"s"`` for steps of a number."""
        return "s" if self.y is not None and ordered(self.y) else "c"

    # -- the model on the rows -----------------------------------------------------------------------------------

    @cached_property
    def statistics(self) -> CodeStatistics:
        """Statistics of each unit."""
        statistics = CodeStatistics(self.model)
        statistics.add(self.X, self.condition)
        return statistics

    @cached_property
    def codes(self) -> np.ndarray:
        """Codes of the rows, of shape (n, units): the means over positions where a code has several."""
        return self.statistics.vectors.astype(float)

    @property
    def pooled(self) -> bool:
        """Whether `codes` are means over positions, which cannot be decoded."""
        return bool(self.model.positions_)

    @cached_property
    def reconstructed(self) -> Any:
        """The reconstruction of the rows."""
        return self.model.reconstruct(self.X, condition=self.condition)

    @cached_property
    def likeness(self) -> dict[str, Any]:
        """Metrics of the reconstructions that do not depend on the model's likelihood."""
        metrics = ReconstructionMetrics(self.model.data_)
        for index, rows in self.model.data_.groups(self.originals):
            reconstructed = self.reconstructed if index is None else np.stack(take(self.reconstructed, index.numpy()))
            metrics.add(rows, reconstructed)
        return metrics.figures()

    @cached_property
    def errors(self) -> np.ndarray:
        """Error of each row."""
        return self.model.reconstruction_error(self.X, condition=self.condition).astype(float)

    def elements(self, at: np.ndarray) -> np.ndarray:
        """Return the error of each element of some rows."""
        condition = None if self.condition is None else self.condition[at]
        return self.model.reconstruction_error(take(self.X, at), per="element", condition=condition)

    @cached_property
    def feature_errors(self) -> np.ndarray:
        """Mean error of each of the user's elements."""
        return self.model.reconstruction_error(self.X, per="feature", condition=self.condition)

    def corrupted(self, at: np.ndarray) -> Any:
        """Return some rows corrupted as in training; None if training corrupts none."""
        return self.model.corrupt(take(self.X, at), random_state=0)

    def reconstruct(self, rows: Any, at: np.ndarray) -> Any:
        """Return other versions of the rows at some indices, reconstructed under their condition."""
        if self.model.condition is None or self.model.condition == "y":
            return self.model.reconstruct(rows, condition=None if self.condition is None else self.condition[at])
        own = nw.from_native(take(self.X, at), eager_only=True).select(self._condition_columns)
        return self.model.reconstruct(
            nw.from_native(rows, eager_only=True).with_columns(own.iter_columns()).to_native()
        )

    @property
    def decodes(self) -> bool:
        """Whether codes alone can be decoded: samples too."""
        return "decode" in self.model.graphs()

    @property
    def walks(self) -> bool:
        """Whether `codes` can be decoded, and so any point between them."""
        return self.decodes and not self.pooled

    def decode(self, codes: np.ndarray) -> Any:
        """Return what codes decode to."""
        return self.model.inverse_transform(codes, condition=self.typical)

    def sample(self, n: int) -> tuple[Any, list[str]]:
        """Return samples, and what there is to say of them."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            samples = self.model.sample(n, condition=self.typical, random_state=0)
        return samples, [f"{str(one.message)[:1].upper()}{str(one.message)[1:]}." for one in caught]

    # -- units ---------------------------------------------------------------------------------------------------

    @property
    def units(self) -> int:
        """Numbers in a code, at each of its positions."""
        return self.codes.shape[1]

    @cached_property
    def deviation(self) -> np.ndarray:
        """Standard deviation of each unit over rows and positions."""
        return np.sqrt(self.statistics.variance)

    @cached_property
    def usage(self) -> np.ndarray:
        """Fraction of the rows and positions in which each unit is not zero."""
        return self.statistics.usage

    @property
    def switches(self) -> bool:
        """Whether units are exactly zero in some rows: a sparse code."""
        return bool(self.usage.mean() < 0.995)

    @cached_property
    def kl(self) -> np.ndarray | None:
        """KL from q(z|x) to N(0, 1) of each unit in nats, a mean over rows and positions; None without a posterior."""
        return divergence(self.model, self.X, self.condition) if "posterior" in self.model.graphs() else None

    @cached_property
    def alive(self) -> np.ndarray:
        """Which units are active."""
        return self.statistics.active()

    @cached_property
    def silent(self) -> int:
        """Number of units of a posterior that carry no information about the row."""
        return 0 if self.kl is None else int((self.kl < SILENT).sum())

    @property
    def collapsed(self) -> bool:
        """Whether most units carry no information."""
        return 2 * self.silent > self.units

    @cached_property
    def plane(self) -> Plane:
        """The plane in which codes are shown."""
        return Plane(self.codes)
