"""Signature: which tensors of the Open Inference Protocol go into a model, and come out."""

from __future__ import annotations

from typing import Any

from isthmus.apps.server.kinds.base import tensor
from isthmus.apps.server.kinds.table import inputs_of as columns_of
from isthmus.apps.server.models import Model

WHOLE = "X"
"""The one input that holds all columns."""
CODES = "z"
VERSION = "1"
PLACES = {"score": "score", "p_value": "score", "flagged": "score", "contributions": "score", CODES: "encode"}
"""The operation that finds an output; others begin with the operation that does."""
REBUILT = {"reconstruction": "reconstruct", "imputed": "impute"}


def operation_of(output: str) -> str:
    """Return which operation finds an output."""
    return PLACES.get(output) or REBUILT[output.partition(".")[0]]


def inputs_of(model: Model) -> list[dict[str, Any]]:
    """Return the tensors that go in: rows whole or column by column, and labels that are given beside them."""
    return [*model.layout.inputs(), *columns_of(model.given.fields)]


def outputs_of(model: Model, decodes: bool = False) -> dict[str, dict[str, Any]]:
    """Return the tensors that can be had; `decodes`: from codes."""
    found, begins = [], ["reconstruction"]
    if not decodes:
        found = [*model.codes.inputs(), tensor("score", "FP64")]
        if model.threshold is not None:
            found += [tensor("p_value", "FP64"), tensor("flagged", "BOOL")]
        begins = [begin for begin, operation in REBUILT.items() if operation in model.operations]
    found += [{**given, "name": f"{begin}.{given['name']}"} for begin in begins for given in model.layout.inputs()]
    return {entry["name"]: entry for entry in found}


def metadata(model: Model) -> dict[str, Any]:
    """Return what a client asks before it sends tensors."""
    return {
        "name": model.name,
        "versions": [VERSION],
        "platform": "isthmus",
        "inputs": inputs_of(model),
        "outputs": list(outputs_of(model).values()),
    }
