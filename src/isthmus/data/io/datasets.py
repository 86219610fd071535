"""Named data sets: the digits of scikit-learn, MNIST, Fashion-MNIST, and tables."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

import numpy as np

from isthmus.data.io import idx
from isthmus.data.io.dataset import Dataset
from isthmus.data.io.named_tables import TABLES
from isthmus.support.atomic import atomic
from isthmus.support.errors import InputError, unknown

TIMEOUT = 30.0
"""Seconds without an answer after which the next mirror is tried."""

LARGEST = 64 * 2**20
"""Bytes after which a download is aborted: no file of these data sets is as large."""

DIGIT_NAMES = tuple("0123456789")


@dataclass(frozen=True)
class Published:
    """A data set of four IDX files: its mirrors, and the sha256 of each decompressed file."""

    classes: tuple[str, ...]
    mirrors: tuple[str, ...]
    sha256: dict[str, str]


PUBLISHED = {
    "mnist": Published(
        classes=DIGIT_NAMES,
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist",
            "https://storage.googleapis.com/cvdf-datasets/mnist",
        ),
        sha256={
            "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    ),
    "fashion-mnist": Published(
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        mirrors=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
        ),
        sha256={
            "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
    ),
}

PARTS = {"train": "train", "test": "t10k"}

NAMES = ("digits", *PUBLISHED, *TABLES)


def label_of(name: str) -> str | None:
    """Return what the column of labels of a named table is called; None: it is none, or no name.

    Examples
    --------
    >>> label_of("iris"), label_of("digits"), label_of("iris.csv")
    ('species', None, None)
    """
    return TABLES[name].label if name in TABLES else None


def load(name: str, part: str = "train", mirrors: Sequence[str] | None = None) -> Dataset:
    """Return a data set by its name.

    ``digits`` comes with scikit-learn: 1,797 images of 8 x 8, float32 in [0, 1], in one part. ``mnist`` and
    ``fashion-mnist``, 28 x 28 uint8 with 60,000 in ``"train"`` and 10,000 in ``"test"``, are read from the folder of
    their name under ``$ISTHMUS_DATA``, or from the cache (``$ISTHMUS_CACHE``, else ``$XDG_CACHE_HOME/isthmus`` or
    ``~/.cache/isthmus``); if they are in neither, they are downloaded to the cache. Files are verified by sha256.

    Tables are DataFrames, with their labels apart: ``iris``, ``wine``, ``breast-cancer`` and ``diabetes`` come with
    scikit-learn; ``pumps``, with categories, dates and gaps, and the signal ``pump-log`` are made by a formula.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    part : str, default "train"
        ``"train"`` or ``"test"``.
    mirrors : sequence of str, or None
        URLs of folders to download from, tried in turn; None: the official ones.

    Raises
    ------
    InputError
        There is no such data set or part; or it could not be downloaded: the message names all that was tried.
    """
    if name not in NAMES:
        raise InputError(unknown("data set", name, NAMES))
    parts = PARTS if name in PUBLISHED else ("train",)
    if part not in parts:
        raise InputError(f"{unknown('part', part, parts)} of the data set {name!r}")
    if name in TABLES:
        return TABLES[name].load(name)
    if name == "digits":
        return _digits()
    published = PUBLISHED[name]
    X, y = (
        _array(name, file, mirrors or published.mirrors) for file in published.sha256 if file.startswith(PARTS[part])
    )
    return Dataset(X, y.astype(np.int64), published.classes, f"{name}:{part}")


def _digits() -> Dataset:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return Dataset((bunch.images / 16).astype(np.float32), bunch.target.astype(np.int64), DIGIT_NAMES, "digits")


def _array(name: str, file: str, mirrors: Sequence[str]) -> np.ndarray:
    path = _find(name, file)
    if path is None:
        path = cache() / name / f"{file}.gz"
        _download(name, file, mirrors, path)
    content = idx.read_bytes(path)
    _check(name, file, content, f"{str(path)!r} (delete it to have it fetched again)")
    return idx.parse(content, path)


def cache() -> Path:
    """Return the folder for downloads."""
    if "ISTHMUS_CACHE" in os.environ:
        return Path(os.environ["ISTHMUS_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "isthmus"


def _folders(name: str) -> list[Path]:
    roots = [Path(os.environ["ISTHMUS_DATA"])] if os.environ.get("ISTHMUS_DATA") else []
    return [root / name for root in (*roots, cache())]


def _find(name: str, file: str) -> Path | None:
    candidates = (folder / f"{file}{suffix}" for folder in _folders(name) for suffix in (".gz", ""))
    return next((path for path in candidates if path.exists()), None)


def _check(name: str, file: str, content: bytes, where: str) -> None:
    if hashlib.sha256(content).hexdigest() != PUBLISHED[name].sha256[file]:
        raise InputError(f"not the published {name}, its checksum differs: {where}")


def _download(name: str, file: str, mirrors: Sequence[str], target: Path) -> None:
    """Download a file from the first mirror that has the right one."""
    failures = []
    for address in (f"{mirror.rstrip('/')}/{file}.gz" for mirror in mirrors):
        try:
            content = _fetch(address)
            _check(name, file, idx.gunzip(content, address), address)
        except (OSError, HTTPException, InputError) as error:
            failures.append(f"{address}: {error}")
            continue
        return _keep(content, target)
    looked = ", ".join(str(folder) for folder in _folders(name))
    raise InputError(
        f"the data set {name!r} was not found in {looked}, and could not be downloaded ({'; '.join(failures)}). "
        f"Put {file}.gz into a folder {name!r} and set ISTHMUS_DATA to the folder above it"
    )


def _keep(content: bytes, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"the cache {str(target.parent)!r} cannot be made ({error}); set ISTHMUS_CACHE") from error
    with atomic(target) as temporary:
        temporary.write_bytes(content)


def _fetch(address: str) -> bytes:
    with urlopen(address, timeout=TIMEOUT) as answer:
        content: bytes = answer.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise OSError(f"it is larger than {LARGEST} bytes")
    return content
