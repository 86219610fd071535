"""The three records that flow through a model: Batch in, Code in the middle, Output at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor


OPTIONAL = ("observed", "weight", "noise", "emphasis", "step")
"""The tensors of a batch that may be None, beside what a corruption masked."""


@dataclass(frozen=True)
class Batch:
    """Some rows as a model sees them.

    Attributes
    ----------
    x : Tensor of shape (batch, ...)
        The clean target, with missing cells filled; of shape (batch, 0) if there is none, as in sampling.
    corrupted : Tensor of the shape of x
        The encoder's input.
    masked : bool Tensor of the shape of x, or None
        True where a corruption masked x.
    observed : bool Tensor of the shape of x, or None
        False where x itself is missing in the user's data. None: nothing is missing.
    feature : int64 Tensor of shape (d,), or None
        The user's column of each element of a row: masking takes whole columns.
    condition : dict of Tensor
        Inputs that are not reconstructed, such as a label, each of shape (batch, width).
    weight : Tensor of shape (batch,), or None
        Weight of each sample.
    noise : Tensor of shape (batch,), or None
        The noise level of each row of `corrupted`, where it is known: a standard deviation in the units of x.
    emphasis : Tensor of shape (batch,), or None
        Factor of each sample's loss, set by a corruption that does not corrupt all alike.
    step : Tensor of shape (batch,), or None
        How coarsely the code of each row is rounded, in the units of x, by a bottleneck that rounds.
    """

    x: Tensor
    corrupted: Tensor
    masked: Tensor | None = None
    observed: Tensor | None = None
    feature: Tensor | None = None
    condition: dict[str, Tensor] = field(default_factory=dict)
    weight: Tensor | None = None
    noise: Tensor | None = None
    emphasis: Tensor | None = None
    step: Tensor | None = None

    @classmethod
    def of(cls, columns: dict[str, Tensor], feature: Tensor | None = None) -> Batch:
        """Return the batch of which `columns` gave these tensors: nothing is corrupted yet."""
        condition = {name.partition(":")[2]: t for name, t in columns.items() if name.startswith("condition:")}
        others = {name: columns.get(name) for name in OPTIONAL}
        return cls(columns["x"], columns["x"], feature=feature, condition=condition, **others)

    def columns(self) -> dict[str, Tensor]:
        """Return the tensors that have rows, by name, before a corruption: ``corrupted`` is ``x``."""
        named = {name: getattr(self, name) for name in ("x", *OPTIONAL)}
        named |= {f"condition:{name}": tensor for name, tensor in self.condition.items()}
        return {name: tensor for name, tensor in named.items() if tensor is not None}

    @property
    def missing(self) -> torch.Tensor | None:
        """True where a corruption masked x, or x itself is missing; None: nowhere."""
        if self.observed is None:
            return self.masked
        return ~self.observed if self.masked is None else self.masked | ~self.observed

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: slice | Tensor) -> Batch:
        """Return some of the rows."""
        return self._each(lambda tensor: tensor[rows], self.feature)

    def repeated(self, times: int) -> Batch:
        """Return the batch repeated, one copy after the other."""
        return self._each(lambda tensor: tensor.repeat(times, *[1] * (tensor.ndim - 1)), self.feature)

    def to(self, device: torch.device | str) -> Batch:
        """Return the batch on a device."""
        feature = None if self.feature is None else self.feature.to(device)
        return self._each(lambda tensor: tensor.to(device), feature)

    def _each(self, change: Callable[[Tensor], Tensor], feature: Tensor | None) -> Batch:
        """Return the batch with a change made to every tensor that has rows."""

        def changed(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else change(tensor)

        return Batch(
            change(self.x),
            change(self.corrupted),
            changed(self.masked),
            changed(self.observed),
            feature,
            {name: change(tensor) for name, tensor in self.condition.items()},
            changed(self.weight),
            changed(self.noise),
            changed(self.emphasis),
            changed(self.step),
        )

    def with_(self, **changes: Any) -> Batch:
        """Return a copy with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Code:
    """The output of a bottleneck.

    Attributes
    ----------
    z : Tensor of shape (batch, *positions, latent_dim)
        The code that is decoded.
    terms : dict of Tensor of shape (batch,)
        The costs of the code (``kl``, ``commitment``, ``rate`` …), unweighted.
    symbols : tuple of int64 Tensor
        The integers of a discrete code.
    """

    z: Tensor
    terms: dict[str, Tensor] = field(default_factory=dict)
    symbols: tuple[Tensor, ...] = ()


@dataclass(frozen=True)
class Output:
    """The result of a pass through a model: the batch, h, the code, y, and the terms of each sample."""

    batch: Batch
    h: Tensor
    code: Code
    y: Tensor
    terms: dict[str, Tensor]

    def __getitem__(self, rows: slice | Tensor) -> Output:
        """Return some of the rows."""
        terms = {name: tensor[rows] for name, tensor in self.terms.items()}
        return Output(self.batch[rows], self.h[rows], Code(self.code.z[rows]), self.y[rows], terms)
