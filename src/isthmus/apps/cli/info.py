"""``isthmus info``: what a model file is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from isthmus.apps.cli.command import command
from isthmus.apps.cli.exported import exported, is_exported
from isthmus.apps.cli.inputs import load, model_argument
from isthmus.apps.cli.output import facts, figure, json_option, show

if TYPE_CHECKING:
    from isthmus.estimators.card import Card


@command("info", "isthmus info digits.safetensors", "isthmus info digits.onnx")
@model_argument
@json_option
def info(model: str, as_json: bool) -> None:
    """Show what a model file contains.

    Its parts, how it was trained, and what it keeps of the data. For a file that export wrote: which part of which
    model it is, its inputs and its outputs.
    """
    if is_exported(model):
        show(*exported(model), as_json)
        return
    estimator = load(model, "Autoencoder", "AnomalyDetector", "Imputer")
    trained, card = estimator.autoencoder_, estimator.card()
    document = {
        "file": _file(model),
        "model": _model(card),
        **_task(card),
        "training": card.training,
        "holds": card.holds,
        "parts": {
            name: value
            for name, value in trained.state().items()
            if name in ("data", "condition", "objective", "prior")
        },
        "history": trained.history_,
    }
    show(document, _text(document), as_json)


def _file(path: str) -> dict[str, Any]:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as opened:
        header = opened.metadata()
    return {"path": path, "bytes": os.path.getsize(path), "format version": int(header["version"])}


def _model(card: Card) -> dict[str, Any]:
    """Return the parts in words."""
    return {
        "estimator": card.estimator,
        "variant": card.variant,
        "code": card.code,
        "row": f"{' x '.join('any' if side is None else str(side) for side in card.row)} numbers",
        **card.parts,
        "condition": card.condition,
        "parameters": card.parameters,
    }


def _task(card: Card) -> dict[str, Any]:
    """Return what a detector decides by; nothing of what decides nothing."""
    if card.threshold is None:
        return {}
    decided = {
        "score": card.score,
        "threshold": card.threshold,
        "thresholds": " ".join(f"{group}={figure(limit)}" for group, limit in card.thresholds.items()) or None,
        **card.guarantees,
    }
    return {"detector": decided}


def _text(document: Mapping[str, Any]) -> str:
    file, training = document["file"], dict(document["training"])
    head = f"{file['path']}: {figure(file['bytes'])} bytes, format version {file['format version']}"
    kind = training.pop("data")
    del training["parameters"]
    training |= {"seed": str(training["seed"])}
    sections = {
        "model": facts({name: value for name, value in document["model"].items() if value is not None}, "  "),
        **{
            task: facts({name: value for name, value in document[task].items() if value is not None}, "  ")
            for task in ("detector",)
            if task in document
        },
        "data": f"  {kind}",
        "training": facts({name.replace("_", " "): value for name, value in training.items()}, "  "),
        "what the file holds of the data": "\n".join(f"  {text}" for text in document["holds"]),
    }
    return "\n\n".join([head, *(f"{name}\n{text}" for name, text in sections.items())])
