"""``isthmus evaluate``: how well a model does on data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from isthmus.apps.cli.command import command
from isthmus.apps.cli.inputs import data_options, meet, model_argument
from isthmus.apps.cli.output import facts, json_option, show, table

NAMES = {
    "rows": "rows",
    "mse": "mean squared error",
    "explained": "variance explained",
    "elbo": "ELBO, nats a row",
    "units": "units",
    "active": "active units",
    "probe": "accuracy of a linear probe",
    "rows_per_second": "rows encoded a second",
}
"""What the figures are called."""


@command(
    "evaluate",
    "isthmus evaluate digits.safetensors digits",
    "isthmus evaluate cells.safetensors new-cells.csv --label kind --json",
)
@model_argument
@data_options
@json_option
def evaluate(model: str, read: Callable[..., Any], as_json: bool) -> None:
    """Measure a model on DATA.

    The error is the one that the model was trained with, a mean over the elements of each row. Rows that the model
    was trained on make it look better than it is. Where there are labels, a linear probe tells how much of them the
    codes hold: logistic regression, trained on half of the rows and tested on the other half.
    """
    from isthmus.tasks.evaluation import evaluate as evaluation

    trained, rows = meet(model, read)
    figures = evaluation.evaluate(trained, rows.X, rows.y)
    show({"model": model, "data": rows.name, **figures}, _text(figures), as_json)


def _text(figures: Mapping[str, Any]) -> str:
    sections = [
        facts({said: figures[name] for name, said in NAMES.items() if name in figures}),
        "error of a row\n" + facts(figures["error"], indent="  "),
    ]
    return "\n\n".join([*sections, *([table(figures["columns"])] if "columns" in figures else [])])
