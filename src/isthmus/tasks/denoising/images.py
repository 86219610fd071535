"""Images to learn from and to restore: arrays, lists, files and folders, and pairs of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Rows
from isthmus.data.images.files import IMAGES
from isthmus.data.images.pixels import kind_of
from isthmus.data.images.sequence import ImageArray, ImageSequence
from isthmus.data.images.survey import survey
from isthmus.data.infer import axes
from isthmus.data.inputs import taken
from isthmus.data.sources.folders import ImageStream
from isthmus.support.errors import InputError
from isthmus.tasks.denoising.pairing import existing, is_path, paired_files

COLOURS = (3, 4)
"""Numbers of channels of colour images, with or without an alpha channel."""


def images_of(X: Rows) -> Rows:
    """Return images in memory, or the stream of a file or folder.

    Raises
    ------
    InputError
        There is no such file, or X is not images.
    """
    if is_path(X):
        return ImageStream(survey(existing(X)))
    X = taken(X)
    if not isinstance(X, ImageSequence) and axes(X) not in (3, 4):
        raise InputError(
            f"X of shape {np.shape(X)} is no images: give (n, height, width) or (n, height, width, channels), a list "
            "of images, or a folder; a single image as [image]"
        )
    if len(X) == 0:
        raise InputError("there are no images: X is empty; give at least one")
    _check_single(getattr(X, "shape", ()))
    return X


def _check_single(shape: tuple[int, ...]) -> None:
    """Refuse a single colour image, which would be taken for as many images as it has rows."""
    if len(shape) == 3 and shape[2] in COLOURS and shape[1] > max(COLOURS):
        raise InputError(
            f"X of shape {tuple(shape)} would be {shape[0]:,} grey images of {shape[1]} x {shape[2]} pixels: give a "
            "single image in colour as [X], and images that are so narrow as X[..., None]"
        )


def paired_streams(noisy: Any, clean: Any) -> tuple[ImageStream, ImageStream]:
    """Return the images of two folders, or of two files, in the same order and form.

    Raises
    ------
    InputError
        They differ in number or in names.
    """
    first, second = paired_files(noisy, clean, IMAGES)
    both = survey([*first, *second])
    count = len(first)
    return ImageStream(both.some(range(count))), ImageStream(both.some(range(count, 2 * count)))


def check_pairs(noisy: Rows, clean: Rows) -> None:
    """Refuse images that are not pairs.

    Raises
    ------
    InputError
        They differ in number, size, channels, or in the type of their pixels.
    """
    if len(noisy) != len(clean):
        raise InputError(
            f"{len(noisy):,} noisy images and {len(clean):,} clean ones are not pairs: each noisy one needs its "
            "clean one"
        )
    sides = [side if isinstance(side, ImageSequence) else ImageArray(side) for side in (noisy, clean)]
    for at, shapes in enumerate(zip(*(side.shapes for side in sides), strict=True)):
        if shapes[0] != shapes[1]:
            raise InputError(
                f"{sides[0].name(at)} is noisy and has the shape {shapes[0]}, its clean version has {shapes[1]}: the "
                "two are of one size"
            )
    types = [str(side.dtype) if isinstance(side, ImageSequence) else kind_of(side)[1] for side in (noisy, clean)]
    if types[0] != types[1]:
        raise InputError(
            f"noisy images hold {types[0]}, clean ones {types[1]}: convert both to one type, such as floats in [0, 1] "
            "(uint8: image.astype('float32') / 255)"
        )


def as_many_channels(image: np.ndarray, known: int) -> list[np.ndarray]:
    """Return images with as many channels as a model takes, that stand for one image.

    Raises
    ------
    InputError
        The image has another number of channels, neither 1 nor 3.
    """
    channels = image.shape[2]
    if channels == known:
        return [image]
    if known == 1:
        return [image[..., at : at + 1] for at in range(channels)]
    if channels == 1:
        return [image.repeat(known, axis=2)]
    raise InputError(f"the image has {channels} channels, but the model was trained on images with {known}")


def typed(restored: Rows, like: Rows) -> Rows:
    """Return restored rows in the library and the type of others; equal ones are copied."""
    kind, dtype = kind_of(like)
    if restored is like:
        return like.clone() if kind == "torch" else np.array(like)
    pixels: Tensor = torch.as_tensor(restored)
    if dtype in ("uint8", "bool"):
        pixels = pixels.mul(255).round_().to(torch.uint8) if dtype == "uint8" else pixels >= 0.5
    elif dtype in ("float16", "float64"):
        pixels = pixels.to(getattr(torch, dtype))
    return pixels if kind == "torch" else pixels.numpy()
