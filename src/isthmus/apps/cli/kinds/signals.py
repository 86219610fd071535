"""Files of signals."""

from __future__ import annotations

from dataclasses import asdict
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from isthmus import InputError
from isthmus.apps.cli.columns import WIDTH
from isthmus.apps.cli.detect.choices import Options
from isthmus.apps.cli.detect.output import detect_time_steps
from isthmus.apps.cli.kinds.base import Files
from isthmus.apps.cli.output import facts, figure
from isthmus.apps.cli.remedies import typed_form
from isthmus.support.lines import short

if TYPE_CHECKING:
    from isthmus import AnomalyDetector, Autoencoder
    from isthmus.apps.cli.rows import Rows


class TimeSteps(Files):
    """Time steps of a signal, or windows that are cut already."""

    noun = "a signal"

    def takes(self, X: Any) -> bool:
        """Tell whether X has at most three axes."""
        return getattr(X, "ndim", 2) <= 3

    def about(self, rows: Rows) -> tuple[dict[str, Any], dict[str, str]]:
        """Describe the channels and the times."""
        document, text = _described(rows)
        return document, {"signal": text}

    def beside(self, model: Autoencoder, rows: Rows, reconstruction: Any, output: str) -> int:
        """Draw lines, or write a table."""
        from isthmus.apps.cli.sheets import draw_signal, write_columns

        signals = model.data_.windowed
        assert signals is not None  # as the adapter of signals was chosen
        names = signals.channel_names()
        if output.lower().endswith((".svg", ".png")):
            return draw_signal(rows, reconstruction, names, signals.times(rows.X), output)
        return write_columns(rows, reconstruction, names, output)

    def detect(
        self, detector: AnomalyDetector, options: Options, span: slice, output: str, explain: bool, plot: str | None
    ) -> tuple[dict[str, Any], str]:
        """Score time steps, and join those that are flagged to intervals."""
        return detect_time_steps(detector, options, span, output, explain, plot)


def signal_of(rows: Rows) -> tuple[dict[str, Any], str] | None:
    """Return what the rows of a table are as a signal, if a column holds their times; else None."""
    from isthmus.data.signals.timeline import find
    from isthmus.data.sources.in_memory import is_stream
    from isthmus.data.tables.schema import sheet

    if is_stream(rows.X) or find(sheet(rows.X), None) is None:
        return None
    try:
        return _described(rows)
    except InputError as error:
        said = wrap(typed_form(f"not as it is: {error}"), WIDTH, initial_indent="  ", subsequent_indent="  ")
        return {"refused": str(error)}, "\n".join(said)


def _described(rows: Rows) -> tuple[dict[str, Any], str]:
    from isthmus.data.signals.profile import profile

    described = profile(rows.X)
    unit = " s" if described.dates else ""
    text = facts(
        {
            "time steps": described.rows,
            "channels": f"{len(described.channels):,}: {short(', '.join(described.channels), 60)}",
            "times": described.time or "none: each row is one time step",
            **({} if described.step is None else {"step": f"{figure(described.step)}{unit} (median)"}),
            **({} if described.step is None else {"missing time steps": described.missing}),
            "missing cells": described.gaps,
            "how": "--window N with detect; in Python data=Signals(window=N)",
        },
        "  ",
    )
    return asdict(described), text
