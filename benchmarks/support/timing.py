"""Clocks, and turns: what is compared is measured side by side."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any, TypeVar

T = TypeVar("T")


def timed(function: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds that a call took, and what it returned."""
    began = time.perf_counter()
    value = function()
    return time.perf_counter() - began, value


def in_turn(repeats: int, runs: dict[str, Callable[[], float]], warm_up: bool = True) -> dict[str, list[float]]:
    """Call each function in turn, `repeats` times, after one round that does not count; return what they returned."""
    rounds = [turn(runs, "" if repeat >= 0 else " (warm-up)") for repeat in range(-warm_up, repeats)][warm_up:]
    return {name: [found[name] for found in rounds] for name in runs}


def turn(runs: dict[str, Callable[[], float]], note: str = "") -> dict[str, float]:
    """Call each function once."""
    found = {}
    for name, run in runs.items():
        found[name] = run()
        say(f"{name}: {found[name]:,.4g}{note}")
    return found


def ratios(ours: list[float], theirs: list[float]) -> tuple[float, float]:
    """Return the median and the least of the ratios of what was measured in the same turn."""
    found = [a / b for a, b in zip(ours, theirs, strict=True)]
    return median(found), min(found)


def spread(values: list[float]) -> dict[str, float]:
    return {"median": median(values), "least": min(values), "most": max(values)}


def spreads(measured: dict[str, list[float]]) -> dict[str, Any]:
    return {name: spread(values) for name, values in measured.items()}


def say(text: str) -> None:
    """Tell how far a benchmark is."""
    print(f"  {text}", flush=True)
