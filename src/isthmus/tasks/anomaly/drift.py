"""Drift: whether normal rows still look normal over time."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from isthmus.support.errors import InputError

ALARM = 0.001
"""Probability that a warning is false, over all blocks."""


def drift(scores: np.ndarray, flagged: np.ndarray, calibration: np.ndarray, blocks: int) -> list[dict[str, Any]]:
    """Compare the scores of rows, in order of time, with the calibration, block by block.

    Parameters
    ----------
    scores : ndarray of shape (n,)
    flagged : bool ndarray of shape (n,)
    calibration : ndarray of shape (m,)
    blocks : int
        Number of blocks of about equal length.

    Returns
    -------
    list of dict
        ``start`` and ``end`` (rows, the end not included), ``flagged`` (a fraction), ``median`` (score), ``drift`` (the
        Kolmogorov-Smirnov distance of the scores from the calibration's, 0 to 1), ``p`` (its p-value).

    Warns
    -----
    UserWarning
        The scores of a block differ from the calibration: p is below 0.001, divided by the number of blocks.
    """
    report = compared(scores, flagged, calibration, blocks)
    drifted = [block for block in report if block["p"] < ALARM / blocks]
    if drifted:
        worst = max(drifted, key=lambda block: block["drift"])
        warnings.warn(
            f"normal rows no longer look normal: in {len(drifted)} of {blocks} blocks the scores differ from those of "
            f"the calibration, most in rows {worst['start']} to {worst['end']} ({worst['flagged']:.1%} flagged); "
            "call recalibrate with recent normal rows, or train again",
            stacklevel=3,
        )
    return report


def compared(scores: np.ndarray, flagged: np.ndarray, calibration: np.ndarray, blocks: int) -> list[dict[str, Any]]:
    """Return what `drift` does, without a warning."""
    from scipy.stats import ks_2samp

    if not 1 <= blocks <= len(scores):
        raise InputError(f"blocks={blocks}: expected from 1 to the number of rows, {len(scores)}")
    report = []
    for rows in np.array_split(np.arange(len(scores)), blocks):
        test = ks_2samp(scores[rows], calibration)
        report.append(
            {
                "start": int(rows[0]),
                "end": int(rows[-1]) + 1,
                "flagged": float(flagged[rows].mean()),
                "median": float(np.median(scores[rows])),
                "drift": float(test.statistic),
                "p": float(test.pvalue),
            }
        )
    return report
