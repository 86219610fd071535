"""Tape: the list of plain operations on vectors that is being written.

A row's numbers lie flat in a register, whatever their shape; operation k writes register k + 1, register 0 is the code.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from torch import Tensor

BYTES = 32 * 2**20
"""Of weights on a page, at most."""


class Untranslatable(Exception):
    """The graph contains an operation that has no translation."""


@dataclass(frozen=True)
class Register:
    """Where the numbers of one row are: a register, their shape, and whether they are logarithms yet to be taken."""

    at: int
    shape: tuple[int, ...]
    logarithm: bool = False

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)


def packed(values: Any, dtype: str = "float32", **more: Any) -> dict[str, Any]:
    """Return an array as JSON: type, shape, and its bytes in base64, the lowest byte first."""
    array = np.asarray(values)
    little = array.astype(np.dtype(dtype).newbyteorder("<"))
    return {"dtype": dtype, "shape": list(array.shape), "data": b64encode(little.tobytes()).decode(), **more}


class Program:
    """A sequence of operations.

    Attributes
    ----------
    ops : list of dict
        As they are written to JSON.
    """

    def __init__(self) -> None:
        self.ops: list[dict[str, Any]] = []
        self.bytes = 0

    def emit(self, op: str, of: list[Register], shape: tuple[int, ...], **more: Any) -> Register:
        """Add an operation; return its register."""
        self.ops.append({"op": op, "of": [register.at for register in of], **more})
        return Register(len(self.ops), shape)

    def array(self, tensor: Tensor) -> dict[str, Any]:
        """Return weights as JSON."""
        self.bytes += 4 * tensor.numel()
        if self.bytes > BYTES:
            raise Untranslatable("the decoder is too large for a page")
        return packed(tensor.float().numpy())

    def constant(self, tensor: Tensor, like: Register) -> Register:
        """Return a register that holds a tensor, broadcast to the shape of another."""
        if tensor.ndim == len(like.shape) + 1:
            tensor = tensor[0]
        return self.emit("const", [], like.shape, values=self.array(tensor.float().expand(like.shape).flatten()))
