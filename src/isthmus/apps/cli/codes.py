"""``isthmus encode`` and ``isthmus decode``: between data and codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from isthmus.apps.cli.command import Failure, command, option
from isthmus.apps.cli.inputs import condition, data_options, load, meet, model_argument
from isthmus.apps.cli.inputs import read as read_data
from isthmus.apps.cli.output import ROWS, json_option, output_option
from isthmus.apps.cli.written import write


@command("encode", "isthmus encode digits.safetensors digits -o codes.parquet")
@model_argument
@data_options
@output_option("Where the codes go: .npy, .csv or .parquet, a row for each row of DATA")
@json_option
def encode(model: str, read: Callable[[], Any], output: str, as_json: bool) -> None:
    """Write the codes of DATA."""
    from isthmus.tasks.evaluation.evaluate import condition_of, labelled_pieces

    trained, rows = meet(model, read)
    codes = [trained.transform(piece, condition_of(trained, y)) for piece, y in labelled_pieces(rows.X, rows.y)]
    write(output, codes, as_json, columns=list(trained.get_feature_names_out()))


@command("decode", "isthmus decode digits.safetensors codes.parquet -o rebuilt.npy")
@model_argument
@click.argument("codes", metavar="CODES")
@output_option(ROWS, folder=True)
@option("--condition", "text", metavar="VALUE", help="What is given, for a model that was trained with a condition")
@json_option
def decode(model: str, codes: str, output: str, text: str | None, as_json: bool) -> None:
    """Write what codes decode to.

    CODES is a file of numbers, as many in a row as a code has.
    """
    import numpy as np

    trained, numbers = load(model), np.array(read_data(codes).X)
    if numbers.dtype.kind not in "fiu":
        raise Failure(f"{codes!r} holds {numbers.dtype} where codes are numbers: give what isthmus encode wrote")
    rows = trained.inverse_transform(numbers, condition(trained, text))
    write(output, [rows], as_json)
