"""Autoencoders of one recipe, each trained on some of the rows, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import torch

from isthmus.core.data import Rows
from isthmus.core.training.loop import Training
from isthmus.core.training.replicas import Replicas
from isthmus.data.sources.dealt import Dealt
from isthmus.data.sources.memory import Memory
from isthmus.estimators.autoencoder import Autoencoder, warn_if_interrupted
from isthmus.estimators.plan import choose_device
from isthmus.estimators.run import Run, draw_seed, untrained


def can_train_together(run: Run) -> bool:
    """Tell whether autoencoders with runs like this one can train at once: nothing is validated, and all parts can."""
    validated = run.source.steps("validation") > 0
    return not validated and run.objective.replicable and not run.parts.data.any_size


def fit_together(run: Run, estimators: Sequence[Autoencoder], X: Rows, rows: Sequence[np.ndarray]) -> None:
    """Fit each autoencoder to some of the rows, all of them at once, in little more than the time of one.

    What the data are (scaling, categories) is learnt once, from all rows.

    Parameters
    ----------
    run : Run
        Of the first estimator, prepared for X.
    estimators : sequence of Autoencoder
        With the same parameters, but for random_state; such as `can_train_together`. Callbacks are those of the first.
    X : array or DataFrame
    rows : sequence of int64 arrays
        The rows of each.

    Raises
    ------
    InputError
        The data or a parameter cannot be used.
    DivergenceError
        A loss is not finite; no estimator is changed.
    """
    runs = [_run(run, estimator, index) for estimator, index in zip(estimators, rows, strict=True)]
    sources = [cast(Memory, own.source) for own in runs]
    replicas = Replicas([own.objective for own in runs])
    training = Training(replicas, run.settings, estimators[0].watchers(), initialize=False)
    training.run(Dealt(sources, run.settings.batch_size))
    replicas.distribute()
    for estimator, own in zip(estimators, runs, strict=True):
        estimator.adopt(own, training, X)
    warn_if_interrupted(training)


def _run(like: Run, estimator: Autoencoder, index: np.ndarray) -> Run:
    """Return the run of one autoencoder, its objective initialised from its rows."""
    seed = draw_seed(estimator)
    source = cast(Memory, like.source).only(torch.from_numpy(index), seed)
    objective = untrained(estimator, like.parts.variant, like.parts.data, like.parts.condition)
    device = choose_device(estimator.device)
    devices = [device] if device.type == "cuda" else []
    objective.to(device).train()
    with torch.random.fork_rng(devices=devices):
        (torch.manual_seed if devices else torch.default_generator.manual_seed)(seed)
        objective.initialize(source.sample(objective.sample_rows()))
    return replace(like, parts=replace(like.parts, objective=objective), source=source)
