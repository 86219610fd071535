"""AnomalyDetector: anomaly scores of rows, thresholds to flag them, and contributions of columns."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from isthmus.core.data import Data, Rows, Windowed
from isthmus.core.graphs import Contributions, HeatMap
from isthmus.core.part import build, describe, lookup, part, resolve
from isthmus.core.store import adopt, building
from isthmus.core.terms import Score
from isthmus.core.training.callbacks import Callback
from isthmus.data.infer import choose_data
from isthmus.data.inputs import labelled, taken
from isthmus.data.sources.in_memory import is_stream
from isthmus.data.tables.rows import as_table, count, indexable, like_frame
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.estimators.card import Card, written
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import InputError, counted
from isthmus.tasks.anomaly.batch import ScanSummary, score_file
from isthmus.tasks.anomaly.calibration import held_out, labels_of, said_of
from isthmus.tasks.anomaly.checks import check_equal, checked_units, label_like
from isthmus.tasks.anomaly.conformal import check_fraction
from isthmus.tasks.anomaly.drift import drift
from isthmus.tasks.anomaly.elsewhere import Elsewhere
from isthmus.tasks.anomaly.expectation import Expected, expected, typical_residuals
from isthmus.tasks.anomaly.heat import Region, has_heat, heat_map, heat_maps, regions, score_images, scored_pieces
from isthmus.tasks.anomaly.intervals import Interval
from isthmus.tasks.anomaly.known import apart
from isthmus.tasks.anomaly.pictures import images_for, repairing_autoencoder
from isthmus.tasks.anomaly.results import CONTRIBUTORS, Rule, ScoredRows
from isthmus.tasks.anomaly.scorer import Scorer
from isthmus.tasks.anomaly.streaming import Item, of_graph, score_stream
from isthmus.tasks.anomaly.thresholds import Thresholds
from isthmus.tasks.anomaly.time_steps import SignalResult, score_time_steps
from isthmus.tasks.anomaly.training import FEW, FEW_ROWS, Trained, Trainer
from isthmus.tasks.base import Labels, State, Task, tensors
from isthmus.tasks.evaluation.detection import abnormal, detection_metrics
from isthmus.tasks.evaluation.masked import Masks

if TYPE_CHECKING:
    from torch import nn

RATE = 0.01
NOISE, STEPS, EPOCHS, BATCH = (0.2, 1.0), 150, 15, 256
"""Settings of the default autoencoder."""
FORMER_TENSORS = {"score.usual": "score.typical_scale"}
"""Current names of tensors by their former names, which model files may contain."""


WAYS: dict[str, Callable[[Thresholds, Any], Thresholds]] = {
    "false_alarm_rate": Thresholds.at_rate,
    "contamination": Thresholds.at_fraction,
    "value": Thresholds.at,
    "recall": Thresholds.at_recall,
    "precision": Thresholds.at_precision,
}
"""How `set_threshold` chooses thresholds."""


@part("estimator/anomaly-detector")
class AnomalyDetector(OutlierMixin, Task):  # type: ignore[misc] # scikit-learn has no types
    """Flags rows, images or time steps of a signal that differ from the training data.

    Parameters
    ----------
    autoencoder : Autoencoder or None, default None
        The autoencoder that reconstructs the rows. None: a denoising one with noise between 0.2 and 1 of a column's
        deviation, a code of half the width of a row, at most 32, and an ensemble of `members`; for images whose sizes
        differ or whose sides are longer than 96 pixels, one that repairs pseudo-defects in crops of them, in even light
        where brightness varies more within them than texture does.
    scorer : str or Score, default "auto"
        A score, or the name of one. ``"joined"``: the next three together, each by how rare its value is among normal
        rows; see `isthmus.parts.scores.joined.Joined`. ``"neighbours"``: the distance to the nearest training rows, by
        input and residual. ``"tails"``: how rare each value is by itself. ``"residual"``: the residual of the
        reconstruction, each element relative to its typical size. ``"error"``: the reconstruction error of the
        likelihood. ``"channel"``: that of the worst reconstructed channel of a signal. ``"monitoring"``: the error and
        the distance of the code, each relative to its typical size (Q and T²). ``"pooled"``: how far features of a
        network that was trained on photographs, of images of one size, are from those of normal images; see
        `isthmus.parts.scores.pooled.Pooled`. ``"defects"``: of images of any size, where what is abnormal is small:
        what the model repairs, ``"repair"``, values, ``"values"``, and the distance of patches to the nearest of normal
        images, ``"patches"``, joined pixel by pixel; see `isthmus.parts.scores.defects.Defects`. ``"known"``: nearness
        to known anomalies. ``"auto"``: joined for tables of numbers, residual for tables with categories, neighbours
        for signals; defects for images whose sizes differ or whose sides are longer than 96 pixels; for other images
        pooled, if the extra ``features`` is installed and they are grey or in colour and of 16 x 16 pixels or more,
        else neighbours. Where anomalies are known, that joined with known, but for images of any size, where they set
        thresholds alone.
    contamination : float or None, default None
        Fraction of the *training* rows that are abnormal and should be flagged. Training is then trimmed: a first model
        scores the rows, and a second model is trained without the fraction with the highest scores. The number of
        neighbours is that fraction of the rows, so that abnormal rows do not have only each other as neighbours.
    false_alarm_rate : float, default 0.01
        Fraction of *future normal* rows that are flagged, if `contamination` is None and all training rows are normal:
        split conformal prediction, with rows held out from training (see `calibration_`).
    groups : name or index of a column, or None, default None
        A column whose values each have their own threshold.
    members : int or None, default None
        Members of the ensemble whose reconstructions are averaged, if `autoencoder` is None; else set them in the
        autoencoder: ``Autoencoder(Denoising(members=4))``. None: six for tables with categories, whose score is the
        residual alone; else one, since more hardly change the distance to neighbours.
    keep_rows : bool, default True
        Whether the detector, and so its file, may hold training rows: the score ``"neighbours"`` holds up to 3,072.
        False: ``scorer="auto"`` joins tails and residual alone for tables of numbers, and is ``"residual"`` where it
        would be neighbours, whatever anomalies are known; a scorer that holds rows is refused.
    random_state : int, RandomState or None, default None
        An int makes results reproducible.

    Attributes
    ----------
    autoencoder_, score_ :
        The fitted autoencoder, and the fitted score.
    threshold_ : float
        Rows with a score above it are flagged; for those of groups, see `thresholds_`.
    thresholds_ : Thresholds
        A mapping from groups to their thresholds, empty without groups; it also holds the calibration.
    offset_ : float
        Minus the threshold, in the direction of `score_samples`.
    calibration_scores_ : ndarray of shape (n,)
        Scores of the calibration rows.
    calibration_ : dict
        The method, its number of rows, its guarantee, and the ``band``: limits between which the fraction of future
        normal rows above the threshold lies, with 95 % probability; with groups, a dict of them.
    decision_scores_, labels_ : ndarray of shape (n,)
        Scores of the training rows, and 1 for flagged ones, else 0: the names that PyOD has for them.
    training_ : str
        How the training treated abnormal rows.
    typical_residuals_ : ndarray of shape (columns,)
        How far calibration rows are from what is expected, in the units of each column; see `expected`.
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
    score_: Score
    thresholds_: Thresholds
    training_: str
    _scored_all: bool
    typical_residuals_: np.ndarray

    def __init__(
        self,
        autoencoder: Autoencoder | None = None,
        scorer: str | Score = "auto",
        contamination: float | None = None,
        false_alarm_rate: float = RATE,
        groups: str | int | None = None,
        members: int | None = None,
        keep_rows: bool = True,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.autoencoder = autoencoder
        self.scorer = scorer
        self.contamination = contamination
        self.false_alarm_rate = false_alarm_rate
        self.groups = groups
        self.members = members
        self.keep_rows = keep_rows
        self.random_state = random_state

    # -- training ------------------------------------------------------------------------------------------------

    def fit(
        self, X: Rows, y: Labels = None, *, units: ArrayLike | None = None, callbacks: Sequence[Callback] = ()
    ) -> Self:
        """Train on X, and choose the threshold.

        An exception leaves the detector as it was.

        Parameters
        ----------
        X : array, DataFrame, tensor, signal or stream
            Normal rows; with `contamination`, rows of which that fraction may be abnormal.
        y : array of shape (n,), optional
            Which rows are known anomalies: 1, True, or a text other than "0" and ""; or -1, where all others are 1.
            Other numbers are ignored, such as the classes that a pipeline passes on. Known anomalies are not trained on
            and not calibrated with: with ``scorer="auto"`` rows near them are abnormal (see
            `isthmus.parts.scores.known.Known`), and `set_threshold` takes `recall` and `precision`.
        units : array of shape (n,), optional
            What each row is of, such as a patient, a page or a part, where several rows are of one: these are held out
            together, since the threshold would promise too much if one calibrated what others of it had trained. For
            files of images see `isthmus.data.images.unit_names.units_of`.
        callbacks : sequence of callables, default ()
            Each is called with every `isthmus.core.training.callbacks.Event` of every training; see `trainings`.

        Raises
        ------
        InputError
            The data or a parameter cannot be used.
        """
        X = taken(X)
        self._check(X)
        X = X if is_stream(X) else indexable(X)
        of = None if units is None else self._units(X, units)
        X, known = (X, None) if y is None else apart(X, y, self._ordered)
        if of is not None and known is not None:
            of = checked_units(of[~abnormal(y)], count(X))
        if self._data(X).pictorial:
            check_equal(X)
        random = np.random.default_rng(int(check_random_state(self.random_state).randint(2**31 - 1)))
        trainer = replace(self._trainer(X, known, callbacks, random), units=of)
        trained = self._trained(X, trainer)
        anomalies = trainer.known_scores(trained.scorer)
        thresholds = Thresholds(
            trained.calibration, trained.training, known=anomalies, normal_rows=0 if known is None else count(X)
        )
        if self.contamination is None:
            thresholds = thresholds.at_rate(self.false_alarm_rate)
        else:
            thresholds = thresholds.at_fraction(self.contamination)
        self._adopt(trained.scorer.autoencoder)
        beside = "" if known is None else f", beside {counted(anomalies.scores.size, 'known anomaly')}"
        self.score_, self.thresholds_, self.training_ = trained.scorer.score, thresholds, trained.treatment + beside
        self._scored_all = not is_stream(X) and len(trained.training.scores) == len(X)
        self.typical_residuals_ = trained.deviation
        for name in label_like(trained.scorer.data.row_names()):
            warnings.warn(
                f"the column {name!r} is named like a label: leave it out of the training unless it is a measurement",
                stacklevel=2,
            )
        return self

    def _check(self, X: Rows) -> None:
        load_all()
        self._check_autoencoder()
        check_fraction("false_alarm_rate", self.false_alarm_rate, 1.0)
        if self.contamination is not None:
            check_fraction("contamination", self.contamination, 0.5)
            if self.false_alarm_rate != RATE:
                raise InputError(
                    f"contamination={self.contamination} and false_alarm_rate={self.false_alarm_rate} are both set: "
                    "the first is a fraction of training rows, the second of future normal rows; set one of them"
                )
        if self.scorer != "auto" and resolve("score", self.scorer).keeps_rows and not self.keep_rows:
            raise InputError(
                f"scorer={self.scorer!r} holds training rows, but keep_rows=False: leave the scorer out, or choose "
                "'residual' or 'error'"
            )
        for name in ("contamination", "groups"):
            if is_stream(X) and getattr(self, name) is not None:
                raise InputError(f"{name}={getattr(self, name)!r} needs rows in memory: read the file, or leave it out")
        if self.members is not None and self.autoencoder is not None:
            raise InputError(
                f"members={self.members} goes with the default autoencoder: set them in yours, as in "
                f"Autoencoder(Denoising(members={self.members}))"
            )

    def _units(self, X: Rows, units: ArrayLike) -> np.ndarray:
        """Return what each row is of, where rows are held out."""
        for reason, there in (
            (f"contamination={self.contamination}", self.contamination is not None),
            ("a stream", is_stream(X)),
            ("rows that are consecutive in time", not is_stream(X) and self._ordered(X)),
        ):
            if there:
                raise InputError(f"units say what is held out together, but with {reason} nothing is: leave them out")
        return checked_units(units, count(X))

    def trainings(self, X: Rows) -> int:
        """Return how many models `fit` trains on X, one after the other, with those for the calibration."""
        X = taken(X)
        if self.contamination is None and is_stream(X):
            return 1
        ordered = self._ordered(X)
        if self.contamination is not None:
            return 1 if ordered else 2
        trainer = self._trainer(X, None, (), np.random.default_rng(0))
        first = trainer.untrained(count(X))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `fit` says it
            if Trainer.together(first, indexable(X), ordered):
                return 1
        folds = len(held_out(count(X), self.false_alarm_rate, np.random.default_rng(0), ordered))
        if (folds > 1 or count(X) <= FEW_ROWS) and not trainer.needs_models(first, indexable(X)):
            return 1
        return folds + (folds > 1)

    def _ordered(self, X: Rows) -> bool:
        """Tell whether rows are consecutive in time."""
        return self._data(X).windowed is not None

    def _data(self, X: Rows) -> Data:
        """Return the data that X will be read as, not fitted."""
        return choose_data(None if self.autoencoder is None else self.autoencoder.data, X)

    def _trainer(self, X: Rows, known: Rows, callbacks: Sequence[Callback], random: np.random.Generator) -> Trainer:
        """Return what trains on X, with the known anomalies."""
        images = images_for(X, self.scorer) if self.autoencoder is None else None
        default = partial(default_autoencoder, data=images, members=self.members)
        untrained = partial(self._untrained, callbacks=callbacks, default=default)
        return Trainer(untrained, self.scorer, self.groups, self.keep_rows, random, known)

    def _trained(self, X: Rows, trainer: Trainer) -> Trained:
        """Train according to the parameters."""
        labels_of([] if is_stream(X) else X, self.groups)  # a column that is not there is an error before training
        if self.contamination is None and is_stream(X):
            return trainer.streamed(X)
        ordered = self._ordered(X)
        if self.contamination is None:
            return trainer.calibrated(X, self.false_alarm_rate, ordered)
        return trainer.trimmed(X, float(self.contamination), ordered)

    def _default_autoencoder(self, rows: int) -> Autoencoder:
        return default_autoencoder(rows, members=self.members)

    # -- scores --------------------------------------------------------------------------------------------------

    @property
    def _rule(self) -> Rule:
        check_is_fitted(self)
        return Rule(Scorer(self.autoencoder_, self.score_), self.thresholds_, self.groups, self.typical_residuals_)

    def anomaly_score(self, X: Rows) -> np.ndarray:
        """Return how abnormal each row, or time step of a signal, is: higher is more abnormal.

        Returns
        -------
        ndarray of shape (n,)

        Raises
        ------
        InputError
            X does not have the training columns, or a row is empty.
        """
        return self._rule.scorer.scores(taken(X))

    def score_samples(self, X: Rows) -> np.ndarray:
        """Return minus the anomaly score, of shape (n,), as in scikit-learn: higher is more normal."""
        return -self.anomaly_score(X)

    def decision_function(self, X: Rows) -> np.ndarray:
        """Return the threshold minus the anomaly score, of shape (n,); rows below zero are flagged.

        As in scikit-learn: higher is more normal. PyOD's method of this name has the other sign, and no threshold in
        it: that is `anomaly_score`.
        """
        X = taken(X)
        return self.limits(X) - self.anomaly_score(X)

    def predict(self, X: Rows) -> np.ndarray:
        """Return −1 for flagged rows, else 1, of shape (n,), as in scikit-learn.

        PyOD has 1 for flagged rows, else 0: that is ``score_rows(X)["flagged"]``, and `labels_` of the training rows.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def p_values(self, X: Rows) -> np.ndarray:
        """Return the p-value of each row, of shape (n,): how rare its score is among normal rows.

        The fraction of calibration rows, the row itself included, whose score is at least as high: of future normal
        rows at most a fraction α has p ≤ α (Vovk 2005). With groups, among the rows of its own group.
        """
        return self._rule.p_values(taken(X))

    def explain(self, X: Rows) -> Rows:
        """Return the contribution of each column to the score of each row.

        Returns
        -------
        DataFrame or ndarray of shape (n, columns)
            A DataFrame if X is one, with its columns; for a signal its channels, for images their pixels.

        See Also
        --------
        expected : what the model expected in these columns.
        """
        X, rule = taken(X), self._rule
        return like_frame(rule.scorer.contributions(X), X, rule.data.row_names())

    def expected(self, X: Rows) -> Expected:
        """Return what the model expected of each row, and how far normal rows are from that.

        Parameters
        ----------
        X : like the training data

        Returns
        -------
        Expected
            ``values``, the reconstruction in the form of X; ``deviation``, by column, the distance within which two
            thirds of the calibration rows are; ``certainty``, how probable each expected category is.

        Raises
        ------
        InputError
            The data are images: see `Autoencoder.reconstruct`.
        """
        rule = self._rule
        if not rule.data.named_columns:
            raise InputError("images have no columns: use detector.autoencoder_.reconstruct(X) for what was expected")
        return expected(rule.scorer, taken(X), rule.deviation)

    @property
    def has_heat_map(self) -> bool:
        """Whether `heat_map` and `regions` say where images are abnormal: the score has a map of pixels."""
        check_is_fitted(self)
        return has_heat(self.autoencoder_.data_, self.score_)

    def heat_map(self, X: Rows) -> Rows:
        """Return how abnormal each pixel of images is, divided by the threshold of its image: 1 is the threshold.

        Returns
        -------
        ndarray of shape (n, height, width), or list of ndarray of shape (height, width)
            float32, in the images' own size; a list where the sizes differ.

        Raises
        ------
        InputError
            The detector was not trained on images, its score has no map, or the threshold is not positive.

        See Also
        --------
        regions : where the map is above 1.
        explain : of other data, and of each channel.
        """
        return heat_map(self._rule, taken(X))

    def regions(self, X: Rows) -> list[Region]:
        """Return the regions of images in which the heat map is above 1, with their boxes, areas and peaks.

        Returns
        -------
        list of Region
            Sorted by image, and then by peak, the highest first. Pixels that touch, also at a corner, are one region.

        Raises
        ------
        InputError
            As of `heat_map`.
        """
        return regions(heat_maps(self._rule, taken(X), "regions"))

    def score_rows(self, X: Rows) -> ScoredRows:
        """Return the score, p-value and flag of each row, or time step of a signal, in one pass.

        Returns
        -------
        dict of ndarray of shape (n,)
            ``"score"``, ``"p_value"`` and ``"flagged"``, as `anomaly_score`, `p_values` and `predict` return them. If
            the score is NaN, so is the p-value.
        """
        return self._rule.score_rows(taken(X))

    def score_images(self, X: Rows) -> ScoredRows:
        """Return the score, p-value, flag and heat map of each image, in one pass where the score is a map's peak.

        Returns
        -------
        dict
            As of `score_rows`; and ``"heat"``, as of `heat_map`.

        Raises
        ------
        InputError
            As of `heat_map`.
        """
        return score_images(self._rule, taken(X))

    def detect(self, X: Rows, explain: bool = False, contributors: int = CONTRIBUTORS) -> Rows:
        """Return the table of scores, with one line for each row, or time step of a signal.

        Parameters
        ----------
        X : like the training data, or a stream
        explain : bool, default False
            Whether to name the columns that contribute most to the score of each row.
        contributors : int, default 3
            Number of columns to name.

        Returns
        -------
        DataFrame, or dict of ndarray of shape (n,)
            A DataFrame like X with its row labels, if X is a DataFrame. ``score`` (higher is more abnormal),
            ``p_value`` (how rare such a score is among normal rows), ``flagged`` (whether it is above the threshold);
            with `explain` ``contributor_1`` (a column), ``contribution_1`` (its fraction of all contributions),
            ``contributor_2`` …, ``value_1`` and ``expected_1`` (its value and what was expected, as text: ``0.4 ± 0.1``
            with the deviation of normal rows, or ``tcp (97 %)``), ``value_2`` …

        Raises
        ------
        InputError
            `explain` is set for images, which have no columns.
        """
        X = taken(X)
        return as_table(self._rule.table(X, explain, contributors), X)

    def detect_file(
        self,
        X: Rows | str | os.PathLike[str],
        output: str | os.PathLike[str] | None = None,
        *,
        kept_columns: Sequence[str] = (),
        label: str | None = None,
        known_labels: Sequence[str] = (),
        explain: bool = False,
        rows: slice = slice(0, None),
        keep_scores: bool = False,
        names: Sequence[str] = (),
        dates: Mapping[str, str] | None = None,
        progress: Callable[[int], object] = int,
    ) -> ScanSummary:
        """Score a file or a stream piece by piece, in bounded memory, and write the table of scores to a file.

        Parameters
        ----------
        X : path, stream, DataFrame or array
            A path is that of a Parquet, CSV or Feather file. Columns are taken by their names, in any order.
        output : path or None, default None
            ``.parquet``, ``.csv`` or ``.feather``; None: nothing is written.
        kept_columns : sequence of str, default ()
            Columns to copy into the table, such as a transaction number. The detector does not see them, unless it was
            trained on them.
        label : str or None, default None
            One of `kept_columns`, by whose values rows are counted.
        known_labels : sequence of str, default ()
            Labels of known anomalies: they are not listed among the ten rows with the highest scores.
        explain : bool, default False
            Whether to name the columns that contribute most to the score of each row.
        rows : slice, default all
            Only these rows, from ``start`` to ``stop``.
        keep_scores : bool, default False
            Whether the summary holds all scores, in single precision.
        names : sequence of str, default ()
            Names of the rows of X, such as those of image files: the table has a column ``file`` instead of ``row``.
        dates : mapping of str to str, optional
            The formats of kept columns of dates in a ``.csv`` output; default: those of the file X, else ISO 8601.
        progress : callable, optional
            Called with the number of rows of each piece that is done.

        Returns
        -------
        ScanSummary
            The numbers of rows and flagged rows, and the ten rows with the highest scores.
        """
        return score_file(
            self._rule,
            X,
            output,
            rows=rows,
            kept_columns=kept_columns,
            label=label,
            known_labels=known_labels,
            explain=explain,
            keep_scores=keep_scores,
            names=names,
            dates=dates,
            progress=progress,
        )

    def evaluate(
        self,
        X: Rows,
        y: Labels = None,
        masks: Sequence[Any] | None = None,
        *,
        k: int | None = None,
        alarm_cost: float = 1.0,
        miss_cost: float | None = None,
        inverted_masks: bool | None = None,
    ) -> dict[str, float]:
        """Return metrics of the detector on labelled rows.

        Parameters
        ----------
        X : like the training data
        y : array of shape (n,)
            Label of each row, or time step of a signal: True, or any value other than 0 and "", for abnormal ones;
            None: those that a DataLoader yields, or images are abnormal of whose mask something is marked.
        masks : sequence, optional
            Of images: where each is abnormal. A bool array of shape (height, width), the path of an image file that is
            bright there, or None where nothing is marked.
        k, alarm_cost, miss_cost :
            See `isthmus.tasks.evaluation.detection.detection_metrics`.
        inverted_masks : bool or None, default None
            Whether masks mark what is normal instead; None: masks that look so are refused.

        Returns
        -------
        dict of str to float
            See `isthmus.tasks.evaluation.detection.detection_metrics`; with masks, those of the heat maps too, see
            `isthmus.tasks.evaluation.masked.Masks.metrics`.

        Raises
        ------
        InputError
            There are no labels, or not one for each row, or all of them are the same; masks do not fit the images or
            the labels, or the detector has no heat map.
        """
        X, y = labelled(X, y)
        marks = None if masks is None else Masks(masks, inverted_masks)
        if marks is None:
            if y is None:
                raise InputError("evaluate needs y: for each row, whether it is abnormal")
            return _metrics([self.score_rows(X)], abnormal(y), k, alarm_cost, miss_cost)
        parts = scored_pieces(self._rule, X, "evaluate with masks")
        marks.check(len(X), None if y is None else abnormal(y))
        scored = list[ScoredRows]()
        of_pixels = marks.metrics(_maps_of(parts, scored))
        y = marks.abnormal if y is None else abnormal(y)
        return {**_metrics(scored, y, k, alarm_cost, miss_cost), **of_pixels}

    # -- thresholds ----------------------------------------------------------------------------------------------

    @property
    def threshold_(self) -> float:
        """The score above which a row is flagged; for rows in groups, see `thresholds_`."""
        check_is_fitted(self)
        return self.thresholds_.overall

    @property
    def offset_(self) -> float:
        """Minus the threshold."""
        return -self.threshold_

    @property
    def calibration_scores_(self) -> np.ndarray:
        """Scores of the calibration rows, from which the threshold was chosen."""
        check_is_fitted(self)
        return self.thresholds_.calibration.scores

    @property
    def calibration_(self) -> dict[str, Any]:
        """How the threshold was chosen, what it guarantees, and the fraction of normal rows to expect above it."""
        check_is_fitted(self)
        return self.thresholds_.about

    @property
    def training_scores_(self) -> np.ndarray:
        """Scores of the training rows, or of a sample of them."""
        check_is_fitted(self)
        return self.thresholds_.training.scores

    @property
    def decision_scores_(self) -> np.ndarray:
        """Scores of all training rows in their order, as in PyOD: higher is more abnormal.

        Raises
        ------
        AttributeError
            The training rows were a stream, or too many to keep all scores: `training_scores_` are those of a sample.
        """
        check_is_fitted(self)
        if not self._scored_all:
            raise AttributeError(
                f"decision_scores_: of the training rows the scores of a sample of {len(self.training_scores_):,} are "
                "kept, as training_scores_; for those of all rows call anomaly_score(X)"
            )
        return self.training_scores_

    @property
    def labels_(self) -> np.ndarray:
        """Which training rows are flagged, in their order, as in PyOD: 1 for flagged rows, else 0.

        `fit_predict` returns −1 and 1 instead, as in scikit-learn. The labels follow `set_threshold`.

        Raises
        ------
        AttributeError
            As for `decision_scores_`.
        """
        scores = self.decision_scores_
        return (scores > self.thresholds_.limits(self.thresholds_.training.labels)).astype(int)

    predict_proba = Elsewhere(
        "a score is no probability; p_values(X) says how rare a score is among normal rows, and score_rows(X) gives "
        "scores, p-values and flags"
    )
    predict_confidence = Elsewhere("p_values(X) says how rare a score is among normal rows")
    negative_outlier_factor_ = Elsewhere("those of all training rows are -decision_scores_")

    def limits(self, X: Rows) -> float | np.ndarray:
        """Return the threshold of each row, of shape (n,); a single number if all rows have the same."""
        return self._rule.limits(taken(X))

    def set_threshold(
        self,
        *,
        false_alarm_rate: float | None = None,
        contamination: float | None = None,
        value: float | dict[str, float] | None = None,
        recall: float | None = None,
        precision: float | None = None,
    ) -> Self:
        """Change the threshold without training.

        Parameters
        ----------
        false_alarm_rate : float, optional
            Fraction of future normal rows to flag, from the calibration scores.
        contamination : float, optional
            Fraction of the training rows to flag, in each group.
        value : float, or dict of str to float, optional
            The threshold itself, or a dict with that of each group.
        recall : float, optional
            Fraction of the known anomalies to flag: of such as were not known, since each is scored without itself.
            All groups then have the same threshold, as with `precision`.
        precision : float, optional
            Fraction of flagged rows that are abnormal, where anomalies are as frequent as in the training; of the
            thresholds that reach it, the lowest.

        Raises
        ------
        InputError
            None or several of them are set, or one is out of range, or no anomaly is known, or the precision cannot be
            reached.
        """
        check_is_fitted(self)
        settings: dict[str, Any] = {
            "false_alarm_rate": false_alarm_rate,
            "contamination": contamination,
            "value": value,
            "recall": recall,
            "precision": precision,
        }
        settings = {name: setting for name, setting in settings.items() if setting is not None}
        if len(settings) != 1:
            raise InputError(f"set_threshold({settings}): give one of {', '.join(WAYS)}")
        [(name, setting)] = settings.items()
        if name != "value":
            check_fraction(name, setting, 1.0, inclusive=name == "recall")
        self.thresholds_ = WAYS[name](self.thresholds_, setting)
        return self

    def recalibrate(self, X_normal: Rows) -> Self:
        """Choose the threshold of `false_alarm_rate` from other normal rows, without training."""
        X_normal, rule = taken(X_normal), self._rule
        scores, labels = rule.scorer.scores(X_normal), rule.labels(X_normal)
        residuals = typical_residuals(rule.scorer, self.autoencoder_.columns(X_normal))
        self.thresholds_ = rule.thresholds.recalibrated(scores, labels).at_rate(self.false_alarm_rate)
        self.typical_residuals_ = residuals
        return self

    def monitor(self, X: Rows, blocks: int = 10) -> list[dict[str, Any]]:
        """Return the fraction of flagged rows, and the drift of the scores from the calibration, for blocks of rows.

        Parameters
        ----------
        X : like the training data
            In order of time.
        blocks : int, default 10

        Returns
        -------
        list of dict
            See `isthmus.tasks.anomaly.drift.drift`; a warning names blocks in which normal rows no longer look normal.
        """
        X = taken(X)
        scores = self.anomaly_score(X)
        return drift(scores, scores > self.limits(X), self.calibration_scores_, blocks)

    # -- signals -------------------------------------------------------------------------------------------------

    def score_stream(self, items: Iterable[Item], delay: int | None = None) -> Iterator[float]:
        """Yield the score of each time step of a signal as values arrive, in bounded memory.

        Parameters
        ----------
        items, delay :
            See `isthmus.tasks.anomaly.streaming.score_stream`.

        Raises
        ------
        InputError
            The detector was not trained on a signal, or an item does not fit.
        """
        signals = self._windowed("score_stream")
        return score_stream(of_graph(self.graphs()["score"]), signals, items, delay)

    def intervals(self, X: Rows, join: int | None = None, shortest: int = 1) -> list[Interval]:
        """Return the flagged intervals of a signal, with their peaks and the contributions of the channels.

        Parameters
        ----------
        X : like the training data
        join : int or None, default None
            Maximum number of time steps between alarms of one interval; None: a window.
        shortest : int, default 1
            Minimum number of time steps of an interval.

        Raises
        ------
        InputError
            The detector was not trained on a signal.
        """
        return score_time_steps(self._rule, self._windowed("intervals"), taken(X), join, shortest).intervals

    def score_time_steps(self, X: Rows, join: int | None = None, explain: bool = False) -> SignalResult:
        """Return the times of a signal, its table of scores, and its intervals, in one pass.

        Parameters
        ----------
        X, join :
            As in `intervals`.
        explain : bool, default False
            Whether the table says what was expected of the channels that contribute most, too.

        Raises
        ------
        InputError
            The detector was not trained on a signal.
        """
        return score_time_steps(self._rule, self._windowed("score_time_steps"), taken(X), join, explain=explain)

    def _windowed(self, what: str) -> Windowed:
        windowed = self._rule.data.windowed
        if windowed is None:
            raise InputError(f"{what} is for signals, but the training had rows: use Autoencoder(data=Signals(...))")
        return windowed

    def card(self) -> Card:
        """Return a description of the fitted detector."""
        check_is_fitted(self)
        scores = len(self.calibration_scores_) + len(self.training_scores_)
        guarantee, band = said_of(self._unit, self.calibration_)
        about = {**self.calibration_, "guarantee": guarantee, "band": band or None}
        known = self.autoencoder_.card()
        return replace(
            known,
            estimator=type(self).__name__,
            graphs=tuple(self.graphs()),
            kept_rows=self.score_.kept_rows,
            kept_as=self.score_.kept_as,
            keeps=(f"the scores of {counted(scores, 'row')}", *known.keeps),
            score=written(describe(self.score_)),
            threshold=self.threshold_,
            thresholds=dict(self.thresholds_),
            guarantees={"trained on": self.training_, **self._asked(), **about},
        )

    @property
    def _unit(self) -> str:
        """What rows are to people."""
        data = self.autoencoder_.data_
        return "time steps" if data.windowed else "images" if data.pictorial else "rows"

    def _asked(self) -> dict[str, str]:
        """Return what the threshold was asked for, as far as the file says."""
        asked = self.thresholds_.asked(self._unit)
        return {"asked for": asked} if asked else {}

    # -- the file ------------------------------------------------------------------------------------------------

    def _task_graphs(self) -> dict[str, nn.Module]:
        scorer = self._rule.scorer
        maps = {"heat_map": scorer.graph(HeatMap)} if self.has_heat_map else {}
        return {"score": scorer.graph(), "explain": scorer.graph(Contributions), **maps}

    def _task_state(self) -> State:
        return {
            **{f"score.{name}": tensor for name, tensor in self.score_.state_dict().items()},
            "score": describe(self.score_),
            **self.thresholds_.state(),
            "training": self.training_,
            "scored_all": self._scored_all,
            "typical_residuals": torch.from_numpy(self.typical_residuals_),
        }

    def _restore_task(self, state: State) -> None:
        with building():
            score = build(state["score"])
        adopt(score, {FORMER_TENSORS.get(name, name): value for name, value in tensors(state).items()}, "score.")
        self.score_, self.thresholds_ = score.eval(), Thresholds.restored(state)
        self.training_ = state["training"]
        self._scored_all = bool(state.get("scored_all"))
        known = state.get("typical_residuals")  # files of former versions have none
        self.typical_residuals_ = np.zeros(0) if known is None else known.numpy()


def _maps_of(pieces: Iterable[ScoredRows], scored: list[ScoredRows]) -> Iterator[np.ndarray]:
    """Yield the heat map of each image, and keep its score in `scored`."""
    for piece in pieces:
        scored.append(piece)
        yield from piece.pop("heat")


def _metrics(scored: Sequence[ScoredRows], y: np.ndarray, *settings: Any) -> dict[str, float]:
    """Return the metrics of rows that were scored in pieces."""
    score, flagged = (np.concatenate([part[name] for part in scored]) for name in ("score", "flagged"))
    return detection_metrics(score, flagged, y, *settings)


def default_autoencoder(rows: int, data: Data | None = None, members: int | None = None) -> Autoencoder:
    """Return the default autoencoder for a number of rows: about `STEPS` steps, and at least `EPOCHS` passes.

    Where there are few, none is left for validation. Of images of any size it is one that removes pseudo-defects.
    """
    if data is not None and data.pictorial and data.any_size:
        return repairing_autoencoder(rows, data)
    batch_size = min(BATCH, max(16, rows // 4), rows)
    epochs = max(EPOCHS, ceil(STEPS * batch_size / rows))
    variant = lookup("variant/denoising")(level=NOISE, members=members)
    chosen = Autoencoder(variant, None, data=data, epochs=epochs, batch_size=batch_size, verbose=False)
    return chosen.set_params(validation_fraction=0.0) if rows <= FEW else chosen
