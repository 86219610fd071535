"""What the head of a picture file says, and the one form that the pictures of a folder are brought to."""

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
"""Channels of pictures that are brought to each other: grey and colour."""


LARGEST = 2**28
"""Pixels of a picture that is read, at most: a garbled file may say any size."""


@dataclass(frozen=True)
class Head:
    """What is known of a picture before it is decoded.

    Attributes
    ----------
    height, width : int
        Upright: after what the EXIF data says.
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


@dataclass(frozen=True)
class Form:
    """What pictures are brought to.

    Attributes
    ----------
    channels : int
        Without the alpha channel.
    alpha : bool
        Whether an alpha channel follows them.
    deep : bool
        Whether pixels are float32 in [0, 1], else uint8.
    """

    channels: int
    alpha: bool = False
    deep: bool = False

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of the pixels."""
        return np.dtype(np.float32 if self.deep else np.uint8)

    def shape(self, height: int, width: int) -> tuple[int, ...]:
        """Return the shape of a picture of this form: grey ones have no axis for the channel."""
        count = self.channels + self.alpha
        return (height, width) if count == 1 else (height, width, count)

    def apply(self, pixels: np.ndarray, alpha: bool) -> np.ndarray:
        """Bring decoded pixels to this form.

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
    """Refuse a picture of no pixels, or of more than are ever decoded.

    Raises
    ------
    InputError
        Names the file and its size.
    """
    if not 0 < height * width <= LARGEST:
        raise InputError(
            f"cannot read the picture {str(path)!r}: it says that it has {width} x {height} pixels, more than 0 and at "
            f"most {LARGEST:,} are read; mend it, or cut it into smaller ones"
        )


def common_form(heads: Sequence[Head], paths: Sequence[Path], alpha: Alpha = "white") -> Form:
    """Return the one form for pictures; a warning says what is brought to what.

    Grey ones become colour where there are both, 8 bits become floats where some have more, and an alpha channel is
    set on white, or kept as a fourth channel.

    Raises
    ------
    InputError
        Numbers of channels differ otherwise; `alpha` is neither ``"white"`` nor ``"keep"``.
    """
    if alpha not in ALPHAS:
        raise InputError(unknown("alpha", alpha, ALPHAS))
    channels = max(head.channels for head in heads)
    _check_channels(heads, paths, channels)
    clear = sum(head.alpha for head in heads)
    kept = alpha == "keep" and clear > 0
    form = Form(3 if kept else channels, kept, any(head.deep for head in heads))
    said = [_said_of_colour(heads, form), _said_of_alpha(clear, len(heads), kept), _said_of_depth(heads, form)]
    if len(heads) > 1 and any(said):
        warnings.warn("; ".join(filter(None, said)), stacklevel=3)
    return form


def _check_channels(heads: Sequence[Head], paths: Sequence[Path], channels: int) -> None:
    for head, path in zip(heads, paths, strict=True):
        if head.channels != channels and not {head.channels, channels} <= set(COLOURS):
            first = next(p for h, p in zip(heads, paths, strict=True) if h.channels == channels)
            raise InputError(
                f"the picture {str(path)!r} has {head.channels} channels, {str(first)!r} has {channels}: "
                "put pictures of different channels into folders of their own"
            )


def _said_of_colour(heads: Sequence[Head], form: Form) -> str:
    grey = sum(head.channels == 1 for head in heads)
    mixed = form.channels == 3 and grey > 0
    return f"{grey:,} of {len(heads):,} pictures are grey: brought to colour as the others" if mixed else ""


def _said_of_alpha(clear: int, count: int, kept: bool) -> str:
    what = "kept as a fourth channel" if kept else "set on white (alpha='keep' keeps it as a fourth channel)"
    return f"{clear:,} of {count:,} pictures have an alpha channel: {what}" if clear else ""


def _said_of_depth(heads: Sequence[Head], form: Form) -> str:
    deep = sum(head.deep for head in heads)
    mixed = form.deep and deep < len(heads)
    return f"{deep:,} of {len(heads):,} pictures have more than 8 bits: all are read as floats" if mixed else ""
