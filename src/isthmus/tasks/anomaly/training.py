"""Training of a detector: its scorer, and the scores for its thresholds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from isthmus.core.data import Columns, Data, Rows, rows, take
from isthmus.core.model import check_any_size
from isthmus.core.part import lookup, resolve
from isthmus.core.records import Output
from isthmus.core.terms import Score
from isthmus.data.infer import choose_data
from isthmus.data.tables.rows import count, some
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.estimators.run import Run, learn, prepare
from isthmus.estimators.together import can_train_together, fit_together
from isthmus.support.errors import TooFewRowsError, counted
from isthmus.tasks.anomaly.calibration import NONE_KNOWN, Calibration, held_out, labels_of
from isthmus.tasks.anomaly.checks import check_data
from isthmus.tasks.anomaly.conformal import fraction_threshold
from isthmus.tasks.anomaly.expectation import typical_residuals
from isthmus.tasks.anomaly.reservoir import FIT_ROWS, Reservoir
from isthmus.tasks.anomaly.scorer import Scorer

WITHOUT_ROWS = "residual"
"""The score of data whose own holds training rows, where none may be kept."""
FEW, LITTLE_WORK = 1000, 10**9
"""Up to so many rows, and multiplications in all, it is cheap to train a model for each fold at once."""
FEW_ROWS = 200
"""Up to so many rows, all are held out in their turn where no fold needs a model of its own."""
PIECE_ROWS = 2048
PART = 1024
"""Sides of the parts of rows of any size that a score is fitted on, at most."""
PIECE_NUMBERS = 2**22
"""Numbers in a piece of rows of any size, about."""


@dataclass(frozen=True)
class Trained:
    """The result of a training.

    Attributes
    ----------
    scorer : Scorer
    calibration : Calibration
        Scores for thresholds.
    training : Calibration
        Scores of the training rows, or of a sample of them.
    treatment : str
        How abnormal rows were treated.
    deviation : ndarray of shape (columns,)
        The typical residuals of the calibration rows.
    """

    scorer: Scorer
    calibration: Calibration
    training: Calibration
    treatment: str
    deviation: np.ndarray


@dataclass(frozen=True)
class Trainer:
    """The common settings of the trainings of one fit.

    Attributes
    ----------
    untrained : callable
        Returns an unfitted autoencoder for a number of rows.
    score : str or Score
        ``"auto"``: the default of the data.
    groups : name or number of a column, or None
        The column whose values have their own thresholds.
    keep_rows : bool
        Whether a score may hold training rows.
    random : Generator
    known : array, DataFrame or None, default None
        Known anomalies, which are not trained on.
    units : ndarray or None, default None
        What each row is of: rows of one unit are held out together.
    """

    untrained: Callable[[int], Autoencoder]
    score: str | Score
    groups: str | int | None
    keep_rows: bool
    random: np.random.Generator
    known: Rows = None
    units: np.ndarray | None = None

    # -- one training --------------------------------------------------------------------------------------------

    def train(self, X: Rows, fraction: float = 0.0) -> tuple[Scorer, list[Columns]]:
        """Train an autoencoder, and fit the score on a sample of the rows; `fraction` of them may be abnormal.

        Returns
        -------
        Scorer
        list of Columns
            The columns of the sample, with rows of one size together.

        Raises
        ------
        InputError
            Rows may differ in size, but the score needs rows of one size: before anything is trained.
        """
        return self._scorer(self._fitted(X), X, fraction)

    def _fitted(self, X: Rows) -> Autoencoder:
        """Return an autoencoder trained on rows."""
        autoencoder = self._untrained(count(X))
        self._check_score(choose_data(autoencoder.data, X))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"the columns .* are empty")  # an error where it matters
            autoencoder.fit(X)
        return autoencoder

    def _untrained(self, rows: int) -> Autoencoder:
        """Return an unfitted autoencoder for a number of rows, with a seed."""
        autoencoder = self.untrained(rows)
        seed = self._seed() if autoencoder.random_state is None else autoencoder.random_state
        return autoencoder.set_params(random_state=seed)

    def _scorer(self, autoencoder: Autoencoder, X: Rows, fraction: float = 0.0) -> tuple[Scorer, list[Columns]]:
        """Fit the score of a trained autoencoder on a sample of its rows."""
        sample = self._sample(autoencoder, X)
        model, data = autoencoder.model_, autoencoder.data_
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self._seed())
            parts = (part for columns in sample for part in _pieces(columns, data))
            outputs = (model(data.batch(part), False) for part in parts)
            score = self._score(data, fraction).fit_known(outputs, self._known(autoencoder), model)
        return Scorer(autoencoder, score.eval()), sample

    def _check_score(self, data: Data) -> None:
        """Raise an error for a score that cannot take rows as they are."""
        if data.any_size:
            score = self._score(data, 0.0)
            check_any_size([score])
            score.initialize()

    def _known(self, autoencoder: Autoencoder) -> list[Output]:
        """Return the output for the known anomalies."""
        if self.known is None:
            return []
        model, data = autoencoder.model_, autoencoder.data_
        parts = (part for columns in autoencoder.columns(self.known) for part in _pieces(columns, data))
        return [model(data.batch(part), False) for part in parts]

    def known_scores(self, scorer: Scorer) -> Calibration:
        """Return the score of each known anomaly as if it were not known, and its group."""
        if self.known is None:
            return NONE_KNOWN
        model = scorer.autoencoder.model_
        with torch.no_grad():
            scores = [scorer.score.of_known(output, model) for output in self._known(scorer.autoencoder)]
        return Calibration("known", torch.cat(scores).double().numpy(), labels_of(self.known, self.groups))

    def _seed(self) -> int:
        return int(self.random.integers(2**31 - 1))

    def _sample(self, autoencoder: Autoencoder, X: Rows) -> list[Columns]:
        """Return the columns of a uniform sample of the training rows, with rows of one size together."""
        reservoir = Reservoir()
        for columns in autoencoder.columns(X):
            reservoir.add(columns, self.random.random(rows(columns)))
        return reservoir.samples

    def _score(self, data: Data, fraction: float) -> Score:
        """Return the unfitted score."""
        name = data.defaults().score if self.score == "auto" else self.score
        made: Score = lookup(f"score/{name}")() if isinstance(name, str) else name
        made = made.for_evened() if data.evened else made
        if not isinstance(self.score, str):
            return made
        if self.score == "auto" and not self.keep_rows:
            made = made.without_rows() or lookup(f"score/{WITHOUT_ROWS}")()
        elif self.score == "auto" and self.known is not None and not data.any_size:
            made = lookup("score/joined")([made, lookup("score/known")()])
        return made.for_contaminated(fraction) if fraction else made

    # -- what a fit consists of ----------------------------------------------------------------------------------

    def trimmed(self, X: Rows, fraction: float, ordered: bool) -> Trained:
        """Train on rows of which a fraction is abnormal, and again without it, unless rows are consecutive."""
        n = count(X)
        scorer, _ = self.train(X, fraction)
        check_data(scorer.data)
        treatment = f"all {n} rows; the neighbours are {fraction:.0%} of them"
        if not ordered:
            first = scorer.scores(X)
            kept = np.flatnonzero(first <= fraction_threshold(first, fraction))
            with _silent():
                scorer, _ = self.train(some(X, kept), fraction)
            treatment = f"trimmed: {n - len(kept)} of {n} rows were left out of the second training"
        scores = self._scored(scorer, X)
        return Trained(scorer, scores, scores, treatment, typical_residuals(scorer, scorer.autoencoder.columns(X)))

    def streamed(self, X: Rows) -> Trained:
        """Train on the normal rows of a stream, and keep the scores of a sample."""
        scorer, sample = self.train(X)
        check_data(scorer.data)
        scores = Calibration("training", torch.cat([scorer.column_scores(part) for part in sample]).double().numpy())
        return Trained(scorer, scores, scores, "all rows as normal", typical_residuals(scorer, sample))

    def calibrated(self, X: Rows, rate: float, ordered: bool) -> Trained:
        """Train on normal rows, and score those that were not trained on."""
        n = count(X)
        first = self._untrained(n)
        if n == 2:
            raise TooFewRowsError(n, "a detector, which scores each row by a model of others,", 3)
        run = self.together(first, X, ordered)
        cheap = run is not None or (n <= FEW_ROWS and not self.needs_models(first, X))
        parts = held_out(n, rate, self.random, ordered, cheap, self.units)
        scorer, folds = self._apart(X, parts) if run is None else self._at_once(run, first, X, parts)
        check_data(scorer.data)
        calibration = Calibration.joined("split" if len(folds) == 1 else "cross", [fold.calibration for fold in folds])
        chosen = X if ordered or n <= FIT_ROWS else some(X, np.sort(self.random.choice(n, FIT_ROWS, replace=False)))
        with _silent(len(folds) == 1):  # what is new in rows that were held out has been said
            training = self._scored(scorer, chosen)
        deviation = np.mean([fold.deviation for fold in folds], axis=0)
        return Trained(scorer, calibration, training, f"all rows as normal{self._by_units()}", deviation)

    def _by_units(self) -> str:
        """Return how rows were held out, in words."""
        return "" if self.units is None else f", held out by {counted(len(np.unique(self.units)), 'unit')}"

    @staticmethod
    def together(autoencoder: Autoencoder, X: Rows, ordered: bool) -> Run | None:
        """Return the prepared run of an autoencoder if those of all folds should train at once, since that is cheap."""
        unlike = ordered or choose_data(autoencoder.data, X).any_size  # images are not read for nothing
        if unlike or count(X) > FEW or autoencoder.validation_fraction:
            return None
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"the columns .* are empty")  # an error where it matters
            run = prepare(autoencoder, X)
        work = run.objective.model.multiplications * run.settings.epochs * count(X)
        return run if work <= LITTLE_WORK and can_train_together(run) else None

    def needs_models(self, autoencoder: Autoencoder, X: Rows) -> bool:
        """Tell whether the score of each fold needs a model that was trained without it."""
        data = choose_data(autoencoder.data, X)
        if not resolve("variant", autoencoder.variant).remembers:
            return False
        if not isinstance(self.score, str):
            return self.score.needs_model
        if data.any_size:
            return self._score(data, 0.0).needs_model
        if data.named_columns:  # rows are not read for nothing
            return True
        fitted = learn(autoencoder, resolve("variant", autoencoder.variant), X).data
        return self._score(fitted, 0.0).needs_model

    def _at_once(self, run: Run, first: Autoencoder, X: Rows, parts: list[np.ndarray]) -> tuple[Scorer, list[_Fold]]:
        """Train on all rows, and without each fold, at once; score the rows of the folds."""
        rows = [_others(X, part) for part in parts]
        autoencoders = [first, *(self._untrained(count(X)) for _ in parts)]
        fit_together(run, autoencoders, X, [*rows, np.arange(count(X))])
        *others, last = autoencoders
        with _silent():
            scorers = [self._scorer(other, some(X, index))[0] for other, index in zip(others, rows, strict=True)]
            folds = [self._fold(each, X, part) for each, part in zip(scorers, parts, strict=True)]
        return self._scorer(last, X)[0], folds

    def _apart(self, X: Rows, parts: list[np.ndarray]) -> tuple[Scorer, list[_Fold]]:
        """Train without each fold and score its rows; if there are several, train on all rows too.

        Where the score needs no model, one of all rows serves all folds.
        """
        if len(parts) > 1 and not self.needs_models(self.untrained(count(X)), X):
            scorer = self.train(X)[0]
            others = (self._scorer(scorer.autoencoder, some(X, _others(X, part)))[0] for part in parts)
            return scorer, [self._fold(other, X, part) for other, part in zip(others, parts, strict=True)]
        with _silent(len(parts) > 1):
            folds = [self._fold(self.train(some(X, _others(X, part)))[0], X, part) for part in parts]
        return folds[0].scorer if len(folds) == 1 else self.train(X)[0], folds

    def _fold(self, scorer: Scorer, X: Rows, fold: np.ndarray) -> _Fold:
        """Score the rows that were not trained on."""
        others = some(X, fold)
        deviation = typical_residuals(scorer, scorer.autoencoder.columns(others))
        return _Fold(scorer, self._scored(scorer, others), deviation)

    def _scored(self, scorer: Scorer, X: Rows) -> Calibration:
        """Return the scores of rows, and their groups."""
        return Calibration("training", scorer.scores(X), labels_of(X, self.groups))


def _others(X: Rows, fold: np.ndarray) -> np.ndarray:
    """Return the indices of the rows that are not in a fold."""
    return np.setdiff1d(np.arange(count(X)), fold)


@contextmanager
def _silent(elsewhere: bool = True) -> Iterator[None]:
    """Suppress notes on the rows inside the block, if they are issued elsewhere, for all rows."""
    with warnings.catch_warnings():
        if elsewhere:
            warnings.simplefilter("ignore", UserWarning)
        yield


def _pieces(columns: Columns, data: Data) -> Iterator[Columns]:
    """Yield rows of one size piece by piece; fewer at once if they are large, and of very large ones a random part."""
    step = PIECE_ROWS
    if data.any_size:
        columns = _part(columns, data)
        step = max(1, PIECE_NUMBERS // sum(tensor[:1].numel() for tensor in columns.values()))
    return (take(columns, slice(at, at + step)) for at in range(0, rows(columns), step))


def _part(columns: Columns, data: Data) -> Columns:
    """Return a random part of rows of any size, as large as a score can be fitted on."""
    spans = []
    for length in data.space(columns):
        side = min(length, PART)
        start = int(torch.randint(length - side + 1, ()))
        spans.append((start, start + side))
    return data.cut(data.with_whole(columns), spans)


@dataclass(frozen=True)
class _Fold:
    scorer: Scorer
    calibration: Calibration
    deviation: np.ndarray
