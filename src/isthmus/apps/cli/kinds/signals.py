"""Files of signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isthmus.apps.cli.detect.choices import Options
from isthmus.apps.cli.detect.output import detect_time_steps
from isthmus.apps.cli.kinds.base import Files

if TYPE_CHECKING:
    from isthmus import AnomalyDetector


class TimeSteps(Files):
    """Time steps of a signal, or windows that are cut already."""

    noun = "a signal"

    def takes(self, X: Any) -> bool:
        """Tell whether X has at most three axes."""
        return getattr(X, "ndim", 2) <= 3

    def detect(
        self, detector: AnomalyDetector, options: Options, span: slice, output: str, explain: bool, plot: str | None
    ) -> tuple[dict[str, Any], str]:
        """Score time steps, and join those that are flagged to intervals."""
        return detect_time_steps(detector, options, span, output, explain, plot)
