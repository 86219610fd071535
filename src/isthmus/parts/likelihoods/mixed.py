"""The mixed likelihood: a member for each block of columns."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Domain, Likelihood, Shape, fixed
from isthmus.core.part import part, resolve, unbuilt_copy
from isthmus.support.errors import InputError


@part("likelihood/mixed")
class Mixed(Likelihood):
    """A likelihood for each contiguous block of columns: numbers, booleans and categories side by side.

    Parameters
    ----------
    groups : tuple of (str or Likelihood, int)
        A likelihood, or its name, and number of elements of x, in the order of x, such as
        ``(("squared", 3), ("categorical", 5))``.
    """

    any_size = False

    def __init__(self, groups: tuple[tuple[Any, int], ...]) -> None:
        super().__init__()
        self.groups = groups
        self.widths = [width for _, width in groups]
        self._members: list[Likelihood] = [unbuilt_copy(resolve("likelihood", member)) for member, _ in groups]
        self.members = nn.ModuleList(self._members)
        self.normalised = all(member.normalised for member in self._members)

    def with_numbers(self, likelihood: Likelihood) -> Mixed:
        """Return a copy with another likelihood for the blocks of numbers."""
        return self._with("numbers", likelihood)

    def with_categories(self, likelihood: Likelihood) -> Mixed:
        """Return a copy with another likelihood for each block of categories."""
        return self._with("categories", likelihood)

    def _with(self, domain: Domain, likelihood: Likelihood) -> Mixed:
        """Return a copy with another likelihood for the blocks of a domain."""
        members = zip(self.groups, self._members, strict=True)
        return Mixed(tuple((likelihood if m.domain == domain else name, width) for (name, width), m in members))

    def shape(self, x_shape: Shape) -> Shape:
        """Return the shape of y: the members' shapes side by side."""
        self._check(x_shape)
        return (sum(self._y_widths()),)

    def _check(self, x_shape: Shape) -> None:
        if x_shape != (sum(self.widths),):
            raise InputError(
                f"mixed likelihood for rows of {sum(self.widths)} elements, but the rows have shape {x_shape}"
            )

    def _y_widths(self) -> list[int]:
        return [fixed(member.shape((width,)))[0] for member, width in zip(self._members, self.widths, strict=True)]

    def build(self, x_shape: Shape) -> None:
        """Build the members."""
        for member, width in zip(self._members, self.widths, strict=True):
            member.build((width,))

    def _pieces(self, y: Tensor) -> list[tuple[Likelihood, Tensor]]:
        return list(zip(self._members, torch.split(y, self._y_widths(), 1), strict=True))

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the members' errors side by side."""
        blocks = zip(self._pieces(y), torch.split(x, list(self.widths), 1), strict=True)
        return torch.cat([member.error(piece, block) for (member, piece), block in blocks], 1)

    def initialize(self, y: Tensor, x: Tensor) -> None:
        """Start each member."""
        for (member, piece), block in zip(self._pieces(y), torch.split(x, list(self.widths), 1), strict=True):
            member.initialize(piece, block)

    def mean(self, y: Tensor) -> Tensor:
        """Return the members' means side by side."""
        return torch.cat([member.mean(piece) for member, piece in self._pieces(y)], 1)

    def link(self, x: Tensor) -> Tensor:
        """Return the members' links side by side."""
        blocks = zip(self._members, torch.split(x, list(self.widths), 1), strict=True)
        return torch.cat([member.link(block) for member, block in blocks], 1)

    def sample(self, y: Tensor) -> Tensor:
        """Return the members' draws side by side."""
        return torch.cat([member.sample(piece) for member, piece in self._pieces(y)], 1)
