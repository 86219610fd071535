"""Rows per second of `fit` beside a bare loop over the same net, batches of 1,024, data of the size of MNIST.

The bare loop is what one writes by hand: the same modules, `index_select` from one float tensor, fused AdamW, no
clipping, no validation, no history; in float32, and in bfloat16 autocast where the processor multiplies it in hardware,
and `fit` is compared with whichever is faster. `fit` counts the seconds of its epochs, without those of its start (a
PCA), which are given too. All take turns; a round before does not count. Multiply-adds are counted by torch on one
step; the peak is the fastest product of two square matrices.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from copy import deepcopy
from functools import partial
from importlib.metadata import version
from statistics import median

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.support.figures import Figure, Result
from benchmarks.support.rows import ours, turns
from benchmarks.support.timing import ratios, say, spreads, timed, turn
from isthmus import Autoencoder, Plain, Table
from isthmus.core.training.precision import has_bfloat16

ROWS, COLUMNS, BATCH, LATENT, EPOCHS = 60_000, 784, 1024, 32, 2
SIDE = 2048


def run(quick: bool) -> Result:
    X = np.random.default_rng(0).random((4 * BATCH if quick else ROWS, COLUMNS), dtype=np.float32)
    pixels = (X * 255).astype(np.uint8).reshape(-1, 28, 28)
    net, rows = bare_net(X), torch.from_numpy(X)
    starts: list[float] = []
    precision = Autoencoder(batch_size=BATCH, epochs=1).fit(X[: 2 * BATCH]).info_["precision"]
    precisions = ("float32", "bfloat16") if has_bfloat16(torch.device("cpu")) else ("float32",)
    peaks = {name: ours(f"peak in {name}", partial(peak, getattr(torch, name))) for name in precisions}
    runs = {
        "fit": lambda: fitted(X, starts),
        **{f"bare {name}": partial(bare, net, rows, name == "bfloat16") for name in precisions},
        "fit on uint8 images": lambda: fitted(pixels, []),
        "start": starts.pop,
    }
    measured = turns(
        "rates", 1 if quick else 5, lambda _: turn(runs), version("torch"), before=lambda: turn(runs, " (warm-up)")
    )
    start = median(measured.pop("start"))
    fastest = max((f"bare {name}" for name in precisions), key=lambda name: median(measured[name]))
    fraction, least = ratios(measured["fit"], measured[fastest])
    step = multiply_adds(net, rows[:BATCH])
    done = median(measured["fit"]) / BATCH * step
    figures = [
        Figure(f"`fit` as a fraction of the loop that is faster ({fastest})", fraction, least=0.95),
        Figure("the same, worst turn", least),
        *(Figure(name, median(rates), "rows/s") for name, rates in measured.items()),
        Figure("multiply-adds in a step", step / 1e9, "10⁹"),
        Figure(f"peak of a matrix product in {precision}, which `fit` chose", peaks[precision] / 1e9, "10⁹/s"),
        Figure("fraction of that peak that `fit` reaches", done / peaks[precision]),
        Figure("start of `fit`", start, "s"),
    ]
    return Result(figures, details={"peaks": peaks, **spreads(measured)})


def fitted(X: np.ndarray, starts: list[float]) -> float:
    """Return rows per second of training by `fit`, and note the seconds that it took beside its epochs."""
    ae = Autoencoder("plain", LATENT, epochs=EPOCHS, batch_size=BATCH, validation_fraction=0, random_state=0)
    whole, _ = timed(lambda: ae.fit(X))
    seconds = ae.history_[-1]["seconds"]
    starts.append(whole - seconds)
    return EPOCHS * len(X) / seconds


def bare_net(X: np.ndarray) -> nn.Module:
    """Return the net that `fit` trains, as a plain module."""
    net = Plain().objective(Table().learn([X]), LATENT).model.net
    return nn.Sequential(net.encoder, net.decoder)


def bare(net: nn.Module, X: Tensor, bfloat16: bool) -> float:
    """Return rows per second of a loop written by hand."""
    net = deepcopy(net).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=True)
    began = time.perf_counter()
    for x in batches(X):
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            y = net(x)
        loss = F.mse_loss(y.float(), x)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return EPOCHS * len(X) / (time.perf_counter() - began)


def batches(X: Tensor) -> Iterable[Tensor]:
    for _ in range(EPOCHS):
        for index in torch.randperm(len(X)).split(BATCH):
            yield X.index_select(0, index)


def multiply_adds(net: nn.Module, x: Tensor) -> float:
    """Return the multiply-adds of one step, forward and backward."""
    with FlopCounterMode(display=False) as counter:
        F.mse_loss(net(x), x).backward()
    net.zero_grad()
    return counter.get_total_flops() / 2


def peak(dtype: torch.dtype) -> float:
    """Return the multiply-adds per second of a product of two square matrices."""
    a, b = (torch.randn(SIDE, SIDE).to(dtype) for _ in range(2))
    rate = SIDE**3 / min(timed(lambda: a @ b)[0] for _ in range(10))
    say(f"peak in {dtype}: {rate / 1e9:,.0f} · 10⁹ multiply-adds/s")
    return rate
