"""``isthmus encode`` and ``isthmus decode``: between data and codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click

from isthmus.apps.cli.command import Failure, command, option
from isthmus.apps.cli.inputs import condition, data_options, keep_option, load, model_argument
from isthmus.apps.cli.inputs import read as read_data
from isthmus.apps.cli.output import ROWS, json_option, output_option, show
from isthmus.apps.cli.progress import rows_done
from isthmus.apps.cli.reading_options import reading_of
from isthmus.apps.cli.rows import Rows
from isthmus.apps.cli.values import Named
from isthmus.apps.cli.written import as_read, common_shape, write
from isthmus.support.errors import counted


@command(
    "encode",
    "isthmus encode digits.safetensors digits -o codes.parquet",
    "isthmus encode cells.safetensors new-cells.csv --label kind -o codes.csv",
    "isthmus encode digits.safetensors digits -o map.png",
    "isthmus encode photos.safetensors holiday-photos/ --pool mean -o photo-codes.parquet",
)
@model_argument
@data_options
@output_option(
    "Where the codes go: .npy, .csv, .parquet or .feather, a row for each row of DATA, with its label; or .png or "
    ".svg, for a map of the codes, coloured by label"
)
@keep_option("kept", "encoded")
@option(
    "--pool",
    type=Named(["mean"]),
    default=None,
    section="In and out",
    help="Of codes with a vector in each of several positions, write the mean over these: one size for all rows",
)
@json_option
def encode(
    model: str,
    read: Callable[..., Rows],
    output: str,
    kept: tuple[str, ...],
    pool: Literal["mean"] | None,
    as_json: bool,
) -> None:
    """Write the codes of DATA, or draw their map.

    A table of codes begins with what says which rows they are: the file of each image of a folder, the columns of
    --keep, and the label. A map shows codes of two numbers as they are, others by their two principal components, those
    of one number as a strip for each label.
    """
    from isthmus.apps.cli.beside_codes import MAPS, TABLES, check_kept, check_output, kept_apart, table_of
    from isthmus.data.tables.rows import joined
    from isthmus.tasks.evaluation.evaluate import condition_of, labelled_pieces

    check_output(output)
    check_kept(output, kept)
    trained, rows, columns = kept_apart(model, read, kept)
    drawn = output.lower().endswith(MAPS)
    if drawn and trained.positions_:
        pool = "mean"
    parts = []
    with rows_done(len(rows.X), "encoded") as done:
        for piece, y in labelled_pieces(rows.X, rows.y):
            parts.append(trained.transform(piece, condition_of(trained, y), pool=pool))
            done(len(piece))
    codes = joined(parts)
    if drawn:
        _draw(output, codes, rows, as_json)
        return
    shape = common_shape(codes)
    if None in shape:
        raise Failure(
            f"{rows.name!r} holds images of several sizes, whose codes differ in their number of positions: give "
            "--pool mean, for the mean over the positions of each"
        )
    if len(shape) > 2 and not output.lower().endswith(".npy"):
        raise Failure(
            f"a code has {' x '.join(map(str, shape[1:]))} numbers, which only .npy keeps in this shape: give such a "
            "name, or --pool mean"
        )
    names = list(trained.get_feature_names_out())[: shape[1]]
    table = output.lower().endswith(TABLES)
    columns = None if columns is None else as_read(output, columns, columns, rows.reading)
    write(output, [table_of(codes, names, rows, columns) if table else codes], as_json, columns=names)


def _draw(output: str, codes: Any, rows: Rows, as_json: bool) -> None:
    """Draw the map of codes."""
    import numpy as np

    from isthmus.apps.figures.code_map import code_map

    code_map(np.asarray(codes, dtype=np.float64), rows.y, Path(rows.name).name, rows.label or "label").save(output)
    document = {"output": output, "rows": len(codes)}
    numbers = counted(codes.shape[1], "number")
    show(document, f"{output}: a map of {counted(len(codes), 'code')} of {numbers}", as_json)


@command("decode", "isthmus decode digits.safetensors codes.parquet -o decoded.npy")
@model_argument
@click.argument("codes", metavar="CODES")
@output_option(ROWS, folder=True)
@option("--condition", "text", metavar="VALUE", help="The condition, for a model that was trained with one")
@json_option
def decode(model: str, codes: str, output: str, text: str | None, as_json: bool) -> None:
    """Write what codes decode to.

    CODES is a file that encode wrote, or one of numbers, as many in a row as a code has. A mean over positions cannot
    be decoded.
    """
    import numpy as np

    from isthmus.apps.cli.beside_codes import numbers_of

    trained = load(model)
    numbers = np.array(numbers_of(read_data(codes).X, list(trained.get_feature_names_out())))
    if numbers.dtype.kind not in "fiu":
        raise Failure(f"{codes!r} holds {numbers.dtype} where codes are numbers: give what isthmus encode wrote")
    rows = trained.inverse_transform(numbers, condition(trained, text))
    write(output, [as_read(output, rows, rows, reading_of(trained))], as_json)
