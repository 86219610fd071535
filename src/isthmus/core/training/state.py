"""State: everything that a training needs to continue bit for bit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

Tensors = dict[str, Tensor]


@dataclass
class Progress:
    """The progress of a training as plain numbers, all saved in a checkpoint.

    `epoch` and `step` count what is complete; `best_epoch`, and the ``epoch`` of a record, count from 1 (0: the start).
    """

    epoch: int = 0
    step: int = 0
    updates: int = 0
    best_loss: float | None = None
    best_epoch: int = 0
    stale: int = 0
    seconds: float = 0.0
    finished: bool = False
    interrupted: bool = False
    rows: int = 0
    first: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class State:
    """A copy of everything that changes during training, made by `Training.state` for `Training.restore`.

    Attributes
    ----------
    settings : dict
        The fields of the `Settings`, which another training must share to continue.
    progress : dict
        The fields of the `Progress`.
    optimizers : dict of list of dict
        The plain values of each optimizer's parameter groups, by player.
    threads : int
        The number of threads: another number changes the last digits.
    tensors : dict of Tensor
        Weights, the best ones, running averages, sums, the typical gradients, the optimizers' moments, and the random
        streams.
    """

    settings: dict[str, Any]
    progress: dict[str, Any]
    optimizers: dict[str, list[dict[str, Any]]]
    threads: int
    tensors: Tensors

    def under(self, prefix: str) -> Tensors:
        """Return the tensors whose names begin with a prefix, without it."""
        return {name.removeprefix(prefix): t for name, t in self.tensors.items() if name.startswith(prefix)}


def plain_groups(optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
    """Return the plain values of an optimizer's parameter groups."""
    plain = (bool, int, float, str, type(None))
    groups: list[dict[str, Any]] = optimizer.state_dict()["param_groups"]
    return [{name: value for name, value in group.items() if isinstance(value, plain)} for group in groups]


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> Tensors:
    """Return the optimizer's tensors for each parameter, by ``NUMBER.NAME``."""
    return {
        f"{index}.{name}": torch.as_tensor(value)
        for index, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def load_optimizer(optimizer: torch.optim.Optimizer, groups: list[dict[str, Any]], tensors: Tensors) -> None:
    """Load the results of `plain_groups` and `optimizer_tensors` into an optimizer."""
    state: dict[int, Tensors] = {}
    for name, tensor in tensors.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = tensor
    own = optimizer.state_dict()["param_groups"]
    merged = [{**group, **saved} for group, saved in zip(own, groups, strict=True)]
    optimizer.load_state_dict({"state": state, "param_groups": merged})
