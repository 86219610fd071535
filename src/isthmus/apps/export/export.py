"""Export: a part of a model as one file that gives the same numbers without isthmus."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus import InputError
from isthmus.apps.export.metadata import KEY, described
from isthmus.support.atomic import atomic

SUFFIXES = (".onnx", ".pt2")
DEFAULTS = ("score", "impute", "denoise", "reconstruct")
"""What an estimator is for: the first of these that it has."""
DRAWS = {
    "sample": "it draws at random; export 'decode', and draw the codes yourself",
    "interpolate": "it is 'decode' on a line between two codes; export that",
    "corrupt": "it draws at random, and belongs to the training",
}
"""What models can do that is no graph, and why."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    path : str
    part : str
    inputs, outputs : list of dict
        Name, kind, dtype and shape of each, and the categories.
    trial : Trial
        How close the file is to the model, and how fast it runs.
    """

    path: str
    part: str
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    trial: Any


def export(estimator: Any, path: str | os.PathLike[str], part: str | None = None) -> Exported:
    """Write a part of a fitted estimator as one ONNX file, checked in onnxruntime before it appears under its name.

    All that the model does to its input and output is in the graph: scaling, one-hot codes, gaps, units. Numbers, dates
    and durations (in seconds) are doubles, NaN where a cell is missing; texts are strings, empty where it is missing.

    Parameters
    ----------
    estimator : Autoencoder, AnomalyDetector, Imputer or Denoiser
        Fitted.
    path : str or PathLike
        ``.onnx``, or ``.pt2`` for a program of `torch.export`, which takes encoded columns: what ``data_.read`` gives.
    part : str or None, default None
        One of ``estimator.graphs()``; None: ``"score"`` of a detector, ``"impute"`` of an imputer, ``"denoise"`` of a
        denoiser, else ``"reconstruct"``.

    Returns
    -------
    Exported

    Raises
    ------
    InputError
        There is no such part, the suffix is another, the path cannot be written, or names of columns clash.
    MissingExtraError
        onnx, onnxscript or onnxruntime is not installed.
    TrialError
        The file does not give the numbers of the model; it is removed.
    """
    chosen = checked(estimator, path, part)
    from isthmus.apps.export.wrapper import joined

    module = joined(estimator, chosen)
    inputs, outputs = ([port.described() for port in ports] for ports in (module.inputs, module.outputs))
    about = described(estimator, chosen, inputs, outputs)
    if Path(path).suffix.lower() == ".pt2":
        from isthmus.apps.export import torch_export as program

        written = program.write(module, path, about)
        return Exported(os.fspath(path), chosen, *written)
    trial = _write(module, path, about)
    return Exported(os.fspath(path), chosen, inputs, outputs, trial)


def checked(estimator: Any, path: str | os.PathLike[str], part: str | None = None) -> str:
    """Return the name of the part that `export` would write: the one asked for, or what the estimator is for.

    Raises
    ------
    InputError
        There is no such part, or no such kind of file.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{str(path)!r} ends in {suffix!r}: give a path that ends in {' or '.join(SUFFIXES)}")
    known = estimator.graphs()
    if part is None:
        part = next(name for name in DEFAULTS if name in known)
    if part in DRAWS:
        raise InputError(f"{part!r} cannot be exported: {DRAWS[part]}")
    if part not in known:
        raise InputError(f"this {type(estimator).__name__} has no part {part!r}; choose one of {', '.join(known)}")
    if part == "denoise" and estimator.autoencoder_.model_.net.fills:
        raise InputError(
            "this model fills what a mask marks, and a mask is no input of an exported file: isthmus denoise IMAGE "
            "--model MODEL --mask IMAGE fills it; 'reconstruct' exports what it makes of whole images"
        )
    return part


def _write(module: Any, path: str | os.PathLike[str], about: dict[str, Any]) -> Any:
    from isthmus.apps.export.onnx import assembled
    from isthmus.apps.export.verify import tried
    from isthmus.support.errors import extra

    extra("onnxruntime", "export")
    model = assembled(module)
    model.producer_name, model.producer_version = "isthmus", about["version"]
    model.metadata_props[KEY] = json.dumps(about, ensure_ascii=False)
    with atomic(path) as temporary:
        extra("onnx_ir", "export").save(model, temporary)
        return tried(module, temporary)
