"""Scoring rows piece by piece, in bounded memory: the table of scores of a file, and its summary."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

import numpy as np

from isthmus.core.data import Rows
from isthmus.data.inputs import taken
from isthmus.data.io.appending import appending
from isthmus.data.io.files import open_as_read
from isthmus.data.io.reading import Reading
from isthmus.data.io.tabular import split_columns
from isthmus.data.sources.in_memory import cut_pieces
from isthmus.data.tables.rows import some
from isthmus.support.errors import IsthmusError
from isthmus.tasks.anomaly.checks import check_flagged
from isthmus.tasks.anomaly.expectation import Cell
from isthmus.tasks.anomaly.results import Rule, ScoredRows, top_contributors
from isthmus.tasks.base import which_rows

WORST = 10
"""Number of worst rows that are kept."""
MISSING = ("nan", "<NA>", "NaT")
"""What missing values are as text: those of Python, of pandas before 3, and of its dates."""


class Contributor(TypedDict):
    """A column, the value of a row in it, the fraction that it contributes to the score, and what was expected.

    Numbers have a `deviation`, categories and booleans a `probability`; see `isthmus.tasks.anomaly.expectation.Cell`.
    """

    column: str
    value: object
    contribution: float
    expected: object
    deviation: float | None
    probability: float | None
    text: str


class WorstRow(TypedDict):
    """A row with one of the highest scores: its index (or name), score, p-value, and what contributes to its score.

    Of data that say it, `where` is where in the row the score comes from; else it is empty.
    """

    row: int | str
    score: float
    p_value: float
    contributors: list[Contributor]
    where: dict[str, float]


@dataclass
class ScanSummary:
    """The summary of all pieces.

    Attributes
    ----------
    rows, flagged : int
    of_label, flagged_of_label : Counter
        Rows and flagged rows of each label.
    worst : list of dict
        The rows with the highest scores, the highest first: ``row``, ``score``, ``p_value``, and ``contributors``, see
        `Contributor`; images have none.
    scores : dict of list of ndarray
        All scores by label, if requested.
    """

    rows: int = 0
    flagged: int = 0
    of_label: Counter[str] = field(default_factory=Counter)
    flagged_of_label: Counter[str] = field(default_factory=Counter)
    worst: list[WorstRow] = field(default_factory=list)
    scores: dict[str, list[np.ndarray]] = field(default_factory=dict)

    def add(self, scored: ScoredRows, labels: np.ndarray | None, keep_scores: bool) -> None:
        """Count the rows of a piece."""
        score, flagged = scored["score"], scored["flagged"]
        self.rows, self.flagged = self.rows + len(score), self.flagged + int(flagged.sum())
        if labels is not None:
            self.of_label.update(labels.tolist())
            self.flagged_of_label.update(labels[flagged].tolist())
        if keep_scores:
            for label in [""] if labels is None else np.unique(labels):
                chosen = score if labels is None else score[labels == label]
                self.scores.setdefault(str(label), []).append(chosen.astype(np.float32))


@dataclass
class Worst:
    """The rows with the highest scores so far."""

    rows: list[tuple[float, float, int, Rows]] = field(default_factory=list)

    def add(self, X: Rows, scored: ScoredRows, first: int, known: np.ndarray | None = None) -> None:
        """Keep the worst rows of a piece whose first row has the index `first`, but for known anomalies."""
        score, p_value = scored["score"], scored["p_value"]
        order = np.argsort(-score, kind="stable")
        for index in order[:WORST] if known is None else order[~known[order]][:WORST]:
            if len(self.rows) < WORST or score[index] > self.rows[-1][0]:
                row = (float(score[index]), float(p_value[index]), first + int(index), some(X, np.array([index])))
                self.rows = sorted([*self.rows, row], key=lambda kept: -kept[0])[:WORST]

    def explained(self, rule: Rule, names: Sequence[str] = ()) -> list[WorstRow]:
        """Return the worst rows, explained; with names, these are their ``row``."""
        locates = rule.data.locates
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is unusual of them was said when they were scored
            return [
                {
                    "row": names[row] if names else row,
                    "score": score,
                    "p_value": p_value,
                    "contributors": _contributors(rule, X),
                    "where": {name: float(value[0]) for name, value in rule.located(X).items()} if locates else {},
                }
                for score, p_value, row, X in self.rows
            ]


def _contributors(rule: Rule, X: Rows) -> list[Contributor]:
    """Return the cells of a single row that contribute most to its score; empty if cells have no names."""
    if not rule.data.named_columns:
        return []
    top = top_contributors(rule.scorer.contributions(X), rule.data.row_names())
    ranked = enumerate(rule.cells(X, top), start=1)
    return [_contributor(str(top[f"contributor_{r}"][0]), float(top[f"contribution_{r}"][0]), c) for r, (c,) in ranked]


def _contributor(name: str, fraction: float, cell: Cell) -> Contributor:
    return {
        "column": name,
        "value": cell.value,
        "contribution": fraction,
        "expected": cell.expected,
        "deviation": cell.deviation,
        "probability": cell.probability,
        "text": f"{name} = {cell.value_text}, expected {cell.expected_text}",
    }


def score_file(
    rule: Rule,
    X: Rows | str | os.PathLike[str],
    output: str | os.PathLike[str] | None,
    dates: Mapping[str, str] | None = None,
    **settings: Unpack[Settings],
) -> ScanSummary:
    """Score a file, a stream or rows in memory piece by piece, and write the table of scores to a file.

    Parameters
    ----------
    rule : Rule
    X : path, stream, DataFrame, array, or what `taken` takes
    output : path or None
        ``.parquet``, ``.csv`` or ``.feather``; None: nothing is written.
    dates : mapping of str to str, optional
        The formats of kept columns of dates in a ``.csv`` file; default: as in the file that is read, else ISO 8601.
    **settings
        Those of `score_pieces`.
    """
    if isinstance(X, (str, os.PathLike)):
        reading = Reading().also([*settings.get("kept_columns", ()), settings.get("label")])
        kept = rule.scorer.autoencoder.info_.get("reading", {})
        X, known = open_as_read(os.fspath(X), reading.after(rule.data, kept))
        dates = known.dates if dates is None else dates
    else:
        X = taken(X)
    if output is None:
        return score_pieces(rule, X, lambda table: None, **settings)
    with appending(output, dates) as append:
        return score_pieces(rule, X, append, **settings)


class Settings(TypedDict, total=False):
    """The settings of `score_pieces`."""

    rows: slice
    kept_columns: Sequence[str]
    label: str | None
    known_labels: Sequence[str]
    explain: bool
    keep_scores: bool
    names: Sequence[str]
    progress: Callable[[int], object]


def score_pieces(
    rule: Rule,
    X: Rows,
    append: Callable[[dict[str, Any]], None],
    *,
    rows: slice = slice(0, None),
    kept_columns: Sequence[str] = (),
    label: str | None = None,
    known_labels: Sequence[str] = (),
    explain: bool = False,
    keep_scores: bool = False,
    names: Sequence[str] = (),
    progress: Callable[[int], object] = int,
) -> ScanSummary:
    """Score rows piece by piece, in bounded memory.

    Parameters
    ----------
    rule : Rule
    X : stream, DataFrame or array
    append : callable
        Called with the table of scores of each piece.
    rows : slice, default all
        Only these rows, from ``start`` to ``stop``.
    kept_columns : sequence of str, default ()
        Columns to copy into the table of scores; the detector sees those of them that it was trained on.
    label : str, optional
        One of `kept_columns`, by whose values rows are counted.
    known_labels : sequence of str, default ()
        Labels of known anomalies, which are not among the rows with the highest scores that the summary lists.
    explain : bool, default False
        Whether to name the columns that contribute most for each row.
    keep_scores : bool, default False
        Whether all scores are kept, in single precision.
    names : sequence of str, default ()
        Names of all rows of X, such as those of image files; they stand in place of the indices of rows.
    progress : callable
        Called with the number of rows of each piece that is done.
    """
    summary, worst, warned, first = ScanSummary(), Worst(), set[str](), rows.start or 0
    for piece in cut_pieces(X, first, sys.maxsize if rows.stop is None else rows.stop):
        start = first + summary.rows
        with _located(start, warned):
            seen, kept = split_columns(piece, kept_columns, rule.columns)
            scored = rule.score_rows(seen)
            contributors = rule.contributors(seen) if explain else {}
        labels = None if label is None or kept is None else _texts(kept[label].to_pylist())
        worst.add(seen, scored, start, None if labels is None else np.isin(labels.astype(str), known_labels))
        summary.add(scored, labels, keep_scores)
        copied = {} if kept is None else dict(zip(kept.column_names, kept.columns, strict=True))
        append({**which_rows(start, len(scored["score"]), names), **copied, **scored, **contributors})
        progress(len(scored["score"]))
    check_flagged(rule.data, summary.flagged, summary.rows)
    summary.worst = worst.explained(rule, names)
    return summary


def label_text(value: object) -> str:
    """Return a label as text: whole numbers without a decimal point, missing ones as None.

    Examples
    --------
    >>> label_text(1.0), label_text(0), label_text("normal"), label_text(float("nan"))
    ('1', '0', 'normal', 'None')
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return "None" if text in MISSING and not isinstance(value, str) else text


def _texts(labels: list[object]) -> np.ndarray:
    return np.array([label_text(value) for value in labels], dtype=object)


@contextmanager
def _located(start: int, warned: set[str]) -> Iterator[None]:
    """Add the start of a piece to errors and warnings; a warning that recurs with other numbers is issued once."""
    where = f"in the rows from {start:,} on (counted from there): " if start else ""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            yield
    except IsthmusError as error:
        raise type(error)(f"{where}{error}") from error
    for warning in caught:
        kind = re.sub(r"\d+|\(.*?\)", "", str(warning.message))
        if kind not in warned:
            warned.add(kind)
            warnings.warn(f"{where}{warning.message}", warning.category, stacklevel=3)
