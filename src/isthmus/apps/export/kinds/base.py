"""Adapters between the named inputs and outputs of an exported graph and the columns of each kind of data."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from isthmus.apps.export.ports import FIXED, Port, named
from isthmus.apps.kinds import adapter

Columns = dict[str, Tensor]


class Adapter(nn.Module):
    """The ports of one kind of data, or of another kind of input (abstract).

    Attributes
    ----------
    inputs, outputs : list of Port
    keys : frozenset of str
        Names of the columns of the user's data.
    """

    inputs: list[Port]
    outputs: list[Port]
    keys: frozenset[str] = frozenset()

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Turn input tensors, in which categories are codes, into columns; part of the graph."""
        raise NotImplementedError

    def write(self, columns: Columns) -> list[Tensor]:
        """Turn columns into output tensors: categories are codes, whole numbers not rounded yet; part of the graph."""
        raise NotImplementedError


POSITIONS = tuple({"z_height": height, "z_width": width} for height, width in ((5, 7), (9, 8), (1, 1)))
"""Numbers of positions with which exported decoders are checked, if they take codes with any number of positions."""


class Codes(Adapter):
    """Codes ``z``.

    Parameters
    ----------
    shape : tuple of int or None
        Of the code of one row; None where an axis is free.
    """

    def __init__(self, shape: Sequence[int | None]) -> None:
        super().__init__()
        sizes = POSITIONS if None in shape else FIXED
        self.inputs = [Port("z", "tensor", "float32", named(shape, sizes), gaps=False, sizes=sizes)]

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return the codes."""
        return {"z": tensors[0]}


class Threshold(Adapter):
    """The threshold that heat maps are relative to, one number for all rows.

    Parameters
    ----------
    threshold : float
        What it is unless another is fed.
    """

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.inputs = [Port("threshold", "tensor", "float32", gaps=False, default=threshold)]

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return the threshold."""
        return {"threshold": tensors[0]}


def adapter_of(data: object) -> Adapter:
    """Return the adapter of fitted data.

    Raises
    ------
    InputError
        This kind of data cannot be exported yet.
    """
    made: Adapter = adapter("export", data)(data)
    return made
