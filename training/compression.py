"""Trains models/compression/photo-1.safetensors, which compresses photographs in grey and in colour::

    python -m training.compression

It learns from 402 photographs in ISTHMUS_DATA/photos/train, each at a smaller size, which hides that these were JPEG
files. How coarsely a code is rounded is drawn for each crop, so that one model serves all rates.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import click
import numpy as np
import torch

from isthmus import Autoencoder, Compressive, Compressor, Images
from isthmus.core.training.callbacks import Event
from training.photo import smaller

SCALES = (0.9, 0.75, 0.6, 0.5)
"""Sizes of every fourth photograph."""
STEP = (5 / 255, 128 / 255)
CROP, CROPS, BATCH, RATE, AVERAGE = 128, 4, 8, 0.002, 0.998
"""As many crops of each, since larger ones are less sharp: 1 % fewer bits than crops by area, after 600 steps."""
STEPS = 6000
SEED = 0


def photos() -> list[np.ndarray]:
    """Return the photographs at smaller sizes."""
    paths = sorted(Path(os.environ["ISTHMUS_DATA"], "photos", "train").glob("*.jpg"))
    return [smaller(path, "RGB", (SCALES[number % len(SCALES)],))[0] for number, path in enumerate(paths)]


def untrained(images: list[np.ndarray], steps: int) -> Autoencoder:
    """Return the autoencoder."""
    data = Images(crop=CROP, crops_per_image=CROPS, flips=True, turns=True)
    return Autoencoder(
        Compressive(STEP),
        data=data,
        epochs=max(1, round(steps * BATCH / (CROPS * len(images)))),
        batch_size=BATCH,
        learning_rate=RATE,
        weight_decay=0.0,
        average=AVERAGE,
        validation_fraction=0,
        random_state=SEED,
        callbacks=[tell],
        verbose=False,
    )


def tell(event: Event) -> None:
    if event.kind == "epoch":
        click.echo(event.record)


@click.command()
@click.argument("output", type=click.Path(path_type=Path), required=False)
@click.option("--steps", type=int, default=STEPS, help=f"Steps of the training [{STEPS}].")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Where to continue from, after an interruption.")
def main(output: Path | None, steps: int, checkpoint: Path | None) -> None:
    """Train the model, and write it to OUTPUT [src/isthmus/models/compression/photo-1.safetensors]."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    begun, images = time.process_time(), photos()
    compressor = Compressor(untrained(images, steps), random_state=SEED)
    compressor.fit(images, checkpoint=checkpoint, resume=True)
    target = output or Path("src/isthmus/models/compression/photo-1.safetensors")
    compressor.name_ = target.stem  # which its files name
    compressor.save(target, half=True)
    click.echo(f"{target}: {(time.process_time() - begun) / 60:.1f} minutes of one core in this run")


if __name__ == "__main__":
    main()
