"""Muon: AdamW, but for weights of hidden layers, whose steps turn all directions alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import AdamW

MOMENTUM = 0.95
SIZE = 0.5
"""The root mean square of a step, over the learning rate; chosen on grey photographs, with ``net/lapped``."""
ROUNDS, QUINTIC = 5, (3.4445, -4.7750, 2.0315)
"""Of the iteration that brings all singular values near 1 (Jordan 2024)."""


class Muon(AdamW):
    """AdamW for most groups of weights; those with ``hidden=True`` take orthogonal steps (Jordan 2024).

    The gradient of a hidden layer, as a matrix, has few large singular values: Adam follows these, units whose input
    drifts below zero give nothing from then on, and most of a net without norms comes to that. The orthogonal matrix
    that is nearest to the momentum moves all directions alike. In a convolution, a row of the matrix is what one output
    channel takes; its step has the size that AdamW's have (Liu 2025), times `SIZE` / 0.2.

    The weights of a group with ``stacked=True`` have a leading axis of replicas, each with a matrix of its own.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step with each group; `closure` is not supported."""
        for group in self.param_groups:
            for weight in group["params"] if group.get("hidden") else ():
                if weight.grad is not None:
                    self._turn(weight, weight.grad, group)
                    weight.grad = None  # AdamW, which comes next, passes over it
        return super().step(closure)

    def _turn(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        """Take an orthogonal step."""
        state = self.state[weight]
        if not state:  # under the names that AdamW looks for
            state |= {"step": torch.zeros(()), "exp_avg": torch.zeros_like(weight)}
        state["step"] += 1
        momentum = state["exp_avg"].lerp_(gradient, 1 - MOMENTUM)
        ahead = torch.lerp(gradient, momentum, MOMENTUM)
        matrices = ahead.flatten(2) if group.get("stacked") else ahead.flatten(1)[None]
        size = SIZE * max(matrices.shape[1:]) ** 0.5
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.add_(orthogonal(matrices).reshape(weight.shape), alpha=-group["lr"] * size)


def orthogonal(matrices: Tensor) -> Tensor:
    """Return about the nearest orthogonal matrices of (n, rows, columns): singular values lie between 0.7 and 1.2."""
    wide = matrices.shape[1] <= matrices.shape[2]
    x: Tensor = matrices if wide else matrices.mT
    x = x / x.flatten(1).norm(dim=1).clamp_min(torch.finfo(x.dtype).tiny)[:, None, None]
    a, b, c = QUINTIC
    with torch.autocast(x.device.type, enabled=False):
        for _ in range(ROUNDS):
            square = x @ x.mT
            x = a * x + (b * square + c * square @ square) @ x
    return x if wide else x.mT
