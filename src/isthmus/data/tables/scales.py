"""Scales: how a table's numbers are shifted and divided, or mapped by bins."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from isthmus.data.tables.bins import Bins
from isthmus.data.tables.schema import Schema


def automatic(schema: Schema) -> str:
    """Return ``"common"`` for an array of uint8 or of values in [0, 1], else ``"column"``."""
    plain = schema.form in ("array", "tensor") and set(schema.kinds) <= {"float", "empty"}
    return "common" if plain and (_is_unit(schema) or _is_bytes(schema)) else "column"


def _is_unit(schema: Schema) -> bool:
    return 0 <= schema.low <= schema.high <= 1


def _is_bytes(schema: Schema) -> bool:
    return {dtype[0] for dtype in schema.dtypes} == {"uint8"}


class Affine(nn.Module):
    """Each number minus an offset, divided by a divisor.

    Parameters
    ----------
    offset, divisor : ndarray of shape (p,)
    """

    offset: Tensor
    divisor: Tensor

    def __init__(self, offset: np.ndarray, divisor: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("offset", torch.as_tensor(offset, device="cpu"), persistent=False)
        self.register_buffer("divisor", torch.as_tensor(divisor, device="cpu"), persistent=False)

    def scaled(self, numbers: Tensor) -> Tensor:
        """Return x of numbers of shape (n, p), float64."""
        return (numbers - self.offset) / self.divisor

    def numbers(self, scaled: Tensor) -> Tensor:
        """Return the numbers of x of shape (n, p); the inverse of the method `scaled`."""
        return scaled * self.divisor + self.offset


def scaler(scale: str, schema: Schema) -> Affine | Bins:
    """Return the map between the numeric columns, in the order of ``schema.numbers``, and x."""
    return Bins(schema.bins, schema.deviation) if schema.bins else Affine(*scaling(scale, schema))


def scaling(scale: str, schema: Schema) -> tuple[np.ndarray, np.ndarray]:
    """Return the offset and divisor of each numeric column, in the order of ``schema.numbers``; float64.

    Parameters
    ----------
    scale : str
        A key of `isthmus.data.tables.scale_names.SCALES` other than ``"bins"``.
    schema : Schema
    """
    mean, deviation = np.array(schema.mean), np.array(schema.deviation)
    kinds = np.array([schema.kinds[index] for index in schema.numbers])
    numbers = np.isin(kinds, ("integer", "float"))
    offset, divisor = np.where(kinds == "boolean", 0.0, mean), np.where(kinds == "boolean", 1.0, deviation)
    low, width = _common(schema)
    if scale == "none":
        offset[numbers], divisor[numbers] = 0.0, 1.0
    elif scale == "common":
        offset[numbers], divisor[numbers] = low, width
    elif scale == "centre":
        fixed = _is_unit(schema) or _is_bytes(schema)
        divisor[numbers] = width if fixed or not numbers.any() else np.sqrt(np.mean(deviation[numbers] ** 2))
    return offset, divisor


def _common(schema: Schema) -> tuple[float, float]:
    if _is_unit(schema):
        return 0.0, 1.0
    if _is_bytes(schema):
        return 0.0, 255.0
    return (schema.low, schema.high - schema.low) if schema.low < schema.high else (0.0, 1.0)
