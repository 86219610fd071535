"""``isthmus info``: what a model file is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from isthmus import variants
from isthmus.apps.capabilities import autoencoder_of, detects
from isthmus.apps.cli.command import command
from isthmus.apps.cli.exported import exported, is_exported
from isthmus.apps.cli.inputs import load, model_argument
from isthmus.apps.cli.output import facts, figure, json_option, show


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
    held = load(model, "Autoencoder", "AnomalyDetector", "Imputer")
    trained = autoencoder_of(held)
    document = {
        "file": _file(model),
        "model": {**_model(trained), "estimator": type(held).__name__},
        **_task(held),
        "training": trained.info_,
        "holds": _holds(held, trained),
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


def _model(trained: Any) -> dict[str, Any]:
    """Return the parts in words."""
    objective = trained.state()["objective"]["arguments"]
    parts = objective.get("model", {}).get("arguments", {})
    named = {name: said(parts[name]) for name in ("net", "bottleneck", "likelihood") if name in parts}
    more = {
        name: said(objective[name]) for name in ("corruption", "penalties", "weights") if _given(objective.get(name))
    }
    return {
        "estimator": type(trained).__name__,
        "variant": variants.variant_name(trained.variant_),
        "code": f"{len(trained.get_feature_names_out())} numbers",
        "row": f"{' x '.join(map(str, trained.data_.shape))} numbers",
        **named,
        **more,
        "condition": trained.condition,
        "parameters": trained.info_["parameters"],
    }


def _task(held: Any) -> dict[str, Any]:
    """Return what a detector decides by; nothing of what decides nothing."""
    if not detects(held):
        return {}
    decided = {
        "score": said(held.state()["score"]),
        "threshold": held.threshold_,
        "thresholds": " ".join(f"{group}={figure(limit)}" for group, limit in held.thresholds_.items()) or None,
        "trained on": held.training_,
        **held.calibration_,
    }
    return {"detector": decided}


def _given(value: Any) -> bool:
    return bool(value) and value != {"dict": {}}


def said(value: Any) -> Any:
    """Return a described part as it is written in Python.

    Examples
    --------
    >>> said({"part": "net/mlp", "arguments": {"widths": [512, 256], "activation": "gelu"}})
    'mlp(widths=512,256 activation=gelu)'
    """
    if isinstance(value, Mapping) and "part" in value:
        arguments = " ".join(f"{name}={said(v)}" for name, v in value["arguments"].items() if v is not None)
        return value["part"].partition("/")[2] + (f"({arguments})" if arguments else "")
    if isinstance(value, Mapping):
        return " ".join(f"{name}={said(inner)}" for name, inner in value.get("dict", value).items())
    if isinstance(value, list):
        return ",".join(":".join(map(str, v)) if isinstance(v, list) else str(said(v)) for v in value)
    return value


def _holds(held: Any, trained: Any) -> list[str]:
    """Say what of the data stands in the file."""
    kept = {name: value for name, value in held.state().items() if hasattr(value, "shape") and value.numel()}
    rows = max([len(v) for n, v in kept.items() if n == "score.references"], default=0)
    scores = max([len(v) for n, v in kept.items() if n.startswith("scores_")], default=0)
    donors = sum(v.numel() for n, v in kept.items() if n.startswith("donor"))
    learnt = trained.state()["data"]["arguments"]
    columns = learnt.get("columns")
    columns = columns.get("dict", columns) if isinstance(columns, Mapping) else {}
    categories = sum(map(len, columns.get("categories") or []))
    found = {
        "no row of it": not rows + donors,
        f"{rows:,} rows of it, as the model sees them: what scores measure distances from": rows > 0,
        f"{donors:,} of its numbers, or fewer: what cells are drawn from": donors > 0,
        f"the scores of {scores:,} rows": scores > 0,
        "the size of its pictures": "given" in learnt,
        f"names and types of {len(columns.get('kinds') or []):,} columns, mean and deviation of each number": bool(
            columns
        ),
        f"{categories:,} categories, word for word": categories > 0,
        "the values of its labels, or of the columns that are given": trained.condition_ is not None,
        "statistics of codes, from which samples are drawn": True,
        f"the losses of {len(trained.history_):,} epochs, and what stands above": True,
    }
    return [text for text, holds in found.items() if holds]


def _text(document: Mapping[str, Any]) -> str:
    file, training = document["file"], dict(document["training"])
    head = f"{file['path']}: {figure(file['bytes'])} bytes, format version {file['format version']}"
    kind = training.pop("data", None) or said(document["parts"]["data"])
    del training["parameters"]
    training |= {"best_epoch": training["best_epoch"] + 1, "seed": str(training["seed"])}
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
