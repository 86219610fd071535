"""Metrics of anomaly scores on labelled rows."""

from __future__ import annotations

import numpy as np

from isthmus.support.errors import InputError


def detection_metrics(score: np.ndarray, flagged: np.ndarray, abnormal: np.ndarray) -> dict[str, float]:
    """Return metrics of the ranking of abnormal rows by scores, and of the flags.

    Parameters
    ----------
    score : ndarray of shape (n,)
        Higher is more abnormal.
    flagged, abnormal : bool ndarray of shape (n,)

    Returns
    -------
    dict of str to float
        ``rows``, ``abnormal``, ``flagged``; ``auroc`` and ``average_precision`` of the scores; ``precision`` and
        ``recall`` of the flagged rows; ``false_alarm_rate``: the fraction of the normal rows that is flagged.

    Raises
    ------
    InputError
        The lengths differ, or rows are all normal or all abnormal.

    Examples
    --------
    >>> score, abnormal = np.array([0.1, 0.4, 0.3, 0.9]), np.array([False, False, True, True])
    >>> metrics = detection_metrics(score, score > 0.35, abnormal)
    >>> metrics["auroc"], metrics["precision"], metrics["recall"], metrics["false_alarm_rate"]
    (0.75, 0.5, 0.5, 0.5)
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    if len(abnormal) != len(score):
        raise InputError(f"y has {len(abnormal)} labels, but there are {len(score)} rows: one for each is needed")
    if abnormal.all() or not abnormal.any():
        raise InputError("y calls all rows alike: to measure a detector, both normal and abnormal rows are needed")
    hits = float((flagged & abnormal).sum())
    return {
        "rows": len(score),
        "abnormal": int(abnormal.sum()),
        "flagged": int(flagged.sum()),
        "auroc": float(roc_auc_score(abnormal, score)),
        "average_precision": float(average_precision_score(abnormal, score)),
        "precision": hits / max(int(flagged.sum()), 1),
        "recall": hits / int(abnormal.sum()),
        "false_alarm_rate": float(flagged[~abnormal].mean()),
    }


def abnormal(labels: object) -> np.ndarray:
    """Return which labels stand for abnormal rows: all but 0, False and "", also where numbers are text.

    Where all are 1 or -1, as `predict` returns them, those of -1 are abnormal.

    Examples
    --------
    >>> abnormal(["0", "1", "", "dos", "0.0"]).tolist(), abnormal([0, 2]).tolist(), abnormal([1, -1]).tolist()
    ([False, True, False, True, False], [False, True], [False, True])
    """
    values = np.asarray(labels)
    if values.dtype.kind in "if" and (values == -1).any() and np.isin(values, (-1, 1)).all():
        return np.array(values == -1)
    if values.dtype.kind in "biufc":
        return values.astype(bool)
    return np.array([bool(_as_number(value)) for value in values], dtype=bool)


def _as_number(value: object) -> object:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
