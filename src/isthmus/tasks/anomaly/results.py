"""Verdicts: score, p-value, alarm and the columns to blame, as the columns of one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from isthmus.tasks.anomaly.conformal import p_values
from isthmus.tasks.anomaly.detector import AnomalyDetector

Named = dict[str, np.ndarray]


def verdicts(detector: AnomalyDetector, X: Any) -> Named:
    """Return the verdict on each row, or moment of a signal, with one pass through the model.

    Parameters
    ----------
    detector : AnomalyDetector
        Fitted.
    X : like what it was fitted on

    Returns
    -------
    dict of ndarray of shape (n,)
        ``"score"``, ``"p_value"`` and ``"flagged"``, as `AnomalyDetector.anomaly_score`, `p_values` and `predict` give
        them. Where there is no score (NaN), there is no p-value.
    """
    score = detector.anomaly_score(X)
    if detector.groups is None:
        flagged, p = score > detector.threshold_, p_values(score, detector.calibration_scores_)
    else:
        flagged, p = detector.predict(X) < 0, detector.p_values(X)
    return {"score": score, "p_value": np.where(np.isnan(score), np.nan, p), "flagged": flagged}


def blamed(contributions: Any, names: Sequence[str], most: int = 3) -> Named:
    """Return the columns most to blame for each row, and their share of all that was found against it.

    Parameters
    ----------
    contributions : array or DataFrame of shape (n, columns)
        As `AnomalyDetector.explain` gives them; what is negative counts as nothing.
    names : sequence of str
        Of the columns.
    most : int, default 3
        Columns that are named.

    Returns
    -------
    dict of ndarray of shape (n,)
        ``"blame_1"`` (a name), ``"blame_1_share"`` (0 to 1), ``"blame_2"`` …; the largest first.

    Examples
    --------
    >>> found = blamed([[1.0, 3.0, -1.0]], ["a", "b", "c"], most=2)
    >>> [(name, values.tolist()) for name, values in found.items()]
    [('blame_1', ['b']), ('blame_1_share', [0.75]), ('blame_2', ['a']), ('blame_2_share', [0.25])]
    """
    found = np.nan_to_num(np.maximum(np.asarray(contributions, dtype=np.float64), 0.0))
    total = found.sum(1, keepdims=True)
    share = np.divide(found, total, out=np.zeros_like(found), where=total > 0)
    order = np.argsort(-share, axis=1, kind="stable")[:, :most]
    columns: Named = {}
    for place in range(order.shape[1]):
        at = order[:, place]
        columns[f"blame_{place + 1}"] = np.asarray(names, dtype=object)[at]
        columns[f"blame_{place + 1}_share"] = np.take_along_axis(share, at[:, None], 1)[:, 0]
    return columns
