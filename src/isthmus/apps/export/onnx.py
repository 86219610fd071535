"""From a module of tensors to an ONNX model that takes and returns the user's values, text included."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from isthmus import InputError
from isthmus.apps.export.ports import Port
from isthmus.apps.export.sample_inputs import encoded
from isthmus.apps.export.wrapper import Joined
from isthmus.support.errors import extra

ROWS = "rows"
EXAMPLES = 3
LABELS = "ai.onnx.ml"
OPSET = 20
INT64 = 7
LARGEST = 2**31 - 2**20
"""Maximum bytes of constants in one ONNX file."""


def assembled(module: Joined) -> Any:
    """Return an `onnx_ir.Model`: the module, with a LabelEncoder at each input and output that holds categories.

    Raises
    ------
    MissingExtraError
        onnx or onnxscript is not installed.
    InputError
        The model is too large for one file.
    """
    extra("onnx", "export"), extra("onnxscript", "export")
    with hushed(), torch.no_grad():
        rows = module.drawn(EXAMPLES)
        example = [encoded(port, rows[port.name]) for port in module.inputs]
        shapes = ([_dynamic(port) for port in module.inputs],)
        aten: Any = torch.ops.aten
        table: dict[Any, Any] = {aten.searchsorted.Tensor: _searchsorted, aten.log_sigmoid.default: _log_sigmoid}
        try:
            program: Any = torch.onnx.export(
                module,
                (example,),
                dynamo=True,
                dynamic_shapes=shapes,
                opset_version=OPSET,
                custom_translation_table=table,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as error:
            reason = " ".join(str(error.__cause__ or error).split())[:300]
            raise InputError(f"this part cannot be written in the operations of ONNX: {reason}") from error
    model = program.model
    _forget(model)
    _check_size(model.graph)
    _name(model.graph)
    sources = _front(model.graph, module.inputs)
    _back(model.graph, module.outputs, sources)
    _name(model.graph)
    model.graph.name = "isthmus"
    model.graph.opset_imports[LABELS] = 4
    return model


def _dynamic(port: Port) -> dict[int, object]:
    """Return the axes of an input whose lengths may change: rows, unless it is one number for all, and free ones."""
    return {} if port.default is not None else {0: torch.export.Dim(ROWS), **_free(port)}


def _free(port: Port) -> dict[int, object]:
    """Return the free axes after that of the rows; the exporter derives how their lengths are related."""
    return {axis + 1: torch.export.Dim.AUTO for axis in port.free}


@contextmanager
def hushed() -> Iterator[None]:
    """Suppress the warnings and logs of the exporter about its own workings."""
    logs = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnx_ir", "onnxscript")]
    levels = [log.level for log in logs]
    try:
        for log in logs:
            log.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


def _searchsorted(ordered: Any, values: Any, *, right: bool = False, **_: Any) -> Any:
    """Return how many of the sorted numbers (p, m) are below each value (p, n); with `right`, below or equal.

    ONNX has no operation for it. For NaN the result is 0.
    """
    op = getattr(extra("onnxscript", "export"), f"opset{OPSET}")
    ends, each = op.Unsqueeze(ordered, op.Constant(value_ints=[1])), op.Unsqueeze(values, op.Constant(value_ints=[2]))
    below = op.LessOrEqual(ends, each) if right else op.Less(ends, each)
    return op.ReduceSum(op.Cast(below, to=INT64), op.Constant(value_ints=[2]), keepdims=0)


def _log_sigmoid(x: Any) -> Any:
    """Return −log(1 + exp(−x)); the log of a Sigmoid, as exporters write it, loses all digits far below 0."""
    op = getattr(extra("onnxscript", "export"), f"opset{OPSET}")
    return op.Neg(op.Softplus(op.Neg(x)))


def _forget(model: Any) -> None:
    """Remove the paths and lines of the source from all nodes."""
    graph = model.graph
    for node in graph.all_nodes():
        node.metadata_props.clear()
        for value in node.outputs:
            value.metadata_props.clear()
    for part in (model, graph, *graph.inputs, *graph.initializers.values()):
        part.metadata_props.clear()


def _name(graph: Any) -> None:
    """Give inner values names that no column can have."""
    constants = [value for value in graph.initializers.values() if not value.is_graph_input()]
    values = {"constant": constants, "value": _between(graph)}
    for kind, listed in values.items():
        for at, value in enumerate(list(listed)):
            value.name = f"isthmus/{kind}_{at}"
    for at, node in enumerate(graph):
        node.name = f"isthmus/node_{at}"


def _between(graph: Any) -> list[Any]:
    kept = {id(value) for value in graph.outputs}
    return [value for node in graph for value in node.outputs if id(value) not in kept]


def _check_size(graph: Any) -> None:
    size = sum(value.const_value.nbytes for value in graph.initializers.values())
    if size > LARGEST:
        raise InputError(f"the model holds {size:,} bytes of numbers, but one file of ONNX at most 2 GB: export a .pt2")


def _front(graph: Any, ports: list[Port]) -> dict[str, Any]:
    """Name the inputs, and encode categories; return the new inputs by name."""
    ir = extra("onnx_ir", "export")
    inputs = {}
    for at, value in enumerate(graph.inputs):
        value.name = f"isthmus/input_{at}"  # its former name may be that of a column
    for at, (value, port) in enumerate(zip(list(graph.inputs), ports, strict=True)):
        if port.kind != "category":
            value.name = port.name
            value.shape = ir.Shape([ROWS, *port.shape] if port.default is None else [1])
            if port.default is not None:
                value.const_value = ir.tensor([port.default], dtype=_dtype(port.dtype), name=port.name)
                graph.register_initializer(value)  # an input with an initializer need not be fed
            continue
        fresh = graph.inputs[at] = _typed(port)
        keys = [*port.categories, *port.missing]
        codes = [*range(len(port.categories)), *[-1] * len(port.missing)]
        node = _encoder(fresh, keys, codes, port.dtype, "int64", len(port.categories))
        graph.insert_before(graph[0], node) if len(graph) else graph.append(node)
        ir.convenience.replace_all_uses_with(value, node.outputs[0])
        inputs[port.name] = fresh
    return inputs


def _back(graph: Any, ports: list[Port], sources: dict[str, Any]) -> None:
    """Name the outputs, and turn codes into categories; no two outputs are the same value."""
    ir = extra("onnx_ir", "export")
    for at, (value, port) in enumerate(zip(list(graph.outputs), ports, strict=True)):
        if port.kind == "category":
            known = len(port.categories)
            node = _encoder(value, list(range(known)), list(port.categories), "int64", port.dtype, port.missing[0])
            graph.append(node)
            if port.stands is not None:
                graph.append(limit := _constant(known))
                graph.append(same := ir.node("Equal", [value, limit.outputs[0]]))
                graph.append(node := ir.node("Where", [same.outputs[0], sources[port.stands], node.outputs[0]]))
        else:
            graph.append(node := ir.node("Identity", [value]))
        result = node.outputs[0]
        result.name, result.type, result.shape = port.name, _type(port), ir.Shape([ROWS, *port.shape])
        graph.outputs[at] = result


def _typed(port: Port) -> Any:
    ir = extra("onnx_ir", "export")
    return ir.Value(name=port.name, shape=ir.Shape([ROWS, *port.shape]), type=_type(port))


def _type(port: Port) -> Any:
    ir = extra("onnx_ir", "export")
    return ir.TensorType(_dtype(port.dtype))


def _dtype(name: str) -> Any:
    ir = extra("onnx_ir", "export")
    return getattr(ir.DataType, {"float64": "DOUBLE", "float32": "FLOAT"}.get(name, name.upper()))


def _constant(number: int) -> Any:
    ir = extra("onnx_ir", "export")
    return ir.node("Constant", [], {"value_int": number})


def _encoder(value: Any, keys: list[Any], values: list[Any], source: str, target: str, default: Any) -> Any:
    """Return a LabelEncoder, which maps keys to values and anything else to the default."""
    ir = extra("onnx_ir", "export")
    tensors = {"keys_tensor": (keys, source), "values_tensor": (values, target), "default_tensor": ([default], target)}
    attributes = {name: _tensor(cells, dtype) for name, (cells, dtype) in tensors.items()}
    return ir.node("LabelEncoder", [value], attributes, domain=LABELS)


def _tensor(cells: list[Any], dtype: str) -> Any:
    ir = extra("onnx_ir", "export")
    if dtype == "string":
        return ir.StringTensor([cell.encode() for cell in cells], shape=ir.Shape([len(cells)]))
    return ir.tensor(cells, dtype=_dtype(dtype))
