"""What ``isthmus detect`` does with rows and with time steps, and what it says of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.apps.capabilities import NEIGHBOURING
from isthmus.apps.cli.command import Failure, note
from isthmus.apps.cli.detect.choices import NOTHING_TO_NAME, Options
from isthmus.apps.cli.inputs import known_columns, open_for
from isthmus.apps.cli.output import facts, figure, table
from isthmus.apps.cli.progress import rows_done
from isthmus.apps.cli.rows import columns_of

if TYPE_CHECKING:
    from isthmus import AnomalyDetector
    from isthmus.data.io.reading import Reading
    from isthmus.tasks.anomaly.batch import Contributor, WorstRow
    from isthmus.tasks.anomaly.time_steps import SignalResult

LABELS = 12
"""Labels that are shown to people."""


# -- rows of a table, or images ------------------------------------------------------------------------------------


def detect_rows(
    detector: AnomalyDetector, options: Options, span: slice, output: str, explain: bool, plot: str | None
) -> tuple[dict[str, Any], str]:
    """Score rows piece by piece; return the result for machines and for people."""
    from isthmus.apps.cli.kinds.base import files_of

    data = detector.autoencoder_.data_
    if explain and not (data.named_columns or data.locates):
        raise Failure(NOTHING_TO_NAME)
    X, carried, reading = rows_to_score(detector, options)
    label = options.label if options.label in carried else None
    total = min(sys.maxsize if span.stop is None else span.stop, len(X)) - span.start
    if total <= 0:
        raise Failure(f"--rows {span.start}: picks no row: the data has {len(X):,}, numbered from 0")
    with rows_done(total, "scored") as done:
        summary = detector.detect_file(
            X,
            output,
            rows=span,
            kept_columns=carried,
            label=label,
            known_labels=options.abnormal,
            explain=explain,
            keep_scores=plot is not None,
            names=files_of(data).names(X),
            dates=reading.dates,
            progress=done,
        )
    if plot:
        draw_scores(plot, summary.scores, detector.threshold_, label, options.data)
    labels = _labels(summary, label)
    worst = summary.worst
    document = {"rows": summary.rows, "flagged": summary.flagged, "labels": labels, "worst": worst, "plot": plot}
    title = "the most abnormal rows" + (", known anomalies left out" if label and options.abnormal else "")
    sections = [head(output, summary.rows, summary.flagged, detector, plot), _first_labels(labels)]
    return document, "\n\n".join(filter(None, [*sections, titled(title, _worst(worst, explain))]))


def rows_to_score(detector: AnomalyDetector, options: Options) -> tuple[Any, list[str], Reading]:
    """Return DATA for a single pass, which of its columns are carried along, and how it is read."""
    kept = options.kept_columns
    X, reading = open_for(options.data, detector.autoencoder_, options.reading, *kept, optional=options.picking_label)
    columns = columns_of(X)
    lacking = [name for name in kept if columns and name not in columns]
    for name in lacking:
        note(f"{options.data}: there is no column {name!r}, by which its rows could be counted")
    return X, [name for name in kept if name not in lacking], reading


def _worst(rows: Sequence[WorstRow], explain: bool) -> list[dict[str, Any]]:
    """Return the most abnormal rows as lines of a table: the file of an image, or the row and its contributors."""
    return [
        {
            "file" if isinstance(row["row"], str) else "row": row["row"],
            "score": row["score"],
            **row["where"],
            **({"contributors": _cells(row["contributors"], explain)} if row["contributors"] else {}),
        }
        for row in rows
    ]


def draw_scores(path: str, scores: Mapping[str, list[Any]], threshold: float, label: str | None, data: str) -> None:
    """Write the figure of scores by label."""
    import numpy as np

    from isthmus.apps.figures.scores import scores_figure

    by_label = {f"{label} = {value}" if label else "": np.concatenate(parts) for value, parts in scores.items()}
    scores_figure(by_label, threshold, f"Scores of {Path(data).name}").save(path)


def _labels(summary: Any, name: str | None) -> list[dict[str, Any]]:
    """Return how many rows of each label there are, and how many are flagged; the most frequent first."""
    return [
        {
            str(name): label,
            "rows": rows,
            "flagged": summary.flagged_of_label[label],
            "fraction": f"{summary.flagged_of_label[label] / rows:.1%}",
        }
        for label, rows in summary.of_label.most_common()
    ]


def _first_labels(labels: list[dict[str, Any]]) -> str:
    more = len(labels) - LABELS
    return table(labels[:LABELS]) + (f"\n… and {more} rarer labels (all of them: --json)" if more > 0 else "")


def _cells(contributors: Sequence[Contributor], explain: bool) -> str:
    """Return the first cell, and others that contribute at least one percent; `explain`: what was expected, too."""
    named = [cell for rank, cell in enumerate(contributors) if rank == 0 or cell["contribution"] >= 0.01]
    said = [cell["text"] if explain else f"{cell['column']} = {figure(cell['value'])}" for cell in named]
    joint = "; " if explain else ", "
    return joint.join(f"{text} ({cell['contribution']:.0%})" for text, cell in zip(said, named, strict=True))


# -- time steps of a signal -------------------------------------------------------------------------------------------


def detect_time_steps(
    detector: AnomalyDetector, options: Options, span: slice, output: str, explain: bool, plot: str | None
) -> tuple[dict[str, Any], str]:
    """Score the time steps of a signal; return the result for machines and for people."""
    from isthmus.apps.figures.time_steps import drawn
    from isthmus.data.io.tabular import split_columns
    from isthmus.data.sources.in_memory import cut_pieces
    from isthmus.data.tables.rows import joined

    last = sys.maxsize if span.stop is None else span.stop
    steps, carried, reading = rows_to_score(detector, options)
    rows_of_span = joined(list(cut_pieces(steps, span.start, last)))
    X, kept = split_columns(rows_of_span, carried, known_columns(detector.autoencoder_))
    result = detector.score_time_steps(X, explain=explain)
    columns = {name: values for name, values in result.columns.items() if explain or not name.startswith("contribut")}
    rows: list[dict[str, Any]] = result.table()
    path = str(Path(output).with_stem(Path(output).stem + "-intervals"))
    _write_time_steps(output, columns, kept, reading.dates)
    if rows:
        _append(path, {name: [row[name] for row in rows] for name in rows[0]})
    if plot:
        known = None if options.label not in carried or kept is None else kept[options.label]
        drawn(result, X, detector.threshold_, f"{Path(options.data).name}", known).save(plot)
    flagged = int(columns["flagged"].sum())
    document = {"rows": len(result.times), "flagged": flagged, "intervals": rows, "plot": plot}
    about = head(output, len(result.times), flagged, detector, plot)
    title = f"intervals, the highest score first (all of them, in the order of time: {path})"
    worst = sorted(_at_peaks(rows, result) if explain else rows, key=lambda row: -row["score"])[:10]
    return document, "\n\n".join(filter(None, [about, titled(title, worst) if rows else "no interval is flagged"]))


def _at_peaks(rows: list[dict[str, Any]], result: SignalResult) -> list[dict[str, Any]]:
    """Return the intervals with what was expected at the peak of each, of the channel that contributes most there."""
    columns, lines = result.columns, []
    for row, interval in zip(rows, result.intervals, strict=True):
        at = interval.first + int(columns["score"][interval.first : interval.last + 1].argmax())
        name, value, expected = (columns[f"{what}_1"][at] for what in ("contributor", "value", "expected"))
        lines.append({**row, "at the peak": f"{name} = {value}, expected {expected}"})
    return lines


def _write_time_steps(path: str, columns: dict[str, Any], kept: Any, dates: Mapping[str, str]) -> None:
    """Write the scores of time steps: the time first, then the kept columns, their dates as they were read."""
    time, *others = columns
    copied = {} if kept is None else dict(zip(kept.column_names, kept.columns, strict=True))
    forms = {name: form for name, form in dates.items() if name in copied}
    _append(path, {time: columns[time], **copied, **{name: columns[name] for name in others}}, forms)


def _append(path: str, columns: dict[str, Any], dates: Mapping[str, str] | None = None) -> None:
    from isthmus.data.io.appending import appending

    with appending(path, dates) as append:
        append(columns)


# -- what is said ----------------------------------------------------------------------------------------------------


def head(output: str, rows: int, flagged: int, detector: AnomalyDetector, plot: str | None, unit: str = "rows") -> str:
    """Say what was written, and what the threshold means; `unit` is what its lines are."""
    what = {unit: rows, "flagged": f"{figure(flagged)} ({flagged / rows:.2%})", "threshold": detector.threshold_}
    return f"{output}\n" + facts({**what, **_meaning(detector, unit), **({"figure": plot} if plot else {})}, "  ")


def _meaning(detector: AnomalyDetector, unit: str) -> Mapping[str, object]:
    """Say what the threshold was asked for, and how far it can be trusted; `unit` is what is flagged."""
    from isthmus.tasks.anomaly.calibration import said_of

    about, thresholds = detector.calibration_, detector.thresholds_
    signal = detector.autoencoder_.data_.windowed is not None
    unit = "time steps" if signal else unit
    guarantee, band = said_of(unit, about)
    said: dict[str, str | None] = {"asked for": thresholds.asked(unit), "known anomalies": thresholds.of_known()}
    if "false_alarm_rate" in thresholds.rule:
        said["calibrated"] = f"{figure(about['rows'])} normal {unit}, {about['method']}-conformal"
        said["guarantee"] = NEIGHBOURING if signal else guarantee
    elif about["method"] == "training":
        said["training"] = detector.training_
    else:
        said["false alarms"] = f"{thresholds.false_alarms:.2%} of {figure(about['rows'])} normal {unit}"
    said["band"] = None if signal else band
    return _filled(said)


def known_figures(detector: AnomalyDetector) -> dict[str, int] | None:
    """Return how many anomalies were known, and how many of them are flagged, each as if it were not; None: none."""
    thresholds = detector.thresholds_
    known = thresholds.known.scores.size
    return {"rows": known, "flagged": thresholds.known_flagged} if known else None


def _filled(said: Mapping[str, str | None]) -> Mapping[str, str]:
    return {name: text for name, text in said.items() if text}


def titled(title: str, rows: list[dict[str, Any]]) -> str:
    """Return rows as a table below a title; nothing where there are none."""
    return f"{title}\n{table(rows)}" if rows else ""
