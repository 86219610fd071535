"""Codes as vectors: what priors share that know one distribution for all positions."""

from __future__ import annotations

from math import prod

from torch import Tensor


def vectors(codes: Tensor) -> Tensor:
    """Return codes of shape (n, *positions, latent_dim) as one row for each position."""
    return codes.reshape(-1, codes.shape[-1])


def number(n: int, positions: tuple[int, ...]) -> int:
    """Return how many vectors n codes consist of."""
    return n * prod(positions)


def codes_of(drawn: Tensor, n: int, positions: tuple[int, ...]) -> Tensor:
    """Return vectors as n codes of shape (n, *positions, latent_dim)."""
    return drawn.reshape(n, *positions, drawn.shape[-1])


def sum_positions(log_prob: Tensor, z: Tensor) -> Tensor:
    """Return the log density of each code from those of its vectors."""
    return log_prob.reshape(len(z), prod(z.shape[1:-1])).sum(1)
