"""An electrocardiogram of half an hour (MIT-BIH record 100): 34 abnormal beats among 2,273, without labels.

A window reaches from 320 samples before the peak of a beat to 80 after it (1.1 seconds): it holds the beat and, at a
usual rhythm, the one before. Both leads, four samples averaged to one. An `AnomalyDetector` with a linear autoencoder
of 16 numbers is trained on the windows of all beats; those that it reconstructs worst come first. Three beats without
enough samples before them are left out.
"""

from __future__ import annotations

import numpy as np

from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result
from benchmarks.support.windows import forest_scores, watcher, window_scores
from isthmus.apps.figures.signal import signal_figure
from isthmus.tasks.anomaly.intervals import intervals

BEFORE, AFTER, MEAN, LATENT, TOP = 320, 80, 4, 16, 50
BEATS = ("N", "A", "V")
RATE, AROUND = 360, 72
"""Samples in a second; samples on each side of a peak that are drawn with its score."""


def run(quick: bool) -> Result:
    windows, abnormal, _ = beats()
    if quick:
        windows, abnormal = windows[:500], abnormal[:500]
    errors = beat_scores(windows)
    flat = windows.reshape(len(windows), -1)
    forest = forest_scores(flat, flat)
    figures = [
        Figure(
            f"abnormal beats in the top {TOP}, of {abnormal.sum()}", in_top(errors, abnormal), least=int(abnormal.sum())
        ),
        Figure("rank of the last abnormal beat", last_rank(errors, abnormal), most=TOP),
        Figure(f"isolation forest: abnormal beats in the top {TOP}", in_top(forest, abnormal)),
    ]
    return Result(figures, details={"beats": len(windows), "window": windows.shape[1]})


def beat_scores(windows: np.ndarray) -> np.ndarray:
    """Return the score of each beat."""
    return window_scores(watcher(windows.shape[1], LATENT, "error").fit(windows), windows)


def read() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return both leads in mV, (samples, 2), and time step and symbol of each mark."""
    record = np.load(found("sensors/ecg_mitbih_100/record100.npz"))
    return (record["signal"] - 1024) / 200, record["ann_sample"], record["ann_symbol"]


def beats() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return windows, (beats, time steps, 2), which of them hold an abnormal beat, and where its peak is."""
    signal, peaks, symbols = read()
    wanted = np.isin(symbols, BEATS) & (peaks >= BEFORE) & (peaks + AFTER <= len(signal))
    cut = np.stack([signal[at - BEFORE : at + AFTER] for at in peaks[wanted]])
    return cut.reshape(len(cut), -1, MEAN, 2).mean(2), symbols[wanted] != "N", peaks[wanted]


def image(first: float = 1508.0, seconds: float = 14.0) -> str:
    """Return the drawing of some seconds that stands in the documentation."""
    signal, _, _ = read()
    windows, abnormal, peaks = beats()
    errors = beat_scores(windows)
    limit = float(np.sort(errors)[-TOP])
    score, known = np.full(len(signal), np.nan), []
    for error, odd, peak in zip(errors, abnormal, peaks, strict=True):
        score[peak - AROUND : peak + AROUND] = error
        known += [((peak - AROUND) / RATE, (peak + AROUND) / RATE)] if odd else []
    shown = slice(int(first * RATE), int((first + seconds) * RATE))
    times = np.arange(len(signal))[shown] / RATE
    known = [(a, b) for a, b in known if times[0] < a and b < times[-1]]
    found = intervals(score[shown], limit * 0.999, times=times)
    title, names = "MIT-BIH record 100, time in seconds: a ventricular beat", ["MLII (mV)", "V5 (mV)"]
    return signal_figure(
        signal[shown], score[shown], limit, found, times=times, names=names, known=known, title=title
    ).svg()


def in_top(scores: np.ndarray, abnormal: np.ndarray) -> int:
    return int(abnormal[np.argsort(-scores)[:TOP]].sum())


def last_rank(scores: np.ndarray, abnormal: np.ndarray) -> int:
    return int(np.flatnonzero(abnormal[np.argsort(-scores)])[-1]) + 1
