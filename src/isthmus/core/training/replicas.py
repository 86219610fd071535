"""Replicas: copies of an objective, trained at once as one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from isthmus.core.objective import Reconstruction, Step
from isthmus.core.records import Batch

Terms = dict[str, Tensor]


class Replicas(nn.Module):
    """Objectives of one structure, each with weights and rows of its own, trained at once.

    Each weight has a leading axis of replicas, over which every operation is batched (``torch.func.vmap``): small nets,
    whose steps are mostly overhead, train in little more than the time of one. A batch has the rows of the first
    replica, then as many of the second, and so on. The loss is the sum of theirs, so that each has a gradient of its
    own.

    Parameters
    ----------
    objectives : sequence of Reconstruction
        Each `replicable`, and initialised from its rows.
    """

    def __init__(self, objectives: Sequence[Reconstruction]) -> None:
        super().__init__()
        self.objectives, self.replicas = tuple(objectives), len(objectives)  # in a tuple, they are none of the modules
        weights, buffers = stack_module_state([_Losses(objective) for objective in objectives])
        self._names = list(weights), list(buffers)
        self.weights = nn.ParameterList(weights.values())
        for index, tensor in enumerate(buffers.values()):
            self.register_buffer(str(index), tensor)
        self._template = (_Losses(copy.deepcopy(objectives[0])).to("meta"),)

    @property
    def masks(self) -> bool:
        """Whether the corruption masks."""
        return self.objectives[0].masks

    def players(self) -> dict[str, list[dict[str, Any]]]:
        """Return the groups of one objective, with the weights of all."""
        first = self.objectives[0]
        stacked = dict(zip(first.parameters(), self.weights, strict=True))
        return {
            player: [
                {**group, "params": [stacked[weight] for weight in group["params"]], "stacked": True}
                for group in groups
            ]
            for player, groups in first.players().items()
        }

    def sample_rows(self) -> int:
        """Return the number of rows that initialising one takes."""
        return self.objectives[0].sample_rows()

    def initialize(self, batch: Batch) -> None:
        """Leave the weights as they are: each replica was initialised from its own rows."""

    def steps(self, batch: Batch, t: float) -> Iterator[Step]:
        """Yield the single step of all replicas."""
        self._template[0].train()
        losses, terms = self._each(batch, lambda of, rows: of.step(rows, t))
        yield "model", losses.sum(), {name: term.flatten(0, 1) for name, term in terms.items()}

    def evaluate(self, batch: Batch) -> Tensor:
        """Return the loss of each sample with the weights of its replica."""
        self._template[0].eval()
        losses: Tensor = self._each(batch, lambda of, rows: of.objective.evaluate(rows))
        return losses.flatten()

    def _each(self, batch: Batch, function: Callable[[_Losses, Batch], Any]) -> Any:
        """Return what a function gives for each replica and its rows, with a leading axis of replicas."""

        def one(weights: Terms, buffers: Terms, columns: Terms) -> Any:
            call = (function, Batch.of(columns, batch.feature))
            return functional_call(self._template[0], (weights, buffers), call)

        weights = dict(zip(self._names[0], self.weights, strict=True))
        buffers = dict(zip(self._names[1], self.buffers(), strict=True))
        columns = {name: torch.unflatten(tensor, 0, (self.replicas, -1)) for name, tensor in batch.columns().items()}
        return vmap(one, randomness="different")(weights, buffers, columns)

    @torch.no_grad()
    def distribute(self) -> None:
        """Give each objective its weights, in eval mode."""
        for index, objective in enumerate(self.objectives):
            for own, stacked in zip(objective.parameters(), self.parameters(), strict=True):
                own.copy_(stacked[index])
            for buffer, several in zip(objective.buffers(), self.buffers(), strict=True):
                buffer.copy_(several[index])
            objective.eval()


class _Losses(nn.Module):
    """Calls a function of an objective as its forward pass, which is what `functional_call` calls."""

    def __init__(self, objective: Reconstruction) -> None:
        super().__init__()
        self.objective = objective

    def forward(self, function: Callable[[_Losses, Batch], Any], batch: Batch) -> Any:
        """Return what the function gives."""
        return function(self, batch)

    def step(self, batch: Batch, t: float) -> tuple[Tensor, Terms]:
        """Return the loss and the terms of the single step."""
        [(_, loss, terms)] = self.objective.steps(batch, t)
        return loss, terms
