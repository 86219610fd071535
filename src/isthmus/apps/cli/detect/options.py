"""Where the detector of ``isthmus detect`` comes from: a file, normal rows, or the rows that it is to score."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import click

from isthmus.apps.cli.command import Failure, hushed, tell
from isthmus.apps.cli.detect.choices import NOTHING_TO_NAME, Options
from isthmus.apps.cli.detect.normal import TrainingRows, normal_rows, training_rows
from isthmus.apps.cli.detect.photos import (
    FOLDER,
    check_channels,
    check_kinds,
    check_mappable,
    images_as,
    say_what_is_equal,
    units_from_names,
)
from isthmus.apps.cli.inputs import arranged, check_ahead, known_columns, load
from isthmus.apps.cli.knobs import flag
from isthmus.apps.cli.progress import training_progress
from isthmus.apps.cli.reading_options import remember
from isthmus.apps.cli.rows import columns_of, enough
from isthmus.apps.cli.tables import table
from isthmus.support.errors import EqualRowsWarning, counted

if TYPE_CHECKING:
    from isthmus import AnomalyDetector, Autoencoder

RATE = 0.01
"""The false-alarm rate unless another one is typed."""

FLAGS = {"recall": "--recall", "precision": "--min-precision"}
"""Thresholds by known anomalies, as they are typed."""

HOW_KNOWN = "with --known FILE, or --label COLUMN --abnormal VALUE"
"""How known anomalies are named."""

CONTAMINATION = 0.1
"""The fraction of abnormal rows that is assumed where nobody says which rows are normal."""


def check(options: Options, explain: bool = False) -> None:
    """Refuse options that contradict each other."""
    if options.images:
        _check_images(options, flag(next(iter(options.images))), explain)
    if options.false_alarm_rate is not None and options.contamination is not None:
        raise click.UsageError(
            "--false-alarm-rate is a fraction of future normal rows, --contamination one of the training rows: give one"
        )
    if options.normal is not None and (options.label is None or (options.trained and options.recalibrate is None)):
        raise click.UsageError(
            "--normal VALUE picks rows to train on, or those of --recalibrate, by their --label: give that too"
        )
    _check_known(options)
    _check_recalibration(options)
    _check_settings(options)
    if options.train_rows is not None and options.model is not None and options.train is None:
        raise click.UsageError("--train-rows goes with --train, or trains on these rows of DATA: leave out --model")
    if options.unlabelled and options.false_alarm_rate is not None:
        raise click.UsageError(
            "--false-alarm-rate needs rows that are known to be normal: give --train NORMAL, or --contamination"
        )
    if options.stride is not None and options.window is None:
        raise click.UsageError("--stride goes with --window")
    of_score = {"--scorer": options.scorer, "--features": options.features, "--no-position": options.no_position}
    typed = [name for name, value in of_score.items() if value]
    if typed and options.model is not None and options.train is None:
        raise click.UsageError(f"--model {options.model!r} is trained, and knows its score: leave out {typed[0]}")
    if options.scorer not in (None, "defects") and len(typed) > 1:
        raise click.UsageError(f"{typed[1]} goes with --scorer defects, which locates faults, not {options.scorer}")
    if options.no_units and options.model is not None and options.train is None:
        raise click.UsageError(f"--model {options.model!r} is trained: leave out --no-units, which is about training")
    if options.max_categories is not None:
        _check_table(options)
    if options.model is not None and options.window is not None:
        raise click.UsageError(f"--model {options.model!r} knows its windows: leave out --window")


def _by_known(options: Options) -> str:
    """Return what was typed of a threshold by known anomalies."""
    return " and ".join(f"{FLAGS[name]} {value:g}" for name, value in options.by_known.items())


def _check_known(options: Options) -> None:
    """Refuse known anomalies that cannot be used, and thresholds by them where there are none."""
    if options.by_known:
        _check_by_known(options)
    if not options.knows:
        return
    typed = "--known" if options.known is not None else "--abnormal"
    if options.known is not None and options.abnormal:
        raise click.UsageError("--known names a file of anomalies, --abnormal labels of them: give one")
    if options.trained:
        raise click.UsageError(f"--model {options.model!r} is trained already: leave out {typed}")
    if options.abnormal and options.label is None:
        raise click.UsageError("--abnormal VALUE names known anomalies by their --label: give that too")
    if options.normal in options.abnormal:
        raise click.UsageError(f"--normal {options.normal} and --abnormal {options.normal} name the same rows")
    if options.window is not None:
        raise click.UsageError(
            f"{typed} is about rows, and --window makes DATA a signal: leave it out, and train on time steps without "
            "anomalies (--train, --train-rows)"
        )


def _check_by_known(options: Options) -> None:
    """Refuse a threshold by known anomalies beside another, or where none are known."""
    others = {"--false-alarm-rate": options.false_alarm_rate}
    if options.trained:
        others["--contamination"] = options.contamination
    typed = [_by_known(options), *(f"{name} {value:g}" for name, value in others.items() if value is not None)]
    if len(options.by_known) > 1 or len(typed) > 1:
        raise click.UsageError(f"{' and '.join(typed)} each set the threshold: give one")
    if not options.knows and not options.trained:
        raise click.UsageError(f"{_by_known(options)} sets the threshold by known anomalies: give them {HOW_KNOWN}")


def _check_table(options: Options) -> None:
    """Refuse options that contradict one about tables."""
    if options.model is not None:
        raise click.UsageError(f"--model {options.model!r} knows its categories: leave out --max-categories")
    if options.window is not None or options.images:
        other = "--window" if options.window is not None else flag(next(iter(options.images)))
        raise click.UsageError(f"--max-categories is about tables, which {other} is not: leave one out")


def _check_recalibration(options: Options) -> None:
    """Refuse a new threshold where there is no detector to change, or where several rules ask for one."""
    if options.recalibrate is None:
        return
    if not options.trained:
        raise click.UsageError(
            "--recalibrate NORMAL chooses the threshold of a trained detector anew: give its file with --model, and "
            "leave out --train"
        )
    if options.contamination is not None:
        raise click.UsageError(
            "--recalibrate takes rows that are all normal: give --false-alarm-rate, and leave out --contamination"
        )


def _check_settings(options: Options) -> None:
    """Refuse training settings where nothing is trained; a device is allowed, since it computes scores too."""
    known = [flag(name) for name in options.settings if name != "device"]
    if options.trained and known:
        raise click.UsageError(f"--model {options.model!r} is trained already: leave out {', '.join(known)}")


def _check_images(options: Options, about: str, explain: bool) -> None:
    """Refuse options that contradict one about images."""
    if options.model is not None:
        raise click.UsageError(f"--model {options.model!r} knows how it takes images: leave out {about}")
    if options.window is not None:
        raise click.UsageError(f"--window is about signals, {about} about images: leave one out")
    if explain:
        raise click.UsageError(NOTHING_TO_NAME)


def detector(options: Options) -> AnomalyDetector:
    """Return a fitted detector."""
    from isthmus.tasks.anomaly.heat import check_heat

    if options.model is None:
        return _trained(options)
    loaded: Any = load(options.model, "AnomalyDetector", "Autoencoder")
    if type(loaded).__name__ == "Autoencoder":
        from sklearn.base import clone

        _refuse_recalibration(options)

        if options.train is None:
            raise Failure(
                f"{options.model!r} is an autoencoder, which has no threshold: give --train NORMAL too, and a detector "
                "of its settings is trained"
            )
        return _trained(options, clone(loaded).set_params(**options.settings), loaded)
    if options.train is not None:
        raise Failure(
            f"{options.model!r} is a detector that is trained already: leave out --train, or leave out --model"
        )
    if options.folder:
        check_heat(loaded.autoencoder_.data_, loaded.score_, FOLDER)
    loaded.autoencoder_.set_params(**options.settings)
    return _with_threshold(loaded, options)


def _refuse_recalibration(options: Options) -> None:
    if options.recalibrate is not None:
        raise Failure(
            f"{options.model!r} is an autoencoder, which has no threshold to choose anew: train a detector of its "
            f"settings with --train {options.recalibrate} in place of --recalibrate"
        )


def _with_threshold(loaded: AnomalyDetector, options: Options) -> AnomalyDetector:
    """Return a trained detector with the threshold that the options ask for."""
    rate = options.false_alarm_rate
    if rate is not None:
        loaded.set_params(false_alarm_rate=rate)
    if options.recalibrate is not None:
        known = known_columns(loaded.autoencoder_)
        X = normal_rows(options, options.recalibrate, loaded.autoencoder_, known)
        X = arranged(X, options.recalibrate, loaded.autoencoder_, str(options.model))
        unit = "image" if loaded.autoencoder_.data_.pictorial else "row"
        tell(f"choosing the threshold from {counted(len(X), unit)} of {options.recalibrate} …")
        loaded.recalibrate(X)
    if options.by_known:
        _check_knows(loaded, options)
        return loaded.set_threshold(**options.by_known)
    if options.recalibrate is not None:
        return loaded
    if options.contamination is not None:
        return loaded.set_threshold(contamination=options.contamination)
    return loaded if rate is None else loaded.set_threshold(false_alarm_rate=rate)


def _check_knows(loaded: AnomalyDetector, options: Options) -> None:
    """Refuse a threshold by known anomalies for a detector that knows none."""
    if not loaded.thresholds_.known.scores.size:
        raise Failure(
            f"{_by_known(options)} needs known anomalies, and {options.model!r} was trained without: train a detector "
            f"with them {HOW_KNOWN}"
        )


def _autoencoder(options: Options, X: Any) -> Autoencoder | None:
    """Return what reconstructs windows of a signal, or images as the options say; None: the detector's own choice."""
    from isthmus.data.signals.signals import Signals
    from isthmus.tasks.anomaly.detector import default_autoencoder

    if options.window is not None:
        signals = Signals(window=options.window, stride=options.stride or 1)
        return default_autoencoder(len(X), signals).set_params(**options.settings)
    data: Any = images_as(options, X) or table(options.max_categories)
    if data is None:
        return default_autoencoder(len(X)).set_params(**options.settings) if options.settings else None
    return default_autoencoder(len(X), data).set_params(**options.settings)


def _score(options: Options) -> Any:
    """Return the score as typed."""
    from isthmus.tasks.anomaly.pictures import defects

    if options.features is None and not options.no_position:
        return options.score
    return defects(options.features or "auto", not options.no_position)


def _check_data(options: Options, rows: TrainingRows) -> None:
    """Refuse rows to score that a detector could not take, before it is trained on those of another file."""
    if options.train is not None:
        known, label = columns_of(rows.X), options.picking_label
        check_ahead(options.data, options.reading, known, rows.reading, *options.kept_columns, optional=label)


def _trained(
    options: Options, autoencoder: Autoencoder | None = None, origin: Autoencoder | None = None
) -> AnomalyDetector:
    """Return a detector that is trained as the options say; rows are read as those of the autoencoder's origin."""
    import isthmus
    from isthmus.data.infer import choose_data

    how: dict[str, Any] = {"false_alarm_rate": options.false_alarm_rate or RATE}
    if options.unlabelled or options.contamination is not None:
        how = {"contamination": options.contamination or CONTAMINATION}
    check_kinds(options)
    rows = training_rows(options, origin)
    _check_data(options, rows)
    scored = autoencoder or _autoencoder(options, rows.X)
    data = choose_data(None if scored is None else scored.data, rows.X)
    check_mappable(options, data)
    if data.pictorial:
        check_channels(options, rows)
        say_what_is_equal(options, rows)
    made = isthmus.AnomalyDetector(
        scored, scorer=_score(options), keep_rows=not options.no_rows, random_state=options.seed, **how
    )
    unit = "time step" if options.window is not None else "image" if data.pictorial else "row"
    path = options.train or options.data
    known = "" if rows.known is None else f", beside {counted(len(rows.known), 'known anomaly')}"
    tell(f"training on {counted(len(rows.X), unit)} of {path}{known} …")
    X, y = rows.labelled()
    units = units_from_names(options, rows) if data.pictorial and "contamination" not in how else None
    with hushed(), enough(path, picked=options.picking, unit=unit), warnings.catch_warnings():
        warnings.simplefilter("ignore", EqualRowsWarning)  # said above, with the names of files
        fitted = made.fit(X, y, units=units, callbacks=training_progress(made.trainings(rows.X)))
    remember(fitted.autoencoder_, rows.reading)
    return fitted.set_threshold(**options.by_known) if options.by_known else fitted
