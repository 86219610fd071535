"""Clipping: gradients that are longer than typical are shortened."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

REMEMBERED = 50
"""Steps over which the typical length is a mean, about."""


class Clipping:
    """Shortens gradients to their typical length: the geometric mean over the last steps.

    A few batches, such as those with little noise where that counts most, have gradients a hundred times as long as
    others, and the moments of Adam would remember them for long. Since the typical length follows the gradients, it
    depends neither on the scale of the loss nor on the size of the net (Seetharaman 2020 takes a quantile of lengths).

    Parameters
    ----------
    longest : float
        Gradients are shortened to this multiple of the typical length.

    Attributes
    ----------
    typical : dict of Tensor of shape (replicas,)
        The logarithm of the typical length of each replica, by player.
    """

    def __init__(self, longest: float) -> None:
        self.longest = longest
        self.typical: dict[str, Tensor] = {}

    def __call__(self, player: str, weights: Sequence[Tensor], replicas: int, step: int) -> None:
        """Shorten the gradients of the weights of a player, those of each replica by themselves.

        On a CPU, it costs less to see that they are short enough than to scale them by 1.
        """
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        if not gradients:
            return
        lengths = _lengths(gradients, replicas)
        scale = self.longest * self._follow(player, lengths, step).exp() / lengths
        if scale.is_cuda or bool((scale < 1).any()):
            _scale(gradients, scale.clamp_max(1), replicas)

    def _follow(self, player: str, lengths: Tensor, step: int) -> Tensor:
        """Return the logarithm of the typical length, these lengths included; gradients of zero do not count."""
        logs = lengths.log()
        typical = self.typical.setdefault(player, logs)
        followed = torch.lerp(typical, logs, max(1 / REMEMBERED, 1 / (step + 1)))
        self.typical[player] = torch.where(typical.isfinite(), torch.where(logs.isfinite(), followed, typical), logs)
        return self.typical[player]


def _lengths(gradients: list[Tensor], replicas: int) -> Tensor:
    """Return the length of the gradient of each replica."""
    if replicas == 1:
        lengths: Tensor = get_total_norm(gradients).reshape(1)
    else:
        lengths = torch.stack([gradient.reshape(replicas, -1).norm(dim=1) for gradient in gradients]).norm(dim=0)
    return lengths


def _scale(gradients: list[Tensor], scale: Tensor, replicas: int) -> None:
    if replicas == 1:
        torch._foreach_mul_(gradients, scale[0])
        return
    for gradient in gradients:
        gradient.mul_(scale.view(-1, *[1] * (gradient.ndim - 1)))
