"""Autoencoder: the scikit-learn estimator that everything else builds on."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import Any, Literal, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from isthmus.core import graphs
from isthmus.core.bounds import elbo, log_likelihood
from isthmus.core.data import Columns, join, rows
from isthmus.core.graphs import in_pieces
from isthmus.core.part import build, describe, part, resolve, spell
from isthmus.core.store import adopt, building
from isthmus.core.training.callbacks import Callback, LogProgress, ProgressBar, interactive
from isthmus.core.training.checkpoint import Checkpoint
from isthmus.core.training.loop import Settings, Training
from isthmus.data.infer import choose_data, float_type
from isthmus.data.sources.in_memory import InMemory, is_stream, pieces
from isthmus.data.tables.conditions import Condition
from isthmus.estimators.base import Persistent, any_cells
from isthmus.estimators.plan import choose_device, plan
from isthmus.estimators.validation import check_parameters
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import DivergenceError, InputError
from isthmus.variants import Variant

PRIOR_ROWS = 20_000
WIDEST = 32
"""Numbers in a code that nobody asked for."""


@part("estimator/autoencoder")
class Autoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Persistent, BaseEstimator):
    """Squeezes its input through a narrow bottleneck and rebuilds it.

    Parameters
    ----------
    variant : str or Variant, default "plain"
        Which autoencoder: ``"plain"``, ``"linear"``, ``"denoising"``, ``"sparse"``, ``"topk"``, ``"contractive"``,
        ``"variational"``, or an object such as ``Variational(beta=4.0)``.
    latent_dim : int or None, default 32
        Numbers in a code; None: half as many as in a row, at most 32.
    net : str, Net or None, default None
        ``"mlp"``, ``"conv"``, ``"linear"``, an object such as ``MLP((512, 256))``, or None: chosen by the data.
    data : str, Data or None, default None
        ``"table"``, ``"images"``, an object such as ``Table(scale="common")``, or None: chosen by X.
    epochs : int or None, default None
        Passes over the training rows; None: by the number of rows.
    batch_size : int or None, default None
        Rows in a step; None: by the number of rows.
    learning_rate : float, default 4e-3
        Highest rate of the schedule.
    schedule : {"cosine", "one-cycle", "constant"}, default "cosine"
        How the rate goes: up over the first tenth of the steps (one-cycle: three tenths), then down to zero along half
        a cosine; or constant.
    validation_fraction : float, default 0.05
        Share of the rows that is kept aside to choose the best weights; 0: none, the last weights are kept.
    patience : int or None, default None
        Epochs without a better validation loss after which training stops; None: never.
    weight_decay : float, default 0.01
        AdamW's, for matrices.
    average : float or None, default None
        Decay of a moving average of the weights, which is then what is kept; None: no averaging.
    precision : {"auto", "float32", "bfloat16"}, default "auto"
        Of matrix products in training; "auto" is chosen from the processor and the sizes.
    device : str, default "auto"
        ``"cpu"``, ``"cuda"`` …; "auto": a GPU where there is one.
    condition : None, "y", or names of columns, default None
        What is given to encoder and decoder and not rebuilt: the labels passed to ``fit``, or columns of a DataFrame.
    warm_start : bool, default False
        ``fit`` goes on from the weights there are, with the scaling there is.
    random_state : int, RandomState or None, default None
        An int gives the same result twice.
    callbacks : sequence of callables, default ()
        Each is called with every `isthmus.core.training.callbacks.Event`; not saved.
    verbose : bool or "auto", default "auto"
        A progress bar; "auto": on a terminal or in a notebook, and lines in the log elsewhere.

    Attributes
    ----------
    history_ : list of dict
        One entry an epoch: seconds, rate, losses, terms.
    interrupted_ : bool
        Whether Ctrl-C ended training.
    n_features_in_ : int
        Columns of a table, or pixels of an image.
    feature_names_in_ : ndarray of str
        Names of the columns, where all are text.
    info_ : dict
        What was chosen: rows, batch size, epochs, precision, seed, how the data were scaled.
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

    PART_KINDS = {"variant": "variant", "net": "net", "data": "data"}

    def __init__(
        self,
        variant: str | Variant = "plain",
        latent_dim: int | None = 32,
        *,
        net: Any = None,
        data: Any = None,
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
        condition: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        callbacks: Sequence[Callback] = (),
        verbose: bool | Literal["auto"] = "auto",
    ) -> None:
        self.variant = variant
        self.latent_dim = latent_dim
        self.net = net
        self.data = data
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
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on X.

        Parameters
        ----------
        X : array, DataFrame, tensor or stream
            Rows: (n, columns) of a table, (n, height, width[, channels]) of images, or a stream of a file.
        y : array of shape (n,), optional
            Ignored unless ``condition="y"``.
        sample_weight : array of shape (n,), optional
            How much each row counts.
        checkpoint : path, optional
            File to which the state of training is written after each epoch and each minute.
        resume : bool, default False
            Go on from `checkpoint` where it exists.

        Returns
        -------
        self

        Raises
        ------
        InputError
            The data or a parameter cannot be used.
        DivergenceError
            The loss became no number; the estimator is fitted with the best weights so far.
        """
        stream = self._prepare(X, y, sample_weight, keep=self.warm_start)
        training = self._training(self._plan(stream))
        source = self._source(stream, training.settings, self.validation_fraction)
        held = None
        if checkpoint is not None:
            held = Checkpoint(checkpoint, describe(self.objective_))
            if resume and os.path.exists(checkpoint):
                held.resume(training, source)
        return self._run(training, source, held)

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Train one pass over X, at a constant rate, all rows: the first call fixes scaling and schema.

        Parameters
        ----------
        X, y, sample_weight :
            As in `fit`.
        """
        stream = self._prepare(X, y, sample_weight, keep=True)
        if not hasattr(self, "_training_"):
            settings = replace(self._plan(stream), epochs=1, schedule="constant", patience=None)
            self._training_ = self._training(settings)
        settings, done = self._training_.settings, self._training_.progress.epoch
        self.objective_.to(choose_device(self.device))
        source = self._source(stream, replace(settings, seed=settings.seed + done), 0.0)
        return self._run(self._training_, source, None, epochs=done + 1)

    def _prepare(self, X: Any, y: Any, sample_weight: Any, keep: bool) -> Any:
        """Check parameters; learn the data and build the objective unless they are kept; return the rows."""
        load_all()
        variant = resolve("variant", self.variant)
        check_parameters(self)
        choose_device(self.device)
        if not (keep and hasattr(self, "objective_")):
            self._learn(X, y, variant)
        if not hasattr(self, "_training_"):
            self._seed = self._draw_seed()
        stream = X
        if not is_stream(X):
            stream = InMemory(self._free(X), self.data_, sample_weight, self.condition_, self._beside(X, y))
        elif self.condition_ is not None or sample_weight is not None:
            raise InputError(
                "condition and sample_weight need rows in memory: give a DataFrame or an array, not a stream"
            )
        if len(stream) < 2:
            raise InputError(f"Found array with n_samples = {len(stream)}, but at least 2 rows are needed to train")
        return stream

    def _learn(self, X: Any, y: Any, variant: Variant) -> None:
        """Fit the data and build untrained parts for it."""
        condition = None if self.condition is None else Condition(self.condition)
        free, given = (X, None) if condition is None else condition.split(X, y)
        chosen = choose_data(self.data, free, variant.table_scale, variant.frame_scale)
        data = chosen.learn(pieces(free))
        condition = None if condition is None else condition.learn(given)
        size = prod(data.shape)
        latent_dim = self.latent_dim or max(1, min(size // 2, WIDEST))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._draw_seed())
            objective = variant.objective(data, latent_dim, self.net, condition.width if condition else 0)
        for trained in ("_training_", "prior_"):
            self.__dict__.pop(trained, None)
        self.variant_, self.data_, self.condition_, self.objective_ = variant, data, condition, objective
        self.history_: list[dict[str, Any]] = []
        self._note_features(X)
        if latent_dim > size and not variant.overcomplete:
            warnings.warn(
                f"latent_dim={latent_dim} is larger than a row of {size} numbers: the model can copy its input; "
                "choose a smaller latent_dim, or a sparse or denoising variant",
                stacklevel=4,
            )

    def _draw_seed(self) -> int:
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _note_features(self, X: Any) -> None:
        self.__dict__.pop("feature_names_in_", None)
        columns = getattr(X, "columns", None)
        if columns is not None and all(isinstance(c, str) for c in columns):
            self.feature_names_in_ = np.asarray(columns, dtype=object)
        given = 0 if self.condition_ is None else self.condition_.columns
        self.n_features_in_ = len(self.data_.feature_names()) + given

    def _plan(self, stream: Any) -> Settings:
        return plan(self, len(stream), sum(weight.numel() for weight in self.objective_.parameters()), self._seed)

    def _source(self, stream: Any, settings: Settings, held_out: float) -> Any:
        return stream.source(
            self.data_,
            batch_size=settings.batch_size,
            validation_fraction=held_out,
            seed=settings.seed,
            device=choose_device(self.device),
        )

    def _training(self, settings: Settings) -> Training:
        self.objective_.to(choose_device(self.device))
        watched = interactive() if self.verbose == "auto" else bool(self.verbose)
        told: list[Callback] = [ProgressBar() if watched else LogProgress(), *self.callbacks]
        return Training(self.objective_, settings, told, initialize=not hasattr(self, "prior_"))

    def _run(self, training: Training, source: Any, held: Checkpoint | None, epochs: int | None = None) -> Self:
        """Train, and leave the estimator fitted with the best weights, after a divergence too."""
        before = self.history_[: len(self.history_) - len(training.progress.history)]
        try:
            training.run(source, epochs, held)
        except DivergenceError:
            self._finish(training, source, before)
            raise
        self._finish(training, source, before)
        if self.interrupted_:
            warnings.warn(
                f"training was interrupted in epoch {training.progress.epoch + 1}: the best weights so far are kept",
                stacklevel=3,
            )
        return self

    def _finish(self, training: Training, source: Any, before: list[dict[str, Any]]) -> None:
        progress = training.progress
        self.objective_.to("cpu")
        self.history_ = before + progress.history
        self.interrupted_ = progress.interrupted
        self.info_ = {
            "rows": source.rows,
            "batch_size": training.settings.batch_size,
            "epochs": training.settings.epochs,
            "best_epoch": progress.best_epoch,
            "best_validation_loss": progress.best_loss if training.best else None,
            "seconds": round(progress.seconds, 3),
            "precision": training.settings.precision,
            "seed": training.settings.seed,
            "data": self.data_.summary,
            "net": spell(self.objective_.model.net),
            "parameters": sum(p.numel() for p in self.objective_.parameters()),
            "torch": str(torch.__version__),
        }
        self.prior_ = self._fit_prior(source)

    @torch.no_grad()
    def _fit_prior(self, source: Any) -> Any:
        """Return a Gaussian fitted on codes; of a variational model the data's, N(0, I) where something is given."""
        model = self.objective_.model
        name = "gaussian"
        if model.has_posterior:
            fitted = self.data_.defaults().prior if self.condition_ is None else None
            name = fitted or "standard-normal"
        prior = resolve("prior", name, latent_dim=model.sizes.z)
        if not hasattr(prior, "fit"):
            return prior
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed)
            return prior.fit(model.codes(source.sample(PRIOR_ROWS).to("cpu"), draw=model.has_posterior))

    # -- using ---------------------------------------------------------------------------------------------------

    def transform(self, X: Any, condition: Any = None) -> np.ndarray:
        """Return the codes of X, of shape (n, latent_dim).

        Parameters
        ----------
        X : like what was fitted on
        condition : array of shape (n,), optional
            What is given, where the model was trained with a condition that is not part of X.
        """
        return self._numpy(self._apply("encode", X, condition)["z"], X)

    def inverse_transform(self, Z: Any, condition: Any = None) -> Any:
        """Return what codes of shape (n, latent_dim) decode to, in the form of what was fitted on."""
        check_is_fitted(self)
        codes = torch.as_tensor(np.asarray(Z, dtype=np.float32))
        if codes.ndim != 2 or codes.shape[1] != self.objective_.model.sizes.z:
            raise InputError(
                f"codes of shape {tuple(codes.shape)}; expected (n, {self._n_features_out}): latent_dim numbers a row"
            )
        if not torch.isfinite(codes).all():
            raise InputError("the codes hold NaN or infinity: codes must be finite")
        columns = {"z": codes, **self._given(condition, len(codes))}
        return self.data_.write(in_pieces(self.graphs()["decode"], columns, prod(self.data_.shape)))

    def reconstruct(self, X: Any, condition: Any = None) -> Any:
        """Return X rebuilt, in the form of X."""
        check_is_fitted(self)
        like = None if is_stream(X) else self._free(X)
        return self.data_.write(self._apply("reconstruct", X, condition), like=like)

    def corrupt(self, X: Any, *, random_state: Any = None) -> Any:
        """Return X as the encoder sees it in training, in the form of X; None where the variant corrupts nothing."""
        check_is_fitted(self)
        if self.objective_.corruption is None:
            return None
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            batch = self.objective_.corrupt(self.data_.batch(self.data_.read(self._free(X))))
        return self.data_.write(self.data_.invert(batch.corrupted), like=self._free(X))

    def posterior(self, X: Any, condition: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance of q(z|x), each of shape (n, latent_dim); variational models only.

        Raises
        ------
        InputError
            The model has no posterior.
        """
        check_is_fitted(self)
        if not self.objective_.model.has_posterior:
            raise InputError("this model has no posterior q(z|x): train variant='variational'")
        found = self._apply("posterior", X, condition)
        return self._numpy(found["mean"], X), self._numpy(found["variance"], X)

    def reconstruction_error(
        self, X: Any, per: Literal["sample", "element", "feature"] = "sample", condition: Any = None
    ) -> np.ndarray:
        """Return how far the reconstruction is from X, in the units of the likelihood.

        Parameters
        ----------
        X : like what was fitted on
        per : {"sample", "element", "feature"}, default "sample"
            ``"sample"``: the mean over the elements of each row, shape (n,). ``"element"``: of each of the user's
            elements, shape (n, columns) or the shape of the images. ``"feature"``: the mean over the rows, shape
            (columns,) or of one image.
        """
        if per not in ("sample", "element", "feature"):
            raise InputError(f"per={per!r}; choose 'sample', 'element' or 'feature'")
        error = self._numpy(self._apply("error" if per == "sample" else "error_map", X, condition)["error"], X)
        return error.mean(0) if per == "feature" else error

    def score_samples(self, X: Any, condition: Any = None) -> np.ndarray:
        """Return how typical each row is, of shape (n,): minus the error, or the ELBO in nats."""
        check_is_fitted(self)
        if not self.objective_.model.has_posterior:
            return -self.reconstruction_error(X, condition=condition)
        return self._numpy(self._bound(X, condition, elbo), X)

    def log_likelihood(self, X: Any, draws: int = 500, condition: Any = None) -> np.ndarray:
        """Return log p(x) of each row in nats by importance sampling (Burda 2016); variational models only."""
        return self._numpy(self._bound(X, condition, lambda model, batch: log_likelihood(model, batch, draws)), X)

    def score(self, X: Any, y: Any = None, condition: Any = None) -> float:
        """Return minus the mean reconstruction error; y is ignored."""
        return -float(np.mean(self.reconstruction_error(X, condition=condition)))

    def sample(
        self, n_samples: int = 1, *, temperature: float = 1.0, condition: Any = None, random_state: Any = None
    ) -> Any:
        """Decode codes drawn from the prior: rows of a table are drawn from the likelihood, of pictures its mean.

        Parameters
        ----------
        n_samples : int, default 1
        temperature : float, default 1
            Scale of the draw around the prior's mean: below 1 is more typical, above 1 more varied.
        condition : array of shape (n_samples,) or a single value, optional
        random_state : int or None
        """
        check_is_fitted(self)
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            z = self.prior_.sample(int(n_samples), temperature)
            columns = {"z": z, **self._given(condition, len(z))}
            drawn = in_pieces(graphs.Draw(self.data_, self.objective_.model).eval(), columns, prod(self.data_.shape))
        return self.data_.write(drawn)

    def interpolate(self, a: Any, b: Any, steps: int = 8, condition: Any = None) -> Any:
        """Decode `steps` codes on the straight line from the code of row `a` to that of row `b`, both included.

        Parameters
        ----------
        a, b : one row each, with or without the axis of rows
        steps : int, default 8
        """
        ends = [self.transform(_one_row(row), condition) for row in (a, b)]
        share = np.linspace(0, 1, steps)[:, None]
        return self.inverse_transform((1 - share) * ends[0] + share * ends[1], condition)

    def graphs(self) -> dict[str, torch.nn.Module]:
        """Return what the model can do, by name: modules from columns to columns, in eval mode."""
        check_is_fitted(self)
        kinds = {
            "encode": graphs.Encode,
            "decode": graphs.Decode,
            "reconstruct": graphs.Reconstruct,
            "error": graphs.Error,
            "error_map": graphs.ErrorMap,
        }
        if self.objective_.model.has_posterior:
            kinds["posterior"] = graphs.Posterior
        if self.objective_.model.net.reconstructs_only:
            del kinds["decode"]
        return {name: kind(self.data_, self.objective_.model).eval() for name, kind in kinds.items()}

    # -- between the user's world and tensors --------------------------------------------------------------------

    def _beside(self, X: Any, y: Any) -> Any:
        """Return what stands beside X as the condition."""
        return None if self.condition_ is None else self.condition_.split(X, y)[1]

    def _free(self, X: Any) -> Any:
        return X if self.condition_ is None else self.condition_.split(X, None)[0]

    def _given(self, condition: Any, n: int) -> Columns:
        return {} if self.condition_ is None else self.condition_.encode(self.condition_.read(condition), n)

    def columns(self, X: Any, condition: Any = None) -> Iterator[Columns]:
        """Yield what is read of X: of each piece of a stream, or of all rows."""
        for piece in pieces(X):
            columns = self.data_.read(self._free(piece))
            yield columns | self._given(self._beside(piece, None) if condition is None else condition, rows(columns))

    def _apply(self, name: str, X: Any, condition: Any = None) -> Columns:
        """Run a graph over X."""
        return self._over(self.graphs()[name], X, condition)

    def _over(self, function: Callable[[Columns], Columns], X: Any, condition: Any) -> Columns:
        check_is_fitted(self)
        found = [in_pieces(function, columns, prod(self.data_.shape)) for columns in self.columns(X, condition)]
        return join(found)

    def _bound(self, X: Any, condition: Any, bound: Callable[[Any, Any], Tensor]) -> Tensor:
        check_is_fitted(self)
        model = self.objective_.model
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return self._over(lambda piece: {"bound": bound(model, self.data_.batch(piece))}, X, condition)["bound"]

    def _numpy(self, tensor: Tensor, X: Any) -> np.ndarray:
        return tensor.numpy().astype(float_type(X), copy=False)

    @property
    def _n_features_out(self) -> int:
        return self.objective_.model.sizes.z

    def _resolved(self, name: str, value: Any) -> Any:
        load_all()
        return super()._resolved(name, value)

    # -- the file ------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return what fit learnt: tensors and JSON."""
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
            "feature_names_in": list(getattr(self, "feature_names_in_", [])),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        load_all()
        self.variant_ = build(state["variant"])
        self.data_, self.condition_ = build(state["data"]), build(state["condition"])
        tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
        with building():
            self.objective_, self.prior_ = build(state["objective"]), build(state["prior"])
        adopt(self.objective_, tensors, "objective.")
        adopt(self.prior_, tensors, "prior.")
        self.objective_.eval()
        self.history_, self.info_, self.interrupted_ = state["history"], state["info"], state["interrupted"]
        if state["n_features_in"] is not None:
            self.n_features_in_ = state["n_features_in"]
        if state["feature_names_in"]:
            self.feature_names_in_ = np.asarray(state["feature_names_in"], dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "prior_")

    def __sklearn_tags__(self) -> Any:
        tags = any_cells(super().__sklearn_tags__())
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _one_row(row: Any) -> Any:
    """Return a row with the axis of rows."""
    if hasattr(row, "columns") or (np.ndim(row) == 2 and len(row) == 1) or np.ndim(row) == 4:
        return row
    return np.asarray(row)[None]
