"""``isthmus evaluate``: how well a model does on data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from isthmus.apps.capabilities import autoencoder_of, detects
from isthmus.apps.cli.command import command
from isthmus.apps.cli.evaluate_detector import Measure, of_detectors
from isthmus.apps.cli.inputs import data_options, load, model_argument, suited
from isthmus.apps.cli.output import facts, json_option, output_option, show, table
from isthmus.apps.cli.progress import rows_done
from isthmus.apps.cli.rows import Rows

if TYPE_CHECKING:
    from isthmus import Autoencoder

NAMES = {
    "rows": "rows",
    "mse": "mean squared error",
    "explained": "variance explained",
    "si_sdr": "SI-SDR in dB",
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
    "isthmus evaluate cells.safetensors new-cells.csv --label kind -o rows.csv",
    "isthmus evaluate detector.safetensors new.csv --label attack --normal none --k 50 --miss-cost 200",
    "isthmus evaluate line3.safetensors test/ --masks ground_truth/",
)
@model_argument
@data_options
@of_detectors
@output_option(
    "Where the error of each row goes: .csv, .parquet or .feather, a row for each row of DATA, with its label",
    required=False,
)
@json_option
def evaluate(model: str, read: Callable[..., Any], measure: Measure, output: str | None, as_json: bool) -> None:
    """Measure a model on DATA.

    The error is the one that the model was trained with, a mean over the elements of each row. Rows that the model
    was trained on make it look better than it is. Where there are labels, a linear probe tells how much of them the
    codes hold: logistic regression, trained on half of the rows and tested on the other half.

    Of a detector it is measured how well it separates abnormal rows from others, by their labels: all but 0, False and
    empty ones are abnormal, or all but those of --normal. Subfolders of images are labels, too: those in one called
    good are normal. With --masks it is measured, too, how well its heat maps show where images are abnormal.
    """
    from isthmus.data.io.appending import check_appended
    from isthmus.tasks.evaluation import evaluate as evaluation

    if output:
        check_appended(output)
    estimator = load(model, "Autoencoder", "AnomalyDetector")
    trained = autoencoder_of(estimator)
    rows = suited(trained, model, read(trained))
    if detects(estimator):
        return show(*measure.of(estimator, model, rows, output), as_json)
    measure.refuse(model)
    figures = evaluation.evaluate(trained, rows.X, rows.y)
    document, text = {"model": model, "data": rows.name, **figures}, _text(figures)
    if output:
        _write_rows(output, trained, rows)
        document, text = {**document, "output": output}, f"{text}\n\nthe error of each row: {output}"
    show(document, text, as_json)


def _write_rows(output: str, trained: Autoencoder, rows: Rows) -> None:
    """Write what is measured of each row, or of each window of a signal, which has no label of its own."""
    from isthmus.data.io.appending import appending
    from isthmus.tasks.base import which_rows
    from isthmus.tasks.evaluation.evaluate import evaluated_rows

    signal, start = trained.data_.windowed is not None, 0
    with rows_done(len(rows.X), "measured") as done, appending(output) as append:
        for measured in evaluated_rows(trained, rows.X, rows.y):
            count = len(measured["error"])
            which = which_rows(start, count, rows.names)
            labels = {} if rows.y is None or signal else {rows.label or "label": rows.y[start : start + count]}
            append({**({"window": which["row"]} if signal else which), **labels, **measured})
            start += count
            done(count)


def _text(figures: Mapping[str, Any]) -> str:
    sections = [
        facts({said: figures[name] for name, said in NAMES.items() if name in figures}),
        "error of a row\n" + facts(figures["error"], indent="  "),
    ]
    if "columns" in figures:
        sections.append(table(figures["columns"]))
    if "unmeasured" in figures:
        sections.append(f"dates and durations are not measured by column: {', '.join(figures['unmeasured'])}")
    return "\n\n".join(sections)
