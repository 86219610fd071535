"""A part of a model as a program of `torch.export`, from encoded columns to encoded columns."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.apps.export.metadata import KEY
from isthmus.apps.export.onnx import EXAMPLES, ROWS, hushed
from isthmus.apps.export.parity import compared
from isthmus.apps.export.ports import Port, Size
from isthmus.apps.export.verify import Trial, joined_trials, milliseconds, rows_of
from isthmus.apps.export.wrapper import Joined, named_shape
from isthmus.support.atomic import atomic

Columns = dict[str, Tensor]


def write(
    module: Joined, path: str | os.PathLike[str], about: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], Trial]:
    """Write the graph of a module, compare the file with it, and return its inputs, its outputs, and the trial.

    Raises
    ------
    InputError
        The path cannot be written.
    TrialError
        The program does not give the numbers of the model; it is removed.
    """
    graph, sizes = module.part, module.sizes[: max(1, len(module.sizes) - 1)]  # a side is longer than one patch
    few, other = (module.read(module.drawn(EXAMPLES, 1, size)) for size in (sizes[0], sizes[-1]))
    dynamic = {
        name: {0: torch.export.Dim(ROWS), **_free(few[name], other[name])} if len(few[name]) == EXAMPLES else {}
        for name in few
    }
    with atomic(path) as temporary, hushed(), torch.no_grad():
        inputs, outputs = _described([few, other], sizes), _described([graph(few), graph(other)], sizes)
        document = {**about, "inputs": inputs, "outputs": outputs}
        made = torch.export.export(graph, (few,), dynamic_shapes=(dynamic,), strict=False)
        _own_memory(made.constants)
        torch.export.save(made, temporary, extra_files={f"{KEY}.json": json.dumps(document)})
        read = torch.export.load(temporary).module()
        return inputs, outputs, joined_trials([_tried(graph, read, _many(module, size)) for size in sizes])


def _free(tensor: Tensor, other: Tensor) -> dict[int, object]:
    """Return the free axes after that of the rows: those whose lengths differ between the two tensors."""
    lengths = enumerate(zip(tensor.shape, other.shape, strict=True))
    return {axis: torch.export.Dim.AUTO for axis, (length, another) in lengths if length != another}


def _own_memory(tensors: dict[str, Any]) -> None:
    """Replace empty tensors, whose memory `save` cannot handle if NumPy allocated it."""
    for name, tensor in tensors.items():
        if isinstance(tensor, Tensor) and not tensor.numel():
            tensors[name] = torch.zeros_like(tensor)


def _many(module: Joined, size: Size) -> Columns:
    return module.read(module.drawn(rows_of(module, size), 1, size))


def _described(sides: list[Columns], sizes: Sequence[Size]) -> list[dict[str, Any]]:
    """Return the description of columns as JSON, from columns at different sizes of the input."""
    about = []
    for name, tensor in sides[0].items():
        shape = named_shape(name, [tuple(side[name].shape[1:]) for side in sides], sizes)
        dtype = str(tensor.dtype).removeprefix("torch.")
        about.append({"name": name, "kind": "encoded", "dtype": dtype, "shape": list(shape)})
    return about


def _tried(graph: Any, read: Any, columns: Columns) -> Trial:
    n = max(map(len, columns.values()))
    names = list(graph(columns))

    def listed(answer: Columns) -> list[Tensor]:
        return [answer[name] for name in names]

    def run(size: int) -> list[np.ndarray]:
        answer = read({name: tensor[:size] for name, tensor in columns.items()})
        return [tensor.numpy() for tensor in listed(answer)]

    jumped, difference = compared([Port(name, "tensor", "float64") for name in names], graph, listed, columns, run)
    return Trial(n, jumped, difference, milliseconds(lambda: read(columns), n), milliseconds(lambda: graph(columns), n))
