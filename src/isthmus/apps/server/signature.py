"""Signature: the input and output tensors of a model in the Open Inference Protocol."""

from __future__ import annotations

from typing import Any

from isthmus.apps.server.kinds.base import tensor
from isthmus.apps.server.kinds.table import inputs_of as columns_of
from isthmus.apps.server.models import Model

WHOLE = "X"
"""The input that holds all columns."""
CODES = "z"
VERSION = "1"
SCORE_OUTPUTS = {"score": "score", "p_value": "score", "flagged": "score", "contributions": "score", CODES: "encode"}
"""The operation that computes an output; the names of other outputs begin with a key of `RECONSTRUCTIONS`."""
RECONSTRUCTIONS = {"reconstruction": "reconstruct", "imputed": "impute"}


def operation_of(output: str) -> str:
    """Return the operation that computes an output."""
    return SCORE_OUTPUTS.get(output) or RECONSTRUCTIONS[output.partition(".")[0]]


def inputs_of(model: Model) -> list[dict[str, Any]]:
    """Return the input tensors: rows, whole or column by column, and the condition."""
    return [*model.layout.inputs(), *columns_of(model.conditions.fields)]


def outputs_of(model: Model, decodes: bool = False) -> dict[str, dict[str, Any]]:
    """Return the output tensors by name; those computed from codes if `decodes`."""
    outputs, begins = [], ["reconstruction"]
    if not decodes:
        outputs = [*model.codes.inputs(), tensor("score", "FP64")]
        if model.threshold is not None:
            outputs += [tensor("p_value", "FP64"), tensor("flagged", "BOOL")]
        begins = [begin for begin, operation in RECONSTRUCTIONS.items() if operation in model.operations]
    outputs += [{**entry, "name": f"{begin}.{entry['name']}"} for begin in begins for entry in model.layout.inputs()]
    return {entry["name"]: entry for entry in outputs}


def metadata(model: Model) -> dict[str, Any]:
    """Return the model metadata of the protocol."""
    return {
        "name": model.name,
        "versions": [VERSION],
        "platform": "isthmus",
        "inputs": inputs_of(model),
        "outputs": list(outputs_of(model).values()),
    }
