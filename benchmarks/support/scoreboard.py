"""What detectors of anomalies reached on each table: means over seeds, mean ranks, sums of seconds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy.stats import rankdata


@dataclass(frozen=True)
class Verdict:
    """How well the scores of one run tell anomalies from normal rows, and the seconds of fitting and of scoring."""

    auroc: float
    precision: float
    fit: float
    score: float

    def __str__(self) -> str:
        return f"AUROC {self.auroc:.4f}, AP {self.precision:.4f}, fit {self.fit:.2f} s, scoring {self.score:.2f} s"


@dataclass(frozen=True)
class Scoreboard:
    """Verdicts by table and detector, one for each seed."""

    detectors: tuple[str, ...]
    verdicts: dict[str, dict[str, list[Verdict]]] = field(default_factory=dict)

    def add(self, table: str, detector: str, verdict: Verdict) -> None:
        self.verdicts.setdefault(table, {name: [] for name in self.detectors})[detector].append(verdict)

    def values(self, what: str) -> np.ndarray:
        """Return the means over seeds of one field of the verdicts, (tables, detectors)."""
        runs = [[by[name] for name in self.detectors] for by in self.verdicts.values()]
        return np.array([[np.mean([getattr(run, what) for run in seeds]) for seeds in row] for row in runs])

    def means(self, what: str = "auroc") -> dict[str, float]:
        """Return the mean over tables for each detector."""
        return self.by_detector(self.values(what).mean(0))

    def totals(self, what: str) -> dict[str, float]:
        """Return the sum over tables for each detector."""
        return self.by_detector(self.values(what).sum(0))

    def ranks(self, what: str = "auroc") -> dict[str, float]:
        """Return the mean rank for each detector; 1 is the best, equal ones have the mean of theirs."""
        return self.by_detector(rankdata(-self.values(what), axis=1).mean(0))

    def by_detector(self, values: np.ndarray) -> dict[str, float]:
        return dict(zip(self.detectors, map(float, values), strict=True))

    def by_table(self) -> list[list[Any]]:
        """Return the AUROC of each table, then what sums it up, with a column for each detector."""
        summary = {
            "mean AUROC": self.means(),
            "mean rank": self.ranks(),
            "mean average precision": self.means("precision"),
            "fit, s in all": self.totals("fit"),
            "scoring, s in all": self.totals("score"),
        }
        body = [[name, *row] for name, row in zip(self.verdicts, self.values("auroc").tolist(), strict=True)]
        return [["AUROC", *self.detectors], *body, *([name, *by.values()] for name, by in summary.items())]

    def by_measure(self) -> list[list[Any]]:
        """Return a row for each detector, best first, with a column for each measure: for a single table."""
        measures = {"average precision": "precision", "AUROC": "auroc", "fit, s": "fit", "scoring, s": "score"}
        columns = [self.means(what) for what in measures.values()]
        body = [[name, *(column[name] for column in columns)] for name in self.detectors]
        return [["detector", *measures], *sorted(body, key=lambda row: -row[1])]

    def record(self) -> dict[str, Any]:
        """Return every verdict, for the details of a result."""
        return {
            table: {name: [asdict(run) for run in seeds] for name, seeds in by.items()}
            for table, by in self.verdicts.items()
        }


def lead(values: dict[str, float]) -> tuple[float, str]:
    """Return how far the first of the values is above the best of the others, and whose that is.

    Examples
    --------
    >>> lead({"ours": 3.0, "one": 1.0, "other": 2.5})
    (0.5, 'other')
    """
    first, *others = values.items()
    name, best = max(others, key=lambda item: item[1])
    return first[1] - best, name
