"""A figure of the history of a training: the losses and their terms over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isthmus.apps.figures.colours import BLUE, ORANGE
from isthmus.apps.figures.figure import Figure
from isthmus.apps.figures.panels import Curve, Panel, Scale, figure
from isthmus.support.errors import counted

NO_TERM = ("epoch", "seconds", "rate", "loss", "validation_loss")
LOSSES = {"training": ("loss", BLUE), "validation": ("validation_loss", ORANGE)}


def history_figure(history: Sequence[dict[str, Any]], best_epoch: int | None, title: str) -> Figure:
    """Return the losses of each epoch, and the terms that they consist of.

    Parameters
    ----------
    history : sequence of dict
        `history_` of a fitted autoencoder.
    best_epoch : int or None
        The epoch whose weights were kept, counted from 1; 0: the start.
    title : str
    """
    epochs = [float(index) for index in range(1, len(history) + 1)]
    drawn = {name: entry for name, entry in LOSSES.items() if any(entry[0] in record for record in history)}
    curves = [Curve(name, epochs, _series(history, key), colour) for name, (key, colour) in drawn.items()]
    kept = {} if not best_epoch else {f"kept: epoch {best_epoch}": float(best_epoch)}
    terms = list(dict.fromkeys(key for record in history for key in record if key not in NO_TERM))
    panels = [_panel("loss", epochs, curves, kept)]
    panels += [_panel(f"term: {term}", epochs, [Curve(term, epochs, _series(history, term), BLUE)]) for term in terms]
    ends = "; ".join(f"{curve.name} loss from {curve.y[0]:.4g} to {curve.y[-1]:.4g}" for curve in curves)
    return figure(title, panels, f"{title}: {counted(len(history), 'epoch')}; {ends}.")


def _series(history: Sequence[dict[str, Any]], key: str) -> list[float]:
    return [float(record.get(key, float("nan"))) for record in history]


def _panel(title: str, epochs: list[float], curves: Sequence[Curve], kept: dict[str, float] | None = None) -> Panel:
    every = [value for curve in curves for value in curve.y]
    return Panel(title, "epoch", Scale.of(epochs, log=False), Scale.of(every), curves, upright=kept or {}, whole=True)
