"""``isthmus sample`` and ``isthmus interpolate``: new rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from isthmus.apps.cli.command import command, option
from isthmus.apps.cli.inputs import condition, data_options, load, meet, model_argument
from isthmus.apps.cli.output import ROWS, json_option, output_option
from isthmus.apps.cli.reading_options import reading_of
from isthmus.apps.cli.rows import row
from isthmus.apps.cli.values import Read, size
from isthmus.apps.cli.written import as_read, write


@command(
    "sample",
    "isthmus sample vae.safetensors -n 64 -o samples.png",
    "isthmus train people.csv -o people.safetensors --variant variational",
    "isthmus sample people.safetensors -n 1000 -o made-up.csv",
)
@model_argument
@option("-n", "count", type=click.IntRange(min=1), default=16, show_default=True, help="How many rows")
@option(
    "--temperature",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Below 1: more typical; above 1: more varied",
)
@option(
    "--condition",
    "text",
    metavar="VALUE",
    help="The condition, for a model that was trained with one: a label, or a=1,b=x",
)
@option(
    "--size",
    "pixels",
    type=Read(["SIZE"], [size]),
    help="Of a model for images of any size, the size of the images in pixels: 128, or width x height as in 128x96 "
    "[that of the crops it was trained on]",
)
@option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same rows")
@output_option(ROWS, folder=True)
@json_option
def sample(
    model: str,
    count: int,
    temperature: float,
    text: str | None,
    pixels: tuple[int, int] | None,
    seed: int,
    output: str,
    as_json: bool,
) -> None:
    """Write new rows, decoded from random codes.

    Best from a variational model. The codes of others are drawn from a Gaussian, fitted on those of the training data.
    Rows of a table have the columns, types, categories and ranges that were trained on.
    """
    trained = load(model)
    how = {"temperature": temperature, "condition": condition(trained, text), "random_state": seed}
    rows = trained.sample(count, size=pixels, **how)
    write(output, [as_read(output, rows, rows, reading_of(trained))], as_json)


@command("interpolate", "isthmus interpolate vae.safetensors digits --from 3 --to 7 --steps 10 -o walk.png")
@model_argument
@data_options
@option(
    "--from",
    "start",
    type=click.IntRange(min=0),
    required=True,
    metavar="ROW",
    help="The row to begin with, numbered from 0",
)
@option("--to", "end", type=click.IntRange(min=0), required=True, metavar="ROW", help="The row to end with")
@option("--steps", type=click.IntRange(min=2), default=8, show_default=True, help="How many rows, both ends counted")
@option("--condition", "text", metavar="VALUE", help="The condition, for a model that was trained with one")
@output_option(ROWS, folder=True)
@json_option
def interpolate(
    model: str, read: Callable[..., Any], start: int, end: int, steps: int, text: str | None, output: str, as_json: bool
) -> None:
    """Write the rows between two rows of DATA.

    They are decoded from the straight line between the codes of the two.
    """
    trained, rows = meet(model, read)
    a, b = row(rows.X, start, "--from"), row(rows.X, end, "--to")
    between = trained.interpolate(a, b, steps, condition(trained, text))
    write(output, [as_read(output, between, rows.X, rows.reading)], as_json, strip=True)
