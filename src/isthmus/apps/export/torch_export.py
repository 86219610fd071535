"""Program: a part of a model as `torch.export` writes it, between encoded columns."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.apps.export.metadata import KEY
from isthmus.apps.export.onnx import EXAMPLES, ROWS, hushed
from isthmus.apps.export.parity import compared
from isthmus.apps.export.ports import Port
from isthmus.apps.export.sample_inputs import drawn, encoded
from isthmus.apps.export.verify import Trial, milliseconds, rows_of
from isthmus.apps.export.wrapper import Joined
from isthmus.support.atomic import atomic

Columns = dict[str, Tensor]


def write(
    module: Joined, path: str | os.PathLike[str], about: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], Trial]:
    """Write the graph inside a module, compare it with that, and return its inputs, its outputs, and what was found.

    Raises
    ------
    InputError
        The path cannot be written.
    TrialError
        The program does not give the numbers of the model; it is removed.
    """
    graph, few, many = module.part, _columns(module, EXAMPLES), _columns(module, rows_of(module))
    dynamic = {name: {0: torch.export.Dim(ROWS)} for name in few}
    with atomic(path) as temporary, hushed(), torch.no_grad():
        inputs, outputs = ([_described(n, t) for n, t in side.items()] for side in (few, graph(few)))
        document = {**about, "inputs": inputs, "outputs": outputs}
        made = torch.export.export(graph, (few,), dynamic_shapes=(dynamic,), strict=False)
        _own_memory(made.constants)
        torch.export.save(made, temporary, extra_files={f"{KEY}.json": json.dumps(document)})
        read = torch.export.load(temporary).module()
        return inputs, outputs, _tried(graph, read, many)


def _own_memory(held: dict[str, Any]) -> None:
    """Give tensors without elements memory of PyTorch's: what NumPy made has an address, which `save` cannot handle."""
    for name, tensor in held.items():
        if isinstance(tensor, Tensor) and not tensor.numel():
            held[name] = torch.zeros_like(tensor)


def _columns(module: Joined, n: int) -> Columns:
    return module.columns([encoded(port, drawn(port, n, seed=1)) for port in module.inputs])


def _described(name: str, tensor: Tensor) -> dict[str, Any]:
    dtype = str(tensor.dtype).removeprefix("torch.")
    return {"name": name, "kind": "encoded", "dtype": dtype, "shape": list(tensor.shape[1:])}


def _tried(graph: Any, read: Any, columns: Columns) -> Trial:
    n = len(next(iter(columns.values())))
    names = list(graph(columns))

    def listed(found: Columns) -> list[Tensor]:
        return [found[name] for name in names]

    def run(size: int) -> list[np.ndarray]:
        found = read({name: tensor[:size] for name, tensor in columns.items()})
        return [tensor.numpy() for tensor in listed(found)]

    jumped, difference = compared([Port(name, "tensor", "float64") for name in names], graph, listed, columns, run)
    return Trial(n, jumped, difference, milliseconds(lambda: read(columns), n), milliseconds(lambda: graph(columns), n))
