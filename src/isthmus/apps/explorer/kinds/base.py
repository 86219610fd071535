"""Kinds of examples: how pictures, rows and windows of a signal are shown, given and spoiled."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from isthmus.apps.explorer.kinds.images import Pixels
from isthmus.apps.explorer.kinds.signals import Curves
from isthmus.apps.explorer.kinds.table import Cells

Columns = dict[str, Tensor]
"""What the data of a model read: tensors with the rows first."""

Value = dict[str, Any]
"""What an example looks like: ``{"png": …}``, ``{"cells": […]}`` or ``{"curve": [[…]]}``."""


class Kind(Protocol):
    """What the explorer asks of one kind of data; an object of it belongs to the data of one model."""

    name: str
    """``"table"``, ``"pixels"`` or ``"signal"``."""

    def about(self, columns: Columns | None) -> dict[str, Any]:
        """Return what the page is told of the shape of examples; and, unless None is given, of their range."""
        ...

    def values(self, columns: Columns) -> list[Value]:
        """Return what each row looks like."""
        ...

    def plain(self, columns: Columns) -> list[Value]:
        """Return each row as numbers and text, pictures too."""
        ...

    def blame(self, located: Tensor) -> Value:
        """Return the error of one row, of shape (...), in the form of an example."""
        ...

    def shares(self, located: Tensor, most: int) -> list[dict[str, Any]]:
        """Return the names that are most to blame for the error of one row, and their shares."""
        ...

    def read(self, given: Any) -> Columns:
        """Return the columns of one row that the page sent; raise InputError where it does not fit."""
        ...

    def spoiled(self, columns: Columns, noise: float, erase: float, usual: Columns, random: torch.Generator) -> Columns:
        """Return a row with noise added, as a share of what is `usual`, and with a share of it taken away."""
        ...

    def usual(self, columns: Columns) -> Columns:
        """Return how much each number usually varies: what noise is measured by."""
        ...

    def flat(self, columns: Columns) -> dict[str, list[Any]]:
        """Return rows as columns of a table with names."""
        ...


FIELDS: dict[str, type[Cells] | type[Curves] | type[Pixels]] = {"pixels": Pixels, "signal": Curves}


def kind_of(data: Any) -> Kind:
    """Return the kind of a fitted data object."""
    return FIELDS.get(data.fields()[0].kind, Cells)(data)
