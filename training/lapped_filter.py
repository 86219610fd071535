"""Fits the filters of `isthmus.parts.nets.lapped_transform`: those with which photographs take the fewest bits::

    python -m training.lapped_filter

What is minimised is the mean of log2(1 + 2 · (coefficient / step)²) / 2 over coefficients whose errors count alike, for
three steps: a number of bits, about. The filter of blocks of 8 sees pixels, that of 4 the means of those blocks.
"""

from __future__ import annotations

import os
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor

from isthmus.parts.nets.lapped_transform import FILTERS, cost, pair_of
from training.compression import SCALES
from training.photo import smaller

STEPS = (10.0, 20.0, 40.0)
SIDE, CROPS, BATCH = 128, 4, 24
TIMES, RATE = 600, 0.003
SEED = 0


def crops() -> Tensor:
    """Return parts of a third of the photographs, in grey, of shape (n, 1, SIDE, SIDE), around 0."""
    random, parts = np.random.default_rng(SEED), []
    paths = sorted(Path(os.environ["ISTHMUS_DATA"], "photos", "train").glob("*.jpg"))[::3]
    for number, path in enumerate(paths):
        (image,) = smaller(path, "L", (SCALES[number % len(SCALES)],))
        for _ in range(CROPS):
            top, left = (random.integers(side - SIDE + 1) for side in image.shape)
            parts.append(image[top : top + SIDE, left : left + SIDE].astype(np.float64) - 128)
    return torch.from_numpy(np.stack(parts)).unsqueeze(1)


def coefficients(x: Tensor, turn: Tensor) -> Tensor:
    """Return those of blocks, of shape (n, side², rows, columns)."""
    side, half = 2 * len(turn), len(turn)
    analysis, _ = pair_of(turn)
    x = torch.cat([x[..., :half, :].flip(-2), x, x[..., -half:, :].flip(-2)], -2)
    x = torch.cat([x[..., :half].flip(-1), x, x[..., -half:].flip(-1)], -1)
    down = torch.nn.functional.conv2d(x, analysis.view(side, 1, -1, 1), stride=(side, 1))
    right = torch.nn.functional.conv2d(down.flatten(0, 1).unsqueeze(1), analysis.view(side, 1, 1, -1), stride=(1, side))
    return right.unflatten(0, (len(x), side)).flatten(1, 2)


def bits(coefficients: Tensor) -> Tensor:
    """Return about the bits of a coefficient."""
    return sum(cost(coefficients, step).mean() for step in STEPS) / len(STEPS)


def fitted(x: Tensor, side: int) -> Tensor:
    """Return the filter for blocks, as `FILTERS` has it."""
    turn = torch.tensor(FILTERS[side], dtype=torch.float64).requires_grad_()
    optimizer = torch.optim.Adam([turn], RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, TIMES)
    for _ in range(TIMES):
        optimizer.zero_grad()
        bits(coefficients(x[torch.randint(len(x), (BATCH,))], turn)).backward()
        optimizer.step()
        schedule.step()
    return turn.detach()


@click.command()
def main() -> None:
    """Print both filters, and the bits of a coefficient with those that are in the code and with these."""
    torch.manual_seed(SEED)
    x = crops()
    for side in (8, 4):
        turn = fitted(x, side)
        before, after = (bits(coefficients(x, torch.as_tensor(one))).item() for one in (FILTERS[side], turn))
        click.echo(f"{side}: {before:.4f} bits, now {after:.4f}")
        click.echo("\n".join(f"({', '.join(f'{number:.4f}' for number in row)})," for row in turn.tolist()))
        x = coefficients(x, turn)[:, :1]  # the means


if __name__ == "__main__":
    main()
