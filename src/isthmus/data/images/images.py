"""Images: pictures as uint8 or as floats in [0, 1], grey or in colour."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from itertools import product
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Columns, Data, Defaults, Field
from isthmus.core.part import lookup, part
from isthmus.core.records import Batch
from isthmus.data.defaults import mlp_for
from isthmus.support.errors import InputError

CHANNELS = (1, 3)
SMALL = 32 * 32
"""Pictures of at most so many numbers get the mlp net by default, larger ones the conv net."""

ROUNDING = 1e-5
NOISE = 4.0
"""How far from [0, 1] a fitted object still takes a pixel: noise may have been added, another scale is refused."""


@part("data/images")
class Images(Data):
    """Pictures of one size; ``Batch.x`` is float32 (n, channels, height, width) in [0, 1].

    Pixels are uint8, bool, or floats in [0, 1], in NumPy arrays or torch tensors of shape (n, height, width),
    (n, height, width, 1) or (n, height, width, 3). They come back as floats in [0, 1] in the shape given.

    Parameters
    ----------
    channels_first : bool, default False
        Whether the shape of one picture is (channels, height, width).
    given : tuple of int, or None
        Learnt: the shape of one picture as the user has it.
    dtype : str or None
        Learnt: the name of the pixels' type, such as ``"uint8"``.
    kind : ``"numpy"``, ``"torch"``, or None
        Learnt: what the pictures came in.
    """

    named_columns = False

    def __init__(
        self,
        channels_first: bool = False,
        given: tuple[int, ...] | None = None,
        dtype: str | None = None,
        kind: str | None = None,
    ) -> None:
        super().__init__()
        self.channels_first, self.dtype, self.kind = channels_first, dtype, kind
        self.given = None if given is None else tuple(given)
        if self.given is not None:
            self.shape = self._row_shape(self.given)

    @property
    def summary(self) -> str:
        """One sentence on the pictures and how they are scaled."""
        channels, height, width = self.shape
        scaled = "divided by 255" if self.dtype == "uint8" else "taken as they are"
        colour = {1: "grey", 3: "colour"}[channels]
        return f"{colour} pictures of {height} x {width} pixels ({self.dtype}), {scaled}"

    @property
    def fitted(self) -> bool:
        """Whether the shape of a picture is known."""
        return self.given is not None

    def learn(self, chunks: Iterable[Any]) -> Images:
        """Return a fitted copy that knows the shape and the type of the pictures.

        Raises
        ------
        InputError
            There are no pictures, they differ in shape, or their values cannot be pixels.
        """
        learnt: Images | None = None
        brightest = 0
        for chunk in chunks:
            pixels, kind, dtype = _tensor(chunk)
            if len(pixels) == 0:
                continue
            learnt = learnt or Images(self.channels_first, tuple(pixels.shape[1:]), dtype, kind)
            learnt._check_shape(pixels)
            _check_range(pixels, room=0.0)
            brightest = max(brightest, int(pixels.max())) if pixels.dtype == torch.uint8 else 255
        if learnt is None:
            raise InputError("there are no pictures to learn from: X is empty; give at least one")
        if learnt.dtype == "uint8" and brightest <= 1:
            warnings.warn(
                f"the largest of these uint8 pixels is {brightest} of 255; if they mean black and white, "
                "give X.astype(bool), so that 1 is white",
                stacklevel=2,
            )
        return learnt

    def read(self, X: Any) -> Columns:
        """Return ``{"pixels": (n, channels, height, width)}``, uint8 or float32; a view of X where that can be.

        Raises
        ------
        InputError
            Pictures of another shape, NaN or infinity, or floats far outside [0, 1].
        """
        pixels, _, _ = _tensor(X)
        self._check_shape(pixels)
        _check_range(pixels, room=NOISE)
        return {"pixels": self._channels_first(pixels)}

    def write(self, columns: Columns, like: Any = None) -> Any:
        """Return floats in [0, 1] of shape (n, *given); kind and float type are those of `like`, else as learnt."""
        pixels = self._as_given(columns["pixels"]).detach().cpu()
        kind, dtype = (self.kind, str(self.dtype)) if like is None else _kind(like)
        pixels = pixels.to(getattr(torch, dtype) if dtype in ("float16", "float64") else torch.float32)
        return pixels.contiguous() if kind == "torch" else pixels.contiguous().numpy()

    def forward(self, columns: Columns) -> Batch:
        """Return x float32 (n, channels, height, width) in [0, 1]."""
        pixels = columns["pixels"]
        x = pixels.float() / 255 if pixels.dtype == torch.uint8 else pixels.float()
        return Batch(x, x)

    def invert(self, mean: Tensor) -> Columns:
        """Return ``{"pixels": x̂}``, cut to [0, 1]."""
        return {"pixels": mean.clamp(0, 1)}

    def per_feature(self, error: Tensor) -> Tensor:
        """Return the error in the shape given: (n, *given)."""
        return self._as_given(error)

    def feature_names(self) -> list[str]:
        """Return ``pixel_ROW_COLUMN``, with ``_CHANNEL`` where the shape given has an axis for it."""
        given = self._shape_given()
        names = []
        for index in product(*map(range, given)):
            if len(given) == 3 and self.channels_first:
                index = (*index[1:], index[0])
            names.append("_".join(map(str, ("pixel", *index))))
        return names

    def fields(self) -> list[Field]:
        """Return the one field, the pixels in the shape given."""
        assert self.given is not None  # fitted
        top = 255.0 if self.dtype == "uint8" else 1.0
        return [Field("pixels", "pixels", self.given, low=0.0, high=top)]

    def defaults(self) -> Defaults:
        """Return the mlp net for small grey pictures, the conv net for others, and the squared error within [0, 1]."""
        net = mlp_for(self.shape) if prod(self.shape) <= SMALL else lookup("net/conv")()
        return Defaults(net, lookup("likelihood/squared")(bounds=(0.0, 1.0)))

    def _shape_given(self) -> tuple[int, ...]:
        if self.given is None:
            raise InputError("these Images know no shape yet: call learn(chunks), or fit, first")
        return self.given

    def _row_shape(self, given: tuple[int, ...]) -> tuple[int, int, int]:
        """Return (channels, height, width) for a shape as the user has it."""
        axes = given if self.channels_first else (*given[2:], *given[:2])
        axes = (1, *given) if len(given) == 2 else axes
        if len(axes) != 3 or axes[0] not in CHANNELS or 0 in axes:
            raise InputError(f"a picture of shape {given} has no layout that is known; {self._remedy(given)}")
        return axes[0], axes[1], axes[2]

    def _remedy(self, given: tuple[int, ...]) -> str:
        if len(given) == 1:
            return "give rows of numbers to a Table, or reshape X to (n, height, width)"
        if len(given) == 3 and given[0 if not self.channels_first else 2] in CHANNELS:
            return f"channels stand at the other end: use Images(channels_first={not self.channels_first})"
        if len(given) == 3 and given[0 if self.channels_first else 2] == 4:
            return "drop the alpha channel: there may be 1 or 3 channels"
        layout = "(channels, height, width)" if self.channels_first else "(height, width, channels)"
        return f"expected (height, width) or {layout} with 1 or 3 channels"

    def _check_shape(self, pixels: Tensor) -> None:
        given, got = self._shape_given(), tuple(pixels.shape[1:])
        if got != given:
            raise InputError(
                f"these pictures have the shape {got}, the ones learnt from had {given}: "
                "resize them, or bring their channels to the same number and place"
            )

    def _channels_first(self, pixels: Tensor) -> Tensor:
        if pixels.ndim == 3:
            return pixels.unsqueeze(1)
        return pixels if self.channels_first else pixels.movedim(-1, 1)

    def _as_given(self, pixels: Tensor) -> Tensor:
        if len(self._shape_given()) == 2:
            return pixels.squeeze(1)
        return pixels if self.channels_first else pixels.movedim(1, -1)


def _kind(X: Any) -> tuple[str, str]:
    """Return what X is (``"numpy"`` or ``"torch"``) and the name of its type."""
    if isinstance(X, Tensor):
        return "torch", str(X.dtype).removeprefix("torch.")
    return "numpy", str(np.asarray(X).dtype)


def _tensor(X: Any) -> tuple[Tensor, str, str]:
    """Return X as a uint8 or float32 tensor on the CPU, what it is, and the name of its type."""
    X = X if isinstance(X, Tensor) else _array(X)
    kind, dtype = _kind(X)
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


def _array(X: Any) -> np.ndarray:
    try:
        return np.asarray(X)
    except ValueError as error:
        raise InputError(
            f"these pictures make no array, they differ in size: {error}; resize them to one size"
        ) from error


def _check_range(pixels: Tensor, room: float) -> None:
    """Refuse NaN, infinity, and floats more than `room` outside [0, 1]; warn of floats outside [0, 1]."""
    if pixels.dtype == torch.uint8 or pixels.numel() == 0:
        return
    low, high = (float(v) for v in torch.aminmax(pixels))
    if not (np.isfinite(low) and np.isfinite(high)):
        place, value = _first(pixels, ~torch.isfinite(pixels))
        raise InputError(f"pixel {place} is {value}: pictures must be finite; replace it, or leave that picture out")
    if low < -room - ROUNDING or high > 1 + room + ROUNDING:
        place, value = _first(pixels, (pixels < -room - ROUNDING) | (pixels > 1 + room + ROUNDING))
        raise InputError(f"pixel {place} is {value:g}, but float pixels lie in [0, 1]; {_rescale(low, high)}")
    if low < -ROUNDING or high > 1 + ROUNDING:
        warnings.warn(
            f"these pixels reach from {low:g} to {high:g}: right if noise was added to pictures in [0, 1], "
            f"wrong if they are on another scale; {_rescale(low, high)}",
            stacklevel=3,
        )


def _first(pixels: Tensor, wrong: Tensor) -> tuple[tuple[int, ...], float]:
    place = tuple(int(i) for i in wrong.nonzero()[0])
    return place, float(pixels[place])


def _rescale(low: float, high: float) -> str:
    if low >= 0 and high <= 255:
        return "if they count from 0 to 255, divide by 255 or give uint8; else divide by the largest value there can be"
    if low >= -1 and high <= 1:
        return "if they lie in [-1, 1], give (X + 1) / 2"
    return "shift and scale them to [0, 1], with the same numbers for all pictures"
