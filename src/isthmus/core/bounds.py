"""Bounds on log p(x) of models with a posterior q(z|x) and a normalised likelihood."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import Distribution, Normal, kl_divergence

from isthmus.core.interfaces import per_sample
from isthmus.core.model import Model
from isthmus.core.records import Batch
from isthmus.support.errors import InputError


def check_bound(model: Model) -> None:
    """Raise an error for a model without a bound.

    Raises
    ------
    InputError
        The bottleneck has no posterior, or the likelihood is not normalised.
    """
    if not model.has_posterior:
        raise InputError("this model has no posterior q(z|x): train variant='variational'")
    if not model.likelihood.normalised:
        raise InputError("log p(x) needs a likelihood in nats, such as 'gaussian' or 'bernoulli'")


def antithetic(draws: int, shape: Sequence[int], seed: int = 0) -> Tensor:
    """Return standard normal noise of shape (draws, *shape) in pairs of opposite sign."""
    generator = torch.Generator().manual_seed(seed)
    half = torch.randn((draws + 1) // 2, *shape, generator=generator)
    return torch.cat([half, -half])[:draws]


def elbo(model: Model, batch: Batch, draws: int = 16) -> Tensor:
    """Return the ELBO of each row in nats (Kingma & Welling 2014).

    All rows share one fixed noise, so that the score of a row does not depend on its neighbours. The KL term is in
    closed form.
    """
    check_bound(model)
    h = model.encode(batch)
    q = model.bottleneck.posterior(h)
    noise = antithetic(draws, q.loc.shape[1:]).to(q.loc.device)
    errors = [model.likelihood.total(model.decode(q.loc + q.scale * e, batch), batch.x, batch.observed) for e in noise]
    return -torch.stack(errors).mean(0) - per_sample(kl_divergence(q, standard_normal(q)))


def log_likelihood(model: Model, batch: Batch, draws: int = 500) -> Tensor:
    """Return the importance-sampled estimate of log p(x) of each row in nats (Burda 2016).

    The weights p(x|z) p(z) / q(z|x) are added up draw by draw, so that memory does not grow with their number.
    """
    check_bound(model)
    q = model.bottleneck.posterior(model.encode(batch))
    prior = standard_normal(q)
    total = q.loc.new_full((len(batch),), -math.inf)
    for _ in range(draws):
        z, gain = _draw(q, prior)
        log_p = -model.likelihood.total(model.decode(z, batch), batch.x, batch.observed)
        total = torch.logaddexp(total, log_p + gain)
    return total - math.log(draws)


def _draw(q: Distribution, prior: Distribution) -> tuple[Tensor, Tensor]:
    """Return a draw of z from q(z|x), and log p(z) − log q(z|x) of each row."""
    z = q.sample()
    return z, per_sample(prior.log_prob(z) - q.log_prob(z))


def standard_normal(q: Normal) -> Normal:
    """Return N(0, 1) of the shape of q."""
    return Normal(torch.zeros_like(q.loc), torch.ones_like(q.scale), validate_args=False)
