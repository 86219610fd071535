"""Trials: whether an exported file gives the same numbers as PyTorch, and how fast."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch

from isthmus.apps.export.parity import TrialError, compared
from isthmus.apps.export.ports import Size
from isthmus.apps.export.wrapper import Joined
from isthmus.support.errors import extra

ROWS, ELEMENTS, WORK = 1000, 2**22, 2**30
"""Maximum rows of a trial, and about as many elements of all their intermediate results, and multiplications."""
RUNS, ENOUGH = 5, 2.0
"""Maximum runs that are timed, and the seconds after which there are no more."""
REFUSALS = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")
"""Exceptions of onnxruntime, which have no common class."""


@dataclass(frozen=True)
class Trial:
    """The result of a trial.

    Attributes
    ----------
    rows : int
        Number of random rows, which are compared in batches of all of them, of 3 and of 1.
    jumped : int
        Rows at which the model itself is discontinuous: see `compared`.
    difference : float
        The largest difference at the other rows, as a fraction of the number plus its column's spread.
    milliseconds, torch_milliseconds : float
        For 1,000 rows, in onnxruntime and in PyTorch, with the same number of threads.
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
    """Compare a file with the module that it was made from, on random rows.

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
    running = session(path)
    return joined_trials([_tried_with(module, running, size, timed=not n) for n, size in enumerate(module.sizes)])


def _tried_with(module: Joined, running: Any, size: Size, timed: bool) -> Trial:
    """Return the comparison for certain lengths of the free axes; its times are 0 unless they are asked for."""
    n = rows_of(module, size)
    feeds = module.drawn(n, 1, size)
    columns = module.read(feeds)

    def run(count: int) -> list[np.ndarray]:
        answers: list[np.ndarray] = running.run(None, {name: values[:count] for name, values in feeds.items()})
        return answers

    jumped, difference = compared(module.outputs, module.part, module.listed, columns, run)
    if not timed:
        return Trial(n, jumped, difference, 0.0, 0.0)
    with torch.no_grad():
        slow = milliseconds(lambda: module.part(columns), n)
    return Trial(n, jumped, difference, milliseconds(lambda: run(n), n), slow)


def joined_trials(trials: Sequence[Trial]) -> Trial:
    """Return the trials of several sizes as one; its times are those of the first size."""
    rows, jumped = sum(trial.rows for trial in trials), sum(trial.jumped for trial in trials)
    return replace(trials[0], rows=rows, jumped=jumped, difference=max(trial.difference for trial in trials))


def rows_of(module: Joined, size: Size) -> int:
    """Return the number of rows of a trial: the larger the rows, and the more is computed of them, the fewer."""
    elements = max(getattr(module.part, "elements", 1), *(prod(port.lengths(size)) for port in module.inputs), 1)
    return max(2, min(ROWS, ELEMENTS // elements, WORK // max(1, getattr(module.part, "multiplications", 1))))


def milliseconds(run: Callable[[], object], n: int) -> float:
    """Return how long 1,000 rows take: the median of some runs after a first one."""
    run()
    times: list[float] = []
    while len(times) < RUNS and sum(times) < ENOUGH:
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return median(times) * 1e6 / n
