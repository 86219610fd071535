"""Trains models/photo.safetensors and photo-grey.safetensors, for noisy photographs: ``python -m training.photo``.

They learn from 402 photographs in ISTHMUS_DATA/photos/train, each at two smaller sizes, which hides that these were
JPEG files. Two thirds of the crops get Gaussian noise of any strength up to 50 of 255, the others that of a camera,
as JPEG files have it. The model does not know the strength, and estimates it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import click
import numpy as np
import torch
from PIL import Image

from isthmus import Autoencoder, Denoiser, Denoising, Images
from isthmus.core.training.callbacks import Event
from isthmus.parts.corruptions.composed import Composed
from isthmus.parts.corruptions.jpeg import Jpeg
from isthmus.parts.corruptions.measured import Measured
from isthmus.parts.corruptions.measurements import PoissonGaussian
from isthmus.parts.corruptions.noise import GaussianNoise
from isthmus.parts.corruptions.one_of import OneOf
from isthmus.parts.nets.lapped import Lapped

MODES = {"photo": "RGB", "photo-grey": "L"}
SCALES = ((0.9, 0.6), (0.75, 0.5))
"""Sizes of every other photograph."""
QUALITY = (20, 95)
CAMERA = Composed(
    (PoissonGaussian((0.0, 0.15), (0.0, 0.05)), OneOf((Jpeg(QUALITY), Jpeg(QUALITY, aligned=False)), (3, 1))),
    (0.85, 1.0),
)
"""What cameras do: noise that grows with brightness, then JPEG; a quarter of the files were cut afterwards."""
NOISE = OneOf((GaussianNoise((0.0, 50 / 255)), CAMERA), (2, 1))
WIDTHS, BLOCKS = {"photo": (64, 96, 128), "photo-grey": (48, 96, 128)}, (3, 1, 1)
CODE, CROP, CROPS, BATCH = 128, 64, 8, 16
EPOCHS = {"photo": 42, "photo-grey": 42}
SEED = 0


def photos(mode: str) -> list[np.ndarray]:
    """Return the photographs at smaller sizes."""
    paths = sorted(Path(os.environ["ISTHMUS_DATA"], "photos", "train").glob("*.jpg"))
    return [image for number, path in enumerate(paths) for image in smaller(path, mode, SCALES[number % 2])]


def smaller(path: Path, mode: str, scales: tuple[float, ...]) -> list[np.ndarray]:
    image = Image.open(path).convert(mode)
    sizes = [(round(image.width * scale), round(image.height * scale)) for scale in scales]
    return [np.asarray(image.resize(size, Image.Resampling.LANCZOS)) for size in sizes]


def untrained(kind: str, epochs: int) -> Autoencoder:
    """Return the autoencoder."""
    data = Images(crop=CROP, crops_per_image=CROPS, flips=True, turns=True)
    net = Lapped(2, WIDTHS[kind], BLOCKS)
    return learning(Autoencoder(Denoising(Measured(NOISE, known=True)), CODE, net=net, data=data, epochs=epochs))


def learning(autoencoder: Autoencoder) -> Autoencoder:
    """Return an autoencoder with what all trainings on photographs have."""
    return autoencoder.set_params(
        batch_size=BATCH, average=0.999, validation_fraction=0, random_state=SEED, callbacks=[tell], verbose=False
    )


def tell(event: Event) -> None:
    if event.kind == "epoch":
        click.echo(event.record)


@click.command()
@click.argument("kind", type=click.Choice(list(MODES)))
@click.argument("output", type=click.Path(path_type=Path), required=False)
@click.option("--epochs", type=int, help=f"Passes over all images [{EPOCHS}].")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Where to continue from, after an interruption.")
def main(kind: str, output: Path | None, epochs: int | None, checkpoint: Path | None) -> None:
    """Train the model KIND, and write it to OUTPUT [src/isthmus/models/KIND.safetensors]."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    start, model = time.process_time(), untrained(kind, epochs or EPOCHS[kind])
    model.fit(photos(MODES[kind]), checkpoint=checkpoint, resume=True)
    target = output or Path(f"src/isthmus/models/{kind}.safetensors")
    Denoiser.of(model).save(target, half=True)
    click.echo(f"{target}: {(time.process_time() - start) / 60:.1f} minutes of one core in this run")


if __name__ == "__main__":
    main()
