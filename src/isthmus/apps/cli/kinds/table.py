"""Files of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isthmus.apps.cli.detect.choices import Options
from isthmus.apps.cli.detect.output import detect_rows
from isthmus.apps.cli.kinds.base import Files

if TYPE_CHECKING:
    from isthmus import AnomalyDetector


class TableRows(Files):
    """Rows of a table, whose columns have names."""

    noun = "a table"

    def takes(self, X: Any) -> bool:
        """Tell whether X has at most two axes."""
        return getattr(X, "ndim", 2) <= 2

    def detect(
        self, detector: AnomalyDetector, options: Options, span: slice, output: str, explain: bool, plot: str | None
    ) -> tuple[dict[str, Any], str]:
        """Score rows piece by piece, and name the columns that contribute most."""
        return detect_rows(detector, options, span, output, explain, plot)
