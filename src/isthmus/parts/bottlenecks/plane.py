"""A plane of whole numbers, and what is left of each when its neighbours are known."""

from __future__ import annotations

import torch
from torch import Tensor


def residuals(numbers: Tensor) -> Tensor:
    """Return each number less what is expected of it; `numbers_of` reverses it.

    Parameters
    ----------
    numbers : Tensor of shape (batch, channels, height, width)
        Whole numbers.
    """
    rows, columns = (torch.arange(side, device=numbers.device) for side in numbers.shape[2:])
    row, column = (grid.flatten() for grid in torch.meshgrid(rows, columns, indexing="ij"))
    return numbers - expected(numbers, row, column).view_as(numbers)


def numbers_of(residuals: Tensor) -> Tensor:
    """Return the numbers of which these are the residuals; gradients pass as if they were the numbers."""
    with torch.no_grad():
        height, width = residuals.shape[2:]
        numbers = residuals.detach().clone()
        for at in range(1, height + width - 1):  # along diagonals, all of one at once
            row = torch.arange(max(0, at - width + 1), min(at, height - 1) + 1, device=numbers.device)
            numbers[:, :, row, at - row] += expected(numbers, row, at - row)
    return residuals + (numbers - residuals).detach()


def expected(numbers: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """Return what is expected at some positions: the median of left, above, and the plane through these and the corner.

    It is that of LOCO-I (Weinberger 2000). In the first row it is what is left, in the first column what is above, and
    0 at the first position.
    """
    up, back = (row - 1).clamp_min(0), (column - 1).clamp_min(0)
    left, above, corner = numbers[:, :, row, back], numbers[:, :, up, column], numbers[:, :, up, back]
    middle = torch.minimum(torch.maximum(left + above - corner, torch.minimum(left, above)), torch.maximum(left, above))
    guess = torch.where(row == 0, left, torch.where(column == 0, above, middle))
    return torch.where((row == 0) & (column == 0), 0, guess)
