"""``isthmus reconstruct`` and ``isthmus denoise``: rows in, rows out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from isthmus import variants
from isthmus.apps.cli.command import command
from isthmus.apps.cli.inputs import data_options, meet, model_argument
from isthmus.apps.cli.output import ROWS, json_option, output_option
from isthmus.apps.cli.written import write


@command("reconstruct", "isthmus reconstruct digits.safetensors digits --rows 0:64 -o rebuilt.png")
@model_argument
@data_options
@output_option(ROWS, folder=True)
@json_option
def reconstruct(model: str, read: Callable[[], Any], output: str, as_json: bool) -> None:
    """Write the reconstruction of DATA."""
    _rebuild(*meet(model, read), output, as_json)


@command(
    "denoise",
    "isthmus train scans/ -o clean.safetensors --variant denoising --level 0.1,0.6",
    "isthmus denoise clean.safetensors noisy-scans/ -o cleaned.npy",
)
@model_argument
@data_options
@output_option(ROWS, folder=True)
@json_option
def denoise(model: str, read: Callable[[], Any], output: str, as_json: bool) -> None:
    """Write DATA cleaned by a denoising model."""
    trained, rows = meet(model, read)
    variant = trained.variant_
    if not variant.denoises:
        warnings.warn(
            f"{model!r} is of the variant {variants.variant_name(variant)!r}, which was not trained to clean its "
            "input: train one with --variant denoising",
            stacklevel=2,
        )
    _rebuild(trained, rows, output, as_json)


def _rebuild(trained: Any, rows: Any, output: str, as_json: bool) -> None:
    from isthmus.tasks.evaluation.evaluate import given, pieces

    rebuilt = [trained.reconstruct(piece, given(trained, y)) for piece, y in pieces(rows.X, rows.y)]
    write(output, rebuilt, as_json)
