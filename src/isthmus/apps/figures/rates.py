"""The figure of codecs beside each other: errors against rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from isthmus.apps.figures.colours import GROUPS
from isthmus.apps.figures.figure import Figure
from isthmus.apps.figures.panels import Curve, Panel, Scale, figure

if TYPE_CHECKING:
    from isthmus.tasks.compression.rates import Rates


def rates_figure(rates: Mapping[str, Rates], title: str) -> Figure:
    """Return the curve of each codec: the nearer to the upper left corner, the better.

    Parameters
    ----------
    rates : dict of Rates
        By the name of the codec.
    title : str
    """
    curves = [
        Curve(name, one.bpp.tolist(), one.psnr.tolist(), GROUPS[index % len(GROUPS)])
        for index, (name, one) in enumerate(rates.items())
    ]
    across, up = (Scale.of([value for curve in curves for value in side(curve)], log=log) for side, log in SIDES)
    panel = Panel("PSNR in decibels", "bits per pixel", across, up, curves)
    ends = "; ".join(f"{curve.name} {curve.y[0]:.1f} to {curve.y[-1]:.1f} dB" for curve in curves)
    return figure(title, [panel], f"{title}: {ends}.")


SIDES = ((lambda curve: curve.x, True), (lambda curve: curve.y, False))
"""Of curves: their rates, on a logarithmic axis, and their errors."""
