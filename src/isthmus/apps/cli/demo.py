"""``isthmus demo``: every variant on real data, in less than a minute."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from isthmus.apps.cli.command import INTERRUPTED, command, option, tell
from isthmus.apps.cli.output import json_option, show, table

NEXT = """\
Open {folder}/report.html in a browser. Then try

  isthmus info {folder}/topk.safetensors
  isthmus sample {folder}/variational.safetensors -n 64 -o samples.png
  isthmus interpolate {folder}/variational.safetensors digits --from 3 --to 7 -o walk.png
  isthmus compare {folder}/*.safetensors {folder}/test-digits.npy
  isthmus train YOUR-DATA.csv -o model.safetensors      (also .parquet, .npy, or a folder of images)"""

BAR = "{desc} {bar:30} {n_fmt}/{total_fmt} epochs, {elapsed}"

FIGURES = ("units", "active", "parameters", "seconds", "mse", "explained", "noisy", "probe")
"""Figures of the table, which the report has too."""

LEGEND = """\
All of it is measured on digits that were not trained on. squared error: mean over pixels in [0, 1]; noisy input: the
same where the model sees them under noise; probe: fraction of the digits that logistic regression reads right from
their codes."""


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
    from isthmus.apps import demo as demonstration
    from isthmus.variants import variants

    logging.getLogger("isthmus").setLevel(logging.WARNING)  # a line for each variant, none for each epoch
    names, folder, lines = list(variants()), Path(output), []
    tell(demonstration.ABOUT.format(variants=len(names), seconds=demonstration.SECONDS))
    drawn = sys.stderr.isatty() and not click.get_current_context().meta.get("quiet")
    try:
        for line in demonstration.run(folder, partial(_bar, len(names), drawn), epochs):
            lines.append(line)
            if not drawn:
                tell(f"{_title(len(lines), len(names), line['variant'])}: trained in {line['seconds']:.1f} s")
            if len(lines) == len(names):
                tell("writing the report …")
    except KeyboardInterrupt:
        _interrupted(folder, names, len(lines))
    show({"folder": str(folder), "variants": lines}, _text(lines, folder), as_json)


def _title(number: int, variants: int, name: str) -> str:
    return f"[{number}/{variants}] {name}"


def _bar(variants: int, drawn: bool, number: int, name: str) -> Callable[[Any], None]:
    """Return what is called with the events of a variant's training, and draws its bar."""
    from tqdm import tqdm

    bar = tqdm(bar_format=BAR, desc=f"{_title(number, variants, name):<17}", disable=not drawn)

    def watch(event: Any) -> None:
        if event.kind == "begin":
            bar.reset(event.epochs)
        elif event.kind == "epoch":
            bar.update()
        elif event.kind == "end":
            bar.close()

    return watch


def _interrupted(folder: Path, names: Sequence[str], done: int) -> NoReturn:
    """Say what is missing, and end the command."""
    missing = ", ".join([*names[done:], "the report"])
    written = f"written to {folder}/: {', '.join(names[:done])}" if done else "nothing was written"
    click.echo(f"interrupted; {written}; missing: {missing}", err=True)
    click.get_current_context().exit(INTERRUPTED)


def _text(lines: list[dict[str, Any]], folder: Path) -> str:
    from isthmus.apps.report.sections.comparison import HEADS, in_words

    rows = [{"model": line["variant"], **{HEADS[key]: in_words(key, line[key]) for key in FIGURES}} for line in lines]
    return f"\n{table(rows)}\n\n{LEGEND}\n\n{NEXT.format(folder=folder)}"
