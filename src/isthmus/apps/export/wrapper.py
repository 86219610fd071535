"""Joined: a graph between the faces of what goes in and what comes out; what is exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from isthmus.apps.capabilities import autoencoder_of, code_shape
from isthmus.apps.export.kinds.base import Adapter, Codes, Columns, adapter_of
from isthmus.apps.export.kinds.table import ConditionCells
from isthmus.apps.export.ports import FIXED, Port, Size, apart
from isthmus.apps.export.sample_inputs import drawn, encoded

if TYPE_CHECKING:
    from isthmus import Autoencoder


class Joined(nn.Module):
    """From a list of tensors, categories as codes, to a list of tensors, categories as codes.

    Parameters
    ----------
    part : Module
        From columns to columns.
    faces : list of Adapter
        Of what goes in.
    answer : Adapter
        Of the user's columns, where the graph returns them.
    stands : bool
        Whether a category that was never seen comes out as it went in.
    """

    def __init__(self, part: nn.Module, faces: list[Adapter], answer: Adapter, stands: bool) -> None:
        super().__init__()
        self.part, self.answer = part, answer
        self.faces = nn.ModuleList(faces)
        self._faces = faces
        self.inputs = apart([port for face in faces for port in face.inputs])
        self.names: list[str] = []
        self.outputs = apart(self._outputs(stands), self.inputs)

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Lengths of the free axes of what goes in with which it is tried; the first one is to trace it."""
        return next((port.sizes for port in self.inputs if port.free), FIXED)

    def _outputs(self, stands: bool) -> list[Port]:
        """Return the ports of what comes out of some drawn rows: axes whose length differs with theirs are free."""
        with torch.no_grad():
            results = [self.part(self.read(self.drawn(2, size=size))) for size in self.sizes[:2]]
        if self.answer.keys.issuperset(results[0]):
            return [replace(port, stands=port.name if stands else None) for port in self.answer.outputs]
        self.names = list(results[0])
        shapes = {name: [tuple(result[name].shape[1:]) for result in results] for name in self.names}
        return [Port(name, "tensor", "float32", named_shape(name, shapes[name], self.sizes)) for name in self.names]

    def drawn(self, n: int, seed: int = 0, size: Size | None = None) -> dict[str, np.ndarray]:
        """Return n rows of what goes in, by name."""
        return {port.name: drawn(port, n, seed, size) for port in self.inputs}

    def read(self, rows: Mapping[str, np.ndarray]) -> Columns:
        """Return rows that were drawn as what the graph takes."""
        return self.columns([encoded(port, rows[port.name]) for port in self.inputs])

    def columns(self, tensors: Sequence[Tensor]) -> Columns:
        """Return what the graph takes."""
        columns: Columns = {}
        start = 0
        for face in self._faces:
            columns |= face.read(tensors[start : start + len(face.inputs)])
            start += len(face.inputs)
        return columns

    def listed(self, columns: Columns) -> list[Tensor]:
        """Return what the graph returned as what comes out, as numbers that are not rounded yet."""
        return [columns[name] for name in self.names] if self.names else self.answer.write(columns)

    def forward(self, tensors: list[Tensor]) -> list[Tensor]:
        """Return what comes out."""
        results = self.listed(self.part(self.columns(tensors)))
        return [_settled(port, tensor) for port, tensor in zip(self.outputs, results, strict=True)]


def named_shape(name: str, shapes: Sequence[tuple[int, ...]], sizes: Sequence[Size]) -> tuple[int | str, ...]:
    """Return the shape of an output that has certain shapes at certain sizes of what goes in.

    A free axis that is as long as that of the input has its name, another one ``NAME_AXIS``.
    """
    axes, shape = iter(sizes[0]), []
    for lengths in zip(*shapes, strict=True):
        if len(set(lengths)) == 1:
            shape.append(lengths[0])
            continue
        axis = next(axes)
        same = all(length == size[axis] for length, size in zip(lengths, sizes, strict=False))
        shape.append(axis if same else f"{name}_{axis}")
    return tuple(shape)


def _settled(port: Port, tensor: Tensor) -> Tensor:
    """Return an output in its type: whole numbers rounded within what their type holds, truth values decided."""
    if port.kind == "integer":
        return tensor.clamp(port.low, port.high).round().long()
    if port.kind == "boolean":
        return tensor >= 0.5
    return tensor if port.kind == "category" else tensor.to(getattr(torch, port.dtype))


def _code_shape(autoencoder: Autoencoder) -> tuple[int | None, ...]:
    """Return the shape of a code in a graph: flat, unless there may be any number of positions."""
    shape = code_shape(autoencoder)
    return shape if None in shape else (autoencoder.model_.code_size,)


def joined(estimator: Any, part: str) -> Joined:
    """Return a part of a fitted estimator between named tensors."""
    known = autoencoder_of(estimator)
    answer = adapter_of(known.data_)
    faces: list[Adapter] = [Codes(_code_shape(known))] if part == "decode" else [answer]
    if known.condition_ is not None:
        faces.append(ConditionCells(known.condition_))
    return Joined(estimator.graphs()[part], faces, answer, stands=part == "impute").eval()
