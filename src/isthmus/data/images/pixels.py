"""Pixels: converting arrays and tensors of them, and checking their data type and range."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.support.errors import InputError

ROUNDING = 1e-5

ONE_SIZE = (
    "train on crops of them with Images(crop=64), or bring all to one size with Images(resize=(128, 128)); "
    "on the command line --crop 64 or --resize 128"
)
"""The remedy for images of several sizes."""


def kind_of(X: Any) -> tuple[str, str]:
    """Return the library of X (``"numpy"`` or ``"torch"``) and the name of its data type."""
    first = X[0] if isinstance(X, Sequence) and len(X) else X
    if isinstance(first, Tensor):
        return "torch", str(first.dtype).removeprefix("torch.")
    return "numpy", str(np.asarray(first).dtype)


def to_tensor(X: Any) -> tuple[Tensor, str, str]:
    """Return X as a uint8 or float32 tensor on the CPU, its library, and the name of its data type."""
    X = X if isinstance(X, Tensor) else to_array(X)
    kind, dtype = kind_of(X)
    if "float" not in dtype and dtype not in ("uint8", "bool"):
        raise InputError(
            f"pixels of type {dtype} have no known range: give floats in [0, 1], or uint8 "
            "(X.astype('uint8') where they count from 0 to 255)"
        )
    if isinstance(X, Tensor):
        pixels = X.detach().cpu()
        return (pixels if dtype == "uint8" else pixels.float()), kind, dtype
    with np.errstate(over="ignore"):  # what overflows is refused as infinite
        array = X.astype(np.uint8 if dtype == "uint8" else np.float32, copy=False)
    return torch.from_numpy(np.require(array, requirements=["C", "W"])), kind, dtype


def to_array(X: Any) -> np.ndarray:
    """Return images of one size as an array.

    Raises
    ------
    InputError
        They differ in size; the message names the first that differs, and the remedies.
    """
    try:
        return np.asarray(X)
    except (ValueError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        shapes = [tuple(getattr(image, "shape", (len(image),))) for image in X]
        other = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), 0)
        raise InputError(
            f"these images differ in size, image {other} has the shape {shapes[other]}, image 0 has {shapes[0]}: "
            f"{ONE_SIZE}"
        ) from error


def scaled_pixels(pixels: Tensor) -> Tensor:
    """Return pixels as float32, of which 1 is white."""
    return pixels.float().div_(255) if pixels.dtype == torch.uint8 else pixels.float()


def check_range(pixels: Tensor, room: float) -> None:
    """Raise an error for NaN, infinity and floats more than `room` outside [0, 1]; warn about floats outside [0, 1]."""
    if pixels.dtype == torch.uint8 or pixels.numel() == 0:
        return
    low, high = (float(v) for v in torch.aminmax(pixels))
    if not (np.isfinite(low) and np.isfinite(high)):
        index, value = _first(pixels, ~torch.isfinite(pixels))
        raise InputError(f"pixel {index} is {value}: images must be finite; replace it, or leave that image out")
    if low < -room - ROUNDING or high > 1 + room + ROUNDING:
        index, value = _first(pixels, (pixels < -room - ROUNDING) | (pixels > 1 + room + ROUNDING))
        raise InputError(f"pixel {index} is {value:g}, but float pixels lie in [0, 1]; {_rescale(low, high)}")
    if low < -ROUNDING or high > 1 + ROUNDING:
        warnings.warn(
            f"these pixels reach from {low:g} to {high:g}: right if noise was added to images in [0, 1], "
            f"wrong if they are on another scale; {_rescale(low, high)}",
            stacklevel=3,
        )


def _first(pixels: Tensor, wrong: Tensor) -> tuple[tuple[int, ...], float]:
    index = tuple(int(i) for i in wrong.nonzero()[0])
    return index, float(pixels[index])


def _rescale(low: float, high: float) -> str:
    if low >= 0 and high <= 255:
        return "if they count from 0 to 255, divide by 255 or give uint8; else divide by the largest value there can be"
    if low >= -1 and high <= 1:
        return "if they lie in [-1, 1], give (X + 1) / 2"
    return "shift and scale them to [0, 1], with the same numbers for all images"
