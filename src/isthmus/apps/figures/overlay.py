"""Overlays: images in grey with the heat of a detector over them, on one scale for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from scipy import ndimage

from isthmus.apps.report.png import visible
from isthmus.tasks.anomaly.heat import Region

TOP = 3.0
"""The multiple of the threshold that has the last colour, as all above it."""
FAINT = 0.5
"""The multiple of the threshold up to which nothing is drawn."""
OPACITY = 0.8
"""Of the colours from the threshold on; below, they fade."""
COLOURS = ("#000004", "#420a68", "#932667", "#dd513a", "#fca50a", "#fcffa4")
"""Inferno: equal steps of heat look equally far apart, also in grey and to those who see few colours."""
CONTOUR, BOX = "#27e0ff", "#ffffff"
DARK = "#10181c"
"""Of the line beside that of a box, so that it is seen on bright images too."""
FINE = 700
"""Pixels of the longer side of an image for each pixel of the width of lines."""
BOXES = 20
"""Regions with a box, at most: those with the highest peaks."""
LARGEST = 4096
"""Pixels of the longer side of an overlay, at most."""
BAND = 256
"""Rows that are drawn at a time."""
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def overlay(image: np.ndarray, heat: np.ndarray, regions: Iterable[Region] = ()) -> np.ndarray:
    """Return an image in grey with its heat, a contour at the threshold, and boxes around regions.

    It has the size of the image; of larger ones than `LARGEST`, that of `reduced`.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, channels)
        uint8, or floats in [0, 1].
    heat : ndarray of shape (height, width)
        Multiples of the threshold.
    regions : iterable of Region, default ()
        Of the image, the one with the highest peak first.

    Returns
    -------
    uint8 ndarray of shape (height, width, 3)
    """
    by = reduction(heat.shape)
    grey, heat = _means(np.concatenate([_grey(band) for band in _bands(image)]), by), _maxima(heat, by)
    pixels = np.concatenate([_blended(*bands) for bands in zip(_bands(grey), _bands(heat), strict=True)])
    wide = max(1, round(max(heat.shape) / FINE))
    pixels[_edge(heat > 1, wide)] = _bytes(CONTOUR)
    for region in list(regions)[:BOXES]:
        _draw_box(pixels, region, by, wide)
    return pixels


def reduction(size: tuple[int, ...]) -> int:
    """Return by what whole number the sides of an overlay are smaller than those of the image; 1 up to `LARGEST`."""
    return -(-max(size) // LARGEST)


def coloured(heat: np.ndarray) -> np.ndarray:
    """Return the colour of each heat, as floats in [0, 1] along a last axis.

    Examples
    --------
    >>> np.rint(255 * coloured(np.array([0.0, 3.0, 9.0]))).tolist()
    [[0.0, 0.0, 4.0], [252.0, 255.0, 164.0], [252.0, 255.0, 164.0]]
    """
    stops = np.linspace(0, TOP, len(COLOURS))
    channels = np.array([_bytes(colour) for colour in COLOURS]).T / 255
    return np.stack([np.interp(heat, stops, channel) for channel in channels], -1)


def _bytes(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _bands(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield some rows at a time: what is made of large images takes many times their memory."""
    return (rows[top : top + BAND] for top in range(0, len(rows), BAND))


def _blended(grey: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Return the heat over a grey image, uint8 (height, width, 3)."""
    opacity = (OPACITY * ((heat - FAINT) / (1 - FAINT)).clip(0, 1))[..., None]
    drawn = (1 - opacity) * grey[..., None] + opacity * coloured(heat)
    return np.rint(255 * drawn.clip(0, 1)).astype(np.uint8)


def _grey(image: np.ndarray) -> np.ndarray:
    """Return the brightness of an image in [0, 1], of shape (height, width)."""
    pixels = visible(image if image.ndim == 3 else image[..., None])
    unit = pixels.astype(np.float32) / (255 if image.dtype == np.uint8 else 1)
    return np.asarray(unit @ LUMA if unit.shape[2] == 3 else unit[..., 0])


def _blocks(values: np.ndarray, by: int) -> np.ndarray:
    """Return squares of pixels along two further axes; the last rows and columns are repeated to fill them."""
    ends = [(0, -side % by) for side in values.shape]
    height, width = (side + end for side, (_, end) in zip(values.shape, ends, strict=True))
    return np.pad(values, ends, mode="edge").reshape(height // by, by, width // by, by)


def _means(values: np.ndarray, by: int) -> np.ndarray:
    return values if by == 1 else np.asarray(_blocks(values, by).mean((1, 3)))


def _maxima(values: np.ndarray, by: int) -> np.ndarray:
    return values if by == 1 else np.asarray(_blocks(values, by).max((1, 3)))


def _edge(mask: np.ndarray, wide: int) -> np.ndarray:
    """Return the pixels around a mask that touch it."""
    return ndimage.binary_dilation(mask, np.ones((3, 3)), iterations=wide) & ~mask


def _draw_box(pixels: np.ndarray, region: Region, by: int, wide: int) -> None:
    """Draw a box around a region, with some room, a bright line inside a dark one."""
    left, top = region.x // by, region.y // by
    right, bottom = -(-(region.x + region.width) // by), -(-(region.y + region.height) // by)
    for room, colour in ((4 * wide, DARK), (3 * wide, BOX)):
        box = (left - room, top - room, right + room, bottom + room)
        _draw_frame(pixels, box, wide, _bytes(colour))


def _draw_frame(pixels: np.ndarray, box: tuple[int, int, int, int], wide: int, colour: tuple[int, ...]) -> None:
    """Draw the sides of a box; what lies outside the image goes along its edge."""
    height, width, _ = pixels.shape
    left, top, right, bottom = max(box[0], 0), max(box[1], 0), min(box[2], width), min(box[3], height)
    for y0, y1, x0, x1 in (
        (top, top + wide, left, right),
        (bottom - wide, bottom, left, right),
        (top, bottom, left, left + wide),
        (top, bottom, right - wide, right),
    ):
        pixels[max(y0, 0) : y1, max(x0, 0) : x1] = colour
