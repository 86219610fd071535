"""Files of signals."""

from __future__ import annotations

from typing import Any

from isthmus.apps.cli.detect.options import Wish
from isthmus.apps.cli.detect.output import judge_signal
from isthmus.apps.cli.kinds.base import Files


class TimeSteps(Files):
    """Time steps of a signal, or windows that are cut already."""

    noun = "a signal"

    def takes(self, X: Any) -> bool:
        """Tell whether X has at most three axes."""
        return getattr(X, "ndim", 2) <= 3

    def detect(
        self, detector: Any, wish: Wish, span: slice, output: str, explain: bool, plot: str | None
    ) -> tuple[dict[str, Any], str]:
        """Score time steps, and join those that are flagged to intervals."""
        return judge_signal(detector, wish, span, output, explain, plot)
