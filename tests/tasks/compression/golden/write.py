"""Writes golden files, each once: those that are there are never written again::

    python -m tests.tasks.compression.golden.write

Beside each file stands what was read from it by the version that wrote it, and ``symbols.json`` has the SHA-256 of the
symbols of each tile. A new kind of file, or a new model, adds files; none is ever changed.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
from sklearn.datasets import load_sample_image

from isthmus import Autoencoder, Compressive, Compressor, Images
from isthmus.core.part import lookup
from isthmus.tasks.compression import numbers, text_tables
from isthmus.tasks.compression.pictures import Picture
from tests.tasks.compression.golden.read import FOLDER, SYMBOLS, content_of, symbols_of

OWN = FOLDER / "own.safetensors"


def pictures() -> dict[str, tuple[Picture, dict[str, float]]]:
    """Return pictures of every kind, and how each is compressed."""
    china, flower = load_sample_image("china.jpg"), load_sample_image("flower.jpg")
    roof, petals = china[100:231, 300:501], flower[100:240, 200:360]
    deep = (petals.mean(2, keepdims=True) * 257).astype(np.uint16)
    long = np.concatenate([china[200:240], flower[200:240]], 1)
    sheer = np.linspace(0, 255, petals.shape[1]).astype(np.uint8)[None, :, None].repeat(len(petals), 0)
    return {
        "colour": (Picture(roof), {"quality": 75}),
        "grey-16-bit": (Picture(deep), {"quality": 90}),
        "alpha": (Picture(petals, sheer, {"icc": b"a profile", "exif": b"Exif\0\0"}), {"target_psnr": 34}),
        "tiles": (Picture(long), {"target_bpp": 0.6}),
        "floats": (Picture((roof[:33, :70, :1] / 255).astype(np.float32), plain=True), {"quality": 50}),
        "drawing": (Picture(np.kron(np.eye(9, dtype=np.uint8), np.ones((7, 5), np.uint8))[..., None] * 255), {}),
    }


def signal() -> np.ndarray:
    """Return a signal of two channels, with what is special."""
    random = np.random.default_rng(7)
    x = np.cumsum(random.normal(size=(700, 2)), 0).astype(np.float32)
    x[3], x[40:44, 1], x[99, 0], x[100, 1] = np.nan, np.inf, -0.0, 1e-42
    return x


def table() -> bytes:
    """Return a CSV file with columns of every kind."""
    random = np.random.default_rng(8)
    rows = [
        f"2024-03-{1 + n // 24:02}T{n % 24:02}:00:00,{random.choice(['ash', 'elm', 'oak'])},{random.integers(-9, 900)},"
        f"{random.normal():.2f},{'' if n % 17 == 0 else f'note {n % 5}'}"
        for n in range(300)
    ]
    return "\r\n".join(["time,kind,count,value,note", *rows, ""]).encode()


def own() -> Compressor:
    """Return a small compressor of the user's own kind: other nets, and another predictor."""
    if not OWN.exists():
        data = Images(crop=64, crops_per_image=4)
        variant, net = Compressive(entropy="hyperprior", width=8), lookup("net/feature-map")(width=16, blocks=1)
        unfitted = Autoencoder(variant, net=net, latent_dim=12, data=data, epochs=3, random_state=0, verbose=False)
        Compressor(unfitted).fit([load_sample_image("flower.jpg")]).save(OWN, half=True)
    return Compressor.load(OWN)


def files() -> dict[str, bytes]:
    """Return all files by their names."""
    shipped = Compressor.shipped()
    written = {name: shipped.compress_picture(picture, **asked) for name, (picture, asked) in pictures().items()}
    written["own-model"] = own().compress(load_sample_image("flower.jpg")[:120, :150], quality=50)
    written |= {"bound": numbers.packed(signal(), 0.05), "exact": numbers.packed(signal(), 0)}
    return written | {"table": text_tables.packed(table())}


@click.command()
def main() -> None:
    """Write the golden files that are not there yet."""
    symbols = json.loads(SYMBOLS.read_text()) if SYMBOLS.exists() else {}
    for name, content in files().items():
        path = Path(FOLDER, f"{name}.isth")
        if path.exists():
            continue
        path.write_bytes(content)
        np.savez_compressed(path.with_suffix(".npz"), **content_of(name))
        symbols[name] = symbols_of(name)
        click.echo(f"{path.name}: {len(content):,} bytes")
    SYMBOLS.write_text(json.dumps(symbols, indent=1) + "\n")


if __name__ == "__main__":
    main()
