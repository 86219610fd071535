"""JPEG, WebP and AVIF as Pillow writes them, and what is compared of codecs: real bytes, PSNR and MS-SSIM."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.support.figures import Skip
from isthmus.tasks.compression.comparison import others
from isthmus.tasks.compression.rates import EVERYTHING, Rates, bd_rate

Codec = Callable[[np.ndarray, Any], tuple[int, np.ndarray]]
"""From an image, uint8, and a setting to the bytes of a file and the image in it."""
QUALITIES = (5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95)


class Point(NamedTuple):
    """A file: bits per pixel, PSNR over all channels, and MS-SSIM in decibels."""

    bpp: float
    psnr: float
    ms_ssim: float


def peers() -> dict[str, Codec]:
    """Return the codecs that Pillow has here."""
    return {name: partial(_of_plane, codec) for name, codec in others().items()}


def _of_plane(codec: Codec, image: np.ndarray, quality: int) -> tuple[int, np.ndarray]:
    """Return what a codec makes of an image, which may have no axis of channels."""
    length, back = codec(image if image.ndim > 2 else image[..., None], quality)
    return length, back.reshape(image.shape)


def points(codec: Codec, image: np.ndarray, settings: tuple[Any, ...], structure: bool = True) -> list[Point]:
    """Return what a codec does with an image at each setting."""
    return [_point(image, *codec(image, setting), structure) for setting in settings]


def _point(image: np.ndarray, length: int, back: np.ndarray, structure: bool) -> Point:
    error = np.square(image.astype(np.float64) - back).mean()
    decibels = float(10 * np.log10(255**2 / error)) if error else 100.0
    bpp = 8 * length / (image.shape[0] * image.shape[1])
    return Point(bpp, decibels, _ms_ssim(image, back) if structure else float("nan"))


def _ms_ssim(image: np.ndarray, back: np.ndarray) -> float:
    try:
        from pytorch_msssim import ms_ssim
    except ImportError as error:
        raise Skip("pytorch-msssim is not installed: pip install 'isthmus[bench]'") from error
    import torch

    def batch(pixels: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.atleast_3d(pixels).astype(np.float32)).movedim(-1, 0)[None]

    return float(-10 * np.log10(max(1 - float(ms_ssim(batch(image), batch(back), data_range=255)), 1e-10)))


def mean(each: list[list[Point]]) -> list[Point]:
    """Return the mean over images, setting by setting."""
    return [Point(*np.mean(at, 0)) for at in zip(*each, strict=True)]


def saved(own: list[Point], peer: list[Point]) -> float:
    """Return the BD-rate by PSNR between 27 and 39 dB, in per cent: less than 0 where files are smaller."""
    return 100 * bd_rate(*(Rates(*np.array(some).T[:2]) for some in (own, peer)))


def saved_of_structure(own: list[Point], peer: list[Point]) -> float:
    """Return the BD-rate by MS-SSIM, in per cent."""
    return 100 * bd_rate(*(Rates(*np.array(some).T[[0, 2]]) for some in (own, peer)), EVERYTHING)
