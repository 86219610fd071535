"""Headers of image files, and the common form to which the images of a folder are converted."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from isthmus.support.errors import InputError, unknown

Alpha = Literal["white", "keep"]
ALPHAS = ("white", "keep")

COLOURS = (1, 3)
"""Numbers of channels that can be converted into each other: grey and colour."""


KEEP = "alpha='keep' keeps it as a fourth channel"
"""How an alpha channel is kept, where images come from files."""

LARGEST = 2**28
"""Maximum number of pixels of an image: a corrupt file may claim any size."""


class TooManyPixels(InputError):
    """An image has more pixels than are taken."""


@dataclass(frozen=True)
class Head:
    """The header of an image file: what is known before decoding.

    Attributes
    ----------
    height, width : int
        After rotating the image upright, as its EXIF data says.
    channels : int
        Without an alpha channel.
    alpha : bool
        Whether there is an alpha channel, or a transparent colour.
    deep : bool
        Whether a channel has more than 8 bits.
    """

    height: int
    width: int
    channels: int
    alpha: bool = False
    deep: bool = False

    @property
    def form(self) -> Form:
        """The form in which the image keeps all that it has."""
        return Form(self.channels, self.alpha, self.deep)


@dataclass(frozen=True)
class Form:
    """The form to which images are converted.

    Attributes
    ----------
    channels : int
        Without the alpha channel.
    alpha : bool
        Whether an alpha channel follows them.
    deep : bool
        Whether pixels are float32 in [0, 1] rather than uint8.
    """

    channels: int
    alpha: bool = False
    deep: bool = False

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The data type of the pixels."""
        return np.dtype(np.float32 if self.deep else np.uint8)

    @property
    def bytes(self) -> int:
        """How many bytes a pixel takes."""
        return (self.channels + self.alpha) * self.dtype.itemsize

    def shape(self, height: int, width: int) -> tuple[int, ...]:
        """Return the shape of an image in this form; grey images have no channel axis."""
        count = self.channels + self.alpha
        return (height, width) if count == 1 else (height, width, count)

    def apply(self, pixels: np.ndarray, alpha: bool) -> np.ndarray:
        """Convert decoded pixels to this form.

        Parameters
        ----------
        pixels : ndarray of shape (height, width) or (height, width, channels)
            uint8, or float32 in [0, 1].
        alpha : bool
            Whether the last channel is an alpha channel.
        """
        if self.deep and pixels.dtype == np.uint8:
            pixels = pixels.astype(np.float32) / 255
        pixels = pixels.reshape(*pixels.shape[:2], -1)
        top = 1.0 if self.deep else 255
        colour, opaque = (pixels[..., :-1], pixels[..., -1:]) if alpha else (pixels, None)
        if self.channels == 3 and colour.shape[2] == 1:
            colour = colour.repeat(3, axis=2)
        if self.alpha:
            opaque = np.full_like(colour[..., :1], top) if opaque is None else opaque
            colour = np.concatenate([colour, opaque], axis=2)
        elif opaque is not None:
            colour = _on_white(colour, opaque, top)
        return colour.reshape(self.shape(*colour.shape[:2]))


def _on_white(colour: np.ndarray, opaque: np.ndarray, top: float) -> np.ndarray:
    visible = opaque.astype(np.float32) / top
    mixed = colour * visible + top * (1 - visible)
    return np.rint(mixed).astype(np.uint8) if colour.dtype == np.uint8 else mixed.astype(np.float32)


def check_area(height: int, width: int, path: Path) -> None:
    """Raise an error for an image without pixels, or with too many to decode.

    Raises
    ------
    InputError
        The message names the file and its size.
    """
    if not 0 < height * width <= LARGEST:
        raise InputError(
            f"cannot read the image {str(path)!r}: its header says {width} x {height} pixels, but between 1 and "
            f"{LARGEST:,} are supported; mend it, or cut it into smaller ones"
        )


def check_pixels(height: int, width: int, max_pixels: int) -> None:
    """Raise an error for an image with more pixels than are taken.

    Raises
    ------
    TooManyPixels
        The message names its size.
    """
    if height * width > max_pixels:
        raise TooManyPixels(
            f"the image is {width} x {height} pixels (width x height), but at most {max_pixels:,} are taken: cut it "
            "into smaller ones"
        )


def common_form(heads: Sequence[Head], names: Sequence[str], alpha: Alpha = "white", keep: str = KEEP) -> Form:
    """Return the common form of images, and warn about what is converted.

    `names` are those of the images in messages, `keep` says how users keep an alpha channel.

    Grey images become colour if there are both, 8 bits become floats if some images have more, and an alpha
    channel is blended with white, or kept as a fourth channel.

    Raises
    ------
    InputError
        Numbers of channels differ in another way; or `alpha` is neither ``"white"`` nor ``"keep"``.
    """
    if alpha not in ALPHAS:
        raise InputError(unknown("alpha", alpha, ALPHAS))
    channels = max(head.channels for head in heads)
    _check_channels(heads, names, channels)
    clear = sum(head.alpha for head in heads)
    kept = alpha == "keep" and clear > 0
    form = Form(3 if kept else channels, kept, any(head.deep for head in heads))
    said = [_said_of_colour(heads, form), _said_of_alpha(clear, len(heads), kept, keep), _said_of_depth(heads, form)]
    if len(heads) > 1 and any(said):
        warnings.warn("; ".join(filter(None, said)), stacklevel=3)
    return form


def _check_channels(heads: Sequence[Head], names: Sequence[str], channels: int) -> None:
    for head, name in zip(heads, names, strict=True):
        if head.channels != channels and not {head.channels, channels} <= set(COLOURS):
            first = next(n for h, n in zip(heads, names, strict=True) if h.channels == channels)
            raise InputError(
                f"{name} has {head.channels} channels, {first} has {channels}: "
                "train a model of its own on images of other channels (put their files into a folder of their own)"
            )


def _said_of_colour(heads: Sequence[Head], form: Form) -> str:
    grey = sum(head.channels == 1 for head in heads)
    mixed = form.channels == 3 and grey > 0
    return f"{grey:,} of {len(heads):,} images are grey: brought to colour as the others" if mixed else ""


def _said_of_alpha(clear: int, count: int, kept: bool, keep: str) -> str:
    what = "kept as a fourth channel" if kept else f"set on white ({keep})"
    return f"{clear:,} of {count:,} images have an alpha channel: {what}" if clear else ""


def _said_of_depth(heads: Sequence[Head], form: Form) -> str:
    deep = sum(head.deep for head in heads)
    mixed = form.deep and deep < len(heads)
    return f"{deep:,} of {len(heads):,} images have more than 8 bits: all are read as floats" if mixed else ""
