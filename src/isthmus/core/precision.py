"""Precision: chosen from what the processor can do and the sizes at hand, never by timing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

import torch


@contextmanager
def computing(precision: str) -> Iterator[None]:
    """Compute matrix products in `precision` inside the block; weights and sums stay float32."""
    if precision == "float32":
        yield
        return
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with torch.autocast(device, dtype=torch.bfloat16):
        yield


def choose_precision(wish: str, device: torch.device, model: torch.nn.Module) -> str:
    """Return the precision of training for a wish; see `computing`."""
    return "float32" if wish == "auto" else wish
