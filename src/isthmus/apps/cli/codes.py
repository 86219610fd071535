"""``isthmus encode`` and ``isthmus decode``: between data and codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import click

from isthmus.apps.cli.command import Failure, command, option
from isthmus.apps.cli.inputs import Rows, condition, data_options, load, meet, model_argument
from isthmus.apps.cli.inputs import read as read_data
from isthmus.apps.cli.output import ROWS, json_option, output_option
from isthmus.apps.cli.values import Named
from isthmus.apps.cli.written import common_shape, write


@command(
    "encode",
    "isthmus encode digits.safetensors digits -o codes.parquet",
    "isthmus encode photos.safetensors holiday-photos/ --pool mean -o codes.parquet",
)
@model_argument
@data_options
@output_option("Where the codes go: .npy, .csv or .parquet, a row for each row of DATA")
@option(
    "--pool",
    type=Named(["mean"]),
    default=None,
    section="In and out",
    help="Of codes with a vector in each of several positions, write the mean over these: one size for all rows",
)
@json_option
def encode(model: str, read: Callable[..., Rows], output: str, pool: Literal["mean"] | None, as_json: bool) -> None:
    """Write the codes of DATA."""
    from isthmus.data.tables.rows import joined
    from isthmus.tasks.evaluation.evaluate import condition_of, labelled_pieces

    trained, rows = meet(model, read)
    pieces = labelled_pieces(rows.X, rows.y)
    codes = joined([trained.transform(piece, condition_of(trained, y), pool=pool) for piece, y in pieces])
    shape = common_shape(codes)
    if None in shape:
        raise Failure(
            f"{rows.name!r} holds pictures of several sizes, whose codes differ in their number of positions: give "
            "--pool mean, for the mean over the positions of each"
        )
    if len(shape) > 2 and not output.lower().endswith(".npy"):
        raise Failure(
            f"a code has {' x '.join(map(str, shape[1:]))} numbers, which only .npy keeps in this shape: give such a "
            "name, or --pool mean"
        )
    write(output, [codes], as_json, columns=list(trained.get_feature_names_out())[: shape[1]])


@command("decode", "isthmus decode digits.safetensors codes.parquet -o decoded.npy")
@model_argument
@click.argument("codes", metavar="CODES")
@output_option(ROWS, folder=True)
@option("--condition", "text", metavar="VALUE", help="The condition, for a model that was trained with one")
@json_option
def decode(model: str, codes: str, output: str, text: str | None, as_json: bool) -> None:
    """Write what codes decode to.

    CODES is a file of numbers, as many in a row as a code has. A mean over positions cannot be decoded.
    """
    import numpy as np

    trained, numbers = load(model), np.array(read_data(codes).X)
    if numbers.dtype.kind not in "fiu":
        raise Failure(f"{codes!r} holds {numbers.dtype} where codes are numbers: give what isthmus encode wrote")
    rows = trained.inverse_transform(numbers, condition(trained, text))
    write(output, [rows], as_json)
