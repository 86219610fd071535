"""Joined: a graph with the adapters of its inputs and outputs; this is what is exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from isthmus.apps.capabilities import autoencoder_of, code_shape
from isthmus.apps.export.kinds.base import Adapter, Codes, Columns, Threshold, adapter_of
from isthmus.apps.export.kinds.table import ConditionCells
from isthmus.apps.export.ports import FIXED, Port, Size, apart, no_smaller
from isthmus.apps.export.sample_inputs import drawn, encoded

if TYPE_CHECKING:
    from isthmus import Autoencoder


UNITS = {"heat": 10.0}
"""Spreads of results whose unit says what is a small difference: heat is a multiple of a threshold, and 1e-4 is."""


class Joined(nn.Module):
    """Maps a list of tensors to a list of tensors, in which categories are codes.

    Parameters
    ----------
    part : Module
        From columns to columns.
    faces : list of Adapter
        Those of the inputs.
    answer : Adapter
        That of the outputs, if the graph returns the user's columns.
    stands : bool
        Whether unseen categories pass through unchanged.
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
        """Lengths of the free axes of the inputs with which it is checked; the first is used to trace it."""
        return next((port.sizes for port in self.inputs if port.free), FIXED)

    def _outputs(self, stands: bool) -> list[Port]:
        """Return the ports of the results: axes whose lengths change with those of the input are free."""
        with torch.no_grad():
            results = [self.part(self.read(self.drawn(2, size=size))) for size in self.sizes[:2]]
        if self.answer.keys.issuperset(results[0]):
            return [replace(port, stands=port.name if stands else None) for port in self.answer.outputs]
        self.names = list(results[0])
        shapes = {name: [tuple(result[name].shape[1:]) for result in results] for name in self.names}
        return [
            Port(name, "tensor", "float32", named_shape(name, shapes[name], self.sizes), spread=UNITS.get(name))
            for name in self.names
        ]

    def drawn(self, n: int, seed: int = 0, size: Size | None = None) -> dict[str, np.ndarray]:
        """Return n random rows of each input, by name."""
        return {port.name: drawn(port, n, seed, size) for port in self.inputs}

    def read(self, rows: Mapping[str, np.ndarray]) -> Columns:
        """Return random rows as columns for the graph."""
        return self.columns([encoded(port, rows[port.name]) for port in self.inputs])

    def columns(self, tensors: Sequence[Tensor]) -> Columns:
        """Return input tensors as columns for the graph."""
        columns: Columns = {}
        start = 0
        for face in self._faces:
            columns |= face.read(tensors[start : start + len(face.inputs)])
            start += len(face.inputs)
        return columns

    def listed(self, columns: Columns) -> list[Tensor]:
        """Return the results of the graph in the order of the outputs, not rounded yet."""
        return [columns[name] for name in self.names] if self.names else self.answer.write(columns)

    def forward(self, tensors: list[Tensor]) -> list[Tensor]:
        """Return the outputs."""
        results = self.listed(self.part(self.columns(tensors)))
        return [_settled(port, tensor) for port, tensor in zip(self.outputs, results, strict=True)]


def named_shape(name: str, shapes: Sequence[tuple[int, ...]], sizes: Sequence[Size]) -> tuple[int | str, ...]:
    """Return the shape of an output, from its shapes at several sizes of the input.

    A free axis that is as long as that of the input has its name; any other is called ``NAME_AXIS``.
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
    """Return an output in its type: whole numbers rounded and clipped to its range, Booleans decided at 0.5."""
    if port.kind == "integer":
        return tensor.clamp(port.low, port.high).round().long()
    if port.kind == "boolean":
        return tensor >= 0.5
    return tensor if port.kind == "category" else tensor.to(getattr(torch, port.dtype))


def _code_shape(autoencoder: Autoencoder) -> tuple[int | None, ...]:
    """Return the shape of a code in a graph: flat, unless the number of positions is free."""
    shape = code_shape(autoencoder)
    return shape if None in shape else (autoencoder.model_.code_size,)


def joined(estimator: Any, part: str) -> Joined:
    """Return a part of a fitted estimator, with named tensors as inputs and outputs."""
    known, graph = autoencoder_of(estimator), estimator.graphs()[part]
    answer = adapter_of(known.data_)
    answer.inputs, answer.outputs = (no_smaller(graph.smallest, ports) for ports in (answer.inputs, answer.outputs))
    faces: list[Adapter] = [Codes(_code_shape(known))] if part == "decode" else [answer]
    if known.condition_ is not None:
        faces.append(ConditionCells(known.condition_))
    if part == "heat_map":
        faces.append(Threshold(float(estimator.threshold_)))
    return Joined(graph, faces, answer, stands=part == "impute").eval()
