"""Autoencoder: the scikit-learn estimator that everything else builds on."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from isthmus.core import graphs
from isthmus.core.bounds import elbo, log_likelihood
from isthmus.core.data import Columns, Data, Rows
from isthmus.core.graphs import Graph
from isthmus.core.interfaces import Prior
from isthmus.core.model import Model
from isthmus.core.part import arguments, build, describe, part, spell
from isthmus.core.store import adopt, building, refused_if_broken
from isthmus.core.training.callbacks import Callback, LogProgress, ProgressBar, interactive
from isthmus.core.training.checkpoint import Checkpoint
from isthmus.core.training.former import from_one
from isthmus.core.training.loop import Training
from isthmus.data.infer import float_type
from isthmus.data.inputs import labelled, taken
from isthmus.estimators.base import Persistent, any_cells
from isthmus.estimators.card import Card, card_of
from isthmus.estimators.inference import Bound, Bounded, Group, Inference, in_order, seeded
from isthmus.estimators.parts import Parts
from isthmus.estimators.plan import choose_device
from isthmus.estimators.prior import choose_prior, fit_prior, warn_of_positions
from isthmus.estimators.run import Run, prepare, prepare_pass
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import DivergenceError, InputError, unknown
from isthmus.variants import Variant

Array = NDArray[np.floating[Any]]
RandomState = int | np.random.RandomState | None


@part("estimator/autoencoder")
class Autoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Persistent, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """Encodes its input in a short code, and reconstructs it from that.

    Parameters
    ----------
    variant : str or Variant, default "plain"
        Which autoencoder: ``"plain"``, ``"linear"``, ``"denoising"``, ``"sparse"``, ``"topk"``, ``"contractive"``,
        ``"variational"``, ``"masked"``, ``"compressive"``, ``"repairing"``, or an object such as
        ``Variational(beta=4.0)``.
    latent_dim : int or None, default None
        Numbers in a code; None: half as many as in a row, at most 32, unless the net decides on them.
    net : str, Net, sequence of int or None, default None
        ``"mlp"``, ``"conv"``, ``"feature-map"``, ``"lapped"``, ``"lapped-transform"``, ``"unet"``, ``"spectral"``,
        ``"linear"``, ``"ensemble"``, ``"masked-ensemble"``, an object such as ``MLP((512, 256))``, the widths of an
        mlp's hidden layers, as in ``[512, 256]``, or None: the default of the data.
    data : str, Data or None, default None
        ``"table"``, ``"images"``, ``"signals"``, ``"audio"``, ``"waveforms"``, an object such as
        ``Signals(window=64)``, or None: inferred from X.
    prior : {"auto", "gaussian", "mixture", "standard-normal"} or Prior, default "auto"
        The distribution that new codes are sampled from, fitted to codes of training rows; ``"auto"``: for a
        variational model the default of the data, or N(0, I) with a condition, else a Gaussian; for codes of more than
        1,024 numbers per position N(0, I).
    epochs : int or None, default None
        Passes over the training rows; None: chosen from the number of rows.
    batch_size : int or None, default None
        Rows per step; None: chosen from the number of rows.
    learning_rate : float, default 4e-3
        Highest rate of the schedule.
    schedule : {"cosine", "one-cycle", "constant"}, default "cosine"
        The learning rate rises over the first tenth of the steps (one-cycle: three tenths), then falls to zero along
        half a cosine; or is constant.
    validation_fraction : float, default 0.05
        Fraction of the rows for validation, to choose the best weights; 0: the last weights are kept.
    patience : int or None, default None
        Epochs without a better validation loss after which training stops; None: never.
    weight_decay : float, default 0.01
        Weight decay of AdamW, for matrices only.
    average : float or None, default None
        Decay of a moving average of the weights, which is kept instead of them; None: no averaging.
    precision : {"auto", "float32", "bfloat16"}, default "auto"
        Precision of matrix products in training; "auto": chosen from the processor and the sizes.
    device : str, default "auto"
        ``"cpu"``, ``"cuda"`` …; "auto": a GPU if there is one.
    condition : None, "y", or names of columns, default None
        Further inputs of encoder and decoder that are not reconstructed: the labels passed to ``fit``, or columns of a
        DataFrame.
    warm_start : bool, default False
        ``fit`` continues with the weights and the scaling of the previous fit.
    random_state : int, RandomState or None, default None
        An int makes results reproducible.
    callbacks : sequence of callables, default ()
        Each is called with every `isthmus.core.training.callbacks.Event`; not saved.
    verbose : bool or "auto", default "auto"
        Whether to show a progress bar; "auto": on a terminal or in a notebook, with lines in the log elsewhere.

    Attributes
    ----------
    history_ : list of dict
        One entry per epoch: its number (from 1), seconds, rate, losses, terms.
    interrupted_ : bool
        Whether Ctrl-C ended training.
    n_features_in_ : int
        Columns of a table, or pixels of an image.
    feature_names_in_ : ndarray of str
        Names of the columns, if all are strings.
    info_ : dict
        The settings that were chosen: rows, batch size, epochs, precision, seed, scaling of the data.
    variant_, data_, objective_, prior_ :
        The variant as an object, and the fitted parts.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X = load_digits().data / 16
    >>> ae = Autoencoder("plain", latent_dim=8, epochs=3, random_state=0).fit(X)
    >>> ae.transform(X).shape
    (1797, 8)
    >>> ae.reconstruct(X).shape
    (1797, 64)
    """

    PART_KINDS = {"variant": "variant", "net": "net", "data": "data", "prior": "prior"}
    _fitted = False

    def __init__(
        self,
        variant: str | Variant = "plain",
        latent_dim: int | None = None,
        *,
        net: str | nn.Module | Sequence[int] | None = None,
        data: str | Data | None = None,
        prior: str | Prior = "auto",
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float = 4e-3,
        schedule: Literal["cosine", "one-cycle", "constant"] = "cosine",
        validation_fraction: float = 0.05,
        patience: int | None = None,
        weight_decay: float = 0.01,
        average: float | None = None,
        precision: str = "auto",
        device: str = "auto",
        condition: str | Sequence[str] | None = None,
        warm_start: bool = False,
        random_state: RandomState = None,
        callbacks: Sequence[Callback] = (),
        verbose: bool | Literal["auto"] = "auto",
    ) -> None:
        self.variant = variant
        self.latent_dim = latent_dim
        self.net = net
        self.data = data
        self.prior = prior
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.weight_decay = weight_decay
        self.average = average
        self.precision = precision
        self.device = device
        self.condition = condition
        self.warm_start = warm_start
        self.random_state = random_state
        self.callbacks = callbacks
        self.verbose = verbose

    # -- training ------------------------------------------------------------------------------------------------

    def fit(
        self,
        X: Rows,
        y: Rows = None,
        sample_weight: Rows = None,
        *,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on X.

        Parameters
        ----------
        X : array, DataFrame, tensor, signal or stream
            Rows: (n, columns) for a table, (n, height, width[, channels]) for images, or a stream of a file. Also a
            list of dicts, a dict of columns, a masked or sparse array, or a DataLoader or Dataset that yields tensors,
            or pairs (x, y).
        y : array of shape (n,), optional
            Ignored unless ``condition="y"``.
        sample_weight : array of shape (n,), optional
            Weight of each row.
        checkpoint : path, optional
            File for the state of training, written after each epoch and each minute.
        resume : bool, default False
            Continue from `checkpoint` if it exists.

        Returns
        -------
        self

        Raises
        ------
        InputError
            The data or a parameter cannot be used.
        DivergenceError
            The loss is not finite; the estimator is fitted with the best weights so far by validation, or unchanged if
            there are none.
        """
        X, y = labelled(X, y)
        run = prepare(self, X, y, sample_weight)
        training = self._training(run)
        saved = None
        if checkpoint is not None:
            saved = Checkpoint(checkpoint, describe(run.objective), run.source.fingerprint())
            if resume and os.path.exists(checkpoint):
                state = saved.read(training.state())
                with refused_if_broken(checkpoint):
                    training.restore(state)
        earlier = self.history_ if not run.initialize else []
        self._train(run, training, X, earlier, checkpoint=saved)
        self.__dict__.pop("_training_", None)
        return self

    def adopt(self, run: Run, training: Training, X: Rows) -> Self:
        """Become the model that a training gave which was not run by `fit`, such as one in several processes.

        Parameters
        ----------
        run : Run
            Of `isthmus.estimators.run.prepare`, called with this estimator.
        training : Training
            Of that run, done.
        X :
            The rows that `run` was prepared with.
        """
        prior = choose_prior(self.prior, run.objective.model, run.parts.data, run.parts.condition is not None)
        self._become(run, training, taken(X), [], prior)
        return self

    def partial_fit(self, X: Rows, y: Rows = None, sample_weight: Rows = None) -> Self:
        """Train for one pass over all rows of X at a constant rate; the first call fixes scaling and schema.

        Parameters
        ----------
        X, y, sample_weight :
            As in `fit`.
        """
        X, y = labelled(X, y)
        training: Training | None = self.__dict__.get("_training_")
        before, done = (None, 0) if training is None else (training.settings, training.progress.epoch)
        run = prepare_pass(self, X, y, sample_weight, before, done)
        earlier = [] if run.initialize else self.history_[: len(self.history_) - done]
        training = training or self._training(run)
        state = training.state()
        try:
            self._train(run, training, X, earlier, epochs=done + 1)
        except DivergenceError:
            raise
        except BaseException:  # an error of the source, say: the estimator stays as it was
            training.restore(state)
            training.settle()
            run.objective.to("cpu")
            raise
        self._training_ = training
        return self

    def watchers(self) -> list[Callback]:
        """Return what is called with every event of a training: what shows progress, and `callbacks`."""
        watched = interactive() if self.verbose == "auto" else bool(self.verbose)
        return [ProgressBar() if watched else LogProgress(), *self.callbacks]

    def _training(self, run: Run) -> Training:
        return Training(run.objective, run.settings, self.watchers(), initialize=run.initialize)

    def _train(
        self,
        run: Run,
        training: Training,
        X: Rows,
        earlier: list[dict[str, Any]],
        epochs: int | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        """Train, and adopt the result: the best weights, also after a divergence."""
        prior = choose_prior(self.prior, run.objective.model, run.parts.data, run.parts.condition is not None)
        try:
            training.run(run.source, epochs, checkpoint)
        except DivergenceError:
            if training.best:
                self._become(run, training, X, earlier, prior)
            raise
        self._become(run, training, X, earlier, prior)
        warn_if_interrupted(training)

    def _become(self, run: Run, training: Training, X: Rows, earlier: list[dict[str, Any]], prior: Prior) -> None:
        """Adopt everything that was learnt, at once."""
        fitted = fit_prior(prior, run.objective.model, run.source, training.settings.seed)
        run.objective.to("cpu")
        self._take(run.parts, fitted)
        if run.initialize:
            self._note_features(X)
        self.history_ = earlier + training.progress.history
        self.interrupted_ = training.progress.interrupted
        self.info_ = info(run, training)

    def _take(self, parts: Parts, prior: Prior) -> None:
        self.variant_, self.data_, self.condition_ = parts.variant, parts.data, parts.condition
        self.objective_, self.prior_, self._fitted = parts.objective, prior, True

    def _note_features(self, X: Rows) -> None:
        self.__dict__.pop("feature_names_in_", None)
        columns = getattr(X, "columns", None)
        if columns is not None and all(isinstance(c, str) for c in columns):
            self.feature_names_in_ = np.asarray(columns, dtype=object)
        beside = 0 if self.condition_ is None else self.condition_.columns
        self.n_features_in_ = len(self.data_.feature_names()) + beside

    # -- what was fitted -----------------------------------------------------------------------------------------

    @property
    def parts(self) -> Parts | None:
        """The fitted parts; None before `fit`."""
        if not self.__sklearn_is_fitted__():
            return None
        return Parts(self.variant_, self.data_, self.condition_, self.objective_)

    def forget_corruption(self) -> Self:
        """Keep nothing of what corrupted rows in training, which may be large, such as a clip of noise."""
        self.variant = self.variant_ = self.variant_.for_pairs
        kept = {**arguments(self.objective_), "corruption": None}
        self.objective_ = type(self.objective_)(**kept).eval()
        return self

    @property
    def model_(self) -> Model:
        """The trained model: net, bottleneck and likelihood."""
        self._check_fitted()
        return self.objective_.model

    def _check_fitted(self) -> None:
        """Raise scikit-learn's error unless fitted; its own check takes longer than the score of a row."""
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)

    @property
    def positions_(self) -> tuple[int, ...]:
        """Where a code has a vector for each of several positions: their numbers along each axis; () of a vector code.

        Of a model for images of any size, those of a typical one.
        """
        return self.model_.positions()

    @property
    def autoencoder_(self) -> Self:
        """The autoencoder itself; tasks have theirs under the same name."""
        return self

    def card(self) -> Card:
        """Return a description of the fitted autoencoder."""
        check_is_fitted(self)
        assert self.parts is not None  # fitted
        return card_of(self.parts, self.prior_, self.info_, len(self.history_), self.graphs())

    @property
    def _inference(self) -> Inference:
        self._check_fitted()
        return Inference(self.data_, self.condition_, self.objective_.model, choose_device(self.device))

    # -- using ---------------------------------------------------------------------------------------------------

    def run(self, graph: str | Graph, X: Rows, condition: Rows = None) -> dict[str, Any]:
        """Return the result of a graph for X, on the CPU; computed in pieces on the estimator's device.

        It is in the order of the rows: a tensor for each name, or a list of tensors, one a row, where images of several
        sizes give results of several shapes.

        Parameters
        ----------
        graph : str or Graph
            A name in `graphs`, or a custom graph.
        X : like the training data, or a stream
        condition : array of shape (n,), optional
            As in `transform`.

        Raises
        ------
        InputError
            There is no such graph, or X does not fit.
        """
        return self._inference.run(self._graph(graph), taken(X), condition)

    def run_columns(self, graph: str | Graph, columns: Columns) -> Columns:
        """Return the result of a graph for columns that `columns` yielded; like `run`."""
        return self._inference.run_columns(self._graph(graph), columns)

    def _graph(self, graph: str | Graph) -> Graph:
        if not isinstance(graph, str):
            return graph
        known = self.graphs()
        if graph not in known:
            raise InputError(unknown("graph", graph, known))
        return known[graph]

    def columns(self, X: Rows, condition: Rows = None) -> Iterator[Columns]:
        """Yield what is read of X: of each piece of a stream, or of all rows; of each size where rows differ in it."""
        return self._inference.columns(taken(X), condition)

    def groups(self, X: Rows, condition: Rows = None) -> Iterator[Group]:
        """Yield what is read of rows in memory, those of one size together, with their indices."""
        return self._inference.groups(taken(X), condition)

    def transform(self, X: Rows, condition: Rows = None, *, pool: Literal["mean"] | None = None) -> Array:
        """Return the codes of X, of shape (n, positions x latent_dim), with one position for vector codes.

        Of images that may have any size (``Images(crop=...)``): an array of shape (n, height, width, latent_dim) if
        those of X have one size, else a list of n arrays of shape (height, width, latent_dim). Height and width count
        positions: pixels divided by the stride of the net, rounded up.

        Parameters
        ----------
        X : like the training data
        condition : array of shape (n,), optional
            The condition of each row, if the model was trained with one that is not part of X.
        pool : {"mean"} or None, default None
            ``"mean"``: the mean over positions, of shape (n, latent_dim).
        """
        if pool not in (None, "mean"):
            raise InputError(f"pool={pool!r}; choose 'mean' or None")

        def codes(z: Tensor) -> Tensor:
            return z if pool is None else z.reshape(len(z), -1, self.model_.latent_dim).mean(1)

        X = taken(X)
        return _arrays(self._groups("encode", X, condition), X, lambda columns: codes(columns["z"]))

    def inverse_transform(self, Z: Rows, condition: Rows = None) -> Rows:
        """Return the decoded codes, in the form of the training data.

        Parameters
        ----------
        Z : array of shape (n, positions x latent_dim) or (n, *positions, latent_dim)
            Of a model for images of any size as many positions as wanted: what is decoded has a multiple of the net's
            stride pixels a side.
        condition : array of shape (n,), optional
            As in `transform`.

        Raises
        ------
        InputError
            Codes of another shape, or of several; NaN or infinity.
        """
        check_is_fitted(self)
        self.model_.check_decodes()
        codes = checked_codes(Z, self.model_)
        return self.data_.write(self._decoded("decode", codes, condition))

    def _check_codes(self, shape: tuple[int, ...]) -> None:
        """Refuse codes of another shape than the model's: flat, or with their positions."""
        model = self.model_
        positions = shape[1:-1] if model.any_size and 0 not in shape[1:] else model.positions()
        apart = (*positions, model.latent_dim) if len(positions) == len(model.positions()) else None
        if shape[1:] not in ((self._n_features_out,), apart):
            raise InputError(
                f"codes of shape {shape}; expected (n, {self._n_features_out}): latent_dim numbers a row"
                f"{' and position' if model.positions() else ''}"
            )

    def _decoded(self, graph: str | Graph, z: Tensor, condition: Rows) -> Columns:
        """Return the result of a graph for codes and their condition."""
        return self.run_columns(graph, {"z": z, **self._inference.conditions(condition, len(z))})

    def reconstruct(self, X: Rows, condition: Rows = None) -> Rows:
        """Return the reconstruction of X, in the form of X."""
        groups = self._groups("reconstruct", taken(X), condition)
        return in_order([(group.index, self.data_.write(group.columns, like=group.rows)) for group in groups])

    def corrupt(self, X: Rows, *, random_state: RandomState = None) -> Rows:
        """Return X as corrupted in training, in the form of X; None if the variant does not corrupt its input."""
        check_is_fitted(self)
        if self.objective_.corruption is None:
            return None
        free = self._inference.without_condition(taken(X))
        answers = []
        with seeded(_seed(random_state), torch.device("cpu")), torch.no_grad():
            for index, rows in self.data_.groups(free):
                batch = self.objective_.corrupt(self.data_.batch(self.data_.read(rows)))
                answers.append((index, self.data_.write(self.data_.invert(batch.corrupted), like=rows)))
        return in_order(answers)

    def posterior(self, X: Rows, condition: Rows = None) -> tuple[Array, Array]:
        """Return the mean and variance of q(z|x), each of the shape of the codes; variational models only.

        Raises
        ------
        InputError
            The model has no posterior.
        """
        if not self.model_.has_posterior:
            raise InputError("this model has no posterior q(z|x): train variant='variational'")
        X = taken(X)
        groups = self._groups("posterior", X, condition)
        mean, variance = (_arrays(groups, X, itemgetter(name)) for name in ("mean", "variance"))
        return mean, variance

    def reconstruction_error(
        self, X: Rows, per: Literal["sample", "element", "feature"] = "sample", condition: Rows = None
    ) -> Array:
        """Return the error of the reconstruction of X, in the units of the likelihood.

        Parameters
        ----------
        X : like what was fitted on
        per : {"sample", "element", "feature"}, default "sample"
            ``"sample"``: the mean over the elements of each row, shape (n,). ``"element"``: of each of the user's
            elements, shape (n, columns) or the shape of the images; a list where images differ in size. ``"feature"``:
            the mean over the rows, shape (columns,) or of one image; (channels,) where images may have any size.
        """
        if per not in ("sample", "element", "feature"):
            raise InputError(f"per={per!r}; choose 'sample', 'element' or 'feature'")
        X, graph = taken(X), "error" if per == "sample" else "error_map"
        groups = self._groups(graph, X, condition)
        if per == "feature":
            means: Array = _arrays(groups, X, lambda columns: self.data_.by_feature(columns["error"])).mean(0)
            return means
        return _arrays(groups, X, itemgetter("error"))

    def score_samples(self, X: Rows, condition: Rows = None) -> Array:
        """Return how typical each row is, of shape (n,): minus its error, or its ELBO in nats."""
        if not self.model_.has_posterior:
            return -self.reconstruction_error(X, condition=condition)
        return self._bound(X, condition, elbo)

    def log_likelihood(self, X: Rows, draws: int = 500, condition: Rows = None) -> Array:
        """Return log p(x) of each row in nats by importance sampling (Burda 2016); variational models only."""
        return self._bound(X, condition, partial(log_likelihood, draws=draws))

    def _bound(self, X: Rows, condition: Rows, bound: Bound) -> Array:
        X, graph = taken(X), Bounded(self.data_, self.model_, bound).eval()
        with seeded(0, choose_device(self.device)):
            return _numpy(self.run(graph, X, condition)["bound"], X)

    def score(self, X: Rows, y: Rows = None, condition: Rows = None) -> float:
        """Return minus the mean reconstruction error; y is ignored."""
        return -float(np.mean(self.reconstruction_error(X, condition=condition)))

    def sample(
        self,
        n_samples: int = 1,
        *,
        temperature: float = 1.0,
        size: Sequence[int] | None = None,
        condition: Rows = None,
        random_state: RandomState = None,
    ) -> Rows:
        """Decode codes sampled from the prior; rows of a table are sampled from the likelihood, images are its mean.

        Parameters
        ----------
        n_samples : int, default 1
        temperature : float, default 1
            Scale of the samples around the prior's mean: below 1 they are more typical, above 1 more varied.
        size : (int, int) or None, default None
            Height and width of images, where the model takes any size; None: those of the crops that it was trained on.
        condition : array of shape (n_samples,) or a single value, optional
        random_state : int or None

        Raises
        ------
        InputError
            `size` is given, but the model's rows have one; or it is no height and width.

        Warns
        -----
        UserWarning
            A code has several positions, and the prior samples each independently: the decoded rows are not coherent.
        """
        check_is_fitted(self)
        self.model_.check_decodes()
        shape, device = self._sampled_shape(size), choose_device(self.device)
        n, positions = int(n_samples), self.model_.positions(shape)
        warn_of_positions(self.prior_, positions)
        conditions = self._inference.conditions(condition, n)
        by_name = {name.partition(":")[2]: tensor for name, tensor in conditions.items()}
        draw = graphs.Draw(self.data_, self.model_).eval()
        with seeded(_seed(random_state), device):
            z = self.prior_.sample(n, positions, by_name, temperature)
            columns = self.run_columns(draw, {"z": z, **conditions})
        if self.data_.any_size:  # what is decoded consists of whole patches
            columns = self.data_.cut(columns, [(0, side) for side in shape[1:]])
        return self.data_.write(columns)

    def _sampled_shape(self, size: Sequence[int] | None) -> tuple[int, ...]:
        """Return the shape of a row to draw."""
        typical = self.data_.typical_shape
        if size is None:
            return typical
        if not self.data_.any_size:
            raise InputError(f"size={size!r}, but this model makes rows of one size: {typical}; leave it out")
        if len(size) != len(typical) - 1 or min(size) < 1:
            raise InputError(f"size={size!r}: expected height and width in pixels, such as (64, 96)")
        return (typical[0], *size)

    def interpolate(self, a: Rows, b: Rows, steps: int = 8, condition: Rows = None) -> Rows:
        """Decode `steps` codes on the straight line from the code of row `a` to that of row `b`, both included.

        Parameters
        ----------
        a, b : one row each, with or without the axis of rows
        steps : int, default 8

        Raises
        ------
        InputError
            The codes of the two have different numbers of positions: images of different sizes.
        """
        start, end = (self.transform(_one_row(row), condition) for row in (a, b))
        if start.shape != end.shape:
            raise InputError(
                f"the codes of the two rows have the shapes {start.shape[1:]} and {end.shape[1:]}: between images of "
                "different sizes nothing is interpolated; give two of one size"
            )
        t = np.linspace(0, 1, steps).reshape(-1, *[1] * (start.ndim - 1))
        return self.inverse_transform((1 - t) * start + t * end, condition)

    def graphs(self) -> dict[str, Graph]:
        """Return the graphs of the model by name: modules from columns to columns, in eval mode."""
        return self._inference.graphs()

    def _groups(self, graph: str | Graph, X: Rows, condition: Rows) -> list[Group]:
        """Run a graph, and return its result for each group of rows of one size."""
        return self._inference.run_groups(self._graph(graph), X, condition)

    @property
    def _n_features_out(self) -> int:
        return self.model_.code_size

    def _resolved(self, name: str, value: object) -> Any:
        load_all()
        return super()._resolved(name, value)

    # -- the file ------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return the fitted state: tensors and JSON."""
        check_is_fitted(self)
        tensors = {f"objective.{name}": t for name, t in self.objective_.state_dict().items()}
        tensors |= {f"prior.{name}": t for name, t in self.prior_.state_dict().items()}
        parts = {"data": self.data_, "condition": self.condition_, "objective": self.objective_, "prior": self.prior_}
        return {
            **tensors,
            **{name: describe(value) for name, value in parts.items()},
            "variant": describe(self.variant_),
            "history": self.history_,
            "info": self.info_,
            "interrupted": self.interrupted_,
            "n_features_in": getattr(self, "n_features_in_", None),
            "feature_names_in": self.column_names,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Restore a result of `state`."""
        load_all()
        self.variant_ = build(state["variant"])
        self.data_, self.condition_ = build(state["data"]), build(state["condition"])
        tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
        with building():
            self.objective_, self.prior_ = build(state["objective"]), build(state["prior"])
        adopt(self.objective_, tensors, "objective.")
        adopt(self.prior_, tensors, "prior.")
        self.objective_.eval()
        self._fitted = True
        self.history_, best = from_one(state["history"], state["info"].get("best_epoch"))
        self.info_, self.interrupted_ = {**state["info"], "best_epoch": best}, state["interrupted"]
        if state["n_features_in"] is not None:
            self.n_features_in_ = state["n_features_in"]
        if state["feature_names_in"]:
            self.feature_names_in_ = np.asarray(state["feature_names_in"], dtype=object)

    @property
    def column_names(self) -> list[str]:
        """The names of the columns of X, as in ``feature_names_in_``; empty if it had none."""
        return list(getattr(self, "feature_names_in_", ()))

    def __sklearn_is_fitted__(self) -> bool:
        return self._fitted

    def __sklearn_tags__(self) -> Any:
        tags = any_cells(super().__sklearn_tags__())
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _arrays(groups: list[Group], X: Rows, answer: Callable[[Columns], Tensor]) -> Array:
    """Return the results for groups of rows: an array, or a list of arrays if rows differ in size."""
    arrays: Array = in_order([(group.index, _numpy(answer(group.columns), X)) for group in groups])
    return arrays


def checked_codes(Z: Rows, model: Model) -> Tensor:
    """Return the user's codes as float32, (n, positions x latent_dim) or (n, *positions, latent_dim).

    Raises
    ------
    InputError
        Codes of another shape, or of several; NaN or infinity.
    """
    positions, width = model.positions(), model.latent_dim
    try:
        codes = torch.as_tensor(np.asarray(Z, dtype=np.float32))
    except ValueError as error:
        raise InputError(
            f"the codes cannot be read as numbers of one shape: {error}; decode each size apart"
        ) from error
    placed = codes.ndim == 2 + len(positions) and codes.shape[-1] == width and 0 not in codes.shape[1:]
    free = placed and model.any_size
    if not free and tuple(codes.shape[1:]) not in ((model.code_size,), (*positions, width)):
        sides = ", ".join("any" if model.any_size else str(side) for side in positions)
        expected = f"(n, {model.code_size}): latent_dim numbers a row"
        if positions:
            expected = (
                f"(n, {model.code_size}) or (n, {sides}, {width}): {width} numbers in each position; a mean over "
                "positions cannot be decoded"
            )
        raise InputError(f"codes of shape {tuple(codes.shape)}; expected {expected}")
    if not torch.isfinite(codes).all():
        raise InputError("the codes hold NaN or infinity: codes must be finite")
    return codes


def _numpy(tensor: Tensor, X: Rows) -> Array:
    return tensor.numpy().astype(float_type(X), copy=False)


def warn_if_interrupted(training: Training) -> None:
    """Warn if Ctrl-C ended a training."""
    if training.progress.interrupted:
        warnings.warn(
            f"training was interrupted in epoch {training.progress.epoch + 1}: the best weights so far are kept",
            stacklevel=4,
        )


def info(run: Run, training: Training) -> dict[str, Any]:
    """Return the chosen settings of a training, and its course."""
    settings, progress = training.settings, training.progress
    return {
        "rows": run.source.rows,
        "batch_size": settings.batch_size,
        "epochs": settings.epochs,
        "best_epoch": progress.best_epoch if training.best else None,
        "best_validation_loss": progress.best_loss if training.best else None,
        "seconds": round(progress.seconds, 3),
        "precision": settings.precision,
        "seed": settings.seed,
        "data": run.parts.data.summary,
        "net": spell(run.objective.model.net),
        "parameters": sum(weight.numel() for weight in run.objective.parameters()),
        "torch": str(torch.__version__),
    }


def _seed(random_state: RandomState) -> int:
    return int(check_random_state(random_state).randint(2**31 - 1))


def _one_row(row: Rows) -> Rows:
    """Return a row with the axis of rows."""
    row = taken(row)
    if hasattr(row, "columns") or (np.ndim(row) == 2 and len(row) == 1) or np.ndim(row) == 4:
        return row
    return np.asarray(row)[None]
