"""What a benchmark returns: figures, each with the bar that it is compared with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


class Skip(Exception):
    """A benchmark cannot run here; the message says why."""


@dataclass(frozen=True)
class Figure:
    """One measured number, and the most or the least that it may be."""

    what: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        if self.most is None and self.least is None:
            return None
        return bool((self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least))

    def record(self) -> dict[str, Any]:
        return {**asdict(self), "value": float(self.value), "met": self.met}


@dataclass(frozen=True)
class Result:
    """The figures of a benchmark, a table (its first row is the header) and what else is worth keeping."""

    figures: list[Figure]
    table: list[list[Any]] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
