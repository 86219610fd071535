"""Files of signals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus.apps.capabilities import NEIGHBOURING
from isthmus.apps.cli.detect.options import Wish
from isthmus.apps.cli.detect.output import score_signal
from isthmus.apps.cli.kinds.base import Files


class TimeSteps(Files):
    """Time steps of a signal, or windows that are cut already."""

    noun = "a signal"
    unit = "time steps"

    def takes(self, X: Any) -> bool:
        """Tell whether X has at most three axes."""
        return getattr(X, "ndim", 2) <= 3

    def guarantee(self, calibration: Mapping[str, Any]) -> str:
        """Return what holds of time steps."""
        return NEIGHBOURING

    def detect(
        self, found: Any, wish: Wish, span: slice, output: str, explain: bool, plot: str | None
    ) -> tuple[dict[str, Any], str]:
        """Score time steps, and join those that are flagged to intervals."""
        return score_signal(found, wish, span, output, explain, plot)
