"""Files of tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from isthmus.apps.cli.columns import columns_text
from isthmus.apps.cli.detect.choices import Options
from isthmus.apps.cli.detect.output import detect_rows
from isthmus.apps.cli.kinds.base import Files
from isthmus.apps.cli.kinds.signals import signal_of
from isthmus.support.errors import counted

if TYPE_CHECKING:
    from isthmus import AnomalyDetector, Autoencoder
    from isthmus.apps.cli.rows import Rows


class TableRows(Files):
    """Rows of a table, whose columns have names."""

    noun = "a table"

    def takes(self, X: Any) -> bool:
        """Tell whether X has at most two axes."""
        return getattr(X, "ndim", 2) <= 2

    def about(self, rows: Rows) -> tuple[dict[str, Any], dict[str, str]]:
        """Describe each column; and the rows as time steps, where a column holds their times."""
        from isthmus.data.sources.in_memory import pieces
        from isthmus.data.tables.profile import profile

        described = profile(pieces(rows.X))
        document = {**asdict(described), "columns": [asdict(column) for column in described.columns]}
        kinds = Counter(column.kind for column in described.columns)
        what = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        head = f"  {counted(described.rows, 'row')}, {counted(len(described.columns), 'column')}: {what}"
        sections = {"table": f"{head}\n\n{columns_text(described.columns, described.rows)}"}
        if signal := signal_of(rows):
            document["signal"], sections["as a signal"] = signal
        return document, sections

    def departures(self, model: Autoencoder, X: Any) -> Sequence[str]:
        """Name missing cells where training had none, and numbers far outside the learnt ranges."""
        from isthmus.data.sources.in_memory import is_stream
        from isthmus.data.tables.departures import departures

        data: Any = model.data_
        return () if is_stream(X) else departures(X, data.schema)

    def beside(self, model: Autoencoder, rows: Rows, reconstruction: Any, output: str) -> int:
        """Write a table with three columns for each: the original, what was reconstructed, the difference."""
        from isthmus.apps.cli.sheets import write_columns

        return write_columns(rows, reconstruction, model.data_.feature_names(), output)

    def detect(
        self, detector: AnomalyDetector, options: Options, span: slice, output: str, explain: bool, plot: str | None
    ) -> tuple[dict[str, Any], str]:
        """Score rows piece by piece, and name the columns that contribute most."""
        return detect_rows(detector, options, span, output, explain, plot)
