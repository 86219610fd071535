"""Rows of a table judged piece by piece: the verdicts for a file, and what of them a person reads."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw
import numpy as np

from isthmus import IsthmusError
from isthmus.data.io.tabular import to_arrow
from isthmus.data.tables.rows import column, some
from isthmus.tasks.anomaly.results import blamed, verdicts

WORST = 10
"""Rows that are kept to be looked at."""


@dataclass
class ScanSummary:
    """What was found in all pieces.

    Attributes
    ----------
    rows, flagged : int
    of_label, flagged_of_label : Counter
        Rows and flagged rows of each label.
    worst : list of dict
        The rows with the highest scores, the highest first: ``row``, ``score``, ``p_value``, ``X``.
    scores : dict of list of ndarray
        All scores by label, where they were asked for.
    """

    rows: int = 0
    flagged: int = 0
    of_label: Counter[str] = field(default_factory=Counter)
    flagged_of_label: Counter[str] = field(default_factory=Counter)
    worst: list[dict[str, Any]] = field(default_factory=list)
    scores: dict[str, list[np.ndarray]] = field(default_factory=dict)

    def add(self, X: Any, found: dict[str, np.ndarray], labels: np.ndarray | None, keep_scores: bool) -> None:
        """Count a piece, and keep its worst rows."""
        score, flagged, first = found["score"], found["flagged"], self.rows
        self.rows, self.flagged = self.rows + len(score), self.flagged + int(flagged.sum())
        if labels is not None:
            self.of_label.update(labels.tolist())
            self.flagged_of_label.update(labels[flagged].tolist())
        if keep_scores:
            for label in [""] if labels is None else np.unique(labels):
                chosen = score if labels is None else score[labels == label]
                self.scores.setdefault(str(label), []).append(chosen.astype(np.float32))
        for at in np.argsort(-score, kind="stable")[:WORST]:
            if len(self.worst) < WORST or score[at] > self.worst[-1]["score"]:
                row = {"row": first + int(at), "score": float(score[at]), "p_value": float(found["p_value"][at])}
                self.worst = sorted([*self.worst, {**row, "X": some(X, np.array([at]))}], key=_order)[:WORST]


def _order(row: dict[str, Any]) -> float:
    return -float(row["score"])


def parted(piece: Any, aside: Sequence[str]) -> tuple[Any, Any]:
    """Return a piece without some columns, and these as an Arrow table; None where there are none to take out.

    Raises
    ------
    InputError
        There is no such column.
    """
    if not aside:
        return piece, None
    for name in aside:
        column(piece, name)
    frame = nw.from_native(piece, eager_only=True)
    return frame.drop(*aside).to_native(), to_arrow(frame.select(*aside).to_native())


def judged(
    detector: Any,
    pieces: Iterable[Any],
    append: Callable[[Any], None],
    *,
    first: int = 0,
    aside: Sequence[str] = (),
    label: str | None = None,
    explain: bool = False,
    keep_scores: bool = False,
    seen: Callable[[int], Any] = int,
) -> ScanSummary:
    """Judge rows piece by piece, in bounded memory.

    Parameters
    ----------
    detector : AnomalyDetector
        Fitted.
    pieces : iterable of array or DataFrame
    append : callable
        Takes the verdicts of each piece, a table.
    first : int, default 0
        Number of the first row.
    aside : sequence of str, default ()
        Columns that the detector does not see: they stand beside the verdicts.
    label : str, optional
        One of `aside`, by whose values rows are counted.
    explain : bool, default False
        Whether the verdicts name the columns to blame.
    keep_scores : bool, default False
        Whether all scores are kept, in single precision.
    seen : callable
        Told the number of rows of each piece that is done.
    """
    findings, told = ScanSummary(), set[str]()
    names = detector.autoencoder_.data_.channel_names()
    for piece in pieces:
        at = first + findings.rows
        with _placed(at, told):
            X, beside = parted(piece, aside)
            found = verdicts(detector, X)
            blame = blamed(detector.explain(X), names) if explain else {}
        labels = None if label is None else _text(beside[label])
        findings.add(X, found, labels, keep_scores)
        held = {} if beside is None else dict(zip(beside.column_names, beside.columns, strict=True))
        append({"row": np.arange(at, at + len(found["score"])), **held, **found, **blame})
        seen(len(found["score"]))
    for row in findings.worst:
        row["row"] += first
    return findings


def label_text(value: Any) -> str:
    """Return a label as a person types it: whole numbers without a point.

    Examples
    --------
    >>> label_text(1.0), label_text(0), label_text("normal")
    ('1', '0', 'normal')
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _text(values: Any) -> np.ndarray:
    return np.array([label_text(value) for value in values.to_pylist()], dtype=object)


@contextmanager
def _placed(at: int, told: set[str]) -> Iterator[None]:
    """Say where a piece begins in errors, and a warning that returns with other numbers only once."""
    where = f"in the rows from {at:,} on (counted from there): " if at else ""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            yield
    except IsthmusError as error:
        raise type(error)(f"{where}{error}") from error
    for warning in caught:
        kind = re.sub(r"\d+|\(.*?\)", "", str(warning.message))
        if kind not in told:
            told.add(kind)
            warnings.warn(f"{where}{warning.message}", warning.category, stacklevel=3)


def explained(detector: Any, worst: Sequence[dict[str, Any]], most: int = 3) -> list[dict[str, Any]]:
    """Return the worst rows for people and machines: number, score, p-value, and which cells are to blame."""
    names = detector.autoencoder_.data_.channel_names()
    found = []
    for row in worst:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            blame = blamed(detector.explain(row["X"]), names, most)
        cells = []
        for place in range(1, most + 1):
            if f"blame_{place}" not in blame:
                break
            name, share = blame[f"blame_{place}"][0], float(blame[f"blame_{place}_share"][0])
            cells.append({"column": str(name), "value": _cell(row["X"], names, name), "share": share})
        found.append({name: row[name] for name in ("row", "score", "p_value")} | {"blame": cells})
    return found


def _cell(X: Any, names: Sequence[str], name: str) -> Any:
    """Return the value that a single row has in a column."""
    value = column(X, name if hasattr(X, "columns") else list(names).index(name))[0]
    return value.item() if hasattr(value, "item") else value
