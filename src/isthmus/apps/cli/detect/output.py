"""What ``isthmus detect`` does with rows and with time steps, and what it says of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from isthmus.apps.capabilities import NEIGHBOURING
from isthmus.apps.cli.command import Failure
from isthmus.apps.cli.detect.options import Wish
from isthmus.apps.cli.output import facts, figure, table
from isthmus.apps.cli.rows import cuts, joined

LABELS = 12
"""Labels that are shown to people."""


# -- rows of a table, or pictures ------------------------------------------------------------------------------------


def judge_rows(
    found: Any, wish: Wish, span: slice, output: str, explain: bool, plot: str | None
) -> tuple[dict[str, Any], str]:
    """Judge rows piece by piece; return what was found, for machines and for people."""
    from tqdm.auto import tqdm

    from isthmus.apps.figures.scores import scores_figure
    from isthmus.apps.figures.signal import write_figure
    from isthmus.data.io.appending import appending
    from isthmus.data.io.csv_stream import opened, text_columns
    from isthmus.tasks.anomaly.batch import explained, judged

    pictures = len(found.autoencoder_.data_.shape) == 3
    if pictures and explain:
        raise Failure("--explain names columns, but pictures have none: leave it out")
    X = opened(wish.data, text_columns(found.autoencoder_.data_))
    last = sys.maxsize if span.stop is None else span.stop
    total = min(last, len(X)) - span.start
    if total <= 0:
        raise Failure(f"--rows {span.start}: picks no row: the data has {len(X):,}, numbered from 0")
    quiet = click.get_current_context().meta.get("quiet")
    with (
        tqdm(total=total, unit=" rows", unit_scale=True, desc="scoring", disable=True if quiet else None) as bar,
        appending(output) as append,
    ):
        findings = judged(
            found,
            cuts(X, span.start, last),
            append,
            first=span.start,
            aside=wish.aside,
            label=wish.label,
            explain=explain,
            keep_scores=plot is not None,
            seen=bar.update,
        )
    worst = [] if pictures else explained(found, findings.worst)
    if plot:
        scores = {
            f"{wish.label} = {label}" if wish.label else "": _whole(pieces) for label, pieces in findings.scores.items()
        }
        write_figure(plot, scores_figure(scores, found.threshold_, f"Scores of {Path(wish.data).name}"))
    labels = _labels(findings, wish.label)
    document = {"rows": findings.rows, "flagged": findings.flagged, "labels": labels, "worst": worst, "plot": plot}
    sections = [_head(output, findings.rows, findings.flagged, found, wish, plot), _shown(labels)]
    lines = [{"row": row["row"], "score": row["score"], "to blame": _blame(row["blame"])} for row in worst]
    return document, "\n\n".join(filter(None, [*sections, _titled("the most abnormal rows", lines)]))


def _whole(pieces: list[Any]) -> Any:
    import numpy as np

    return np.concatenate(pieces)


def _labels(findings: Any, name: str | None) -> list[dict[str, Any]]:
    """Return how many rows of each label there are, and how many are flagged; the most frequent first."""
    return [
        {
            str(name): label,
            "rows": rows,
            "flagged": findings.flagged_of_label[label],
            "share": f"{findings.flagged_of_label[label] / rows:.1%}",
        }
        for label, rows in findings.of_label.most_common()
    ]


def _shown(labels: list[dict[str, Any]]) -> str:
    more = len(labels) - LABELS
    return table(labels[:LABELS]) + (f"\n… and {more} rarer labels (all of them: --json)" if more > 0 else "")


def _blame(cells: list[dict[str, Any]]) -> str:
    """Return the first cell, and those others of which at least one percent is to say."""
    told = [cell for place, cell in enumerate(cells) if place == 0 or cell["share"] >= 0.01]
    return ", ".join(f"{cell['column']} = {figure(cell['value'])} ({cell['share']:.0%})" for cell in told)


# -- time steps of a signal -------------------------------------------------------------------------------------------


def judge_signal(
    found: Any, wish: Wish, span: slice, output: str, explain: bool, plot: str | None
) -> tuple[dict[str, Any], str]:
    """Judge the time steps of a signal; return what was found, for machines and for people."""
    from isthmus.apps.figures.signal import write_figure
    from isthmus.apps.figures.time_steps import drawn
    from isthmus.data.io.appending import appending
    from isthmus.data.io.csv_stream import opened
    from isthmus.tasks.anomaly.batch import parted
    from isthmus.tasks.anomaly.time_steps import judged

    last = sys.maxsize if span.stop is None else span.stop
    X, beside = parted(joined(list(cuts(opened(wish.data), span.start, last))), wish.aside)
    result = judged(found, X, join=found.autoencoder_.data_.window)
    kept = {} if beside is None else dict(zip(beside.column_names, beside.columns, strict=True))
    columns = {name: values for name, values in result.columns.items() if explain or not name.startswith("blame")}
    time, *others = columns
    with appending(output) as append:
        append({time: columns[time], **kept, **{name: columns[name] for name in others}})
    rows, stretches = result.table(), Path(output).with_stem(Path(output).stem + "-intervals")
    if rows:
        with appending(stretches) as append:
            append({name: [row[name] for row in rows] for name in rows[0]})
    if plot:
        known = None if wish.label is None or beside is None else beside[wish.label]
        write_figure(plot, drawn(result, X, found.threshold_, f"{Path(wish.data).name}", known))
    flagged = int(columns["flagged"].sum())
    document = {"rows": len(result.times), "flagged": flagged, "intervals": rows, "plot": plot}
    head = _head(output, len(result.times), flagged, found, wish, plot)
    found_in = f"intervals, the highest score first (all of them, in the order of time: {stretches})"
    worst = sorted(rows, key=lambda row: -row["score"])[:10]
    return document, "\n\n".join(filter(None, [head, _titled(found_in, worst) if rows else "no interval is flagged"]))


# -- what is said ----------------------------------------------------------------------------------------------------


def _head(output: str, rows: int, flagged: int, found: Any, wish: Wish, plot: str | None) -> str:
    """Say what was written, and what the threshold means."""
    what = {"rows": rows, "flagged": f"{figure(flagged)} ({flagged / rows:.2%})", "threshold": found.threshold_}
    return f"{output}\n" + facts({**what, **_meaning(found, wish), **({"figure": plot} if plot else {})}, "  ")


def _meaning(found: Any, wish: Wish) -> Mapping[str, Any]:
    """Say which share the threshold keeps, and of what."""
    about = found.calibration_
    if wish.contamination is not None or (about["method"] == "training" and wish.false_alarm_rate is None):
        share = wish.contamination or found.contamination
        kept = f"{share:.3g} of the training rows" if share is not None else "set by its value"
        return {"keeps": kept, "training": found.training_}
    rate, ordered = wish.false_alarm_rate or found.false_alarm_rate, found.autoencoder_.data_.ordered
    unit = "time steps" if ordered else "rows"
    return {
        "asked for": f"{rate:.3g} of future normal {unit} flagged",
        "found with": f"{figure(about['rows'])} normal {unit}, {about['method']}-conformal",
        "guarantee": NEIGHBOURING if ordered else about["guarantee"],
    }


def _titled(title: str, rows: list[dict[str, Any]]) -> str:
    return f"{title}\n{table(rows)}" if rows else ""
