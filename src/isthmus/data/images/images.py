"""Images: images as uint8 or as floats in [0, 1], of one size or of any."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Columns, Data, Defaults, Field, Rows
from isthmus.core.part import arguments, lookup, part
from isthmus.core.records import Batch
from isthmus.data.defaults import mlp_for
from isthmus.data.images.crops import Smaller, crops_of, cut, turned
from isthmus.data.images.layout import channels_first, channels_last, channels_remedy, row_shape, user_layout
from isthmus.data.images.light import Light, even, evened, evened_image
from isthmus.data.images.pixels import check_range, kind_of, scaled_pixels, to_tensor
from isthmus.data.images.resize import How, Size, check_size, resize, scaled, undone
from isthmus.data.images.sequence import ImageArray, ImageSequence
from isthmus.data.sized import Croppable, in_threads
from isthmus.support.errors import InputError

SMALL = 32 * 32
"""Images of at most this many numbers get the mlp net by default, larger ones the conv net."""

NOISE = 4.0
"""How far outside [0, 1] pixels may be once fitted: room for added noise, but not for another scale."""

REPAIRING = (32, 48, 64)
"""Channels of the levels of the net that removes defects."""

COLOURS = {1: "grey", 2: "two-channel", 3: "colour", 4: "four-channel"}


@part("data/images", renamed={"given": "image_shape"})
class Images(Croppable):
    """Images; ``Batch.x`` is float32 (n, channels, height, width) in [0, 1].

    Pixels are uint8, bool, or floats in [0, 1], in NumPy arrays or torch tensors of shape (n, height, width) or
    (n, height, width, channels). Outputs are floats in [0, 1] in the shape of the inputs. Images of several sizes
    are a list of such arrays, or a folder that `isthmus.data.io.files.read` opened: with `crop` the net is trained on
    crops and applied to whole images, with `resize` all images are resized to one size.

    Parameters
    ----------
    channels_first : bool, default False
        Whether the shape of one image is (channels, height, width).
    image_shape : tuple of int or None, or None
        Learnt: the shape of one image in the user's layout; it contains None where the size is free.
    dtype : str or None
        Learnt: the name of the data type of the pixels, such as ``"uint8"``.
    kind : ``"numpy"``, ``"torch"``, or None
        Learnt: the library of the arrays.
    crop : int or None, default None
        Train on square crops of this many pixels per side; the model then accepts images of any size.
    crops_per_image : int or None, default None
        Crops of each image per epoch; None: as many as cover its area, from 1 to 32.
    flips : bool, default False
        Mirror half of the crops left to right.
    turns : bool, default False
        Rotate the crops by a random number of quarter turns.
    resize : int, (int, int) or None, default None
        Resize every image to this height and width.
    how : {"cover", "contain", "stretch"}, default "cover"
        How to resize: ``"cover"`` fills the size and crops the rest, ``"contain"`` fits the whole image and repeats
        its edges, ``"stretch"`` ignores the aspect ratio.
    light : {"as-is", "even"}, default "as-is"
        ``"even"``: local brightness and contrast are brought to one level, in what is learnt and in reconstructions.
    """

    named_columns = False
    pictorial = True

    def __init__(
        self,
        channels_first: bool = False,
        image_shape: tuple[int | None, ...] | None = None,
        dtype: str | None = None,
        kind: str | None = None,
        *,
        crop: int | None = None,
        crops_per_image: int | None = None,
        flips: bool = False,
        turns: bool = False,
        resize: int | Size | None = None,
        how: How = "cover",
        light: Light = "as-is",
    ) -> None:
        super().__init__()
        if light not in ("as-is", "even"):
            raise InputError(f"light={light!r}: choose 'as-is' or 'even'")
        self.light = light
        self.evened = light == "even"
        self.channels_first, self.dtype, self.kind = channels_first, dtype, kind
        self.crop, self.crops_per_image, self.flips, self.turns, self.how = crop, crops_per_image, flips, turns, how
        self.size = None if resize is None else check_size(resize, how)
        self._check_crops()
        self.image_shape = None if image_shape is None else tuple(image_shape)
        if self.image_shape is not None:
            self.shape = row_shape(self.image_shape, channels_first)  # type: ignore[assignment]  # None where free

    def _check_crops(self) -> None:
        for name in ("crop", "crops_per_image"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise InputError(f"{name}={value!r}: expected a whole number of at least 1")
        if self.crop and self.size:
            raise InputError(f"crop={self.crop} and resize={self.size}: choose one, crops are of images as they are")
        for name in ("crops_per_image", "flips", "turns"):
            if getattr(self, name) and not self.crop:
                raise InputError(f"{name}={getattr(self, name)!r} is about crops: give crop=64, say, too")

    @property
    def any_size(self) -> bool:
        """Whether images may differ in size."""
        return self.crop is not None

    @property
    def restorable(self) -> bool:
        """Whether images keep their size."""
        return self.size is None

    @property
    def typical_shape(self) -> tuple[int, ...]:
        """Shape of a row to plan for: (channels, crop, crop) if the size is free."""
        return self.shape if self.crop is None else (self.shape[0], self.crop, self.crop)

    @property
    def summary(self) -> str:
        """A one-sentence description of the images and how they are scaled."""
        channels, height, width = self.shape
        scaled = "divided by 255" if self.dtype == "uint8" else "taken as they are"
        scaled += ", in even light" if self.light == "even" else ""
        colour = COLOURS.get(channels, f"{channels}-channel")
        if self.crop is not None:
            return f"{colour} images of any size ({self.dtype}), {scaled}; crops of {self.crop} x {self.crop} pixels"
        resized = "" if self.size is None else f", resized ({self.how})"
        return f"{colour} images of {height} x {width} pixels ({self.dtype}){resized}, {scaled}"

    @property
    def fitted(self) -> bool:
        """Whether the shape of an image has been learnt."""
        return self.image_shape is not None

    def learn(self, chunks: Iterable[Any]) -> Images:
        """Return a fitted copy, which knows the shape and data type of the images.

        Raises
        ------
        InputError
            There are no images, they differ in shape, or their values cannot be pixels.
        """
        learnt: Images | None = None
        brightest, small = 0, Smaller(self.crop)
        first: tuple[int, ...] = ()
        for number, (shape, kind, dtype, pixels) in enumerate(look for chunk in chunks for look in self._looks(chunk)):
            small.add(row_shape(shape, self.channels_first)[1:])
            first = shape if learnt is None else first
            learnt = learnt or self._learnt(shape, kind, dtype)
            learnt._check_like(first, number, shape, dtype)
            brightest = max(brightest, _brightest(pixels))
        if learnt is None:
            raise InputError("there are no images to learn from: X is empty; give at least one")
        small.warn()
        if learnt.dtype == "uint8" and brightest <= 1:
            warnings.warn(
                f"the largest of these uint8 pixels is {brightest} of 255; if they mean black and white, "
                "give X.astype(bool), so that 1 is white",
                stacklevel=2,
            )
        return learnt

    def merge(self, other: Data) -> Images:
        """Return self: only the shape of the images is learnt, which must be the same.

        Raises
        ------
        InputError
            The shapes differ.
        """
        assert isinstance(other, Images)  # images are learnt from images
        if other.image_shape != self.image_shape:
            raise InputError(
                f"these images have the shape {other.image_shape}, the others {self.image_shape}: resize them"
            )
        return self

    def _looks(self, chunk: Rows) -> Iterator[tuple[tuple[int, ...], str, str, Tensor | None]]:
        """Yield the shape, library and data type of images, and their pixels unless they come from files."""
        if isinstance(chunk, ImageSequence):
            self._check_sizes(chunk)
            yield from ((shape, "numpy", chunk.dtype.name, None) for shape in chunk.shapes)
            return
        for array in self._arrays(chunk):
            pixels, kind, dtype = to_tensor(array)
            check_range(pixels, room=0.0)
            if len(pixels):
                yield tuple(pixels.shape[1:]), kind, dtype, pixels

    def _arrays(self, X: Any) -> Iterable[Any]:
        """Return arrays with an axis of rows, each of images of one size."""
        several = isinstance(X, Sequence) and (self.any_size or self.size is not None)
        return (image[None] for image in X) if several else (X,)

    def _learnt(self, shape: tuple[int, ...], kind: str, dtype: str) -> Images:
        """Return a fitted copy for images of this shape."""
        return Images(**{**arguments(self), "image_shape": self._free(shape), "dtype": dtype, "kind": kind})

    def _free(self, shape: tuple[int, ...]) -> tuple[int | None, ...]:
        """Return the shape to learn from an image's shape: with free sizes, or the size of `resize`."""
        sides = (None, None) if self.any_size else self.size
        if sides is None:
            return shape
        return (*shape[:-2], *sides) if self.channels_first else (*sides, *shape[2:])

    def keeps(self) -> list[str]:
        """Describe what a model file stores about the images."""
        return ["the size of its images"]

    def read(self, X: Any) -> Columns:
        """Return ``{"pixels": (n, channels, height, width)}``, uint8 or float32; a view of X if possible.

        Raises
        ------
        InputError
            Images differ in size (see `groups`) or from the learnt shape, or pixels are NaN, infinite or far outside
            [0, 1].
        """
        if self.size is not None:
            return {"pixels": torch.from_numpy(self._resized(self.sequence(X))).movedim(-1, 1)}
        pixels, _, _ = to_tensor(X)
        self._check_shape(tuple(pixels.shape[1:]))
        check_range(pixels, room=NOISE)
        return {"pixels": channels_first(pixels, self.channels_first, len(self._known_shape()))}

    def groups(self, X: Any) -> Iterator[tuple[Tensor | None, Any]]:
        """Yield indices and images of one size, a bounded number at a time; all at once if the size is not free.

        Raises
        ------
        InputError
            X is an empty list.
        """
        if not self.any_size or not isinstance(X, Sequence):
            yield from super().groups(X)
            return
        images = self.sequence(X)
        if not len(images):
            raise InputError("there are no images: X is empty; give at least one")
        for indices in images.groups():
            yield torch.tensor(indices), _stacked(images.decoded(indices))

    def crops_of(self, shape: tuple[int, ...]) -> int:
        """Return the number of crops per epoch of an image of this shape."""
        height, width = row_shape(shape, self.channels_first)[1:]
        return crops_of(height or 1, width or 1, self.crop or 1, self.crops_per_image)

    def samples(self, X: Any) -> int:
        """Return how many images, or crops of them, an epoch shows."""
        return sum(map(self.crops_of, self.sequence(X).shapes)) if self.any_size else len(X)

    def crop_buffers(self, count: int, dtype: np.dtype[Any]) -> dict[str, np.ndarray]:
        """Return arrays for so many crops, and for how each is rotated, and whether it is mirrored."""
        channels, height, width = self.typical_shape
        kind = np.float32 if self.light == "even" else dtype
        pixels = np.moveaxis(np.empty((count, height, width, channels), kind), -1, 1)
        varied = {"mirrored": np.empty(count, bool), "turns": np.empty(count, np.int32)}
        evened = {"evened": np.empty(count, bool)} if self.light == "even" else {}
        return {"pixels": pixels} | evened | (varied if self.turns or self.flips else {})

    def crops(self, row: Any, draws: np.ndarray) -> dict[str, np.ndarray]:
        """Return crops of an image, which was brought to even light as a whole, if that was asked for."""
        image, evened = self.canonical(row), {}
        if self.light == "even":
            image, evened = evened_image(image), {"evened": np.ones(len(draws), bool)}
        pixels = cut(image, self.typical_shape[-1], draws[:, :2])
        mirrored, turns = draws[:, 2] < 0.5 * self.flips, (4 * draws[:, 3] * self.turns).astype(np.int32)
        return {"pixels": np.moveaxis(pixels, -1, 1), "mirrored": mirrored, "turns": turns, **evened}

    def varied(self, columns: Columns) -> Columns:
        """Return crops rotated and mirrored."""
        columns = dict(columns)
        if "turns" in columns:
            columns["pixels"] = turned(columns["pixels"], columns.pop("turns"), columns.pop("mirrored"))
        return columns

    @property
    def crop_settings(self) -> tuple[object, ...]:
        """What crops depend on, beside the images."""
        return self.crop, self.crops_per_image, self.flips, self.turns, self.light

    def canonical(self, image: Rows) -> np.ndarray:
        """Return one image as uint8 or float32 (height, width, channels).

        Raises
        ------
        InputError
            It has another number of channels than learnt, or its values cannot be pixels.
        """
        pixels, _, _ = to_tensor(image)
        self._check_shape(tuple(pixels.shape))
        check_range(pixels, room=NOISE)
        return channels_last(pixels.numpy(), self.channels_first)

    def laid_out(self, image: np.ndarray) -> np.ndarray:
        """Return one image of shape (height, width, channels) in the user's layout; the opposite of `canonical`."""
        if len(self._known_shape()) == 2 and image.shape[2] == 1:
            return image[..., 0]
        return np.moveaxis(image, -1, 0) if self.channels_first else image

    def sequence(self, X: Any) -> ImageSequence:
        """Return images as a sequence."""
        return X if isinstance(X, ImageSequence) else ImageArray(X)

    def _resized(self, images: ImageSequence) -> np.ndarray:
        """Return all images resized to one size, (n, height, width, channels)."""
        size = self.size
        assert size is not None  # asked for

        def one(index: int) -> np.ndarray:
            sides = row_shape(images.shapes[index], self.channels_first)[1:]
            min_size = scaled((sides[0] or 1, sides[1] or 1), size, self.how)
            return resize(self.canonical(images.reduced(index, min_size)), size, self.how)

        return np.stack(in_threads(one, range(len(images))))

    def write(self, columns: Columns, like: Rows = None) -> Any:
        """Return floats in [0, 1] of shape (n, *image_shape), in the library and float type of `like`, if any."""
        pixels = self._user_layout(columns["pixels"]).detach().cpu()
        kind, dtype = (self.kind, str(self.dtype)) if like is None else kind_of(like)
        pixels = pixels.to(getattr(torch, dtype) if dtype in ("float16", "float64") else torch.float32)
        return pixels.contiguous() if kind == "torch" else pixels.contiguous().numpy()

    def forward(self, columns: Columns) -> Batch:
        """Return x float32 (n, channels, height, width) in [0, 1]; in even light, if that was asked for."""
        x = scaled_pixels(columns["pixels"])
        if self.light == "even" and "evened" not in columns:  # crops are of images that were evened as a whole
            x = even(x)
        return Batch(x, x)

    def invert(self, mean: Tensor) -> Columns:
        """Return ``{"pixels": x̂}``, clipped to [0, 1]."""
        return {"pixels": mean.clamp(0, 1)}

    def space(self, columns: Columns) -> tuple[int, ...]:
        """Return height and width."""
        return tuple(columns["pixels"].shape[2:])

    def with_whole(self, columns: Columns) -> Columns:
        """Return columns of images that were brought to even light as a whole, if that was asked for."""
        if self.light == "as-is" or "evened" in columns:
            return columns
        pixels = torch.cat([evened(one) for one in columns["pixels"].split(1)])
        return {**columns, "pixels": pixels, "evened": torch.ones(len(pixels), dtype=torch.bool)}

    def cut(self, columns: Columns, spans: Sequence[tuple[int, int]]) -> Columns:
        """Return the pixels within the spans of rows and columns; views."""
        (top, bottom), (left, right) = spans
        parts: Columns = {
            name: columns[name][:, :, top:bottom, left:right] for name in ("pixels", "observed") if name in columns
        }
        return {**columns, **parts}

    def per_feature(self, error: Tensor) -> Tensor:
        """Return the error in the user's layout: (n, *image_shape)."""
        return self._user_layout(error)

    def in_own_size(self, maps: Tensor, X: Rows) -> Tensor | list[Tensor]:
        """Return maps (n, height, width) of the images of x as maps of the images X, which may have been resized."""
        if self.size is None:
            return maps
        sizes = [row_shape(shape, self.channels_first)[1:] for shape in self.sequence(X).shapes]
        return [undone(one, (high or 1, wide or 1), self.how) for one, (high, wide) in zip(maps, sizes, strict=True)]

    def by_feature(self, error: Tensor) -> Tensor:
        """Return the error of each pixel, or its mean over each channel where the size is free: (n, channels)."""
        if not self.any_size:
            return error
        pixels = channels_first(error, self.channels_first, len(self._known_shape()))
        return pixels.flatten(2).mean(2)

    def numbers(self, X: Any) -> np.ndarray:
        """Return pixels in [0, 1]: (n, pixels), or (pixels of all images, channels) where the size is free."""
        pixels = self.read(X)["pixels"]
        scaled = pixels.double() / (255 if pixels.dtype == torch.uint8 else 1)
        last = scaled.movedim(1, -1)
        return (last.flatten(0, -2) if self.any_size else last.flatten(1)).numpy()

    def _user_layout(self, pixels: Tensor) -> Tensor:
        return user_layout(pixels, self.channels_first, len(self._known_shape()))

    def feature_names(self) -> list[str]:
        """Return ``pixel_ROW_COLUMN``, with ``_CHANNEL`` if images have an axis for it.

        Return ``channel_NUMBER`` for each channel if the size is free.
        """
        if self.any_size:
            return [f"channel_{number}" for number in range(self.typical_shape[0])]
        sides = self._known_sides()
        names = []
        for index in product(*map(range, sides)):
            if len(sides) == 3 and self.channels_first:
                index = (*index[1:], index[0])
            names.append("_".join(map(str, ("pixel", *index))))
        return names

    def fields(self) -> list[Field]:
        """Return one field: the pixels in the user's layout."""
        assert self.image_shape is not None  # fitted
        top = 255.0 if self.dtype == "uint8" else 1.0
        return [Field("pixels", "pixels", self.image_shape, low=0.0, high=top)]  # type: ignore[arg-type]  # None where free

    def defaults(self) -> Defaults:
        """Return the feature-map net for free sizes, mlp for small images, else conv; and the squared error.

        The score of images of one size is by pooled features, where their extra is installed and they take the images:
        one or three channels, sides of 16 pixels or more. Else it is the distance to the nearest images.
        """
        likelihood = lookup("likelihood/squared")(bounds=(0.0, 1.0))
        if self.any_size:
            transform = lookup("net/lapped-transform")()
            nets = {"compressive_net": transform, "repairing_net": lookup("net/unet")(widths=REPAIRING)}
            return Defaults(lookup("net/feature-map")(), likelihood, score="defects", **nets)
        pooled: Any = lookup("score/pooled")
        net = mlp_for(self.shape) if prod(self.shape) <= SMALL else lookup("net/conv")()
        return Defaults(net, likelihood, score="pooled" if pooled.suits(self.shape) else "neighbours")

    def _known_shape(self) -> tuple[int | None, ...]:
        if self.image_shape is None:
            raise InputError("these Images are not fitted: call learn(chunks), or fit, first")
        return self.image_shape

    def _known_sides(self) -> tuple[int, ...]:
        return tuple(side for side in self._known_shape() if side is not None)

    def _check_sizes(self, images: ImageSequence) -> None:
        if not self.any_size and self.size is None:
            images.check_one_size()

    def _check_like(self, first: tuple[int, ...], number: int, shape: tuple[int, ...], dtype: str) -> None:
        """Raise an error unless an image has the channels, and the data type, of the first one; or its shape."""
        if self._free(shape) != self.image_shape:
            fewer, more = sorted((shape, first), key=len)
            raise InputError(
                f"image {number} has the shape {shape}, image 0 has {first}: "
                f"{channels_remedy(fewer, more, self.channels_first)}"
            )
        if dtype != self.dtype:
            raise InputError(
                f"image {number} holds {dtype}, image 0 holds {self.dtype}: convert all to one type, such as floats "
                "in [0, 1] (uint8: image.astype('float32') / 255)"
            )

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        """Raise an error unless an image has the shape of the training images, or their channels and any size."""
        expected = self._known_shape()
        if 0 in shape and len(shape) > 1:
            raise InputError(f"an image of shape {shape} has no pixels: leave it out")
        if len(shape) != len(expected) or self._free(shape) != expected:
            wanted = f"({', '.join('any' if side is None else str(side) for side in expected)})"
            raise InputError(
                f"these images have the shape {shape}, the training images had {wanted}: "
                f"{channels_remedy(shape, expected, self.channels_first)}"
            )


def _brightest(pixels: Tensor | None) -> int:
    """Return the largest of uint8 pixels; 255 for other pixels, or if there are none to look at."""
    return 255 if pixels is None or pixels.dtype != torch.uint8 else int(pixels.max())


def _stacked(images: list[Any]) -> Any:
    """Return images of one size as one array or tensor."""
    return torch.stack(images) if isinstance(images[0], Tensor) else np.stack(images)
