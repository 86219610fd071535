"""Ports: the named inputs and outputs of an exported graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from isthmus import InputError

Size = Mapping[str, int]
"""Lengths of free axes, by name."""
FIXED: tuple[Size, ...] = ({},)
"""The sizes of a port without a free axis."""
MISSING = ("", "None", "nan", "NaN", "<NA>", "NaT")
"""Texts that stand for a missing cell, unless they are categories: the empty text, and what runtimes turn gaps into."""


@dataclass(frozen=True)
class Port:
    """One input or output; its first axis is that of the rows.

    Attributes
    ----------
    name : str
    kind : str
        The kind of a `Field`; ``"numbers"`` for a table without names as one matrix, ``"tensor"`` for results.
    dtype : str
        ``"string"``, or NumPy's name of the type.
    shape : tuple of int or str
        Of one row; a free length is the name of its axis, such as ``"height"``.
    sizes : tuple of dict of str to int
        Lengths of the free axes with which an export is checked, the first also to trace it; one empty dict if none is
        free.
    categories : tuple
        In the order of their codes; of one type, text or float.
    low, high : numbers, or sequences of them
        Range from which rows for trials are drawn; for an output of whole numbers, the range of its type.
    spread : number, sequence of them, or None
        Usual difference between rows; None: that of the results.
    gaps : bool
        Whether a value of an input may be missing: NaN.
    stands : str or None
        For an output: the input whose cell is returned unchanged where the category is unknown.
    default : float or None
        For an input that is one number for all rows, of shape (1,): what it is unless another is fed; None: others.
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
    default: float | None = None

    def lengths(self, size: Size) -> tuple[int, ...]:
        """Return the shape of one row if the free axes have these lengths."""
        return tuple(size[length] if isinstance(length, str) else length for length in self.shape)

    @property
    def free(self) -> dict[int, str]:
        """The free axes of one row, and their names."""
        return {axis: length for axis, length in enumerate(self.shape) if isinstance(length, str)}

    @property
    def missing(self) -> tuple[Any, ...]:
        """The values that stand for a missing cell in a column of categories."""
        if self.dtype != "string":
            return (float("nan"),)
        return tuple(text for text in MISSING if text not in self.categories)

    def described(self) -> dict[str, Any]:
        """Return what a program needs to know to use it, as JSON."""
        about: dict[str, Any] = {"name": self.name, "kind": self.kind, "dtype": self.dtype, "shape": list(self.shape)}
        if self.kind == "category":
            about["categories"] = list(self.categories)
            about["missing"] = self.missing[0] if self.dtype == "string" else "NaN"
        if self.default is not None:
            about["default"] = self.default
        return about


def no_smaller(side: int, ports: Sequence[Port]) -> list[Port]:
    """Return ports whose free axes are so long at least in the sizes with which an export is checked."""
    return [
        replace(port, sizes=tuple({axis: max(side, length) for axis, length in size.items()} for size in port.sizes))
        for port in ports
    ]


def named(shape: Sequence[int | None], sizes: Sequence[Size]) -> tuple[int | str, ...]:
    """Return a shape whose lengths of None are replaced by the names of the free axes, in their order."""
    names = iter(sizes[0])
    return tuple(next(names) if length is None else length for length in shape)


def category_port(name: str, categories: Sequence[Any]) -> Port:
    """Return the port of a column of categories: numbers where all are numbers, else text.

    Raises
    ------
    InputError
        Two categories are the same as text, or as doubles.
    """
    numeric = all(isinstance(category, (int, float)) for category in categories)
    cells = tuple(float(category) if numeric else str(category) for category in categories)
    if len(set(cells)) < len(cells):
        kind = "numbers of double precision" if numeric else "text"
        raise InputError(f"column {name!r} has categories that are the same as {kind}: rename one, and train again")
    return Port(name, "category", "float64" if numeric else "string", categories=cells)


def apart(ports: Sequence[Port], taken: Sequence[Port] = ()) -> list[Port]:
    """Return ports, with ``_out`` appended to names that are taken.

    Raises
    ------
    InputError
        Two have the same name, or one has none.
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
