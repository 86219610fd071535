"""Signature: which tensors of the Open Inference Protocol go into a model, and come out."""

from __future__ import annotations

from typing import Any

from isthmus.apps.server.models import Model

WHOLE = "X"
"""The one input that holds all columns."""
CODES = "z"
VERSION = "1"
TYPES = {"integer": "INT64", "boolean": "BOOL", "category": "BYTES", "date": "BYTES"}
"""Of columns that are no FP64."""
PLACES = {"score": "score", "p_value": "score", "flagged": "score", "contributions": "score", CODES: "encode"}
"""The operation that finds an output; others begin with the operation that does."""
REBUILT = {"reconstruction": "reconstruct", "imputed": "impute"}


def operation_of(output: str) -> str:
    """Return which operation finds an output."""
    return PLACES.get(output) or REBUILT[output.partition(".")[0]]


def inputs_of(model: Model) -> list[dict[str, Any]]:
    """Return the tensors that go in: rows whole or column by column, and labels that are given beside them."""
    return [_input(model, field) for field in [*model.data.fields(), *model.given.fields]]


def _input(model: Model, field: Any) -> dict[str, Any]:
    if field.kind == "signal":
        return _tensor("signal", "FP64", len(model.data.channel_names()))
    if field.kind == "pixels":
        return _tensor("pixels", "FP32", *field.shape)
    return _tensor(field.name, TYPES.get(field.kind, "FP64"))


def outputs_of(model: Model, decodes: bool = False) -> dict[str, dict[str, Any]]:
    """Return the tensors that can be had; `decodes`: from codes."""
    found, begins = [], ["reconstruction"]
    if not decodes:
        found = [_tensor(CODES, "FP64", *model.codes.shape), _tensor("score", "FP64")]
        if model.threshold is not None:
            found += [_tensor("p_value", "FP64"), _tensor("flagged", "BOOL")]
        begins = [begin for begin, operation in REBUILT.items() if operation in model.operations]
    found += [{**given, "name": f"{begin}.{given['name']}"} for begin in begins for given in rebuilt(model)]
    return {entry["name"]: entry for entry in found}


def rebuilt(model: Model) -> list[dict[str, Any]]:
    """Return what a reconstruction consists of."""
    return inputs_of(model)[: len(model.data.fields())]


def _tensor(name: str, datatype: str, *shape: int) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1, *shape]}


def metadata(model: Model) -> dict[str, Any]:
    """Return what a client asks before it sends tensors."""
    return {
        "name": model.name,
        "versions": [VERSION],
        "platform": "isthmus",
        "inputs": inputs_of(model),
        "outputs": list(outputs_of(model).values()),
    }
