"""The optimizer: AdamW, and Muon for weights whose steps are made orthogonal."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95
LENGTH = 0.3
"""The root mean square of an orthogonal step, in learning rates; that of AdamW is about 0.2 (Liu 2025).

Of a lapped net, half of it is worse in a thousand steps or fewer; trainings of several thousand want half the learning
rate, since otherwise units of whole layers become zero everywhere.
"""
ITERATIONS, COEFFICIENTS = 5, (3.4445, -4.7750, 2.0315)
"""Of Newton and Schulz, as Jordan (2024) chose them: singular values end near 1, between 0.7 and 1.2."""
TINY = 1e-12


class AdamWithMuon(torch.optim.AdamW):
    """AdamW (Loshchilov 2019); in groups with ``orthogonal``, Muon (Jordan 2024).

    Muon steps along the orthogonal matrix that is nearest to the momentum of a weight, a kernel taken as a matrix: all
    directions are learnt as fast, and not only those that most gradients share. Lapped nets of half the width restored
    photographs after 1,206 steps as well as those of full width after 3,618 of AdamW.

    In groups with ``stacked``, weights have a leading axis of replicas, of which each has a matrix of its own.
    """

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # without closures, which return a loss
        """Take a step."""
        groups: list[dict[str, Any]] = self.param_groups
        try:
            self.param_groups = [group for group in groups if not group.get("orthogonal")]
            super().step()
        finally:
            self.param_groups = groups
        for group in groups:
            if group.get("orthogonal"):
                self._orthogonal_step(group)

    def _orthogonal_step(self, group: dict[str, Any]) -> None:
        rate, stacked = group["lr"], group.get("stacked", False)
        for weight in group["params"]:
            if weight.grad is None:
                continue
            state = self.state[weight]
            if not state:  # by AdamW's names, which it looks for when a state is loaded
                state.update(step=torch.zeros(()), exp_avg=torch.zeros_like(weight))
            state["step"] += 1
            momentum = state["exp_avg"].lerp_(weight.grad, 1 - MOMENTUM)
            ahead = torch.lerp(weight.grad, momentum, MOMENTUM).flatten(1 + stacked)
            weight.mul_(1 - rate * group["weight_decay"])
            length = LENGTH * max(ahead.shape[-2:]) ** 0.5
            weight.add_(orthogonal(ahead).view_as(weight), alpha=-rate * length)


def orthogonal(matrices: Tensor) -> Tensor:
    """Return about the nearest orthogonal matrix of each: U Vᵀ of U Σ Vᵀ, by the iteration of Newton and Schulz.

    Parameters
    ----------
    matrices : Tensor of shape (..., rows, columns)

    Returns
    -------
    Tensor of the same shape
        0 for a matrix of zeros.
    """
    if matrices.shape[-2] > matrices.shape[-1]:
        return orthogonal(matrices.mT).mT
    a, b, c = COEFFICIENTS
    x: Tensor = matrices / (torch.linalg.matrix_norm(matrices, keepdim=True) + TINY)
    for _ in range(ITERATIONS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x
