"""Joined: a graph between the faces of what goes in and what comes out; what is exported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.apps.capabilities import autoencoder_of
from isthmus.apps.export.kinds.base import Adapter, Codes, Columns, adapter_of
from isthmus.apps.export.kinds.table import Given
from isthmus.apps.export.ports import Port, apart
from isthmus.apps.export.sample_inputs import drawn, encoded


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
        self.outputs = apart(self._found(stands), self.inputs)

    def _found(self, stands: bool) -> list[Port]:
        """Return the ports of what comes out of some drawn rows."""
        columns = self.columns([encoded(port, drawn(port, 2)) for port in self.inputs])
        with torch.no_grad():
            found = self.part(columns)
        if self.answer.keys.issuperset(found):
            return [replace(port, stands=port.name if stands else None) for port in self.answer.outputs]
        self.names = list(found)
        return [Port(name, "tensor", "float32", tuple(tensor.shape[1:])) for name, tensor in found.items()]

    def columns(self, tensors: Sequence[Tensor]) -> Columns:
        """Return what the graph takes."""
        found: Columns = {}
        at = 0
        for face in self._faces:
            found |= face.read(tensors[at : at + len(face.inputs)])
            at += len(face.inputs)
        return found

    def listed(self, found: Columns) -> list[Tensor]:
        """Return what the graph returned as what comes out, as numbers that are not rounded yet."""
        return [found[name] for name in self.names] if self.names else self.answer.write(found)

    def forward(self, tensors: list[Tensor]) -> list[Tensor]:
        """Return what comes out."""
        found = self.listed(self.part(self.columns(tensors)))
        return [_settled(port, tensor) for port, tensor in zip(self.outputs, found, strict=True)]


def _settled(port: Port, tensor: Tensor) -> Tensor:
    """Return an output in its type: whole numbers rounded within what their type holds, truth values decided."""
    if port.kind == "integer":
        return tensor.clamp(port.low, port.high).round().long()
    if port.kind == "boolean":
        return tensor >= 0.5
    return tensor if port.kind == "category" else tensor.to(getattr(torch, port.dtype))


def joined(estimator: Any, part: str) -> Joined:
    """Return a part of a fitted estimator between named tensors."""
    known = autoencoder_of(estimator)
    answer = adapter_of(known.data_)
    faces: list[Adapter] = [Codes(len(known.get_feature_names_out()))] if part == "decode" else [answer]
    if known.condition_ is not None:
        faces.append(Given(known.condition_))
    return Joined(estimator.graphs()[part], faces, answer, stands=part == "impute").eval()
