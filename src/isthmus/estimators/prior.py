"""Choosing and fitting the prior of a trained model."""

from __future__ import annotations

import warnings
from math import prod

import torch

from isthmus.core.data import Data, Source
from isthmus.core.interfaces import Prior
from isthmus.core.model import Model
from isthmus.core.part import resolve
from isthmus.estimators.inference import seeded

MAX_NUMBERS = 1024
"""Numbers of a code that a Gaussian is fitted to by itself, at most: its matrix is kept with the model."""


def choose_prior(wanted: str | Prior, model: Model, data: Data, conditional: bool) -> Prior:
    """Return an unfitted prior.

    Parameters
    ----------
    wanted : str or Prior
        ``"auto"``: a Gaussian, or N(0, I) for codes of more than 1,024 numbers per position; for a model with a
        posterior the default of the data, or N(0, I) with a condition, since codes must be independent of it.
    model : Model
    data : Data
        Fitted.
    conditional : bool
        Whether the model has a condition.

    Raises
    ------
    InputError
        There is no such prior.
    """
    if isinstance(wanted, str) and wanted == "auto":
        suited = None if conditional else data.defaults().prior
        fits = "gaussian" if model.latent_dim <= MAX_NUMBERS else "standard-normal"
        wanted = (suited or "standard-normal") if model.has_posterior else fits
    prior: Prior = resolve("prior", wanted)
    return prior


def warn_of_positions(prior: Prior, positions: tuple[int, ...]) -> None:
    """Warn if a prior samples the positions of a code independently."""
    if prod(positions) > 1 and not prior.joint:
        warnings.warn(
            f"the prior {type(prior).__name__} draws each of the {prod(positions)} positions of a code by itself, so "
            "what is decoded has the right details but no whole",
            stacklevel=3,
        )


@torch.no_grad()
def fit_prior(prior: Prior, model: Model, source: Source, seed: int) -> Prior:
    """Return a prior fitted to codes of training rows (samples of q(z|x), if there is one), on the CPU.

    Parameters
    ----------
    prior : Prior
        The number of codes it is fitted to is one of its knobs.
    model : Model
        Trained, in eval mode.
    source : Source
        Source of batches on the model's device.
    seed : int
        Seed of the samples and of the fit.
    """
    batch = source.sample(max(1, prior.sample_rows // prod(model.positions())))
    with seeded(seed, batch.x.device):
        codes = model.codes(batch, draw=model.has_posterior).cpu()
        return prior.fit(codes, {name: tensor.cpu() for name, tensor in batch.condition.items()}).eval()
