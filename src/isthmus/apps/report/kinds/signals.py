"""Rows that are windows of a signal: small line charts of their channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from isthmus.apps.capabilities import NEIGHBOURING
from isthmus.apps.figures.time_steps import drawn
from isthmus.apps.report.blocks import Bar, Bars, Block, Cell, Chart, Drawing, Note, Table
from isthmus.apps.report.charts import curves
from isthmus.apps.report.kinds.base import Picked, Rows, chosen
from isthmus.apps.report.multiples import small_multiples
from isthmus.apps.report.numbers import number
from isthmus.apps.report.scoring import Scoring
from isthmus.data.signals.recordings import ready
from isthmus.data.signals.signals import Signals

WINDOWS, EXTREMES = 3, 2
"""Windows that are compared at most; and of the best and the worst ones."""

CHANNELS = 2
"""Channels of a window that are drawn at most: those with the largest error."""

BARS = 24
INTERVALS = 10
ACROSS = 4
"""Windows side by side, at most."""

STEP = "time step of the window"


class WindowRows(Rows):
    """Windows, each of shape (window, channels)."""

    noun, unit = "window", "time steps"
    differences = "An atom's bars are standard deviations of the channel that one step of the unit moves it by."

    def __init__(self, data: Signals, X: Any) -> None:
        self.names = list(map(str, data.channel_names()))
        self.deviation = data.divisor[:, 0].numpy()
        self.data, self.span = data, data.window
        self.strips = self.errors = "pairs" if len(self.names) == 1 else "columns"  # a window's charts in one line

    @classmethod
    def pick(cls, data: Signals, X: Any) -> Picked:
        """Return some windows of a signal; the whole signal is scored, unless X is windows."""
        windows, last = data.read(X)["windows"], data.last_row_index(X).numpy()
        at = chosen(len(windows), data.shape)
        rows = data.write({"windows": windows[at]})
        if ready(X):
            return Picked(rows, at, len(windows), rows, at)
        return Picked(rows, last[at], len(windows), X, np.arange(len(data.times(X))))

    def guarantee(self, calibration: Mapping[str, object]) -> str:
        """Return the guarantee for consecutive time steps."""
        return NEIGHBOURING

    def band(self, calibration: Mapping[str, object]) -> str:
        """Return nothing: consecutive time steps have no band."""
        return ""

    @property
    def note(self) -> str:
        """What the report leaves out."""
        many = len(self.names) > CHANNELS
        return f"Of {len(self.names)} channels the {CHANNELS} with the largest error are drawn." if many else ""

    def versions(self, versions: Mapping[str, Any], errors: Any, title: str = "Window") -> list[Block]:
        """Show a chart for each channel of some windows, and one of the error over the window."""
        rows = {version: np.asarray(windows) for version, windows in versions.items()}
        blocks: list[Block] = []
        for row in range(min(WINDOWS, len(errors))):
            row_of = {version: windows[row] for version, windows in rows.items()}
            blocks += self._window(f"{title} {row + 1}", row_of, errors[row], "error")
        return blocks

    def extreme(self, title: str, versions: Mapping[str, Any], errors: Any) -> list[Block]:
        """Show the charts of the first two of them."""
        return self.versions({version: rows[:EXTREMES] for version, rows in versions.items()}, errors[:EXTREMES], title)

    def _window(self, title: str, versions: Mapping[str, np.ndarray], errors: np.ndarray, what: str) -> list[Chart]:
        """Show one window, with a measure for each of its time steps."""
        largest = sorted(np.argsort(-np.nan_to_num(errors).sum(0), kind="stable")[:CHANNELS])
        charts = [
            curves(f"{title}: {self.names[c]}", {name: window[:, c] for name, window in versions.items()}, STEP)
            for c in largest
        ]
        return [*charts, curves(f"{title}: {what}", {self.names[c]: errors[:, c] for c in largest}, STEP)]

    def grid(self, rows: Any, across: int, what: str, caption: str = "", names: Sequence[str] = ()) -> Block:
        """Show windows as small multiples."""
        return small_multiples(np.asarray(rows), min(across, ACROSS), self.names, what, caption, names)

    def code_unit(self, name: str, below: Any, above: Any, walk: Any, steps: np.ndarray) -> list[Block]:
        """Show the atom as bars of the channels, and the ends of the traversal as curves of the one that moves most."""
        before, after, along = (np.asarray(rows) for rows in (below, above, walk))
        moved = (after[0] - before[0]) / self.deviation
        size = np.sqrt((moved**2).mean(0))
        order = np.argsort(-size, kind="stable")[:CHANNELS]
        bars = [
            Bar(self.names[c], float(size[c] / (size.max() or 1.0)), f"{number(float(size[c]), 2)} σ") for c in order
        ]
        ends = (0, len(steps) // 2, len(steps) - 1)
        named = {f"{number(float(steps[at]), sign=True)} σ" if steps[at] else "mean": at for at in ends}
        channel = int(order[0])
        walked = {text: along[at][:, channel] for text, at in named.items()}
        return [Bars(bars, "Atom"), curves(f"Traversal: {self.names[channel]}", walked, STEP)]

    def examples(self, name: str, rows: Any, activations: np.ndarray, walk: Any) -> Block:
        """Show the windows that activate a unit most, in the channels that the unit moves most."""
        moved = np.ptp(np.asarray(walk), axis=0).mean(0) / self.deviation
        channels = np.sort(np.argsort(-moved, kind="stable")[:CHANNELS])
        windows, names = np.asarray(rows)[:ACROSS, :, channels], [self.names[c] for c in channels]
        return small_multiples(windows, ACROSS, names, f"windows that activate {name} most", "highest windows")

    def by_feature(self, errors: np.ndarray) -> list[Block]:
        """Show the mean error of each channel, and of each time step of the window."""
        channels = np.nan_to_num(errors.mean(0))
        order = np.argsort(-channels, kind="stable")[:BARS]
        top = channels.max() or 1.0
        bars = [Bar(self.names[c], float(channels[c] / top), number(float(channels[c]), 3)) for c in order]
        over = curves("Mean error over the window", {"all channels": errors.mean(1)}, STEP, "error", zero=True)
        return [*([Bars(bars, "Mean error of each channel")] if len(bars) > 1 else []), over]

    def abnormal(self, scoring: Scoring, reconstruct: Callable[[Any], Any]) -> list[Block]:
        """Show the signal with its flagged intervals and a table of these; of cut windows, the highest scores."""
        return self._windows(scoring, reconstruct) if ready(scoring.X) else self._intervals(scoring)

    def _intervals(self, scoring: Scoring) -> list[Block]:
        result = scoring.detector.score_time_steps(scoring.X)
        numeric = scoring.labels is not None and scoring.labels.dtype.kind in "biuf"
        svg = drawn(result, scoring.X, scoring.threshold, "", scoring.labels if numeric else None).svg()
        highest = sorted(result.table(), key=lambda row: -row["score"])[:INTERVALS]
        lines = [[Cell(_text(cell)) for cell in row.values()] for row in highest]
        drawing = Drawing(svg, "The signal, its score, the threshold and the intervals that are flagged.")
        if not lines:
            return [drawing, Note("No time step has a score above the threshold.", "No interval is flagged")]
        caption = f"Flagged intervals: the {len(lines)} with the highest scores of {len(result.intervals)}"
        return [drawing, Table([name.replace("_", " ") for name in highest[0]], lines, caption)]

    def _windows(self, scoring: Scoring, reconstruct: Callable[[Any], Any]) -> list[Block]:
        at = scoring.worst(WINDOWS)
        windows, errors = scoring.X[at], np.asarray(scoring.contributions(at), dtype=np.float64)
        reconstructed = reconstruct(windows)
        blocks: list[Block] = []
        for row, title in enumerate(scoring.titles(at)):
            row_of = {"original": windows[row], "reconstruction": reconstructed[row]}
            blocks += self._window(
                f"{title}: score {number(float(scoring.scores[at[row]]))}", row_of, errors[row], "contributions"
            )
        return blocks


def _text(cell: object) -> str:
    return number(float(cell)) if isinstance(cell, float) else str(cell)
