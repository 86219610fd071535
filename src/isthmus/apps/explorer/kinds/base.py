"""Kinds: how the explorer shows, reads, corrupts and colours examples of one kind of data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from isthmus import InputError
from isthmus.apps.explorer.colours import Colour
from isthmus.apps.explorer.lazy_rows import Columns
from isthmus.apps.explorer.pieces.base import Pieces
from isthmus.apps.explorer.restoring.base import Restoring
from isthmus.apps.kinds import adapter

Value = dict[str, Any]
"""What an example looks like: ``{"png": …}``, ``{"cells": […]}`` or ``{"curve": [[…]]}``."""


Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e30, le=1e30)]
"""A number in a body."""


class Kind(ABC):
    """Examples of one kind of data; an object of it belongs to the fitted data of one model.

    Parameters
    ----------
    data : Data
        Fitted.
    """

    name: ClassVar[str]
    """What the page calls the kind."""
    key: ClassVar[str]
    """The key of a body under which the page sends an example."""
    accepts: ClassVar[Any]
    """The type of what stands under that key, for the body's validation."""
    named: ClassVar[bool] = True
    """Whether contributions have names that say something."""
    windowed: ClassVar[bool] = False
    """Whether an example is a window of several of the user's rows."""
    audible: ClassVar[bool] = False
    """Whether `heard` plays an example."""

    def about(self, columns: Columns | None) -> dict[str, Any]:
        """Return what the page knows of the shape of examples; and, unless None is given, of their range."""
        return {}

    def colours(self, columns: Columns) -> dict[str, Colour]:
        """Return the colours that need no model, such as ``"column:NAME"``."""
        return {}

    @abstractmethod
    def values(self, columns: Columns) -> list[Value]:
        """Return what each row looks like."""

    def heard(self, rows: Any) -> Value:
        """Return what the page plays of one of the user's rows; here nothing."""
        return {}

    def pieces(self) -> Pieces[Any]:
        """Return how single rows are read, of the examples and of files.

        Raises
        ------
        InputError
            No files of this kind are opened.
        """
        raise InputError("files are opened of images and of recordings only")

    def restoring(self, model: Any) -> Restoring[Any]:
        """Return how a model that was trained to clean its input cleans rows of this kind.

        Raises
        ------
        InputError
            Rows of this kind are not shown before and after.
        """
        raise InputError("before and after are shown of images and of recordings only")

    def plain(self, columns: Columns) -> list[Value]:
        """Return each row as numbers and text, images too."""
        return self.values(columns)

    def tiled(self, columns: Columns, count: int) -> Columns:
        """Return rows as `packed` takes `count` of them: of one size, where examples may differ in it."""
        return columns

    @abstractmethod
    def packed(self, columns: Columns) -> dict[str, Any]:
        """Return what all rows look like, as a page without a server holds them."""

    @abstractmethod
    def layout(self) -> dict[str, Any]:
        """Return how a page without a server makes a value of x̂."""

    @abstractmethod
    def contributions(self, error_map: Tensor) -> Value:
        """Return the contributions to the score or the error of one row, in the form of an example."""

    def heat(self, columns: Columns, heat: Tensor) -> Value:
        """Return one row with its heat map over it, in multiples of the threshold: of images only.

        Raises
        ------
        InputError
            Rows are no images.
        """
        raise InputError("heat maps are of images only")

    @abstractmethod
    def contributors(self, error_map: Tensor, count: int) -> list[dict[str, Any]]:
        """Return the names that contribute most to the error of one row, and their fractions."""

    @abstractmethod
    def read(self, value: Any) -> Columns:
        """Return the columns of one row that the page sent; raise InputError where it does not fit."""

    @abstractmethod
    def corrupted(
        self, columns: Columns, noise: float, erase: float, deviation: Columns, random: torch.Generator
    ) -> Columns:
        """Return a row with noise added, in units of the `deviation`, and with a fraction of its elements removed."""

    def deviation(self, columns: Columns) -> Columns:
        """Return the standard deviation of each number: what noise is measured by."""
        return {}

    @abstractmethod
    def flat(self, columns: Columns) -> dict[str, list[Any]]:
        """Return rows as columns of a table with names."""


def kind_of(data: object) -> Kind:
    """Return the kind of a fitted data object.

    Raises
    ------
    InputError
        The explorer cannot show this kind of data yet.
    """
    kind: Kind = adapter("explorer", data)(data)
    return kind


def largest(parts: Tensor, names: list[str], count: int) -> list[dict[str, Any]]:
    """Return the names of the largest parts, and their fractions of the sum."""
    fractions = parts.clamp_min(0) / parts.clamp_min(0).sum().clamp_min(1e-30)
    order = fractions.argsort(descending=True)[:count].tolist()
    return [{"name": names[at], "fraction": float(fractions[at])} for at in order]
