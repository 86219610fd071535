"""Trains models/scan.safetensors, for pages with stains, folds and uneven light: ``python -m training.scan``.

It learns from the 96 pairs of pages in ISTHMUS_DATA/documents, and from pages that are rendered in other fonts with
other texts: half of them get dirt of the real pages, half that of isthmus' own corruptions. ``--without blocks`` and
``--without text`` leave pages out, on which the error is measured.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter, minimum_filter

from isthmus import Autoencoder, Denoiser, Images
from isthmus.core.records import Batch
from isthmus.parts.corruptions.bleed_through import BleedThrough
from isthmus.parts.corruptions.blur import Blur
from isthmus.parts.corruptions.composed import Composed
from isthmus.parts.corruptions.folds import Folds
from isthmus.parts.corruptions.jpeg import Jpeg
from isthmus.parts.corruptions.noise import GaussianNoise
from isthmus.parts.corruptions.stains import Stains
from isthmus.parts.corruptions.uneven_light import UnevenLight
from isthmus.parts.nets.unet import UNet
from training.pages import fonts, page

Pages = list[np.ndarray]
SEED = 0
BLOCK = 12
"""Files whose numbers lie in the same twelve share a font; those with the same remainder share text and dirt."""
HELD_OUT = (1, 6)
"""Blocks that `--without blocks` leaves out: two fonts, of a small text and of a large one."""
FIRST_TEXT = (2, 5, 8, 11)
"""Remainders of the numbers of files with the one text; the others have the other text."""
RENDERED, REAL = 160, 2
"""Pages that are rendered, and how often each real pair counts."""
DIRT = Composed(
    (Stains(), Folds(), BleedThrough(), UnevenLight(), Blur((0.0, 0.8)), GaussianNoise((0.0, 0.03)), Jpeg((40, 95))),
    (0.6, 0.5, 0.4, 0.6, 0.5, 0.8, 0.3),
)
"""What is done to half of the rendered pages, on paper of any tone."""
WIDTHS, BLOCKS = (24, 32, 48, 64, 96), (1, 1, 1, 1, 1)
EPOCHS, CROP, CROPS, BATCH = 25, 128, 6, 8


def documents() -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Return the noisy and the clean page of each number."""
    folder = Path(os.environ["ISTHMUS_DATA"], "documents")
    names = sorted((path.name for path in (folder / "train").glob("*.png")), key=lambda name: int(name[:-4]))
    sides = ("train", "train_cleaned")
    return {
        int(name[:-4]): tuple(np.asarray(Image.open(folder / side / name).convert("L")) for side in sides)
        for name in names
    }


def dirt_of(pairs: dict[int, tuple[np.ndarray, np.ndarray]]) -> Pages:
    """Return what the paper of real pages looks like without the ink: the median over pages with the same dirt.

    What is under the ink of all of them is filled in from around it.
    """
    textures = []
    for remainder in sorted({number % BLOCK for number in pairs}):
        same = [pair for number, pair in pairs.items() if number % BLOCK == remainder]
        tallest = max(len(noisy) for noisy, _ in same)
        seen = [np.where(minimum_filter(c, 3) > 250, n / 255, np.nan) for n, c in same if len(n) == tallest]
        known = ~np.all(np.isnan(seen), 0)
        paper = np.zeros(known.shape)
        paper[known] = np.nanmedian(np.array(seen)[:, known], 0)
        around = gaussian_filter(paper, 2) / np.maximum(gaussian_filter(known.astype(float), 2), 1e-3)
        textures.append(np.where(known, paper, around).astype(np.float32))
    return textures


def printed(rng: np.random.Generator, clean: np.ndarray) -> np.ndarray:
    """Return a clean page as it is seen on perfect paper: ink is neither quite black, nor even, nor sharp."""
    soft = gaussian_filter(clean / 255, rng.uniform(0.2, 0.8))
    lift, grain = rng.uniform(0, 0.12), rng.uniform(0, 0.08) * gaussian_filter(rng.normal(size=clean.shape), 0.5)
    return (lift + grain) * (1 - soft) + soft


def with_real_dirt(rng: np.random.Generator, clean: np.ndarray, textures: Pages) -> np.ndarray:
    """Return a page on paper of a real one, which is turned over, moved, and made more or less dirty."""
    texture = textures[rng.integers(len(textures))]
    turned = np.tile(texture, (2, 1))[:: int(rng.choice([1, -1])), :: int(rng.choice([1, -1]))]
    moved = np.roll(turned, tuple(rng.integers(0, 400, 2)), (0, 1))[: clean.shape[0], : clean.shape[1]]
    return printed(rng, clean) * moved ** rng.uniform(0.6, 1.4)


def with_own_dirt(rng: np.random.Generator, clean: np.ndarray) -> np.ndarray:
    """Return a page with the dirt of corruptions."""
    x = torch.from_numpy(rng.uniform(0.6, 1.0) * printed(rng, clean)).float()[None, None]
    return DIRT(Batch(x, x)).corrupted[0, 0].numpy()


def rendered(count: int, textures: Pages, seed: int = SEED) -> tuple[Pages, Pages]:
    """Return dirty pages, and the clean version of each."""
    rng, files = np.random.default_rng(seed), fonts()
    torch.manual_seed(seed)
    clean = [page(rng, files) for _ in range(count)]
    dirty = [with_own_dirt(rng, c) if n % 2 else with_real_dirt(rng, c, textures) for n, c in enumerate(clean)]
    return [np.rint(255 * one.clip(0, 1)).astype(np.uint8) for one in dirty], clean


def left_out(without: str) -> Callable[[int], bool]:
    """Tell of the number of a file whether it is left out of the training."""
    if without == "blocks":
        return lambda number: (number - 1) // BLOCK in HELD_OUT
    if without == "text":
        return lambda number: number % BLOCK not in FIRST_TEXT
    return lambda number: False


def fitted(pairs: dict[int, tuple[np.ndarray, np.ndarray]], epochs: int, checkpoint: Path | None = None) -> Denoiser:
    """Return a denoiser that learnt from pairs and from rendered pages."""
    dirty, clean = rendered(RENDERED, dirt_of(pairs))
    for noisy, target in list(pairs.values()) * REAL:
        dirty.append(noisy)
        clean.append(target)
    return Denoiser(untrained(epochs)).fit(dirty, clean, checkpoint=checkpoint, resume=True)


def untrained(epochs: int) -> Autoencoder:
    """Return the autoencoder: a U-Net whose coarsest cells are 32 pixels wide: it sees the paper around a stain."""
    return Autoencoder(
        "denoising",
        WIDTHS[-1],
        net=UNet(WIDTHS, BLOCKS, absolute=True),
        data=Images(crop=CROP, crops_per_image=CROPS, flips=True),
        epochs=epochs,
        batch_size=BATCH,
        average=0.998,
        validation_fraction=0,
        random_state=SEED,
    )


def errors(denoiser: Denoiser, pairs: dict[int, tuple[np.ndarray, np.ndarray]]) -> list[float]:
    """Return the root mean square error of each page, where black to white is 1."""
    cleaned = denoiser.transform([noisy / np.float32(255) for noisy, _ in pairs.values()])
    return [
        float(np.sqrt(np.square(one.clip(0, 1) - clean / 255).mean()))
        for one, (_, clean) in zip(cleaned, pairs.values(), strict=True)
    ]


@click.command()
@click.argument("output", type=click.Path(path_type=Path), default=Path("src/isthmus/models/scan.safetensors"))
@click.option("--without", type=click.Choice(["blocks", "text"]), help="Pages to leave out, and to measure.")
@click.option("--epochs", type=int, default=EPOCHS, show_default=True)
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Where to continue from, after an interruption.")
def main(output: Path, without: str | None, epochs: int, checkpoint: Path | None) -> None:
    """Train the model for scans, and write it to OUTPUT."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    start, pairs, is_out = time.process_time(), documents(), left_out(without or "")
    learnt = {number: pair for number, pair in pairs.items() if not is_out(number)}
    denoiser = fitted(learnt, epochs, checkpoint)
    denoiser.save(output)
    click.echo(f"{output}: {(time.process_time() - start) / 60:.1f} minutes of one core, {len(learnt)} pairs")
    for name, some in (("left out", {n: pair for n, pair in pairs.items() if is_out(n)}), ("learnt from", learnt)):
        if some:
            each = errors(denoiser, some)
            click.echo(f"{name}: RMSE {np.sqrt(np.mean(np.square(each))):.4f}, worst page {max(each):.4f}")


if __name__ == "__main__":
    main()
