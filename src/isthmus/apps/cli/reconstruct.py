"""``isthmus reconstruct``: rows in, rows out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

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
        write_reconstruction(trained, rows, output, as_json)
        return
    from isthmus.apps.cli.kinds.base import files_of
    from isthmus.data.tables.rows import joined

    X, reconstructed = (joined(side) for side in zip(*_pairs(trained, rows), strict=True))
    count = files_of(trained.data_).beside(trained, replace(rows, X=X), reconstructed, output)
    said = f"{output}: {counted(count, 'row')} beside the reconstruction"
    show({"output": output, "rows": count}, said, as_json)


def write_reconstruction(trained: Autoencoder, rows: Rows, output: str, as_json: bool) -> None:
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
