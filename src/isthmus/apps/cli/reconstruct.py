"""``isthmus reconstruct`` and ``isthmus denoise``: rows in, rows out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from isthmus import variants
from isthmus.apps.cli.command import command, option
from isthmus.apps.cli.inputs import data_options, meet, model_argument
from isthmus.apps.cli.output import ROWS, json_option, output_option, show
from isthmus.apps.cli.progress import rows_done
from isthmus.apps.cli.rows import Rows
from isthmus.apps.cli.written import pieces_as_read, write
from isthmus.support.errors import counted

if TYPE_CHECKING:
    from isthmus import Autoencoder


@command(
    "reconstruct",
    "isthmus reconstruct digits.safetensors digits --rows 0:64 -o reconstructed.png",
    "isthmus reconstruct photos.safetensors holiday-photos/ -o reconstructed/",
    "isthmus reconstruct sounds.safetensors talk.wav -o reconstructed.wav",
    "isthmus reconstruct digits.safetensors digits --rows 0:20 --beside -o beside.png",
    "isthmus reconstruct cells.safetensors new-cells.csv --label kind --beside -o beside.csv",
)
@model_argument
@data_options
@output_option(ROWS, folder=True)
@option(
    "--beside",
    is_flag=True,
    section="In and out",
    help="Write the original, its reconstruction and the difference: images on one sheet (.png) or in a folder, the "
    "columns of a table next to each other, a signal as lines (.svg or .png)",
)
@json_option
def reconstruct(model: str, read: Callable[..., Rows], output: str, beside: bool, as_json: bool) -> None:
    """Write the reconstruction of DATA.

    Differences are the reconstruction less the original.
    """
    trained, rows = meet(model, read)
    if not beside:
        _reconstruct(trained, rows, output, as_json)
        return
    from isthmus.apps.cli.kinds.base import files_of
    from isthmus.data.tables.rows import joined

    X, reconstructed = (joined(side) for side in zip(*_pairs(trained, rows), strict=True))
    count = files_of(trained.data_).beside(trained, replace(rows, X=X), reconstructed, output)
    said = f"{output}: {counted(count, 'row')} beside the reconstruction"
    show({"output": output, "rows": count}, said, as_json)


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
    as_written = pieces_as_read(output, rows.reading, len(rows.X))
    made = [as_written(made, piece) for piece, made in _pairs(trained, rows)]
    write(output, made, as_json, names=rows.names)


def _pairs(trained: Autoencoder, rows: Rows) -> Iterator[tuple[Any, Any]]:
    """Yield pieces of the rows, each with its reconstruction."""
    from isthmus.tasks.evaluation.evaluate import condition_of, labelled_pieces

    with rows_done(len(rows.X), "reconstructed") as done:
        for piece, y in labelled_pieces(rows.X, rows.y):
            yield piece, trained.reconstruct(piece, condition_of(trained, y))
            done(len(piece))
