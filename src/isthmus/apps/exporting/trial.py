"""Trial: whether an exported file gives the numbers that PyTorch gives, and how fast."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch

from isthmus import IsthmusError
from isthmus.apps.exporting.joined import Joined
from isthmus.apps.exporting.ports import Port
from isthmus.apps.exporting.rows import drawn, encoded
from isthmus.data.extras import extra

ROWS, ELEMENTS = 1000, 2**22
"""Rows of a trial, at most; and numbers that they may need between two steps."""
CLOSE = 1e-5
"""How far numbers may differ: this share of the number and of the column's spread."""
JUMPS = 1e-3
"""Share of the rows that may fall on the other side of a jump: of a rounding, of a choice between equals."""
RUNS = 5
REFUSALS = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")
"""What onnxruntime raises; its exceptions share no class."""

Feeds = dict[str, np.ndarray]


class TrialError(IsthmusError):
    """An exported file does not give the numbers that the model gives; it was removed."""


@dataclass(frozen=True)
class Trial:
    """What a trial found.

    Attributes
    ----------
    rows : int
        That were drawn, and compared in batches of all of them, 3 and 1.
    jumped : int
        Rows on the other side of a jump.
    difference : float
        The largest one of the others, as a share of the number and of its column's spread.
    milliseconds, torch_milliseconds : float
        For 1,000 rows, in onnxruntime and in PyTorch, with as many threads.
    """

    rows: int
    jumped: int
    difference: float
    milliseconds: float
    torch_milliseconds: float


def session(path: str | os.PathLike[str]) -> Any:
    """Return an onnxruntime session with as many threads as PyTorch has.

    Raises
    ------
    MissingExtraError
        onnxruntime is not installed.
    """
    runtime = extra("onnxruntime", "export")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4
    return runtime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])


def tried(module: Joined, path: str | os.PathLike[str]) -> Trial:
    """Compare a file with the module that it was made from, on rows that are drawn.

    Raises
    ------
    TrialError
        They differ, or onnxruntime cannot run the file.
    """
    state = extra("onnxruntime.capi.onnxruntime_pybind11_state", "export")
    try:
        return _tried(module, path)
    except tuple(getattr(state, name) for name in REFUSALS) as error:
        reason = " ".join(str(error).split())[:300]
        raise TrialError(f"onnxruntime cannot run the exported file: {reason}; it was removed") from error


def _tried(module: Joined, path: str | os.PathLike[str]) -> Trial:
    opened, n = session(path), rows_of(module)
    feeds = {port.name: drawn(port, n, seed=1) for port in module.inputs}
    columns = module.columns([encoded(port, feeds[port.name]) for port in module.inputs])
    with torch.no_grad():
        expected = [tensor.numpy() for tensor in module.raw(columns)]
        jumped, difference = 0, 0.0
        for size in {n, min(3, n), 1}:
            found = opened.run(None, {name: values[:size] for name, values in feeds.items()})
            jumps, apart = judged(module.outputs, [side[:size] for side in expected], found)
            jumped, difference = max(jumped, jumps), max(difference, apart)
        slow = milliseconds(lambda: module.raw(columns), n)
    return Trial(n, jumped, difference, milliseconds(lambda: opened.run(None, feeds), n), slow)


def rows_of(module: Joined) -> int:
    """Return how many rows are tried: fewer of large ones."""
    elements = max(getattr(module.part, "elements", 1), *(prod(port.shape) for port in module.inputs), 1)
    return max(2, min(ROWS, ELEMENTS // elements))


def judged(ports: list[Port], expected: list[np.ndarray], found: list[np.ndarray]) -> tuple[int, float]:
    """Return how many rows jumped, and the largest difference of the others, as `ratio` has it.

    Raises
    ------
    TrialError
        More rows differ than may jump.
    """
    n = len(expected[0])
    ratios = {port.name: ratio(port, a, b) for port, a, b in zip(ports, expected, found, strict=True)}
    worst = np.max([np.reshape(each, (n, -1)).max(1) for each in ratios.values()], axis=0)
    jumped = worst > CLOSE
    if jumped.sum() > max(1, JUMPS * n):
        name = max(ratios, key=lambda name: float(ratios[name].max()))
        row = int(np.argmax(np.reshape(ratios[name], (n, -1)).max(1)))
        raise TrialError(
            f"the exported file differs from the model in {int(jumped.sum())} of {n} rows that were tried, most in "
            f"{name!r}, by {ratios[name].max():.1e} of number and spread in row {row}: it was removed; please report it"
        )
    return int(jumped.sum()), float(worst[~jumped].max(initial=0.0))


def ratio(port: Port, expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return |a − b| / (|a| + the column's spread): beyond rounding of whole numbers; 0 or infinity of categories.

    Parameters
    ----------
    port : Port
        Of the output.
    expected : ndarray
        Not rounded yet, categories as codes.
    found : ndarray
        In the types of the port.
    """
    if port.kind == "category":
        return np.where(_codes(port, found, expected) == expected, 0.0, np.inf)
    a, b = expected.astype(np.float64), np.asarray(found, dtype=np.float64)
    spread = _spread(a) if port.spread is None else np.asarray(port.spread)
    apart = np.abs(a - b)
    if port.kind == "integer":
        apart = np.maximum(np.abs(np.clip(a, port.low, port.high) - b) - 0.5, 0)
    if port.kind == "boolean":
        apart = np.where((a >= 0.5) == b, 0, np.abs(a - 0.5))
    with np.errstate(invalid="ignore"):
        return np.where(
            (a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.nan_to_num(apart / (np.abs(a) + spread), nan=np.inf)
        )


def _spread(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.std()) if known.size > 1 and known.std() > 0 else 1.0


def _codes(port: Port, cells: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return the codes of what came out; of what stands although it is no category, the code of that."""
    codes = encoded(port, cells).numpy()
    return codes if port.stands is not None else np.where(codes < len(port.categories), codes, -2)


def milliseconds(run: Callable[[], Any], n: int) -> float:
    """Return how long 1,000 rows take: the median of some runs after a first one."""
    run()
    times = []
    for _ in range(RUNS):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return median(times) * 1e6 / n
