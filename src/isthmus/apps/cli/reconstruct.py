"""``isthmus reconstruct`` and ``isthmus denoise``: rows in, rows out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from isthmus import variants
from isthmus.apps.cli.command import command
from isthmus.apps.cli.inputs import Rows, data_options, meet, model_argument
from isthmus.apps.cli.output import ROWS, json_option, output_option
from isthmus.apps.cli.written import write

if TYPE_CHECKING:
    from isthmus import Autoencoder


@command(
    "reconstruct",
    "isthmus reconstruct digits.safetensors digits --rows 0:64 -o reconstructed.png",
    "isthmus reconstruct photos.safetensors holiday-photos/ -o reconstructed/",
)
@model_argument
@data_options
@output_option(ROWS, folder=True)
@json_option
def reconstruct(model: str, read: Callable[..., Rows], output: str, as_json: bool) -> None:
    """Write the reconstruction of DATA."""
    _reconstruct(*meet(model, read), output, as_json)


@command(
    "denoise",
    "isthmus train scans/ -o clean.safetensors --variant denoising --level 0.1,0.6",
    "isthmus denoise clean.safetensors noisy-scans/ -o cleaned.npy",
)
@model_argument
@data_options
@output_option(ROWS, folder=True)
@json_option
def denoise(model: str, read: Callable[..., Rows], output: str, as_json: bool) -> None:
    """Write DATA cleaned by a denoising model."""
    trained, rows = meet(model, read)
    variant = trained.variant_
    if not variant.denoises:
        warnings.warn(
            f"{model!r} is of the variant {variants.variant_name(variant)!r}, which was not trained to clean its "
            "input: train one with --variant denoising",
            stacklevel=2,
        )
    _reconstruct(trained, rows, output, as_json)


def _reconstruct(trained: Autoencoder, rows: Rows, output: str, as_json: bool) -> None:
    """Write the reconstruction of rows."""
    from isthmus.tasks.evaluation.evaluate import condition_of, labelled_pieces

    pieces = [trained.reconstruct(piece, condition_of(trained, y)) for piece, y in labelled_pieces(rows.X, rows.y)]
    write(output, pieces, as_json, names=rows.names)
