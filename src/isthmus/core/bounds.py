"""Bounds on log p(x) of models with a posterior q(z|x) and a normalised likelihood."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributions import Normal

from isthmus.core.errors import InputError
from isthmus.core.kinds import per_sample
from isthmus.core.model import Model
from isthmus.core.records import Batch


def importance_log_weights(model: Model, batch: Batch, draws: int) -> Tensor:
    """Return log p(x|z) + log p(z) − log q(z|x) in nats for draws z ~ q(z|x), of shape (draws, batch).

    Raises
    ------
    InputError
        The model's likelihood is not normalised, or its bottleneck has no posterior.
    """
    if not model.likelihood.normalised:
        raise InputError("log p(x) needs a likelihood in nats: the variational variant has one")
    q = model.bottleneck.posterior(model.encode(batch))
    prior = Normal(torch.zeros_like(q.loc), torch.ones_like(q.loc))
    rows = []
    for _ in range(draws):
        z = q.rsample()
        log_p = -per_sample(model.error(batch, model.decode(z, batch)))
        rows.append(log_p + per_sample(prior.log_prob(z) - q.log_prob(z)))
    return torch.stack(rows)


def elbo(model: Model, batch: Batch, draws: int = 1) -> Tensor:
    """Return the ELBO of each row in nats, with the KL term in closed form (Kingma & Welling 2014)."""
    outputs = [model(batch, draw=True).terms for _ in range(draws)]
    return -sum(terms["error"] + terms["kl"] for terms in outputs) / draws


def log_likelihood(model: Model, batch: Batch, draws: int = 500) -> Tensor:
    """Return the importance-sampled estimate of log p(x) of each row in nats (Burda 2016)."""
    return torch.logsumexp(importance_log_weights(model, batch, draws), 0) - math.log(draws)
