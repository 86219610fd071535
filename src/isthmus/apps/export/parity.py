"""Parity: an exported file's results against those of the model, and the rows at which the model is discontinuous."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from isthmus import IsthmusError
from isthmus.apps.export.kinds.base import Columns
from isthmus.apps.export.ports import Port
from isthmus.apps.export.sample_inputs import encoded

CLOSE = 1e-5
"""Largest difference allowed, as a fraction of the number plus the column's spread."""
MOVES, FAINT = tuple(CLOSE / 2**power for power in range(6)) * 8, CLOSE / 16
"""How far the model's weights are perturbed to see whether it is discontinuous, as fractions of each; and the fraction
that changes only the last digits."""

Listed = Callable[[Columns], list[Tensor]]


class TrialError(IsthmusError):
    """An exported file does not give the numbers that the model gives; it was removed."""


def compared(
    ports: Sequence[Port], part: nn.Module, listed: Listed, columns: Columns, run: Callable[[int], list[np.ndarray]]
) -> tuple[int, float]:
    """Return at how many rows the model is discontinuous, and the largest `ratio` at the others.

    Parameters
    ----------
    ports : sequence of Port
        The outputs.
    part : Module
        From columns to columns.
    listed : callable
        Returns the results of the part in the order of the ports, not rounded yet.
    columns : Columns
        Rows for the part. Batches of all of them, of 3 and of 1 are compared.
    run : callable
        Returns the file's results for the first so many rows.

    Raises
    ------
    TrialError
        A row differs, and the model is not discontinuous there.
    """
    with torch.no_grad():
        expected = _arrays(listed(part(columns)))
        ports = [replace(port, spread=_spread(port, side)) for port, side in zip(ports, expected, strict=True)]
        n, jumped, difference = len(expected[0]), 0, 0.0
        for size in dict.fromkeys((n, min(3, n), 1)):
            result = run(size)
            each = ratios(ports, [side[:size] for side in expected], result)
            worst = each.max(0)
            far = np.flatnonzero(worst > CLOSE)
            if len(far):
                rows = {name: tensor[far] if len(tensor) == n else tensor for name, tensor in columns.items()}
                sides = [[tensor[far] for tensor in side] for side in (expected, result)]
                known, own = jumps(ports, part, listed, rows, *sides)
                if not known.all():
                    raise TrialError(_said(ports, each, far[~known], size, float(own[~known].max())))
            jumped, difference = max(jumped, len(far)), max(difference, float(np.delete(worst, far).max(initial=0)))
    return jumped, difference


def _said(ports: Sequence[Port], each: np.ndarray, apart: np.ndarray, n: int, own: float) -> str:
    """Return a message: in which rows, how far and why a file differs; `own` is the model's own imprecision."""
    port, row = max(((port, row) for port in range(len(ports)) for row in apart), key=lambda at: float(each[at]))
    reason = (
        f"the model itself is no more exact than {own:.1e}, since its columns are large beside their spread: scale them"
        if own > CLOSE
        else "please report it"
    )
    return (
        f"the exported file differs from the model in {len(apart)} of {n} rows that were tried, most in "
        f"{ports[port].name!r}, by {each[port, row]:.1e} of number and spread in row {row}: it was removed; {reason}"
    )


def jumps(
    ports: Sequence[Port],
    part: nn.Module,
    listed: Listed,
    columns: Columns,
    expected: list[np.ndarray],
    result: list[np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Return at which rows the model is discontinuous, and how far the last digits of its weights change its results.

    At a discontinuity, two categories are equally likely, or two rows equally near, as far as float32 can tell. Some
    perturbation of the weights then gives the file's result; and perturbing the last digits only gives either the
    expected result or that of the file, nothing in between. Numbers in float64, such as scaling and bins, stay as they
    are.
    """
    numbers = [replace(port, kind="tensor", spread=1.0 if port.spread is None else port.spread) for port in ports]
    known, steady = np.zeros(len(result[0]), dtype=bool), np.ones(len(result[0]), dtype=bool)
    own = np.zeros(len(known))
    for seed, size in enumerate(MOVES):
        moved = _arrays(listed(_moved(part, columns, size, seed)))
        same, apart = ratios(ports, moved, result).max(0) <= CLOSE, ratios(numbers, expected, moved).max(0)
        known |= same
        if size <= FAINT:
            steady, own = steady & (same | (apart <= CLOSE)), np.maximum(own, apart)
    return known & steady, np.where(steady, 0, own)


def _moved(part: nn.Module, columns: Columns, size: float, seed: int) -> Columns:
    """Return the results of the part with each float32 number changed by a random fraction, at most `size`."""
    draw = torch.Generator().manual_seed(seed)
    value = {**dict(part.named_parameters()), **dict(part.named_buffers())}
    numbers = {
        name: tensor * (1 + size * (2 * torch.rand(tensor.shape, generator=draw) - 1))
        for name, tensor in value.items()
        if tensor.dtype == torch.float32
    }
    result: Columns = torch.func.functional_call(part, numbers, (columns,))
    return result


def ratios(ports: Sequence[Port], expected: list[np.ndarray], result: list[np.ndarray]) -> np.ndarray:
    """Return the largest `ratio` in each row, of shape (ports, rows)."""
    each = [ratio(port, a, b) for port, a, b in zip(ports, expected, result, strict=True)]
    return np.stack([np.reshape(one, (len(one), -1)).max(1) for one in each])


def ratio(port: Port, expected: np.ndarray, result: np.ndarray) -> np.ndarray:
    """Return |a − b| / (|a| + the column's spread).

    Rounding to whole numbers does not count; for categories it is 0 where they are equal, else infinity.

    Parameters
    ----------
    port : Port
        The output, with its spread.
    expected : ndarray
        Not rounded yet, categories as codes.
    result : ndarray
        In the types of the port.
    """
    if port.kind == "category":
        return np.where(_codes(port, result, expected) == expected, 0.0, np.inf)
    a, b = expected.astype(np.float64), np.asarray(result, dtype=np.float64)
    apart = np.abs(a - b)
    if port.kind == "integer":
        apart = np.maximum(np.abs(np.clip(a, port.low, port.high) - b) - 0.5, 0)
    if port.kind == "boolean":
        apart = np.where((a >= 0.5) == b, 0, np.abs(a - 0.5))
    with np.errstate(invalid="ignore"):
        return np.where(
            (a == b) | (np.isnan(a) & np.isnan(b)),
            0.0,
            np.nan_to_num(apart / (np.abs(a) + np.asarray(port.spread)), nan=np.inf),
        )


def _spread(port: Port, values: np.ndarray) -> object:
    """Return the spread of a column, or of all values of an output without one; 1 if they are constant."""
    if port.spread is not None or port.kind == "category":
        return port.spread
    known = values[np.isfinite(values)].astype(np.float64)
    return float(known.std()) if known.size > 1 and known.std() > 0 else 1.0


def _codes(port: Port, cells: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return the codes of the file's cells; unseen ones have that of unknown if they may pass through, else −2."""
    codes = encoded(port, cells).numpy()
    return codes if port.stands is not None else np.where(codes < len(port.categories), codes, -2)


def _arrays(tensors: list[Tensor]) -> list[np.ndarray]:
    return [tensor.numpy() for tensor in tensors]
