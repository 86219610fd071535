"""AnomalyDetector: how abnormal each row is, above which score it is flagged, and which columns are to blame."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import ceil
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from isthmus.core.data import Columns, join, rows, take
from isthmus.core.graphs import Contributions, Scored, in_pieces
from isthmus.core.part import build, describe, lookup, part
from isthmus.core.store import adopt, building
from isthmus.data.infer import choose_data
from isthmus.data.signals.signals import Signals
from isthmus.data.sources.in_memory import is_stream, pieces
from isthmus.data.tables.rows import count, indexable, like_frame, some
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.estimators.base import Persistent, any_cells, nested, take_names, unnested
from isthmus.estimators.card import Card, written
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import InputError
from isthmus.tasks.anomaly.calibration import Calibration, held_out
from isthmus.tasks.anomaly.checks import check_columns, check_rows, check_scores, label_like
from isthmus.tasks.anomaly.conformal import check_share, share_threshold
from isthmus.tasks.anomaly.intervals import Interval, intervals
from isthmus.tasks.anomaly.streaming import of_graph, score_stream
from isthmus.tasks.anomaly.thresholds import Thresholds

RATE = 0.01
FIT_ROWS = 20_000
"""Rows that a score is fitted on, at most; and training rows whose scores are kept."""
PIECE_ROWS = 2048
NOISE, STEPS, EPOCHS, BATCH = (0.2, 1.0), 150, 15, 256
"""Of the autoencoder where none is given."""
GRAPHS: dict[str, type[Scored]] = {"score": Scored, "contributions": Contributions}


@part("estimator/anomaly-detector")
class AnomalyDetector(Thresholds, OutlierMixin, Persistent, BaseEstimator):
    """Flags rows, images or time steps of a signal that are unlike those of the training.

    Parameters
    ----------
    autoencoder : Autoencoder or None, default None
        What rebuilds the rows. None: a denoising one, whose noise is between 0.2 and 1 of a column's deviation, and
        whose code has half as many numbers as a row, at most 32; its `members` are trained at once.
    scorer : {"auto", "neighbours", "residual", "error", "channel", "monitoring"} or Score, default "auto"
        ``"neighbours"``: the distance to the nearest training rows, by input and residual. ``"residual"``: what the
        reconstruction leaves, each element measured by its usual size. ``"error"``: the error of the reconstruction, as
        the likelihood has it. ``"channel"``: that of the channel of a signal which is rebuilt worst. ``"monitoring"``:
        the error and the distance of the code, each by what is usual (Q and T²). ``"auto"``: residual for tables with
        categories, else neighbours.
    contamination : float or None, default None
        Share of the *training* rows that are abnormal and are to be flagged. The training is then trimmed: a first
        model scores the rows, that share of them is left out, and a second model is trained on the rest; neighbours
        are as many as that share of the rows, so that no group of abnormal rows can be among themselves.
    false_alarm_rate : float, default 0.01
        Share of *future normal* rows that are flagged, where `contamination` is None and all training rows are normal:
        split conformal prediction, with rows that are kept from the training (see `calibration_`).
    groups : name or number of a column, or None, default None
        Each value in this column has a threshold of its own.
    members : int or None, default None
        Autoencoders that are trained at once, and whose reconstructions are averaged, where `autoencoder` is None: one
        of the user's says so itself, ``Autoencoder(Denoising(members=4))``. None: four for tables with categories,
        whose score is the residual alone; else one, since more change the distance to neighbours little.
    random_state : int, RandomState or None, default None
        An int gives the same result twice.

    Attributes
    ----------
    autoencoder_, score_ :
        Fitted: what rebuilds, and what scores.
    threshold_ : float
        A row with a score above it is flagged. Groups with one of their own: `thresholds_`.
    thresholds_ : dict of str to float
        Of each group; empty without groups.
    offset_ : float
        Minus the threshold, in the direction of `score_samples`.
    calibration_scores_ : ndarray of shape (n,)
        Of the rows that the threshold was found with.
    calibration_ : dict
        The method, its rows, and what it guarantees.
    training_ : str
        How the training treated abnormal rows.
    n_features_in_, feature_names_in_ :
        As of the autoencoder.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> normal = rng.normal(size=(1000, 1)) @ [[1.0, 2.0, 3.0]] + 0.1 * rng.normal(size=(1000, 3))
    >>> detector = AnomalyDetector(random_state=0).fit(normal)
    >>> detector.predict([[1.0, 2.0, 3.0], [1.0, -2.0, 3.0]])
    array([ 1, -1])
    """

    PART_KINDS = {"scorer": "score"}

    def __init__(
        self,
        autoencoder: Autoencoder | None = None,
        scorer: Any = "auto",
        contamination: float | None = None,
        false_alarm_rate: float = RATE,
        groups: Any = None,
        members: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.autoencoder = autoencoder
        self.scorer = scorer
        self.contamination = contamination
        self.false_alarm_rate = false_alarm_rate
        self.groups = groups
        self.members = members
        self.random_state = random_state

    # -- training ------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train on X, and find the threshold.

        Parameters
        ----------
        X : array, DataFrame, tensor, signal or stream
            Normal rows; with `contamination`, rows of which that share may be abnormal.
        y : ignored

        Raises
        ------
        InputError
            The data or a parameter cannot be used.
        """
        self._check(X)
        self._random = np.random.default_rng(int(check_random_state(self.random_state).randint(2**31 - 1)))
        X = X if is_stream(X) else indexable(X)
        data = choose_data(None if self.autoencoder is None else self.autoencoder.data, X)
        check_columns(data, pieces(X))
        if self.contamination is not None:
            self._fit_trimmed(X, data.ordered)
        elif is_stream(X):
            self._fit_stream(X)
        else:
            self._fit_calibrated(X, data.ordered)
        for name in label_like(self.autoencoder_.data_.channel_names()):
            warnings.warn(
                f"the column {name!r} is named like a label: leave it out of the training unless it is a measurement",
                stacklevel=2,
            )
        return self

    def _check(self, X: Any) -> None:
        load_all()
        check_share("false_alarm_rate", self.false_alarm_rate, 1.0)
        if self.contamination is not None:
            check_share("contamination", self.contamination, 0.5)
            if self.false_alarm_rate != RATE:
                raise InputError(
                    f"contamination={self.contamination} and false_alarm_rate={self.false_alarm_rate} are both set: "
                    "the first is a share of training rows, the second of future normal rows; set one of them"
                )
        if self.autoencoder is not None and not isinstance(self.autoencoder, Autoencoder):
            raise InputError(f"autoencoder={self.autoencoder!r}: expected an Autoencoder, or None")
        for name in ("contamination", "groups"):
            if is_stream(X) and getattr(self, name) is not None:
                raise InputError(f"{name}={getattr(self, name)!r} needs rows in memory: read the file, or leave it out")
        if self.members is not None and self.autoencoder is not None:
            raise InputError(
                f"members={self.members} goes with the default autoencoder: tell yours, as in "
                f"Autoencoder(Denoising(members={self.members}))"
            )

    def _fit_trimmed(self, X: Any, ordered: bool) -> None:
        n, share = count(X), float(self.contamination or 0)
        self._train(X, share)
        self.training_ = f"all {n} rows; the neighbours are {share:.0%} of them"
        if not ordered:
            first = self.anomaly_score(X)
            kept = np.flatnonzero(first <= share_threshold(first, share))
            self._train(some(X, kept), share)
            self.training_ = f"trimmed: {n - len(kept)} of {n} rows were left out of the second training"
        self._trained = self._calibrated = self._judged(X)
        self.set_threshold(contamination=share)

    def _fit_stream(self, X: Any) -> None:
        scores = self._found(self._train(X), "score").double().numpy()
        self._trained = self._calibrated = Calibration("training", scores)
        self.training_ = "all rows as normal"
        self.set_threshold(false_alarm_rate=self.false_alarm_rate)

    def _fit_calibrated(self, X: Any, ordered: bool) -> None:
        """Train, and find the threshold with rows that were not trained on."""
        n = count(X)
        folds = held_out(n, self.false_alarm_rate, self._random, ordered)
        parts = [self._fold(X, fold) for fold in folds]
        if len(parts) > 1:
            self._train(X)
        self._calibrated = Calibration.joined("split" if len(parts) == 1 else "cross", parts)
        chosen = X if ordered or n <= FIT_ROWS else some(X, np.sort(self._random.choice(n, FIT_ROWS, replace=False)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is new in rows that were held out has been said
            self._trained = self._judged(chosen)
        self.training_ = "all rows as normal"
        self.set_threshold(false_alarm_rate=self.false_alarm_rate)

    def _judged(self, X: Any) -> Calibration:
        """Return the scores of training rows, and their groups."""
        return Calibration("training", self.anomaly_score(X), self._labels(X))

    def _fold(self, X: Any, held: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Train on all but some rows, and return the scores of these, and their groups."""
        self._train(some(X, np.setdiff1d(np.arange(count(X)), held)))
        chosen = some(X, held)
        return self.anomaly_score(chosen), self._labels(chosen)

    def _autoencoder(self, n: int) -> Autoencoder:
        """Return an untrained autoencoder for n rows, with a seed of its own."""
        default = default_autoencoder(n, members=self.members)
        made: Autoencoder = default if self.autoencoder is None else clone(self.autoencoder)
        if made.random_state is None:
            made.set_params(random_state=int(self._random.integers(2**31 - 1)))
        return made

    def _train(self, X: Any, share: float = 0.0) -> Columns:
        """Train the autoencoder, and fit the score on a sample of the rows; return the sample."""
        self.__dict__.pop("score_", None)
        known = self.autoencoder_ = self._autoencoder(count(X)).fit(X)
        take_names(self, known)
        sample = self._sample(X)
        model, data = known.objective_.model, known.data_
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(self._random.integers(2**31 - 1)))
            parts = (take(sample, slice(at, at + PIECE_ROWS)) for at in range(0, rows(sample), PIECE_ROWS))
            fitted = self._scorer(share).fit((model(data.batch(part), False) for part in parts), model)
        self.score_ = fitted.eval()
        return sample

    def _sample(self, X: Any) -> Columns:
        """Return what is read of some training rows, each as likely as any other (Vitter 1985)."""
        kept: Columns = {}
        keys = np.empty(0)
        for columns in self.autoencoder_.columns(X):
            keys = np.append(keys, self._random.random(rows(columns)))
            kept = join([kept, columns]) if kept else columns
            if len(keys) > FIT_ROWS:
                chosen = np.sort(np.argpartition(keys, FIT_ROWS)[:FIT_ROWS])
                keys, kept = keys[chosen], take(kept, torch.from_numpy(chosen))
        return kept

    def _scorer(self, share: float) -> Any:
        if not isinstance(self.scorer, str):
            return self.scorer
        name = self.autoencoder_.data_.score if self.scorer == "auto" else self.scorer
        return lookup(f"score/{name}")(**({"share": share} if name == "neighbours" else {}))

    # -- scores --------------------------------------------------------------------------------------------------

    def anomaly_score(self, X: Any) -> np.ndarray:
        """Return how abnormal each row, or time step of a signal, is: higher is more abnormal.

        Returns
        -------
        ndarray of shape (n,)

        Raises
        ------
        InputError
            X does not have the columns of the training, or a row has no value at all.
        """
        found = [self._numbers(piece, "score") for piece in pieces(X)]
        return np.concatenate(found)

    def explain(self, X: Any) -> Any:
        """Return how much each column is to blame for the score of each row: higher is more.

        Returns
        -------
        DataFrame or ndarray of shape (n, columns)
            A DataFrame where X is one, with its columns; of a signal its channels, of images their pixels.
        """
        found = np.concatenate([self._numbers(piece, "contributions") for piece in pieces(X)])
        return like_frame(found, X, self.autoencoder_.data_.channel_names())

    # -- signals -------------------------------------------------------------------------------------------------

    def score_stream(self, items: Iterable[Any], delay: int | None = None) -> Iterator[float]:
        """Yield the score of each time step of a signal as values come in, in bounded memory.

        Parameters
        ----------
        items, delay :
            See `isthmus.tasks.anomaly.streaming.score_stream`.

        Raises
        ------
        InputError
            What the detector was trained on is no signal; or an item does not fit.
        """
        return score_stream(of_graph(self.graphs()["score"]), self._signals("score_stream"), items, delay)

    def intervals(self, X: Any, join: int | None = None, shortest: int = 1) -> list[Interval]:
        """Return the stretches of a signal that are flagged, with peak and channels to blame.

        Parameters
        ----------
        X : like what was fitted on
        join : int or None, default None
            Alarms with at most so many time steps between them belong together; None: a window.
        shortest : int, default 1
            Shorter intervals are left out.

        Raises
        ------
        InputError
            What the detector was trained on is no signal.
        """
        signals = self._signals("intervals")
        return intervals(
            self.anomaly_score(X),
            self.threshold_,
            times=signals.times(X),
            contributions=np.asarray(self.explain(X)),
            names=signals.channel_names(),
            join=signals.window if join is None else join,
            shortest=shortest,
        )

    def _signals(self, what: str) -> Signals:
        check_is_fitted(self)
        data = self.autoencoder_.data_
        if not isinstance(data, Signals):
            raise InputError(f"{what} is for signals, but the training had rows: use Autoencoder(data=Signals(...))")
        return data

    def _numbers(self, X: Any, what: str) -> np.ndarray:
        check_is_fitted(self)
        data = self.autoencoder_.data_
        [columns] = self.autoencoder_.columns(X)
        check_rows(data, columns)
        return data.fold_windows(self._found(columns, what), X).double().numpy()

    def _found(self, columns: Columns, what: str) -> Tensor:
        graph = self._graph(GRAPHS[what])
        found = in_pieces(graph, columns, graph.elements)[what]
        if what == "score":
            check_scores(found)
        return found

    def _graph(self, kind: type[Scored]) -> Scored:
        known = self.autoencoder_
        return kind(known.data_, known.objective_.model, self.score_).eval()

    def graphs(self) -> dict[str, torch.nn.Module]:
        """Return the autoencoder's graphs, and ``"score"`` and ``"explain"``."""
        check_is_fitted(self)
        return {
            **self.autoencoder_.graphs(),
            "score": self._graph(Scored),
            "explain": self._graph(Contributions),
        }

    def card(self) -> Card:
        """Return what the fitted detector is, in one record."""
        check_is_fitted(self)
        scores = len(self.calibration_scores_) + len(self.training_scores_)
        known = self.autoencoder_.card()
        return replace(
            known,
            estimator=type(self).__name__,
            graphs=tuple(self.graphs()),
            kept_rows=self.score_.kept_rows,
            keeps=(f"the scores of {scores:,} rows", *known.keeps),
            score=written(describe(self.score_)),
            threshold=self.threshold_,
            thresholds=dict(self.thresholds_),
            guarantees={"trained on": self.training_, **self.calibration_},
        )

    # -- the file ------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return what fit learnt: tensors and JSON."""
        check_is_fitted(self)
        return {
            **nested("autoencoder", self.autoencoder_),
            **{f"score.{name}": tensor for name, tensor in self.score_.state_dict().items()},
            "score": describe(self.score_),
            **self._calibrated.state("calibration"),
            **self._trained.state("training_scores"),
            "threshold": self.threshold_,
            "thresholds": self.thresholds_,
            "training": self.training_,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        load_all()
        self.autoencoder_ = unnested("autoencoder", state)
        take_names(self, self.autoencoder_)
        with building():
            score = build(state["score"])
        adopt(score, {name: value for name, value in state.items() if isinstance(value, Tensor)}, "score.")
        self.score_ = score.eval()
        self._calibrated = Calibration.restored("calibration", state)
        self._trained = Calibration.restored("training_scores", state)
        self.threshold_, self.thresholds_ = state["threshold"], dict(state["thresholds"])
        self.offset_, self.training_ = -self.threshold_, state["training"]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "score_")

    def __sklearn_tags__(self) -> Any:
        return any_cells(super().__sklearn_tags__())


def default_autoencoder(n: int, data: Any = None, members: int | None = None) -> Autoencoder:
    """Return a detector's autoencoder for n rows or time steps: about `STEPS` steps, and at least `EPOCHS` passes."""
    batch_size = min(BATCH, max(16, n // 4))
    epochs = max(EPOCHS, ceil(STEPS * batch_size / n))
    variant = lookup("variant/denoising")(level=NOISE, members=members)
    return Autoencoder(variant, None, data=data, epochs=epochs, batch_size=batch_size, verbose=False)
