"""Imputer: fills the missing cells of a table with what an autoencoder makes of the cells that are there."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from isthmus.core.data import Columns
from isthmus.core.graphs import in_pieces
from isthmus.core.part import part, resolve
from isthmus.data.tables.table import Table
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.estimators.base import Persistent, any_cells, nested, take_names, under, unnested
from isthmus.estimators.card import Card
from isthmus.support.errors import InputError
from isthmus.tasks.imputation.graph import Impute, observed
from isthmus.tasks.imputation.merge import merged
from isthmus.tasks.imputation.sampling import column_by_column, find_donors, in_turns
from isthmus.variants import variant_name

STEPS, ROWS_IN_STEP = 500, 1024
"""Training steps of the default autoencoder on a small table, and the rows of each."""

DRAWING = ("masked", "variational")
"""The variants that gaps can be drawn by."""


@part("estimator/imputer")
class Imputer(OneToOneFeatureMixin, TransformerMixin, Persistent, BaseEstimator):
    """Fills missing cells: numbers with their conditional mean, categories with the likeliest.

    By default a committee of small nets is trained to rebuild columns that are taken away from the rows it sees
    (variant ``"masked"``), so that one model predicts any column from whatever else a row holds.

    Parameters
    ----------
    autoencoder : Autoencoder or None, default None
        What is trained, unfitted. None: the masked variant, with settings for the number of rows.
    draws : int, default 1
        1: numbers are filled with their conditional mean, categories with the likeliest. More: so many tables are
        returned, their gaps drawn from what is possible, so that what differs between them says how unsure the cells
        are (multiple imputation, Rubin 1987). By the masked variant column after column is drawn, given those before, a
        number from those that stood where about the same was predicted (Little 1988); for that a tenth of the rows is
        not trained on. By the variational one codes and gaps are drawn in turns (Rezende 2014). No other variant can.
    passes : int or None, default None
        How often filled rows go through the autoencoder, each time with what it said before in the gaps. None: once
        for the masked variant, which is told where the gaps are, else ten times.
    random_state : int, RandomState or None, default None
        An int gives the same result twice; a given autoencoder keeps its own.

    Attributes
    ----------
    autoencoder_ : Autoencoder
        Fitted.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Names of the columns, where all are text.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=200)
    >>> X = np.stack([x, 2 * x], axis=1)
    >>> X[0, 1] = np.nan
    >>> bool(abs(Imputer(random_state=0).fit_transform(X)[0, 1] - 2 * x[0]) < 0.2)
    True
    """

    def __init__(
        self,
        autoencoder: Autoencoder | None = None,
        draws: int = 1,
        passes: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.autoencoder = autoencoder
        self.draws = draws
        self.passes = passes
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train on the cells of X that are there.

        Parameters
        ----------
        X : array, DataFrame, tensor or list of rows
            Missing cells are None, NaN, NaT or NA.
        y : ignored

        Raises
        ------
        InputError
            A column or the whole of X is missing, or it is no table; the autoencoder has a condition.
        """
        self._check_settings()
        unfitted = self._unfitted(X)
        if unfitted.condition is not None:
            raise InputError(
                f"condition={unfitted.condition!r}: an Imputer takes no autoencoder with a condition; leave it "
                "out, for each column is filled from all others anyway"
            )
        variant = variant_name(resolve("variant", unfitted.variant))
        if self.draws > 1 and variant not in DRAWING:
            raise InputError(f"draws={self.draws} needs one of the variants {' and '.join(DRAWING)}, not {variant!r}")
        aside = self._aside(X) if self.draws > 1 and variant == "masked" else None
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "nothing stands in the columns")  # an error below
            self.autoencoder_ = unfitted.fit(X, sample_weight=None if aside is None else ~aside)
        if empty := self._table.empty_columns():
            raise InputError(f"nothing stands in the columns {empty}, so nothing can be learnt of them: leave them out")
        self.donors_ = {}
        if aside is not None:
            columns, rows = self._table.read(X), torch.from_numpy(np.flatnonzero(aside))
            self.donors_ = find_donors(self._table, self.autoencoder_.objective_, columns, rows, self._seed())
        take_names(self, self.autoencoder_)
        return self

    def _check_settings(self) -> None:
        for name, value in (("draws", self.draws), ("passes", 1 if self.passes is None else self.passes)):
            if not isinstance(value, (int, np.integer)) or value < 1:
                raise InputError(f"{name}={value!r} is no number of {name}; give an integer of at least 1")

    def _seed(self) -> int:
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _aside(self, X: Any) -> np.ndarray:
        """Return which rows are not trained on: a tenth, and a hundred where there are thrice as many."""
        count = max(len(X) // 10, min(len(X) // 3, 100))
        return np.random.default_rng(self._seed()).permutation(len(X)) < count

    def _unfitted(self, X: Any) -> Autoencoder:
        if self.autoencoder is not None:
            return clone(self.autoencoder)
        n = max(len(X), 1) if hasattr(X, "__len__") else ROWS_IN_STEP
        return Autoencoder(
            "masked",
            latent_dim=256,
            epochs=max(5, -(-STEPS * min(n, ROWS_IN_STEP) // n)),
            batch_size=ROWS_IN_STEP,
            learning_rate=6e-3,
            validation_fraction=0,
            random_state=self.random_state,
            verbose=False,
        )

    @property
    def _table(self) -> Table:
        data = self.autoencoder_.data_
        if not isinstance(data, Table):
            raise InputError(f"the Imputer fills tables, but X was read as {type(data).__name__}")
        return data

    def transform(self, X: Any) -> Any:
        """Return X with its gaps filled, in the form and with the types of X; cells that are there stay as they are.

        With ``draws`` more than one: a list of so many tables.

        Parameters
        ----------
        X : like what was fitted on

        Warns
        -----
        UserWarning
            A row has no cells at all: it is filled with what is typical. A category was never seen: it stays, and the
            rest of its row is filled as if it were of no known kind.
        """
        check_is_fitted(self)
        data = self._table
        columns = data.read(X)
        gaps = data.per_feature((~observed(data(columns))).float()) > 0
        if bare := torch.nonzero(gaps.all(1)).flatten().tolist():
            warnings.warn(
                f"{len(bare)} rows have no cells at all, such as row {bare[0]}: they are filled with what is "
                "typical of the table",
                stacklevel=2,
            )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed())
            found = [in_pieces(self._fill(), columns, prod(data.shape)) for _ in range(self.draws)]
        tables = [merged(X, data.write(filled, like=X), gaps.numpy()) for filled in found]
        return tables[0] if self.draws == 1 else tables

    def _fill(self) -> Callable[[Columns], Columns]:
        """Return what fills columns: the graph, or a draw."""
        if self.draws == 1:
            return self.graphs()["impute"]
        if self._variant == "variational":
            return partial(in_turns, self._table, self.autoencoder_.objective_.model, self._passes)
        if not self.donors_:
            raise InputError(f"draws={self.draws}, but the Imputer was fitted with draws=1: fit again")
        return partial(column_by_column, self._table, self.autoencoder_.objective_.model, self.donors_)

    @property
    def _variant(self) -> str:
        return variant_name(self.autoencoder_.variant_)

    @property
    def _passes(self) -> int:
        return self.passes or (1 if self._variant == "masked" else 10)

    def graphs(self) -> dict[str, torch.nn.Module]:
        """Return what the imputer can do, by name: the graphs of its autoencoder, and ``"impute"``."""
        check_is_fitted(self)
        ae = self.autoencoder_
        return {**ae.graphs(), "impute": Impute(self._table, ae.objective_.model, self._passes).eval()}

    def card(self) -> Card:
        """Return what the fitted imputer is, in one record."""
        check_is_fitted(self)
        known, numbers = self.autoencoder_.card(), sum(donors.numel() for donors in self.donors_.values())
        drawn = (f"{numbers:,} numbers of its rows, or fewer: what cells are drawn from",) if numbers else ()
        return replace(known, estimator=type(self).__name__, graphs=tuple(self.graphs()), keeps=(*drawn, *known.keeps))

    # -- the file ------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return what fit learnt: the autoencoder, and what draws are made from."""
        check_is_fitted(self)
        donors = {f"donors.{name}": tensor for name, tensor in self.donors_.items()}
        return {**nested("autoencoder", self.autoencoder_), **donors}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        from isthmus.parts.catalogue import load_all

        load_all()
        self.autoencoder_ = unnested("autoencoder", state)
        self.donors_ = under("donors", state)
        take_names(self, self.autoencoder_)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")

    def __sklearn_tags__(self) -> Any:
        tags = any_cells(super().__sklearn_tags__())
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
