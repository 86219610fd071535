"""Files of signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isthmus.apps.cli.detect.choices import Options
from isthmus.apps.cli.detect.output import detect_time_steps
from isthmus.apps.cli.kinds.base import Files

if TYPE_CHECKING:
    from isthmus import AnomalyDetector, Autoencoder
    from isthmus.apps.cli.inputs import Rows


class TimeSteps(Files):
    """Time steps of a signal, or windows that are cut already."""

    noun = "a signal"

    def takes(self, X: Any) -> bool:
        """Tell whether X has at most three axes."""
        return getattr(X, "ndim", 2) <= 3

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
