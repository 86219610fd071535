"""Trains models/inpaint.safetensors, which fills what a mask marks: ``python -m training.inpaint``.

It learns from the photographs that training/photo.py learns from: blocks, scratches and lines of text are taken away.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import click
import torch

from isthmus import Autoencoder, Denoiser, Denoising, Images
from isthmus.parts.corruptions.lettering import Lettering
from isthmus.parts.corruptions.masking import PatchMasking
from isthmus.parts.corruptions.one_of import OneOf
from isthmus.parts.corruptions.scratches import Scratches
from isthmus.parts.nets.unet import UNet
from training.photo import learning, photos

HOLES = OneOf(
    (
        PatchMasking((0.1, 0.4), 4),
        PatchMasking((0.1, 0.4), 8),
        PatchMasking((0.1, 0.35), 16),
        Scratches((0.05, 0.25), (1, 6)),
        Lettering(),
    ),
    (1, 2, 1, 3, 1),
)
"""What is taken away, and how often."""
WIDTHS, BLOCKS = (48, 64, 96, 112), (2, 1, 1, 1)
CROP, CROPS = 96, 4
EPOCHS = 45


def untrained(epochs: int) -> Autoencoder:
    """Return the autoencoder."""
    data = Images(crop=CROP, crops_per_image=CROPS, flips=True, turns=True)
    net = UNet(WIDTHS, BLOCKS, fill=True)
    return learning(Autoencoder(Denoising(HOLES), WIDTHS[-1], net=net, data=data, epochs=epochs))


@click.command()
@click.argument("output", type=click.Path(path_type=Path), default=Path("src/isthmus/models/inpaint.safetensors"))
@click.option("--epochs", type=int, default=EPOCHS, show_default=True, help="Passes over all images.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Where to continue from, after an interruption.")
def main(output: Path, epochs: int, checkpoint: Path | None) -> None:
    """Train the model, and write it to OUTPUT."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    start, model = time.process_time(), untrained(epochs)
    model.fit(photos("RGB"), checkpoint=checkpoint, resume=True)
    Denoiser.of(model).save(output, half=True)
    click.echo(f"{output}: {(time.process_time() - start) / 60:.1f} minutes of one core in this run")


if __name__ == "__main__":
    main()
