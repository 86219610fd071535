"""``isthmus report``: one page that shows what a model learnt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isthmus.apps.capabilities import autoencoder_of
from isthmus.apps.cli.command import command, option
from isthmus.apps.cli.inputs import data_options, load, model_argument, suited
from isthmus.apps.cli.output import json_option, output_option, show, writable_page
from isthmus.apps.cli.rows import enough


@command("report", "isthmus report digits.safetensors digits -o report.html")
@model_argument
@data_options
@output_option("The page, such as report.html", checked=writable_page)
@option("--title", default=None, help="The heading of the page; default: what the model is")
@option("--no-examples", is_flag=True, help="Leave all rows and images of DATA out of the page")
@json_option
def report(
    model: str, read: Callable[..., Any], output: str, title: str | None, no_examples: bool, as_json: bool
) -> None:
    """Write a page that shows what a model learnt.

    One HTML file that needs no network: curves of training, reconstructions, the latent space, and what each unit
    captures. Of a detector also the scores, the threshold and what it guarantees, the most abnormal rows, and drift.
    The page shows rows of DATA as they are, unless --no-examples is given.
    """
    from isthmus.apps.report import pages

    estimator = load(model, "Autoencoder", "AnomalyDetector", "Imputer", "Denoiser")
    rows = suited(autoencoder_of(estimator), model, read(autoencoder_of(estimator)))
    with enough(rows.name, rows.left_out):
        pages.write(estimator, rows.X, output, y=rows.y, examples=not no_examples, title=title)
    show({"output": output, "model": model, "data": rows.name}, f"{output}: open it in a browser", as_json)
