"""Ports: the named inputs and outputs of an exported graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from isthmus import InputError

Size = Mapping[str, int]
"""How long free axes are, by their names."""
FIXED: tuple[Size, ...] = ({},)
"""The sizes of a port without a free axis."""
MISSING = ("", "None", "nan", "NaN", "<NA>", "NaT")
"""Texts that stand for a missing cell, unless they are categories: the empty one, and what runtimes make of gaps."""


@dataclass(frozen=True)
class Port:
    """One input or output; its first axis are the rows.

    Attributes
    ----------
    name : str
    kind : str
        That of a `Field`; ``"numbers"`` for a table without names as one matrix, ``"tensor"`` for what a model makes.
    dtype : str
        ``"string"``, or NumPy's name of the type.
    shape : tuple of int or str
        Of one row; the name of an axis in place of a length that is free, such as ``"height"``.
    sizes : tuple of dict of str to int
        Lengths of the free axes with which an export is tried, the first also to trace it; one empty dict where none
        is free.
    categories : tuple
        In the order of their codes; of one type, text or float.
    low, high : numbers, or sequences of them
        Between which rows for trials are drawn; of the output of a column of integers, what its type can hold.
    spread : number, sequence of them, or None
        Usual size of differences between rows; None: that of the results.
    gaps : bool
        Whether a value of an input may be missing: NaN.
    stands : str or None
        Of an output: the input whose cell stands where the code is that of no known category.
    """

    name: str
    kind: str
    dtype: str
    shape: tuple[int | str, ...] = ()
    categories: tuple[Any, ...] = ()
    low: Any = -2.0
    high: Any = 2.0
    spread: Any = None
    stands: str | None = None
    gaps: bool = True
    sizes: tuple[Size, ...] = FIXED

    def lengths(self, size: Size) -> tuple[int, ...]:
        """Return the shape of one row where the free axes have certain lengths."""
        return tuple(size[length] if isinstance(length, str) else length for length in self.shape)

    @property
    def free(self) -> dict[int, str]:
        """The free axes of one row, and their names."""
        return {axis: length for axis, length in enumerate(self.shape) if isinstance(length, str)}

    @property
    def missing(self) -> tuple[Any, ...]:
        """What stands for a missing cell, of categories."""
        if self.dtype != "string":
            return (float("nan"),)
        return tuple(text for text in MISSING if text not in self.categories)

    def described(self) -> dict[str, Any]:
        """Return what a program on the other side has to know, as JSON."""
        about: dict[str, Any] = {"name": self.name, "kind": self.kind, "dtype": self.dtype, "shape": list(self.shape)}
        if self.kind == "category":
            about["categories"] = list(self.categories)
            about["missing"] = self.missing[0] if self.dtype == "string" else "NaN"
        return about


def named(shape: Sequence[int | None], sizes: Sequence[Size]) -> tuple[int | str, ...]:
    """Return a shape with the names in the sizes, in their order, in place of lengths that are None."""
    names = iter(sizes[0])
    return tuple(next(names) if length is None else length for length in shape)


def category_port(name: str, categories: Sequence[Any]) -> Port:
    """Return the port of a column of categories: numbers where all are numbers, else text.

    Raises
    ------
    InputError
        Two of them are the same as text, or as a double.
    """
    numeric = all(isinstance(category, (int, float)) for category in categories)
    cells = tuple(float(category) if numeric else str(category) for category in categories)
    if len(set(cells)) < len(cells):
        kind = "numbers of double precision" if numeric else "text"
        raise InputError(f"column {name!r} has categories that are the same as {kind}: rename one, and train again")
    return Port(name, "category", "float64" if numeric else "string", categories=cells)


def apart(ports: Sequence[Port], taken: Sequence[Port] = ()) -> list[Port]:
    """Return ports as they are, those whose names are taken with ``_out`` behind them.

    Raises
    ------
    InputError
        Two have one name, or one has none.
    """
    before, renamed = {port.name for port in taken}, []
    used = set(before)
    for port in ports:
        name = f"{port.name}_out" if port.name in before else port.name
        if name in used or not name:
            raise InputError(f"two columns would be called {name!r}, or one has no name: rename them, and train again")
        used.add(name)
        renamed.append(replace(port, name=name))
    return renamed
