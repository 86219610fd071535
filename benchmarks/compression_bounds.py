"""Numbers within a bound: an electrocardiogram and the sensors of a water loop, beside SZ3, zfp, and float16 with zstd.

Record 100 of MIT-BIH (two channels, in millivolts) and the whole of SKAB's file without anomalies (eight sensors), at
bounds of 0.1, 1 and 5 % of each channel's deviation. zfp gets each channel by itself with its bound, SZ3 also all
together in units of their bounds: the better counts. Float16
keeps no bound; it stands beside where it is as near. Then 10,000,000 numbers, with NaN, infinities and denormals.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result, Skip
from benchmarks.support.rows import ours, theirs
from benchmarks.support.timing import say, timed
from isthmus.tasks.compression import numbers
from isthmus.tasks.compression.chunks import read

BOUNDS = (0.001, 0.01, 0.05)
"""Of the deviation of each channel."""
SMALLER = 10.0
"""Per cent, to the best of the peers."""
MANY = 10_000_000


def run(quick: bool) -> Result:
    figures: list[Figure] = []
    table: list[list[Any]] = [["signal", "bound", "isthmus", *PEERS, "float16 and zstd", "smaller than the best"]]
    for name, x in signals(quick).items():
        for part in BOUNDS:
            bounds = part * x.std(0)
            own = ours(f"{name}, {part:.1%}", partial(of_ours, x, bounds), x, bounds)
            each = {
                way: theirs(f"{way}, {name}, {part:.1%}", partial(of, x, bounds), way, x, bounds)
                for way, of in PEERS.items()
            }
            half = halves(x, bounds)
            best = min(*each.values(), *([] if half is None else [half]))
            gain = 100 * (1 - own["bytes"] / best)
            table.append([name, f"{part:.1%}", own["bytes"], *each.values(), half or "not as near", f"{gain:.1f} %"])
            figures += [
                Figure(f"{name}, bound of {part:.1%}: smaller than the best", gain, "%", least=SMALLER),
                Figure(f"{name}, bound of {part:.1%}: numbers within it", own["kept"], "%", least=100.0),
            ]
            say(str(table[-1]))
    figures += many(MANY // (100 if quick else 1))
    return Result(figures, table)


def signals(quick: bool) -> dict[str, np.ndarray]:
    """Return the signals, float32 (time, channels)."""
    import pandas as pd

    with np.load(found("sensors/ecg_mitbih_100/record100.npz")) as record:
        heart = (record["signal"].astype(np.float64) - 1024) / 200
    water = pd.read_csv(found("sensors/skab/anomaly-free/anomaly-free.csv"), sep=";").drop(columns="datetime")
    known = {"ECG record 100": heart, "SKAB": water.to_numpy(np.float64)}
    return {name: x[: 5000 if quick else None].astype(np.float32) for name, x in known.items()}


def of_ours(x: np.ndarray, bounds: np.ndarray) -> dict[str, float]:
    content = numbers.packed(x, bounds)
    return {"bytes": len(content), "kept": 100 * within(x, numbers.unpacked(read(content)), bounds).mean()}


def within(x: np.ndarray, back: np.ndarray, bounds: np.ndarray | float) -> np.ndarray:
    """Return whether each number is within its bound, or the same bit by bit where it is not finite."""
    finite = np.isfinite(x)
    with np.errstate(invalid="ignore"):
        near = np.abs(back.astype(np.float64) - x.astype(np.float64)) <= bounds
    same = back.view(f"u{x.itemsize}") == x.view(f"u{x.itemsize}")
    return np.where(finite, near, same)


def sz3(x: np.ndarray, bounds: np.ndarray) -> int:
    """Return the bytes of all channels each by itself, or together in units of their bounds: the fewer."""
    apart = sum(_sz3(channel, bound) for channel, bound in zip(x.T, bounds, strict=True))
    return min(apart, _sz3((x / bounds).astype(np.float32), 1.0))


def _sz3(x: np.ndarray, bound: float) -> int:
    library = peer("pysz")
    config = library.szConfig(x.shape)
    config.errorBoundMode, config.absErrorBound = library.szErrorBoundMode.ABS, float(bound)
    content, _ = library.sz.compress(np.ascontiguousarray(x), config)
    return int(np.asarray(content).nbytes)


def zfp(x: np.ndarray, bounds: np.ndarray) -> int:
    library = peer("zfpy")
    return sum(
        len(library.compress_numpy(np.ascontiguousarray(channel), tolerance=float(bound)))
        for channel, bound in zip(x.T, bounds, strict=True)
    )


PEERS: dict[str, Callable[[np.ndarray, np.ndarray], int]] = {"pysz": sz3, "zfpy": zfp}


def halves(x: np.ndarray, bounds: np.ndarray) -> int | None:
    """Return the bytes of float16 with zstd, each channel by itself; None where that is farther off than the bound."""
    half = np.ascontiguousarray(x.T.astype(np.float16))
    if not within(x, half.T.astype(np.float32), bounds).all():
        return None
    return len(peer("zstandard").ZstdCompressor(19).compress(half.tobytes()))


def peer(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Skip(f"{name} is not installed: pip install 'isthmus[bench]'") from error


def many(count: int) -> list[Figure]:
    """Return how many of many numbers are within their bound, those among them that are special bit by bit."""
    random = np.random.default_rng(0)
    x = np.cumsum(random.normal(size=count)).astype(np.float32)
    special = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-42, -3e-45, np.finfo(np.float32).max], np.float32)
    at = random.choice(count, count // 1000, replace=False)
    x[at] = special[np.arange(len(at)) % len(special)]
    seconds, content = timed(lambda: numbers.packed(x, 0.01))
    again, back = timed(lambda: numbers.unpacked(read(content)))
    kept = 100 * within(x, back, 0.01).mean()
    say(f"{count:,} numbers: {len(content):,} bytes, {kept} % within the bound")
    return [
        Figure(f"{count:,} numbers, some special: within the bound", kept, "%", least=100.0),
        Figure(f"{count:,} numbers: writing", x.nbytes / 1e6 / seconds, "MB/s"),
        Figure(f"{count:,} numbers: reading", x.nbytes / 1e6 / again, "MB/s"),
    ]
