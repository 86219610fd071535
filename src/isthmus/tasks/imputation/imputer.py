"""Imputer: fills the missing cells of a table by an autoencoder's reconstruction from the other cells."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from isthmus.core.data import Columns, Fillable, Rows
from isthmus.core.graphs import in_pieces
from isthmus.core.part import part, resolve
from isthmus.core.training.callbacks import Callback
from isthmus.data.inputs import taken
from isthmus.data.tables.table import Table
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.estimators.base import under
from isthmus.estimators.card import Card
from isthmus.support.errors import InputError, counted
from isthmus.tasks.base import Labels, State, Task
from isthmus.tasks.imputation.graph import Impute, observed
from isthmus.tasks.imputation.merge import merged
from isthmus.tasks.imputation.sampling import Donors, column_by_column, find_donors, in_turns
from isthmus.variants import Variant, variant_name

if TYPE_CHECKING:
    from torch import nn

STEPS, ROWS_IN_STEP = 500, 1024
"""Training steps of the default autoencoder on a small table, and its batch size."""
PASSES = 10
"""Passes of filled rows through an autoencoder that was not trained to fill missing cells."""


@part("estimator/imputer")
class Imputer(OneToOneFeatureMixin, TransformerMixin, Task):  # type: ignore[misc] # scikit-learn has no types
    """Fills missing cells: numbers with their conditional mean, categories with the most likely one.

    By default an ensemble of small nets is trained to reconstruct masked columns (variant ``"masked"``), so that one
    model predicts any column from any others.

    Parameters
    ----------
    autoencoder : Autoencoder or None, default None
        The autoencoder to train. None: the masked variant, with settings for the number of rows.
    draws : int, default 1
        1: numbers are filled with their conditional mean, categories with the most likely one. More: as many tables are
        returned, with missing cells sampled from their distribution, so that the differences between tables show the
        uncertainty (multiple imputation, Rubin 1987). A model that was trained to fill gaps (``"masked"``, or
        ``"denoising"`` whose corruption masks) draws column after column, given those before, a number from those that
        stood where about the same was predicted (Little 1988); for that a tenth of the rows is not trained on. One with
        a posterior (``"variational"``) draws codes and gaps in turns (Rezende 2014). No other model can.
    passes : int or None, default None
        Passes of filled rows through the autoencoder, each with the last reconstruction in the missing cells. None: one
        for a model trained to fill missing cells, else ten.
    random_state : int, RandomState or None, default None
        An int makes results reproducible; the user's own autoencoder keeps its own.

    Attributes
    ----------
    autoencoder_ : Autoencoder
        Fitted.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Names of the columns, if all are strings.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=200)
    >>> X = np.stack([x, 2 * x], axis=1)
    >>> X[0, 1] = np.nan
    >>> bool(abs(Imputer(random_state=0).fit_transform(X)[0, 1] - 2 * x[0]) < 0.2)
    True
    """

    donors_: Donors

    def __init__(
        self,
        autoencoder: Autoencoder | None = None,
        draws: int = 1,
        passes: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.autoencoder = autoencoder
        self.draws = draws
        self.passes = passes
        self.random_state = random_state

    def fit(self, X: Rows, y: Labels = None, *, callbacks: Sequence[Callback] = ()) -> Self:
        """Train on the observed cells of X.

        Parameters
        ----------
        X : array, DataFrame, tensor or list of rows
            Missing cells are None, NaN, NaT or NA.
        y : ignored
        callbacks : sequence of callables, default ()
            Each is called with every `isthmus.core.training.callbacks.Event` of the training.

        Raises
        ------
        InputError
            A column or all of X is missing, X is not a table, or the autoencoder has a condition.
        """
        X = taken(X)
        self._check_settings()
        unfitted = self._untrained(max(len(X), 1) if hasattr(X, "__len__") else ROWS_IN_STEP, callbacks)
        if unfitted.condition is not None:
            raise InputError(
                f"condition={unfitted.condition!r}: an Imputer takes no autoencoder with a condition; leave it "
                "out, for each column is filled from all others anyway"
            )
        variant = resolve("variant", unfitted.variant)
        self._check_draws(variant)
        held_out = self._held_out(X) if self.draws > 1 and variant.masks else None
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"the columns .* are empty")  # an error below
            fitted = unfitted.fit(X, sample_weight=None if held_out is None else ~held_out)
        table = _table(fitted)
        for note in table.checks():
            raise InputError(note.text)
        donors = {} if held_out is None else self._find_donors(fitted, X, held_out)
        self._adopt(fitted)
        self.donors_ = donors
        return self

    def _check_settings(self) -> None:
        self._check_autoencoder()
        for name, value in (("draws", self.draws), ("passes", 1 if self.passes is None else self.passes)):
            if not isinstance(value, (int, np.integer)) or value < 1:
                raise InputError(f"{name}={value!r} is no number of {name}; give an integer of at least 1")

    def _check_draws(self, variant: Variant) -> None:
        """Raise an error if the model cannot sample missing cells."""
        if self.draws > 1 and not (variant.masks or variant.has_posterior):
            raise InputError(
                f"draws={self.draws} needs a model that was trained to fill gaps, or that has a posterior: the variant "
                f"'masked' or 'variational', not {variant_name(variant)!r}"
            )

    def _seed(self) -> int:
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _held_out(self, X: Rows) -> np.ndarray:
        """Return which rows to hold out: a tenth, but at least 100, or a third of fewer than 300 rows."""
        count = max(len(X) // 10, min(len(X) // 3, 100))
        return np.random.default_rng(self._seed()).permutation(len(X)) < count

    def _find_donors(self, fitted: Autoencoder, X: Rows, held_out: np.ndarray) -> Donors:
        """Return the donors for sampling numbers."""
        table = _table(fitted)
        rows = torch.from_numpy(np.flatnonzero(held_out))
        return find_donors(table, fitted.objective_, table.read(X), rows, self._seed())

    def _default_autoencoder(self, rows: int) -> Autoencoder:
        return default_autoencoder(rows).set_params(random_state=self.random_state)

    def transform(self, X: Rows) -> Rows:
        """Return X with missing cells filled, in the form and with the types of X; other cells are unchanged.

        With ``draws`` above 1, return a list of as many tables.

        Parameters
        ----------
        X : like the training data

        Warns
        -----
        UserWarning
            A row is empty: it is filled with typical values. A category is unseen: it is kept, and the rest of its row
            is filled as for an unknown category.
        """
        check_is_fitted(self)
        X, data = taken(X), _table(self.autoencoder_)
        columns = data.read(X)
        gaps = data.per_feature((~observed(data(columns))).float()) > 0
        if bare := torch.nonzero(gaps.all(1)).flatten().tolist():
            warnings.warn(
                f"rows without any cell are filled with what is typical of the table: {counted(len(bare), 'row')}, "
                f"such as row {bare[0]}",
                stacklevel=2,
            )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed())
            filled = self._filled(columns)
        tables = [merged(X, data.write(cells, like=X), gaps.numpy()) for cells in filled]
        return tables[0] if self.draws == 1 else tables

    def _filled(self, columns: Columns) -> list[Columns]:
        """Return the filled columns, once for each draw."""
        if self.draws == 1:
            return [self.autoencoder_.run_columns(self._graph(), columns)]
        draw, elements = self._draw(), prod(self.autoencoder_.data_.shape)
        return [in_pieces(draw, columns, elements) for _ in range(self.draws)]

    def _draw(self) -> Callable[[Columns], Columns]:
        """Return a function that fills columns with samples."""
        table, model = _table(self.autoencoder_), self.autoencoder_.model_
        if self.donors_:
            return partial(column_by_column, table, model, self.donors_)
        if self.autoencoder_.objective_.masks or not model.has_posterior:
            raise InputError(f"draws={self.draws}, but the Imputer was fitted with draws=1: fit again")
        return partial(in_turns, table, model, self._passes)

    @property
    def _passes(self) -> int:
        return self.passes or (1 if self.autoencoder_.objective_.masks else PASSES)

    def _graph(self) -> Impute:
        fitted = self.autoencoder_
        return Impute(_table(fitted), fitted.model_, self._passes).eval()

    def card(self) -> Card:
        """Return a description of the fitted imputer."""
        check_is_fitted(self)
        known, numbers = self.autoencoder_.card(), sum(donors.numel() for donors in self.donors_.values())
        drawn = (f"{counted(numbers, 'number')} of its rows, or fewer: what cells are drawn from",) if numbers else ()
        return replace(known, estimator=type(self).__name__, graphs=tuple(self.graphs()), keeps=(*drawn, *known.keeps))

    # -- the file ------------------------------------------------------------------------------------------------

    def _task_graphs(self) -> dict[str, nn.Module]:
        return {"impute": self._graph()}

    def _task_state(self) -> State:
        return {f"donors.{name}": tensor for name, tensor in self.donors_.items()}

    def _restore_task(self, state: State) -> None:
        self.donors_ = under("donors", state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def default_autoencoder(rows: int, data: Table | None = None) -> Autoencoder:
    """Return the default autoencoder for a number of rows: about `STEPS` steps, and at least five passes."""
    return Autoencoder(
        "masked",
        latent_dim=256,
        data=data,
        epochs=max(5, -(-STEPS * min(rows, ROWS_IN_STEP) // rows)),
        batch_size=ROWS_IN_STEP,
        learning_rate=6e-3,
        validation_fraction=0,
        verbose=False,
    )


def _table(fitted: Autoencoder) -> Fillable:
    """Return the autoencoder's data, a table."""
    if (table := fitted.data_.fillable) is None:
        raise InputError(f"the Imputer fills tables, but X was read as {type(fitted.data_).__name__}")
    return table
