"""``isthmus detect``: how abnormal each row is, which are flagged, and which columns contribute most."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from isthmus.apps.cli.command import command, option, tell
from isthmus.apps.cli.detect.choices import Options
from isthmus.apps.cli.detect.options import CONTAMINATION, RATE, check, detector
from isthmus.apps.cli.detect.output import known_figures
from isthmus.apps.cli.detect.photos import SCORES_FIGURE, check_folders, is_folder
from isthmus.apps.cli.inputs import data_argument, keep_option
from isthmus.apps.cli.output import drawable, json_option, output_option, show, writable, writable_model
from isthmus.apps.cli.reading_options import reading_options
from isthmus.apps.cli.rows import Span
from isthmus.apps.cli.settings import OF_TRAINING, image_options, image_settings, training_options
from isthmus.apps.cli.tables import categories_option

BESIDE = ""
"""What ``--plot`` is without a name: the figure goes beside the output."""

FRACTION = click.FloatRange(0, 1, min_open=True, max_open=True)


@command(
    "detect",
    "isthmus detect new.csv --train normal.csv -o scores.csv --explain",
    "isthmus detect new.csv --train all.csv --label attack --normal none --save detector.safetensors -o scores.csv",
    "isthmus detect new.csv --train all.csv --label attack --abnormal dos --recall 0.9 -o scores.csv",
    "isthmus detect new.csv --train normal.csv --known anomalies.csv --keep attack -o scores.csv",
    "isthmus detect huge.parquet --model detector.safetensors -o scores.parquet --false-alarm-rate 0.001",
    "isthmus detect new.csv --model detector.safetensors --recalibrate normal.csv --label attack --save d2.safetensors "
    "-o scores.csv",
    "isthmus detect log.csv --train-rows 0:2000 --window 64 -o time-steps.csv --plot",
    "isthmus detect new-photos/ --train photos/ -o result/",
)
@data_argument
@output_option(
    "Where the scores go: .parquet, .csv or .feather, a row for each row of DATA; for images a folder, which may be "
    "new, with scores.csv, overlays in maps/, masks in masks/, and report.html",
    folder=True,
)
@option("--label", metavar="COLUMN", section="In and out", help="Labels: not trained on; rows are counted by them")
@keep_option("kept", "trained on or scored")
@option("--rows", type=Span(), section="In and out", help="Only these rows of DATA, numbered from 0")
@option(
    "--explain",
    is_flag=True,
    section="In and out",
    help="Name the columns that contribute most to each score, and what was expected of them",
)
@option(
    "--plot",
    metavar="[FILE]",
    is_flag=False,
    flag_value=BESIDE,
    default=None,
    section="In and out",
    help="Draw the scores and the threshold, of a signal over time: .svg or .png; without a name beside the output",
)
@option("--save", metavar="MODEL", section="In and out", help="Write the detector, for --model of a later command")
@option("--train", metavar="NORMAL", section="Detector", help="Rows to train on, as a rule normal ones only")
@option("--train-rows", type=Span(), section="Detector", help="Of --train, or else of DATA, only these rows")
@option(
    "--normal",
    metavar="VALUE",
    section="Detector",
    help="Of --train or --recalibrate, or else of DATA, only rows with this label",
)
@option(
    "--abnormal",
    metavar="VALUE",
    multiple=True,
    section="Detector",
    help="Rows of --train, or else of DATA, with this label are known anomalies, not trained on: rows near them are "
    "abnormal; may be repeated",
)
@option(
    "--known", metavar="FILE", section="Detector", help="Known anomalies, rows with the columns of those to train on"
)
@option(
    "--model",
    metavar="MODEL",
    section="Detector",
    help="A detector that --save wrote; or with --train the file of an autoencoder, whose settings are taken",
)
@option(
    "--window",
    type=click.IntRange(min=2),
    section="Detector",
    help="DATA is a signal, its rows are time steps: so many make a window",
)
@option("--stride", type=click.IntRange(min=1), section="Detector", help="Time steps from one window to the next [1]")
@option(
    "--scorer",
    metavar="NAME",
    section="Detector",
    help="What a score is: joined, neighbours, tails, residual, error; of signals also channel, monitoring; of images "
    "defects, repair, values, patches, pooled [the data's own]",
)
@option(
    "--features",
    metavar="NAMES",
    section="Detector",
    help="Of images in which faults are located: what patches are looked at by, pixels, lite0, or both: pixels,lite0 "
    "[auto: both, if the extra features is installed and takes the images]",
)
@option(
    "--no-position",
    is_flag=True,
    section="Detector",
    help="Of such images: it does not count where in the image something is",
)
@option(
    "--no-units",
    is_flag=True,
    section="Detector",
    help="Hold out each training image by itself, although by their names several are of one thing: 7_1.png, 7_2.png",
)
@option(
    "--no-rows",
    is_flag=True,
    section="Detector",
    help="Keep no training rows in the detector: unless --scorer names another, the score is then joined without "
    "neighbours, or residual",
)
@categories_option("Detector")
@option(
    "--recalibrate",
    metavar="NORMAL",
    section="Threshold",
    help="Choose the threshold of --model anew, from other normal rows: nothing is trained",
)
@training_options
@image_options
@reading_options
@option("--seed", type=int, default=0, section="Detector", help="The same seed gives the same detector [0]")
@option(
    "--false-alarm-rate",
    type=FRACTION,
    section="Threshold",
    help=f"Fraction of future normal rows that may be flagged [{RATE}]",
)
@option(
    "--contamination",
    type=FRACTION,
    section="Threshold",
    help=f"Fraction of the training rows that is abnormal, and flagged; without --train and --model [{CONTAMINATION}]",
)
@option(
    "--recall",
    type=click.FloatRange(0, 1, min_open=True),
    section="Threshold",
    help="Fraction of the anomalies like the known ones to flag, in place of --false-alarm-rate",
)
@option(
    "--min-precision",
    type=FRACTION,
    section="Threshold",
    help="Fraction of what is flagged that is abnormal, at least, where anomalies are as frequent as in the training "
    "(--precision is that of computing)",
)
@json_option
def detect(
    data: str,
    output: str,
    rows: slice | None,
    explain: bool,
    plot: str | None,
    save: str | None,
    as_json: bool,
    **typed: Any,
) -> None:
    """Score each row of DATA, and flag those unlike normal ones.

    Give normal rows with --train, or a detector with --model. With neither, the rows of DATA are trained on
    themselves, as a mixture of normal and abnormal ones. A few known anomalies help a lot: name them with --known or
    --abnormal. Files of Parquet and CSV are scored piece by piece, in bounded memory. Written are the row, its score
    (higher is more abnormal), its p-value (how rare such a score is among normal rows), and whether it is flagged; of
    images into a folder also where they are abnormal.
    """  # fmt: skip
    from isthmus.apps.cli.kinds.base import files_of
    from isthmus.data.io.appending import check_appended
    from isthmus.data.io.datasets import label_of

    typed["label"] = typed["label"] or label_of(data)
    images, settings = _typed(typed, image_settings()), _typed(typed, OF_TRAINING)
    options = Options(data=data, images=images, settings=settings, folder=is_folder(output), **typed)
    check(options, explain)
    if options.folder:
        check_folders(options, output, explain)
    else:
        check_appended(output)
    figure_path = _figure_path(plot, output)
    if figure_path and plot != BESIDE:
        writable(figure_path)
    if save:
        writable_model(save)
    if options.unlabelled:
        tell(_mixture(options))
    fitted = detector(options)
    if save:
        fitted.save(save)
    kind = files_of(fitted.autoencoder_.data_)
    document, text = kind.detect(fitted, options, rows or slice(0, None), output, explain, figure_path)
    document = {"output": output, "threshold": fitted.threshold_, "calibration": fitted.calibration_, **document}
    document |= {"rule": dict(fitted.thresholds_.rule), "known": known_figures(fitted)}
    if save:
        text += f"\n\ndetector: {save}"
    show(document, text, as_json)


def _mixture(options: Options) -> str:
    """Say how rows are trained on of which nobody says that they are normal."""
    fraction = f"{options.contamination or CONTAMINATION:.1%} of its rows"
    said = f"no rows are known to be normal (--train, --model): {options.data} is trained on as it is"
    if options.by_known:
        return f"{said}, as if {fraction} were abnormal (--contamination)"
    return f"{said}, and the most abnormal {fraction} are flagged (--contamination)"


def _typed(typed: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Take some options out of all, and return those that were typed."""
    taken = {name: typed.pop(name) for name in names}
    return {name: value for name, value in taken.items() if value is not None}


def _figure_path(plot: str | None, output: str) -> str | None:
    """Return where the figure goes."""
    beside = Path(output) / SCORES_FIGURE if is_folder(output) else Path(output).with_suffix(".svg")
    path = str(beside) if plot == BESIDE else plot
    return None if path is None else drawable(path)
