"""Sums across processes; the identity where there is one process."""

import torch
from torch import Tensor


def mean(tensor: Tensor) -> Tensor:
    """Return the mean of a tensor over all training processes."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return tensor
    total = tensor.clone()
    torch.distributed.all_reduce(total)
    return total / torch.distributed.get_world_size()
