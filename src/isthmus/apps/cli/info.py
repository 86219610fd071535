"""``isthmus info``: what a model file is, and how data would be read."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from isthmus.apps.cli.about_compressed import about_compressed, is_compressed_file
from isthmus.apps.cli.about_data import about_data, is_model
from isthmus.apps.cli.command import command
from isthmus.apps.cli.exported import exported, is_exported
from isthmus.apps.cli.inputs import data_options, load
from isthmus.apps.cli.inputs import read as read_data
from isthmus.apps.cli.output import facts, figure, json_option, show
from isthmus.apps.cli.reading_options import SECTION as TABLES
from isthmus.apps.cli.rows import Rows

if TYPE_CHECKING:
    from isthmus.estimators.card import Card


def _silent(note: str) -> None:
    """Suppress the messages about conversions, which are part of what is shown."""


@command(
    "info",
    "isthmus info digits.safetensors",
    "isthmus info digits.onnx",
    "isthmus info table.csv                how each column would be read",
    "isthmus info photos/ --json",
    "isthmus info photo.isth               what a compressed file holds",
)
@partial(
    data_options, argument=click.argument("data", metavar="MODEL|DATA|FILE"), reader=partial(read_data, say=_silent)
)
@json_option
def info(read: Callable[[], Rows], as_json: bool) -> None:
    """Show what a model file contains, or how data would be read.

    Of a model: its parts, how it was trained, and what it keeps of the data. Of a file that export wrote: which part of
    which model it is, its inputs and its outputs. Of a file that compress wrote: what it holds, and whether it is
    intact. Of data, without training: each column with its kind, its gaps, its range or its commonest category, what
    was converted, and what may be wrong; sizes and formats of images, and those that are broken; channels and time
    steps of a signal.
    """
    path = click.get_current_context().params["data"]
    if is_compressed_file(path):
        _refuse_data_options(path)
        show(*about_compressed(path), as_json)
        return
    if not (is_exported(path) or is_model(path)):
        show(*about_data(path, read), as_json)
        return
    _refuse_data_options(path)
    show(*(exported(path) if is_exported(path) else _about_model(path)), as_json)


def _refuse_data_options(path: str) -> None:
    context = click.get_current_context()
    for param in context.command.params:
        typed = context.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE
        if typed and getattr(param, "section", "") in ("In and out", TABLES):
            raise click.UsageError(f"{param.opts[0]} is about data, but {path!r} is none: leave it out")


def _about_model(path: str) -> tuple[dict[str, Any], str]:
    """Return what a model file contains, for machines and for people."""
    estimator = load(path, "Autoencoder", "AnomalyDetector", "Imputer", "Denoiser")
    trained, card = estimator.autoencoder_, estimator.card()
    document = {
        "file": _file(path),
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
    return document, _text(document)


def _file(path: str) -> dict[str, Any]:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as stream:
        header = stream.metadata()
    return {"path": path, "bytes": os.path.getsize(path), "format version": int(header["version"])}


def _model(card: Card) -> dict[str, Any]:
    """Return the parts in words."""
    return {
        "estimator": card.estimator,
        "variant": card.variant,
        "code": card.code,
        "row": _size(card.row),
        **card.parts,
        "condition": card.condition,
        "parameters": card.parameters,
    }


def _size(row: Sequence[int | None]) -> str:
    sides = " x ".join("any" if side is None else str(side) for side in row)
    return f"{sides} number" if sides == "1" else f"{sides} numbers"


def _task(card: Card) -> dict[str, Any]:
    """Return the threshold of a detector; nothing for other models."""
    if card.threshold is None:
        return {}
    decided = {
        "score": card.score,
        "threshold": card.threshold,
        "thresholds": " ".join(f"{group}={figure(limit)}" for group, limit in card.thresholds.items()) or None,
        **{name: said for name, said in card.guarantees.items() if said is not None},
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
