"""Metrics of anomaly scores on labelled rows."""

from __future__ import annotations

import numpy as np

from isthmus.support.errors import InputError


def detection_metrics(
    score: np.ndarray,
    flagged: np.ndarray,
    abnormal: np.ndarray,
    k: int | None = None,
    alarm_cost: float = 1.0,
    miss_cost: float | None = None,
) -> dict[str, float]:
    """Return metrics of the ranking of abnormal rows by scores, and of the flags.

    Parameters
    ----------
    score : ndarray of shape (n,)
        Higher is more abnormal.
    flagged, abnormal : bool ndarray of shape (n,)
    k : int or None, default None
        The rows with the highest scores that somebody looks at; None: as many as are abnormal.
    alarm_cost : float, default 1.0
        What one alarm costs, right or wrong.
    miss_cost : float or None, default None
        What an abnormal row costs that is not flagged; None: no costs are returned.

    Returns
    -------
    dict of str to float
        ``rows``, ``abnormal``, ``flagged``; ``auroc`` and ``average_precision`` of the scores; ``precision`` and
        ``recall`` of the flagged rows; ``false_alarm_rate``: the fraction of the normal rows that is flagged;
        ``precision_at_k``: the fraction of abnormal rows among the k with the highest scores; with `miss_cost`,
        ``cost`` of alarms and misses together, and ``least_cost``: that of the threshold that is cheapest here.

    Raises
    ------
    InputError
        The lengths differ, or rows are all normal or all abnormal; k is not between 1 and the rows; a cost is negative.

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
    ranked = abnormal[np.argsort(-score, kind="stable")]
    k = int(abnormal.sum()) if k is None else k
    if not 1 <= k <= len(score):
        raise InputError(f"k={k}: expected a number of rows from 1 to {len(score)}")
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
        "precision_at_k": float(ranked[:k].mean()),
        **({} if miss_cost is None else _costs(flagged, abnormal, ranked, alarm_cost, miss_cost)),
    }


def _costs(
    flagged: np.ndarray, abnormal: np.ndarray, ranked: np.ndarray, alarm_cost: float, miss_cost: float
) -> dict[str, float]:
    """Return the cost of the flags, and the least that any number of alarms has; `ranked` begins with the highest."""
    for name, cost in (("alarm_cost", alarm_cost), ("miss_cost", miss_cost)):
        if not cost >= 0:
            raise InputError(f"{name}={cost}: expected a number of at least 0")
    missed = ranked.sum() - np.append(0, np.cumsum(ranked))
    every = alarm_cost * np.arange(len(ranked) + 1) + miss_cost * missed
    cost = alarm_cost * flagged.sum() + miss_cost * (abnormal & ~flagged).sum()
    return {"cost": float(cost), "least_cost": float(every.min())}


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
