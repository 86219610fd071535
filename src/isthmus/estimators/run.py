"""Run: what to train, apart from where it is trained."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

import torch
from sklearn.utils import check_random_state

from isthmus.core.data import Data, Rows, Source
from isthmus.core.objective import Reconstruction
from isthmus.core.part import resolve, unbuilt_copy
from isthmus.core.training.settings import Settings
from isthmus.data.infer import choose_condition, choose_data
from isthmus.data.inputs import labelled
from isthmus.data.sources.in_memory import is_stream, pieces
from isthmus.data.sources.training_rows import TrainingRows, training_rows
from isthmus.estimators.parts import Parameters, Parts
from isthmus.estimators.plan import choose_device, plan
from isthmus.estimators.validation import check_parameters
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import TooFewRowsError
from isthmus.variants import Variant

if TYPE_CHECKING:
    from isthmus.data.tables.conditions import Condition

WIDEST = 32
"""Default size of a code."""


@dataclass(frozen=True)
class Run:
    """What to train.

    `fit` runs it in this process; it can also run in several processes, prepared in the same way in each::

        run = prepare(estimator, X)
        training = Training(run.objective, run.settings, sync=average_gradients, initialize=run.initialize)
        training.run(run.source.shard(rank, world))

    Attributes
    ----------
    parts : Parts
    source : Source
        Source of batches on the estimator's device, as is the objective.
    settings : Settings
    initialize : bool
        Whether to initialise parts from the data; False to continue from trained weights.
    """

    parts: Parts
    source: Source
    settings: Settings
    initialize: bool = True

    @property
    def objective(self) -> Reconstruction:
        """What is minimised."""
        return self.parts.objective


def prepare(estimator: Parameters, X: Rows, y: Rows = None, sample_weight: Rows = None) -> Run:
    """Return the run of `fit`, without changing the estimator.

    Parameters
    ----------
    estimator : Autoencoder
        If it is fitted and has ``warm_start=True``, a copy is trained further. With several processes, each needs the
        same integer as ``random_state``.
    X, y, sample_weight :
        As in `fit`.

    Raises
    ------
    InputError
        The data or a parameter cannot be used.
    """
    X, y = labelled(X, y)
    known = estimator.parts if estimator.warm_start else None
    parts = _parts(estimator, known, X, y)
    if known is not None:
        parts = replace(parts, objective=copy.deepcopy(parts.objective))
    trainable = _trainable(parts, X, y, sample_weight)
    settings = _settings(estimator, parts, trainable)
    return _run(estimator, parts, trainable, settings, estimator.validation_fraction, initialize=known is None)


def prepare_pass(
    estimator: Parameters, X: Rows, y: Rows, sample_weight: Rows, before: Settings | None, done: int
) -> Run:
    """Return the run of `partial_fit`: one pass over all rows at a constant rate, from the current weights.

    Parameters
    ----------
    estimator : Autoencoder
    X, y, sample_weight :
        As in `partial_fit`.
    before : Settings or None
        Settings of the previous passes; None for the first pass.
    done : int
        Number of previous passes.
    """
    X, y = labelled(X, y)
    known = estimator.parts
    parts = _parts(estimator, known, X, y)
    trainable = _trainable(parts, X, y, sample_weight)
    settings = before or replace(_settings(estimator, parts, trainable), epochs=1, schedule="constant", patience=None)
    ordered = replace(settings, seed=settings.seed + done)  # each pass has an order of its own
    return replace(_run(estimator, parts, trainable, ordered, 0.0, initialize=known is None), settings=settings)


def _parts(estimator: Parameters, known: Parts | None, X: Rows, y: Rows) -> Parts:
    """Check the parameters, and return the fitted parts, or new ones."""
    load_all()
    variant: Variant = resolve("variant", estimator.variant)
    check_parameters(estimator)
    choose_device(estimator.device)
    return learn(estimator, variant, X, y) if known is None else known


def learn(estimator: Parameters, variant: Variant, X: Rows, y: Rows = None) -> Parts:
    """Return fitted data, and an untrained objective built for it."""
    condition = choose_condition(estimator.condition)
    free, beside = (X, None) if condition is None else condition.split(X, y)
    chosen = choose_data(estimator.data, free, variant.table_scale, variant.frame_scale)
    data = unbuilt_copy(chosen.learn(pieces(free)))
    condition = None if condition is None else condition.learn(beside)
    objective = untrained(estimator, variant, data, condition)
    size, latent_dim = prod(data.typical_shape), objective.model.latent_dim
    if objective.model.code_size > size and not variant.overcomplete:
        warnings.warn(
            f"latent_dim={latent_dim} gives codes of {objective.model.code_size} numbers, larger than a row of {size}: "
            "the model can copy its input; choose a smaller latent_dim, or a sparse or denoising variant",
            stacklevel=5,
        )
    return Parts(variant, data, condition, objective)


def untrained(estimator: Parameters, variant: Variant, data: Data, condition: Condition | None) -> Reconstruction:
    """Return an untrained objective for fitted data, with random weights of the estimator's seed."""
    half = max(1, min(prod(data.typical_shape) // 2, WIDEST))
    latent_dim = estimator.latent_dim or variant.code_width(data, estimator.net) or half
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(draw_seed(estimator))  # the layers are made on the CPU
        return variant.objective(data, latent_dim, estimator.net, condition.width if condition else 0)


def draw_seed(estimator: Parameters) -> int:
    """Return a seed from the estimator's random state."""
    return int(check_random_state(estimator.random_state).randint(2**31 - 1))


def _trainable(parts: Parts, X: Rows, y: Rows, sample_weight: Rows) -> TrainingRows:
    """Return rows that make a source of batches.

    Raises
    ------
    InputError
        There are fewer than two rows, or crops of one; or a stream has a condition or weights.
    """
    free, beside = (X, None) if parts.condition is None or is_stream(X) else parts.condition.split(X, y)
    trainable = training_rows(free, parts.data, sample_weight, parts.condition, beside)
    if len(trainable) < 2 and (not len(trainable) or parts.data.samples(free) < 2):
        raise TooFewRowsError(len(trainable))
    return trainable


def _settings(estimator: Parameters, parts: Parts, trainable: TrainingRows) -> Settings:
    return plan(estimator, len(trainable), parts.objective.model.multiplications, draw_seed(estimator))


def _run(
    estimator: Parameters, parts: Parts, trainable: TrainingRows, settings: Settings, fraction: float, initialize: bool
) -> Run:
    device = choose_device(estimator.device)
    parts.objective.to(device)
    source = trainable.source(
        parts.data,
        batch_size=settings.batch_size,
        validation_fraction=fraction,
        seed=settings.seed,
        device=device,
    )
    return Run(parts, source, settings, initialize)
