"""Training in several processes: sums and averaged gradients, which are the identity in a single process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

Sync = Callable[[list[Tensor], float], None]
"""Called with parameters that have their gradients, and with how much this process's batch counts in the mean."""


def world() -> int:
    """Return the number of training processes."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Return the rank of this process, from 0."""
    return dist.get_rank() if world() > 1 else 0


def mean(tensor: Tensor) -> Tensor:
    """Return the mean of a tensor over all training processes; gradients flow to each of them."""
    if world() == 1:
        return tensor
    return _sum(tensor) / world()


class _Sum(torch.autograd.Function):
    """The sum over processes. Each one's loss depends on each one's tensor, so gradients are summed as well.

    `torch.distributed.all_reduce` alone stops the gradients of the other processes; what
    `torch.distributed.nn.functional` had for this is deprecated.
    """

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        """Return the sum."""
        return total(tensor)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Return the sum of the gradients of all losses."""
        return total(gradient)


_sum: Callable[[Tensor], Tensor] = _Sum.apply


def total(tensor: Tensor) -> Tensor:
    """Return the sum of a tensor over all training processes; no gradient flows."""
    if world() == 1:
        return tensor
    summed = tensor.detach().clone(memory_format=torch.contiguous_format)
    dist.all_reduce(summed)
    return summed


@torch.no_grad()
def average_gradients(parameters: Iterable[Tensor], weight: float) -> None:
    """Replace the gradients of a mean over this process's rows by those of the mean over the rows of all processes.

    Parameters
    ----------
    parameters : iterable of Tensor
        Parameters with gradients, the same in each process.
    weight : float
        Weight of this process's rows: their number, or the sum of their weights.
    """
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if world() == 1 or not gradients:
        return
    joined = torch.cat([gradient.flatten() for gradient in gradients] + [gradients[0].new_ones(1)])
    summed = total(joined * weight)
    parts = torch.split(summed[:-1] / summed[-1], [gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


@torch.no_grad()
def average_buffers(buffers: Iterable[Tensor]) -> None:
    """Replace the buffers of each process, such as running means, by the mean over all processes."""
    if world() > 1:
        for buffer in buffers:
            if buffer.is_floating_point():
                buffer.copy_(mean(buffer))


def separate_random_streams(seed: int) -> None:
    """Give each process except the first its own random stream, so that their noise differs."""
    if rank():
        torch.manual_seed(seed + rank())
