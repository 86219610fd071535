"""``isthmus demo``: every variant on real data, in about a minute."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from isthmus.apps.cli.command import command, option
from isthmus.apps.cli.output import json_option, show, table

NEXT = """\
Open {folder}/report.html in a browser. Then try

  isthmus info {folder}/topk.safetensors
  isthmus sample {folder}/variational.safetensors -n 64 -o samples.png
  isthmus interpolate {folder}/variational.safetensors digits --from 3 --to 7 -o walk.png
  isthmus compare {folder}/*.safetensors {folder}/test-digits.npy
  isthmus train YOUR-DATA.csv -o model.safetensors      (also .parquet, .npy, or a folder of pictures)"""

COLUMNS = {
    "variant": "variant",
    "units": "code",
    "mse": "test error",
    "noisy": "noisy input",
    "probe": "probe",
    "active": "active units",
    "seconds": "seconds",
}


@command("demo")
@option(
    "-o", "--output", metavar="FOLDER", default="isthmus-demo", show_default=True, help="Where models and report go"
)
@option("--epochs", type=click.IntRange(min=1), default=None, help="Passes over the rows, for every variant")
@json_option
def demo(output: str, epochs: int | None, as_json: bool) -> None:
    """Train every variant on real handwritten digits.

    They come with scikit-learn: nothing is downloaded. Writes a model file for each variant,
    one report, and the digits that were held out.
    """
    from isthmus.apps import demo as shown

    logging.getLogger("isthmus").setLevel(logging.WARNING)  # a line for each variant, none for each epoch
    _tell(shown.ABOUT)
    folder = Path(output)
    lines = shown.run(folder, epochs=epochs, tell=_tell)
    show({"folder": str(folder), "variants": lines}, _text(lines, folder), as_json)


def _tell(text: str) -> None:
    if not click.get_current_context().meta.get("quiet"):
        click.echo(text, err=True)


def _text(lines: list[dict[str, Any]], folder: Path) -> str:
    measured = table([{said: line[name] for name, said in COLUMNS.items()} for line in lines])
    return f"\n{measured}\n\n{LEGEND}\n\n{NEXT.format(folder=folder)}"


LEGEND = """\
test error: mean squared error of a pixel in [0, 1], on digits that were not trained on; noisy input: the same where the
model sees them under noise; probe: share of these digits that logistic regression names from their codes."""
