"""Crops of a folder of photographs in two orientations: peak memory, and crops a second beside a hand-written loop.

402 photographs of 481 x 321 pixels or on their side, streamed from their files; 32 crops of 64 x 64 an epoch of each.
The hand-written loop trains the same net in batches of the same size: threads decode each image once an epoch and cut
as many crops, which are shuffled over 64 images. Each runs in processes of its own, in turn; of three epochs the
first does not count. Memory is the highest mark that the system kept for a process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.streaming import field
from benchmarks.support import rows
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result, Skip
from benchmarks.support.timing import say

CROP, CROPS, BATCH, LATENT, MIXED, EPOCHS, THREADS = 64, 32, 256, 16, 64, 3, 2
WIDTH, RATE = 64, 2e-3

Measured = dict[str, float]


def run(quick: bool) -> Result:
    if not Path("/proc/self/status").exists():
        raise Skip("memory is read from /proc, which is not here")
    photos = found("photos/train")
    repeats, most = (1, 40) if quick else (3, 402)
    turns = rows.turns(
        "crops", repeats, lambda _: {name: apart(name, photos, most) for name in LOOPS}, version("torch")
    )
    ratios = [ours["rate"] / theirs["rate"] for ours, theirs in zip(*turns.values(), strict=True)]
    figures = [
        Figure("peak memory", max(one["highest"] for one in turns["isthmus"]) / 1e9, "GB", most=1.0),
        Figure("crops a second, times those of the hand-written loop (median)", median(ratios), least=0.9),
        Figure("peak memory of the hand-written loop", max(one["highest"] for one in turns["by hand"]) / 1e9, "GB"),
        *(Figure(f"crops a second: {name}", median(r["rate"] for r in turns[name])) for name in turns),
    ]
    return Result(figures, details={"turns": turns})


def apart(name: str, photos: Path, most: int) -> Measured:
    """Return what a process of its own measured."""
    command = [sys.executable, "-m", "benchmarks.photo_folder", name, str(photos), str(most)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: Measured = json.loads(done.stdout.splitlines()[-1])
    say(f"{name}: {measured['rate']:,.0f} crops/s, {measured['highest'] / 1e9:.2f} GB")
    return measured


def ours(photos: Path, most: int) -> float:
    """Return crops a second of `fit` on a stream."""
    from isthmus import Autoencoder, Images
    from isthmus.data.sources.folders import ImageStream
    from isthmus.parts.nets.feature_map import FeatureMap

    stream = ImageStream(photos)[:most]
    ae = Autoencoder(
        latent_dim=LATENT,
        net=FeatureMap(width=WIDTH),
        data=Images(crop=CROP, crops_per_image=CROPS),
        epochs=EPOCHS,
        batch_size=BATCH,
        learning_rate=RATE,
        validation_fraction=0.0,
        random_state=0,
        verbose=False,
    ).fit(stream)
    seconds = ae.history_[-1]["seconds"] - ae.history_[0]["seconds"]
    return len(stream) * CROPS * (EPOCHS - 1) / seconds


def by_hand(photos: Path, most: int) -> float:
    """Return crops a second of a loop as one would write it."""
    import torch

    from isthmus.core.interfaces import Sizes
    from isthmus.core.records import Batch
    from isthmus.parts.nets.feature_map import FeatureMap

    paths = sorted(photos.iterdir())[:most]
    net = FeatureMap(width=WIDTH)
    net.build(Sizes((3, None, None), LATENT, LATENT, (3, None, None)))
    optimizer, began = torch.optim.AdamW(net.parameters(), lr=RATE), 0.0
    for epoch in range(EPOCHS):
        began = time.perf_counter() if epoch == 1 else began
        for crops in batches(paths, np.random.default_rng(epoch)):
            x = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
            loss = ((net.decode(net.encode(Batch(x, x))) - x) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
    return len(paths) * CROPS * (EPOCHS - 1) / (time.perf_counter() - began)


def batches(paths: list[Path], rng: np.random.Generator) -> Iterator[np.ndarray]:
    order = iter(rng.permutation(len(paths)).tolist())
    with ThreadPoolExecutor(THREADS) as pool:
        pending = [pool.submit(cropped, paths[i], i) for i in islice(order, MIXED)]
        while pending:
            ahead = [pool.submit(cropped, paths[i], i) for i in islice(order, MIXED)]
            crops = np.concatenate([one.result() for one in pending])
            crops = crops[rng.permutation(len(crops))]
            yield from (crops[a : a + BATCH] for a in range(0, len(crops), BATCH))
            pending = ahead


def cropped(path: Path, seed: int) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as opened:
        image = np.asarray(opened.convert("RGB"))
    rng = np.random.default_rng(seed)
    corners = rng.integers((image.shape[0] - CROP + 1, image.shape[1] - CROP + 1), size=(CROPS, 2))
    return np.stack([image[top : top + CROP, left : left + CROP] for top, left in corners])


LOOPS: dict[str, Any] = {"isthmus": ours, "by hand": by_hand}

if __name__ == "__main__":
    name, folder, most = sys.argv[1:]
    rate = LOOPS[name](Path(folder), int(most))
    print(json.dumps({"rate": rate, "highest": field("self", "VmHWM")}))
