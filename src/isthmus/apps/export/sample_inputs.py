"""Random rows for trials, drawn from the ranges of the inputs, with gaps and unseen categories."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from isthmus.apps.export.ports import Port, Size
from isthmus.data.tables.cells import codes_of

GAPS = 0.1
"""Fraction of the cells that are missing."""
UNSEEN = "never seen before"


def drawn(port: Port, n: int, seed: int = 0, size: Size | None = None) -> np.ndarray:
    """Return n rows for an input; `size` has the lengths of its free axes, by default the first of its sizes."""
    random = np.random.default_rng([seed, *port.name.encode()])
    if port.kind == "category":
        return _categories(port, n, random)
    if port.default is not None:
        return np.array([port.default], port.dtype)
    low, high = np.asarray(port.low, dtype=np.float64), np.asarray(port.high, dtype=np.float64)
    values = low + (high - low) * random.random((n, *port.lengths(port.sizes[0] if size is None else size)))
    if port.kind in ("integer", "boolean") or port.dtype == "uint8":
        values = values.round()
    if port.gaps:
        values[random.random(values.shape) < GAPS] = np.nan
    return values.astype(port.dtype)


def _categories(port: Port, n: int, random: np.random.Generator) -> np.ndarray:
    """Return categories, some of them missing, and one in twenty unseen."""
    text = port.dtype == "string"
    unseen = UNSEEN if text else max(port.categories, default=0.0) + 1.5
    cells = np.array([*port.categories, unseen, *port.missing], dtype=object if text else np.float64)
    known, gaps = len(port.categories), len(port.missing)
    chances = np.repeat([(0.95 - GAPS) / max(known, 1), 0.05, GAPS / gaps], [known, 1, gaps])
    return random.choice(cells, n, p=chances / chances.sum())


def encoded(port: Port, values: np.ndarray) -> Tensor:
    """Return rows as a tensor, with categories as codes."""
    if port.kind != "category":
        return torch.from_numpy(values)
    gaps = set(port.missing)
    cells = np.array([None if cell in gaps or cell != cell else cell for cell in values.tolist()], dtype=object)
    return torch.from_numpy(codes_of(cells, port.categories))
