"""Trains models/photo-grey.safetensors, and from that photo.safetensors, for noisy photographs in grey and in colour::

    python -m training.photo photo-grey
    python -m training.photo photo --from src/isthmus/models/photo-grey.safetensors

and twice more from what that wrote, with ``--epochs 10 --balance 1`` and ``--epochs 10 --balance 0.5``.

They learn from 402 photographs in ISTHMUS_DATA/photos/train, each at two smaller sizes, which hides that these were
JPEG files. The crops get Gaussian noise of any strength up to 50 of 255, or, every eighth, that of a camera, as JPEG
files have it: little of what JPEG did can be undone, and such crops have most of the loss. The model does not know the
strength, and estimates it.
"""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

import click
import numpy as np
import torch
from PIL import Image
from torch import Tensor

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
SHARES = (7, 1)
"""How often Gaussian noise is drawn, and how often that of a camera."""
WIDTHS, BLOCKS = (48, 96, 128), (3, 1, 1)
SMOOTH = 4.0
"""How many times the noise level a coefficient of colour less brightness is of which half passes, at first."""
CODE, CROP, CROPS, BATCH = 128, 64, 8, 16
EPOCHS = 16
RATE = 0.002
"""Half the default, with which the deeper layers of the grey net are zero everywhere after 2,400 of its 6,432 steps."""
BALANCE = 1.5
"""How much more faint noise counts than strong noise."""
SEED = 0


def photos(mode: str) -> list[np.ndarray]:
    """Return the photographs at smaller sizes."""
    paths = sorted(Path(os.environ["ISTHMUS_DATA"], "photos", "train").glob("*.jpg"))
    return [image for number, path in enumerate(paths) for image in smaller(path, mode, SCALES[number % 2])]


def smaller(path: Path, mode: str, scales: tuple[float, ...]) -> list[np.ndarray]:
    image = Image.open(path).convert(mode)
    sizes = [(round(image.width * scale), round(image.height * scale)) for scale in scales]
    return [np.asarray(image.resize(size, Image.Resampling.LANCZOS)) for size in sizes]


def untrained(balance: float) -> Autoencoder:
    """Return the autoencoder."""
    data = Images(crop=CROP, crops_per_image=CROPS, flips=True, turns=True)
    noise = OneOf((GaussianNoise((0.0, 50 / 255)), CAMERA), SHARES)
    variant = Denoising(Measured(noise, balance, known=True))
    return learning(Autoencoder(variant, CODE, net=Lapped(2, WIDTHS, BLOCKS), data=data))


def grown(start: Path, image: np.ndarray, balance: float) -> Autoencoder:
    """Return an autoencoder that goes on from the weights of a model, as a rule one for grey images.

    In colour, the brightness is seen, gated and corrected as the grey image was; the other two principal axes are gated
    only, at first.
    """
    known = Denoiser.load(start).autoencoder_.objective_.state_dict()
    model = untrained(balance).set_params(epochs=1).fit([image])
    with torch.no_grad():
        colours, before = model.objective_.model.net.colours, known["model.net.colours"]
        brightness_up = colours * torch.where(colours.sum(1, keepdim=True) < 0, -1, 1)
        colours.copy_(before if before.shape == colours.shape else brightness_up)
        for name, weight in model.objective_.named_parameters():
            weight.copy_(placed(known[name].float(), weight, name))
    return model.set_params(warm_start=True)


def placed(known: Tensor, weight: Tensor, name: str) -> Tensor:
    """Return a weight of a grey model where brightness stands, which is the last axis of colours."""
    if known.shape == weight.shape:
        return known
    result = torch.full_like(weight, math.log(SMOOTH) if name.endswith("threshold") else 0.0)
    if name.endswith("first.weight"):  # the maps of each axis, and one of the noise level
        result[:, -known.shape[1] :] = known
    else:
        parts = 2 if name.endswith("last.weight") else 1  # what is added to the cosines of each axis, and gains
        each = len(known) // parts
        result.unflatten(0, (parts, -1))[:, -each:] = known.unflatten(0, (parts, each))
    return result


def learning(autoencoder: Autoencoder) -> Autoencoder:
    """Return an autoencoder with what all trainings on photographs have."""
    return autoencoder.set_params(
        batch_size=BATCH,
        learning_rate=RATE,
        average=0.999,
        validation_fraction=0,
        random_state=SEED,
        callbacks=[tell],
        verbose=False,
    )


def tell(event: Event) -> None:
    if event.kind == "epoch":
        click.echo(event.record)


@click.command()
@click.argument("kind", type=click.Choice(list(MODES)))
@click.argument("output", type=click.Path(path_type=Path), required=False)
@click.option("--from", "start", type=click.Path(path_type=Path), help="A model to go on from, such as that for grey.")
@click.option("--epochs", type=int, default=EPOCHS, help=f"Passes over all images [{EPOCHS}].")
@click.option("--balance", default=BALANCE, help=f"How much more faint noise counts than strong noise [{BALANCE}].")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Where to continue from, after an interruption.")
def main(
    kind: str, output: Path | None, start: Path | None, epochs: int, balance: float, checkpoint: Path | None
) -> None:
    """Train the model KIND, and write it to OUTPUT [src/isthmus/models/KIND.safetensors]."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    begun, images = time.process_time(), photos(MODES[kind])
    model = grown(start, images[0], balance) if start else untrained(balance)
    model.set_params(epochs=epochs).fit(images, checkpoint=checkpoint, resume=True)
    target = output or Path(f"src/isthmus/models/{kind}.safetensors")
    Denoiser.of(model).save(target, half=True)
    click.echo(f"{target}: {(time.process_time() - begun) / 60:.1f} minutes of one core in this run")


if __name__ == "__main__":
    main()
