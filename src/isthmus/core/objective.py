"""Objectives: the functions to minimise. `Reconstruction` is that of the autoencoder: a weighted sum of named terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from math import prod
from operator import add
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Corruption
from isthmus.core.model import Model, check_any_size, check_members
from isthmus.core.part import part
from isthmus.core.records import Batch, Output
from isthmus.core.terms import Penalty
from isthmus.support.errors import InputError, unknown

Step = tuple[str, Tensor, dict[str, Tensor]]

EVALUATION_SEED = 0x15D7
SAMPLE_ELEMENTS = 2**26


class Objective(Protocol):
    """The interface of an objective, which is also an ``nn.Module``: its weights are saved and averaged."""

    replicas: int
    """How many are trained at once: each gradient has a leading axis of them if they are several."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield all weights."""
        ...

    def buffers(self) -> Iterator[Tensor]:
        """Yield the tensors that are learnt without a gradient."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return weights and buffers by name."""
        ...

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:
        """Restore the result of `state_dict`."""
        ...

    def train(self) -> Any:
        """Switch to training mode."""
        ...

    def eval(self) -> Any:
        """Switch to eval mode."""
        ...

    def players(self) -> dict[str, list[dict[str, Any]]]:
        """Return torch's parameter groups for each player: a critic has its own rate and betas."""
        ...

    @property
    def masks(self) -> bool:
        """Whether training masks elements and tells the model which, so that it learns to fill missing cells."""
        ...

    def sample_rows(self) -> int:
        """Return the number of rows that `initialize` needs."""
        ...

    def initialize(self, batch: Batch) -> None:
        """Initialise from the data; once, before the first step, never on resume."""
        ...

    def steps(self, batch: Batch, t: float) -> Iterator[Step]:
        """Yield (player, loss, terms); the next loss is computed after the step on the one before."""
        ...

    def evaluate(self, batch: Batch) -> Tensor:
        """Return the loss of each sample, of shape (batch,), in eval mode, with the weights of t = 1."""
        ...


@part("objective/reconstruction")
class Reconstruction(nn.Module):
    """The sum of named terms, each with a weight that may follow a schedule.

    The total is divided by the number of elements of a row of the batch, so that learning rate and clipping do not
    depend on the size of the input.

    Parameters
    ----------
    model : Model
    corruption : Corruption or None
        The corruption of x before the encoder sees it.
    penalties : dict of Penalty
        Further terms by name.
    weights : dict of float or Schedule
        Weights of terms by name; 1 by default.

    Raises
    ------
    InputError
        A weight names an unknown term (raised at the first step, when the bottleneck's terms are known). A penalty
        needs rows of one size, or looks at all rows of a batch although each belongs to one member of an ensemble.
    """

    replicas = 1

    def __init__(
        self,
        model: Model,
        corruption: Corruption | None = None,
        penalties: dict[str, Penalty] | None = None,
        weights: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.corruption = corruption
        self.penalties = dict(penalties or {})
        if model.any_size:
            check_any_size(self.penalties.values())
        if model.sizes.members > 1:
            check_members(model.sizes.members, self.penalties.values())
        self.weights = dict(weights or {})

    def players(self) -> dict[str, list[dict[str, Any]]]:
        """One player; weight decay for matrices only."""
        orthogonal = self.model.net.orthogonal()
        apart = set(map(id, orthogonal))
        others = [p for p in self.parameters() if p.requires_grad and id(p) not in apart]
        groups = [
            {"params": [p for p in others if p.ndim > 1]},
            {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0},
            *([{"params": orthogonal, "orthogonal": True}] if orthogonal else ()),
        ]
        return {"model": [{**group, "scale": self.model.net.rate_scale} for group in groups]}

    @property
    def replicable(self) -> bool:
        """Whether copies of it can train at once."""
        corruptions = () if self.corruption is None else (self.corruption,)
        return self.model.replicable and all(part.replicable for part in (*self.penalties.values(), *corruptions))

    @property
    def masks(self) -> bool:
        """Whether the corruption masks."""
        return self.corruption is not None and self.corruption.masks

    def sample_rows(self) -> int:
        """Return as many rows as hold `SAMPLE_ELEMENTS` numbers, or the fraction of them that the net needs."""
        rows = max(256, SAMPLE_ELEMENTS // self.model.elements)
        return max(1, int(rows * self.model.net.start_fraction))

    def initialize(self, batch: Batch) -> None:
        """Initialise the model on a corrupted sample, so that the decoder starts as the best linear restoration."""
        self.model.initialize(self.corrupt(batch))

    def corrupt(self, batch: Batch) -> Batch:
        """Return the batch as the encoder sees it."""
        return batch if self.corruption is None else self.corruption(batch)

    def terms(self, batch: Batch, draw: bool | None = None) -> tuple[Output, dict[str, Tensor]]:
        """Corrupt a batch, pass it through the model, and add the terms of the penalties."""
        output = self.model(self.corrupt(batch), draw)
        penalties = {name: penalty(output, self.model) for name, penalty in self.penalties.items()}
        return output, {**output.terms, **penalties}

    def loss(self, batch: Batch, terms: dict[str, Tensor], t: float) -> Tensor:
        """Return the mean over a batch of the weighted sum of terms per element."""
        return weighted_mean(self.total(terms, t), batch.weight) / elements(batch)

    def total(self, terms: dict[str, Tensor], t: float) -> Tensor:
        """Return the weighted sum of terms, of shape (batch,)."""
        for name in self.weights:
            if name not in terms:
                raise InputError(unknown("term of the loss", name, terms))
        weights = {name: self.weight(name, t) for name in terms}
        return reduce(add, [term if weights[name] == 1 else weights[name] * term for name, term in terms.items()])

    def weight(self, name: str, t: float) -> float:
        """Return the weight of a term at progress `t`."""
        weight = self.weights.get(name, 1.0)
        return float(weight(t) if callable(weight) else weight)

    def steps(self, batch: Batch, t: float) -> Iterator[Step]:
        """Yield the single step, on as many copies of the batch as the net needs."""
        copies = self.model.net.copies
        output, terms = self.terms(batch if copies == 1 else batch.repeated(copies))
        emphasis, means = output.batch.emphasis, over_copies(terms, copies)
        counted = means if emphasis is None else over_copies(emphasised(terms, emphasis), copies)
        yield "model", self.loss(batch, counted, t), means

    def evaluate(self, batch: Batch) -> Tensor:
        """Return the loss of each sample under one fixed draw of corruption and code, with the weights of t = 1."""
        devices = [batch.x.device] if batch.x is not None and batch.x.is_cuda else []
        with torch.random.fork_rng(devices=devices):
            # torch.manual_seed formats a stack trace for each kind of device that is not there: a millisecond
            (torch.manual_seed if devices else torch.default_generator.manual_seed)(EVALUATION_SEED)
            output, terms = self.terms(batch, draw=True)
        emphasis = output.batch.emphasis
        return self.total(terms if emphasis is None else emphasised(terms, emphasis), 1.0) / elements(batch)


def over_copies(terms: dict[str, Tensor], copies: int) -> dict[str, Tensor]:
    """Return the mean of each term over the copies of a batch."""
    return {name: torch.unflatten(term, 0, (copies, -1)).mean(0) for name, term in terms.items()}


def emphasised(terms: dict[str, Tensor], emphasis: Tensor) -> dict[str, Tensor]:
    """Return the terms of each row times its emphasis."""
    return {name: term * emphasis for name, term in terms.items()}


def elements(batch: Batch) -> int:
    """Return the numbers in a row of a batch."""
    return prod(batch.x.shape[1:])


def weighted_mean(values: Tensor, weight: Tensor | None) -> Tensor:
    """Return the mean over a batch, weighted by sample if it has weights."""
    if weight is None:
        return values.mean()
    return (values * weight).sum() / weight.sum().clamp_min(torch.finfo(values.dtype).tiny)
