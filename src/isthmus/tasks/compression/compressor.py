"""Compressor: images to small files, and back."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import torch
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from isthmus.core.data import Rows
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.core.training.callbacks import Callback
from isthmus.data.images.sequence import ImageArray, ImageSequence
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.estimators.card import Card
from isthmus.parts.bottlenecks.entropy import Entropy
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import InputError
from isthmus.tasks.base import Labels, State, Task
from isthmus.tasks.compression import frames, numbers, shipped
from isthmus.tasks.compression.arrays import array_of, picture_of
from isthmus.tasks.compression.calibration import calibrated, untaught
from isthmus.tasks.compression.chunks import read
from isthmus.tasks.compression.codec import EFFORTS, Codec, as_tensor, steps_of
from isthmus.tasks.compression.default_model import default_autoencoder, suited_to
from isthmus.tasks.compression.detail import DETAIL, suited_detail
from isthmus.tasks.compression.pictures import (
    Picture,
    UnknownModelError,
    as_floats,
    in_channels,
    in_unit,
    packed,
    unpacked_picture,
)
from isthmus.tasks.compression.sample import parts_of
from isthmus.tasks.compression.targets import QUALITY, level_of_quality, psnr, search
from isthmus.tasks.compression.tiling import TILE
from isthmus.tasks.denoising.images import images_of

if TYPE_CHECKING:
    from torch import nn

NAME = "own"
"""What files call a model that does not come with the package."""


@part("estimator/compressor")
class Compressor(TransformerMixin, Task):  # type: ignore[misc] # scikit-learn has no types
    """Writes images to small files, at any quality with one model, and reads them on any machine.

    Parameters
    ----------
    autoencoder : Autoencoder or None, default None
        The autoencoder to train, of the variant ``"compressive"``. None: one for images of any size.
    random_state : int, RandomState or None, default None
        An int makes results reproducible; the user's own autoencoder keeps its own.

    Attributes
    ----------
    autoencoder_ : Autoencoder
        Fitted.
    shapes_ : float32 ndarray of shape (slots, levels, shapes)
        How the symbols of each part of the code are distributed.
    name_ : str
        What files call the model.
    detail_ : float
        How much finer steps are where there is little texture, unless `compress` is told: 0.3 where this makes files
        of the images that were learnt smaller at equal MS-SSIM, as it does those of photographs; else 0.

    Examples
    --------
    >>> compressor = Compressor.shipped()                       # doctest: +SKIP
    >>> content = compressor.compress(photograph, quality=75)   # doctest: +SKIP
    >>> compressor.decompress(content).shape == photograph.shape    # doctest: +SKIP
    True
    """

    compresses = True
    shapes_: np.ndarray
    name_: str
    detail_: float

    def __init__(
        self, autoencoder: Autoencoder | None = None, random_state: int | np.random.RandomState | None = None
    ) -> None:
        self.autoencoder = autoencoder
        self.random_state = random_state

    # -- training ------------------------------------------------------------------------------------------------

    def fit(
        self,
        X: Rows,
        y: Labels = None,
        *,
        callbacks: Sequence[Callback] = (),
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on images.

        Parameters
        ----------
        X : array, tensor, list of images, or path of a folder
        y : ignored
        callbacks : sequence of callables, default ()
            Each is called with every `isthmus.core.training.callbacks.Event` of the training.
        checkpoint : path, optional
            File for the state of training, written after each epoch and each minute.
        resume : bool, default False
            Continue from `checkpoint` if it exists.

        Raises
        ------
        InputError
            X is not images, or the autoencoder has no codes that can be written.
        """
        load_all()
        self._check_autoencoder()
        images = images_of(X)
        sequence = images if isinstance(images, ImageSequence) else ImageArray(images)
        learner = self._untrained(len(sequence), callbacks)
        learner = suited_to(learner, sequence) if self.autoencoder is None else learner
        fitted = learner.fit(images, checkpoint=checkpoint, resume=resume)
        self._check_codes(fitted)
        self._adopt(fitted)
        self.name_ = NAME
        self._take_shapes(calibrated(self._untaught_codec(), _sample(sequence)))
        self.detail_ = suited_detail(self.codec, sequence)
        return self

    def _default_autoencoder(self, rows: int) -> Autoencoder:
        return default_autoencoder().set_params(random_state=self.random_state)

    @staticmethod
    def _check_codes(fitted: Autoencoder) -> None:
        model = fitted.model_
        if not model.bottleneck.rounds:
            raise InputError(
                f"the variant {fitted.variant_!r} has codes that are not rounded, which cannot be written: use "
                "Autoencoder('compressive')"
            )
        if model.net.reach is None or model.net.reconstructs_only or model.net.reach > TILE * model.net.stride:
            raise InputError(
                f"the net {type(model.net).__name__} has no codes of parts of an image, which are written one by one: "
                "use 'lapped-transform' or 'feature-map', with Images(crop=128)"
            )

    # -- using ---------------------------------------------------------------------------------------------------

    @classmethod
    def shipped(cls, name: str = shipped.DEFAULT) -> Compressor:
        """Return a compressor that comes with the package, and needs no training.

        Parameters
        ----------
        name : str, default "photo-1"

        Raises
        ------
        InputError
            There is none of this name; the message names those that there are.
        """
        compressor = cls.load(shipped.path_of(name))
        compressor.name_ = name
        return compressor

    def compress(
        self,
        x: Any,
        quality: float | None = None,
        *,
        target_bpp: float | None = None,
        target_psnr: float | None = None,
        max_error: float | Sequence[float] | Mapping[str, float] | None = None,
        effort: int = 1,
        detail: float | None = None,
    ) -> bytes:
        """Return an image, or numbers, as the content of a file.

        Parameters
        ----------
        x : array of shape (height, width) or (height, width, channels)
            uint8, uint16, bool, or floats in [0, 1]; a second or fourth channel is alpha, which loses nothing. With
            `max_error`: numbers of shape (n,) or (n, ...), which are alike along the first axis, such as a signal of
            several channels. Or a DataFrame, of which all comes back, or numbers within `max_error`.
        quality : float from 0 to 100, optional
            About as of JPEG; 25 more halve the steps to which the code is rounded. The default is 75.
        target_bpp : float, optional
            Bits per pixel, at most.
        target_psnr : float, optional
            Decibels, at least.
        max_error : float, sequence of float, or dict of float, optional
            How far each number may be off, of all channels, of each, or of some columns; 0: every bit comes back. NaN,
            infinities and -0.0 come back as they are. The compressor need not be fitted.
        effort : {0, 1}, default 1
            1: what is rounded how is chosen by what it costs; 0: somewhat faster, and files are larger.
        detail : float from 0 to 1, optional
            How much finer steps are where there is little texture, where losses are seen most: octaves for each octave
            of contrast. 0: steps are equal everywhere, which gives the least squared error. The default is `detail_`,
            0.3 for the model that comes with isthmus.

        Raises
        ------
        InputError
            x is no image, or what is asked for cannot be.
        """
        if max_error is not None or frames.is_frame(x):
            if not quality is target_bpp is target_psnr is None:
                raise InputError("quality, target_bpp and target_psnr are about images: leave them out")
            of_kind: Any = frames.packed if frames.is_frame(x) else numbers.packed
            return cast(bytes, of_kind(x, max_error))
        picture = picture_of(x)
        return self.compress_picture(
            picture, quality=quality, target_bpp=target_bpp, target_psnr=target_psnr, effort=effort, detail=detail
        )

    def compress_picture(
        self,
        picture: Picture,
        *,
        quality: float | None = None,
        target_bpp: float | None = None,
        target_psnr: float | None = None,
        effort: int = 1,
        detail: float | None = None,
        tell: Callable[[], object] = bool,
    ) -> bytes:
        """Return an image, with what goes with it, as the content of a file; see `compress`.

        `tell` is called after each tile.
        """
        check_is_fitted(self)
        if effort not in EFFORTS:
            raise InputError(f"effort={effort!r}; choose 0 or 1")
        detail = self.detail_ if detail is None else detail
        if not 0 <= detail <= 1:
            raise InputError(f"detail={detail}: expected 0 to 1")
        asked = {"quality": quality, "target_bpp": target_bpp, "target_psnr": target_psnr}
        level = self._level(picture, asked, effort, detail)
        return packed(picture, self.codec, self.name_, self.identity, level, effort, detail, tell)

    def decompress(self, content: bytes) -> Any:
        """Return the image, the numbers or the DataFrame in the content of a file, with the shape and type that it had.

        Raises
        ------
        FileFormatError
            It is damaged (`DamagedFileError`), of a newer version (`NewerFileError`), or of another model
            (`UnknownModelError`).
        """
        chunks = read(content)
        head = chunks[0].payload if chunks else b""
        for kind, unpacked in ((numbers.of_numbers, numbers.unpacked), (frames.of_frame, frames.unpacked)):
            if kind(head):
                return unpacked(chunks)
        check_is_fitted(self)
        return array_of(unpacked_picture(content, self.codec_of)[0])

    def transform(self, X: Rows, quality: float | None = None) -> list[bytes]:
        """Return the files of many images."""
        images = images_of(X)
        sequence = images if isinstance(images, ImageSequence) else ImageArray(images)
        return [self.compress(sequence.at(index), quality) for index in range(len(sequence))]

    def inverse_transform(self, X: Sequence[bytes]) -> list[np.ndarray]:
        """Return the images of many files."""
        return [self.decompress(content) for content in X]

    def codec_of(self, name: str, identity: bytes) -> Codec:
        """Return the codec that reads files of a model: this, or one that comes with the package.

        Raises
        ------
        UnknownModelError
            It is another.
        """
        if identity == self.identity:
            return self.codec
        if name in shipped.names():
            other = Compressor.shipped(name)
            if other.identity == identity:
                return other.codec
        raise UnknownModelError(
            f"the file was written with the model {name!r} ({identity.hex()}), and this one is {self.name_!r} "
            f"({self.identity.hex()}): name the model with which it was written"
        )

    @property
    def codec(self) -> Codec:
        """The codec of the model."""
        if "_codec" not in vars(self):
            self._codec = Codec(self.autoencoder_.model_, self.shapes_)
        return self._codec

    @property
    def identity(self) -> bytes:
        """The first 8 bytes of the SHA-256 of all that a reader needs of the model."""
        if "_identity" not in vars(self):
            self._identity = _identity(self.autoencoder_.model_, self.shapes_)
        return self._identity

    def _level(self, picture: Picture, asked: dict[str, float | None], effort: int, detail: float) -> int:
        """Return the level of what is asked for."""
        named = {name: value for name, value in asked.items() if value is not None}
        if len(named) > 1:
            raise InputError(f"{' and '.join(named)}: choose one of quality, target_bpp and target_psnr")
        if "target_bpp" in named or "target_psnr" in named:
            ((name, target),) = named.items()
            return self._searched(picture, name, target, effort, detail)
        return level_of_quality(named.get("quality", QUALITY))

    def _searched(self, picture: Picture, name: str, target: float, effort: int, detail: float) -> int:
        """Return the level at which an image takes so many bits, or has such an error."""
        if not 0 < target < math.inf:
            raise InputError(f"{name}={target}: expected a positive number")
        pixels = in_channels(as_floats(picture.pixels), self.codec)
        area = picture.pixels.shape[0] * picture.pixels.shape[1]
        if name == "target_bpp":
            return search(
                lambda level: math.log(max(self.codec.bits(pixels, level, effort, detail), 1) / area),
                math.log(target),
                False,
            )
        return search(lambda level: psnr(self._beside(pixels, level, effort, detail)), target, True)

    def _beside(
        self, pixels: np.ndarray, level: int, effort: int, detail: float
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield parts of an image, each beside what comes back of it."""
        for patch in self.codec.rounded(pixels, level, effort, detail):
            yield in_unit(patch.of(pixels)), patch.pixels

    # -- what a task implements ----------------------------------------------------------------------------------

    def _adopt(self, autoencoder: Autoencoder) -> None:
        super()._adopt(autoencoder)
        self._forget()

    def _take_shapes(self, shapes: np.ndarray) -> None:
        self.shapes_ = shapes
        self._forget()

    def _forget(self) -> None:
        """Forget what was made of the model before."""
        for name in ("_codec", "_identity"):
            self.__dict__.pop(name, None)

    def _untaught_codec(self) -> Codec:
        model = self.autoencoder_.model_
        return Codec(model, untaught(len(cast(Entropy, model.bottleneck).predictor.worth())))

    def card(self) -> Card:
        """Return a description of the fitted compressor."""
        check_is_fitted(self)
        return replace(self.autoencoder_.card(), estimator=type(self).__name__)

    def _task_graphs(self) -> dict[str, nn.Module]:
        return {}

    def _task_state(self) -> State:
        return {"shapes": torch.as_tensor(self.shapes_), "name": self.name_, "detail": self.detail_}

    def _restore_task(self, state: State) -> None:
        self.name_, self.detail_ = state["name"], float(state.get("detail", DETAIL))  # older files have none
        self._take_shapes(state["shapes"].numpy())


def _identity(model: torch.nn.Module, shapes: np.ndarray) -> bytes:
    digest = hashlib.sha256(np.ascontiguousarray(shapes, "<f4").tobytes())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + np.ascontiguousarray(tensor.cpu().float().numpy(), "<f4").tobytes())
    return digest.digest()[:8]


def _sample(images: ImageSequence) -> Iterator[Batch]:
    """Yield parts of some images, each at some quality."""
    coarsest, finest = (level_of_quality(quality) for quality in (0, 100))
    random = np.random.default_rng(0)
    for pixels in parts_of(images):
        x = as_tensor(pixels)
        yield Batch(x, x, step=steps_of(int(random.integers(finest, coarsest))))
