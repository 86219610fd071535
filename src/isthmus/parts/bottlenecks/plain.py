"""The plain bottleneck: the code is h, or an activation of it."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.interfaces import Bottleneck
from isthmus.core.part import part
from isthmus.core.records import Code
from isthmus.support.errors import InputError, unknown

ACTIVATIONS = {"none": lambda h: h, "relu": torch.relu, "sigmoid": torch.sigmoid}


@part("bottleneck/plain")
class Plain(Bottleneck):
    """z = activation(h).

    Parameters
    ----------
    activation : {"none", "relu", "sigmoid"}, default "none"
        Sigmoid keeps the code in (0, 1), relu keeps it from below zero.
    """

    def __init__(self, activation: str = "none") -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise InputError(unknown("activation of the plain bottleneck", activation, ACTIVATIONS))
        self.activation = activation

    def forward(self, h: Tensor, draw: bool | None = None) -> Code:
        """Return the code; it costs nothing."""
        return Code(ACTIVATIONS[self.activation](h))
