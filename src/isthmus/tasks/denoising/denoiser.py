"""Denoiser: cleans images and recordings, learnt from clean ones, from pairs, or from noisy ones alone."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, cast

import numpy as np
import torch
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from isthmus.core.data import Columns, Rows
from isthmus.core.part import part
from isthmus.core.training.callbacks import Callback
from isthmus.data.audio.recorded import Recorded
from isthmus.data.audio.sound_files import SOUNDS
from isthmus.data.audio.sounds import Sound, checked_rate, scaled
from isthmus.data.images.files import IMAGES
from isthmus.data.images.images import Images
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.estimators.card import Card
from isthmus.estimators.inference import in_order
from isthmus.parts.catalogue import load_all
from isthmus.parts.corruptions.levels import ends
from isthmus.support.errors import InputError
from isthmus.tasks.base import Labels, State, Task
from isthmus.tasks.denoising import shipped
from isthmus.tasks.denoising.defaults import (
    SNR,
    default_autoencoder,
)
from isthmus.tasks.denoising.graph import Denoise, DenoiseBytes
from isthmus.tasks.denoising.images import as_many_channels, images_of, typed
from isthmus.tasks.denoising.lessons import Lesson, Teaching, check_condition, check_data
from isthmus.tasks.denoising.masks import check_count, check_mask, observed, with_masks
from isthmus.tasks.denoising.recordings import (
    are_recordings,
    recordings_of,
    sound_like,
)
from isthmus.tasks.denoising.restored import Restore, restored_files
from isthmus.tasks.denoising.sound_file import cleaned_files
from isthmus.tasks.denoising.sounding import BLOCK, Cleaning
from isthmus.tasks.denoising.targets import targets

if TYPE_CHECKING:
    from torch import nn

LEARN_FROM = ("clean", "noisy")
"""What X is in `fit` where there is no y."""


@part("estimator/denoiser")
class Denoiser(TransformerMixin, Task):  # type: ignore[misc] # scikit-learn has no types
    """Removes noise from images and from recordings.

    What it learns from is what `fit` gets::

        Denoiser().fit(clean)                       # clean images, to which noise is added in training
        Denoiser().fit(noisy, clean)                # pairs: the noise is that of the pairs
        Denoiser(learn_from="noisy").fit(noisy)     # noisy images alone (neighbour to neighbour, Huang 2021)

        Denoiser().fit(clean, noise=clip)           # clean recordings, and noise alone
        Denoiser(learn_from="noisy").fit(noisy, noise=clip)    # noisy recordings, and noise alone

    As in regression, X is what the model sees and y is what it should give. Only for X alone it must be said whether it
    is noisy. Learning from noisy images alone needs noise that is independent from pixel to pixel: that of a sensor,
    not that of a JPEG file or a stain. To noisy recordings more of their noise is added, and they are learnt from
    that: a model cannot tell the noise that was added from that which was there (Fujimura 2021).

    Parameters
    ----------
    autoencoder : Autoencoder or None, default None
        The autoencoder to train. None: a denoising one for images of any size; from clean images, it learns Gaussian
        noise of any level up to 50 of 255. For recordings, one with `Waveforms`.
    learn_from : {"clean", "noisy"}, default "clean"
        What X is in `fit` where there is no y.
    snr : (float, float), default (-5.0, 15.0)
        For recordings: the signal-to-noise ratio in decibels, at which noise is added in training.
    random_state : int, RandomState or None, default None
        An int makes results reproducible; the user's own autoencoder keeps its own.
    warm_start : bool, default False
        Whether `fit`, of a denoiser that is fitted, trains it further, on pairs, clean or noisy images, or pairs or
        clean recordings; its settings are those of ``autoencoder_``. False: anew.

    Attributes
    ----------
    autoencoder_ : Autoencoder
        Fitted.
    learnt_from_ : {"clean", "noisy", "pairs"}
        What it was trained on; None for one that `of` made.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> clean = np.linspace(0, 1, 16) * rng.uniform(0.5, 1, size=(64, 16, 1))
    >>> noisy = clean + 0.1 * rng.normal(size=clean.shape)
    >>> linear = Autoencoder("linear", latent_dim=16, epochs=20, random_state=0, verbose=False)
    >>> denoiser = Denoiser(linear).fit(noisy[:48], clean[:48])
    >>> bool(np.std(denoiser.transform(noisy[48:]) - clean[48:]) < 0.05)
    True
    """

    learnt_from_: str | None

    def __init__(
        self,
        autoencoder: Autoencoder | None = None,
        learn_from: Literal["clean", "noisy"] = "clean",
        snr: tuple[float, float] = SNR,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
    ) -> None:
        self.autoencoder = autoencoder
        self.learn_from = learn_from
        self.snr = snr
        self.random_state = random_state
        self.warm_start = warm_start

    # -- training ------------------------------------------------------------------------------------------------

    def fit(
        self,
        X: Rows,
        y: Labels = None,
        *,
        noise: Any = None,
        callbacks: Sequence[Callback] = (),
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on images or recordings.

        An exception leaves the denoiser as it was.

        Parameters
        ----------
        X : array, tensor, list of images or of Sound, or path
            Images as `Images` describes them, recordings with their rates, or a folder of image or sound files. With y:
            the noisy ones.
        y : like X, optional
            The clean version of each, of the same size; files of two folders belong together by their names.
            Labels (n,), which pipelines pass on, are ignored.
        noise : Sound or path, optional
            Of recordings: noise alone, that is added in training; at least about a second.
        callbacks : sequence of callables, default ()
            Each is called with every `isthmus.core.training.callbacks.Event` of the training.
        checkpoint : path, optional
            File for the state of training, written after each epoch and each minute.
        resume : bool, default False
            Continue from `checkpoint` if it exists.

        Raises
        ------
        InputError
            X is neither images nor recordings; pairs differ in number, name, size, or type; or a parameter cannot be
            used.
        """
        load_all()
        self._check_settings()
        lesson = self._lesson(X, y, noise, callbacks)
        learner, further = lesson.autoencoder, self._goes_on
        if further and lesson.learnt_from != "clean":
            learner.forget_corruption()
        with _noise_expected():
            fitted = learner.fit(lesson.rows, checkpoint=checkpoint, resume=resume)
        if further:
            fitted.set_params(warm_start=self.autoencoder_.warm_start)
        self._adopt(fitted if noise is None else fitted.forget_corruption())
        self.learnt_from_ = lesson.learnt_from
        return self

    def _lesson(self, X: Rows, y: Labels, noise: Any, callbacks: Sequence[Callback]) -> Lesson:
        """Return what to train on what."""
        by_default = self.autoencoder is None and not self._goes_on
        teaching = Teaching(self.learn_from, self.snr, partial(self._learner, callbacks=callbacks), by_default)
        if noise is not None and self._goes_on:
            raise InputError(
                "noise= with warm_start=True: a denoiser that is trained further keeps the noise that it has learnt, "
                "so leave noise out and give pairs or clean recordings, or train one anew"
            )
        if are_recordings(X):
            return teaching.of_recordings(X, y, noise)
        if noise is not None:
            raise InputError("noise= is for recordings: leave it out, or give the list of Sound, or a folder of them")
        return teaching.of_images(X, y)

    @property
    def _goes_on(self) -> bool:
        """Whether `fit` trains what is trained already."""
        return self.warm_start and self.__sklearn_is_fitted__()

    def _learner(self, rows: int, callbacks: Sequence[Callback]) -> Autoencoder:
        """Return the autoencoder to train: an untrained one, or a copy of what is trained already."""
        if not self._goes_on:
            return self._untrained(rows, callbacks)
        known = self.autoencoder_
        return deepcopy(known).set_params(warm_start=True, callbacks=(*known.callbacks, *callbacks))

    @classmethod
    def of(cls, autoencoder: Autoencoder) -> Denoiser:
        """Return a denoiser that uses a fitted autoencoder, such as one that ``isthmus train`` wrote.

        Raises
        ------
        InputError
            It was not trained on images of their own size, or has a condition.
        """
        check_is_fitted(autoencoder)
        check_data(autoencoder.data_)
        check_condition(autoencoder)
        denoiser = cls()
        denoiser._adopt(autoencoder)
        denoiser.learnt_from_ = None
        return denoiser

    @classmethod
    def shipped(cls, kind: str = shipped.DEFAULT, channels: int = 3) -> Denoiser:
        """Return a denoiser that comes with the package, and needs no training.

        Parameters
        ----------
        kind : str, default "photo"
            What it cleans, such as ``"scan"``: pages with stains, folds and uneven light.
        channels : int, default 3
            Of the images; 1 takes the denoiser for grey ones, where there are two.

        Raises
        ------
        InputError
            There is none of this kind; the message names those that there are.
        """
        return cls.load(shipped.path_of(kind, channels))

    @property
    def adds_noise(self) -> bool:
        """Whether its autoencoder adds noise to what it is trained on, so that it can be trained on clean images."""
        check_is_fitted(self)
        return self.learnt_from_ in ("clean", None) and self.autoencoder_.variant_.corrupts

    def _check_settings(self) -> None:
        self._check_autoencoder()
        if self.learn_from not in LEARN_FROM:
            raise InputError(
                f"learn_from={self.learn_from!r}; choose 'clean' or 'noisy', and for pairs call fit(noisy, clean)"
            )
        low, high = ends(self.snr)
        if not -math.inf < low <= high < math.inf:
            raise InputError(f"snr={self.snr!r}: expected decibels from low to high, such as (-5, 15)")

    def _default_autoencoder(self, rows: int) -> Autoencoder:
        return default_autoencoder().set_params(random_state=self.random_state)

    # -- using ---------------------------------------------------------------------------------------------------

    def transform(self, X: Rows, strength: float = 1.0, sigma: float | None = None, mask: Rows = None) -> Rows:
        """Return X without noise: x + strength (y - x), in the form and with the type of X.

        Parameters
        ----------
        X : like the training images or recordings, of any size if they were, or a path
        strength : float in [0, 1], default 1
            1: what the model gives; less keeps some of the noise, and of fine texture; 0: X itself.
        sigma : float or None, default None
            The standard deviation of the noise, where black to white is 1 (25 of 255 is 0.098), for a model that
            depends on it; None: it is estimated.
        mask : bool array (n, height, width), or list of arrays (height, width), optional
            For a model that fills images: True where pixels are missing. All others stay as they are, to the precision
            of float32.

        Returns
        -------
        array, tensor or list
            uint8 and bool where X is, else floats. A list where images differ in size, and of recordings: each has as
            many samples and channels as before, its rate, and its type.

        Raises
        ------
        InputError
            Pixels are NaN or infinite, images do not suit the model, or a parameter is out of range.
        """
        check_is_fitted(self)
        if self.autoencoder_.data_.audible:
            self._noise(sigma)
            check_mask(self.autoencoder_.model_.net, mask)
            return [self._cleaned(one, strength) for one in recordings_of(X)]
        images, fitted = images_of(X), self.autoencoder_
        check_mask(fitted.model_.net, mask)
        check_count(mask, len(images))
        graph, noise = self._graph(strength), self._noise(sigma)
        with _noise_expected():
            answers = []
            for group in fitted.groups(images):
                columns = group.columns if mask is None else _with_mask(group.columns, mask, group.index)
                restored = group.rows if strength == 0 else self._restored(graph, columns, noise)
                answers.append((group.index, typed(restored, group.rows)))
        return in_order(answers)

    def transform_files(
        self,
        source: str | os.PathLike[str],
        output: str | os.PathLike[str],
        *,
        strength: float = 1.0,
        sigma: float | None = None,
        mask: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
    ) -> list[Path]:
        """Write files without noise, in their format and with all else that is in them.

        Images keep their bits, profile, EXIF data and alpha channel, sounds their bits, rate, channels and texts.

        A model of grey images restores each channel of a colour image by itself, a model of colour images a grey one as
        a colour image.

        Parameters
        ----------
        source : path
            An image or a sound, or a folder of them.
        output : path
            A file, or a folder, which may be new.
        strength, sigma :
            As in `transform`; with a strength of 0 files are copied.
        mask : path, optional
            For a model that fills images: an image that is white where pixels are missing, or a folder with one for
            each, under the same name.
        overwrite : bool, default False
            Whether files that are there may be replaced; also the input, if it is the output.

        Returns
        -------
        list of Path
            The files that were written.

        Raises
        ------
        InputError
            There is no image, one cannot be read, or written as it was, or the output cannot be used.
        """
        check_is_fitted(self)
        if self.autoencoder_.data_.audible:
            check_mask(self.autoencoder_.model_.net, mask)
            sounding = targets(Path(source), Path(output), overwrite, SOUNDS)
            return [one.path for one in cleaned_files(sounding, self.cleaning(strength, sigma))]
        every = targets(Path(source), Path(output), overwrite, IMAGES)
        every = every if mask is None else with_masks(every, Path(source), Path(mask))
        return [one.path for one in restored_files(every, self.restoring(strength, sigma))]

    def stream(self, rate: int, strength: float = 1.0, block: float = BLOCK) -> Cleaning:
        """Return what removes noise from a recording that comes in pieces.

        ``stream.add(piece)`` takes samples (time, channels) in [-1, 1] and returns those that are clean by then;
        ``stream.end()`` returns the rest. How the recording is cut makes no difference.

        Parameters
        ----------
        rate : int
            Samples a second of the recording.
        strength : float, default 1.0
            As in `transform`.
        block : float, default 10.0
            Seconds that are cleaned at a time: with fewer, samples come earlier, and more is computed.

        Raises
        ------
        InputError
            The denoiser is one of images, or a parameter is out of range.
        """
        check_is_fitted(self)
        data, net, graph = self.autoencoder_.data_, self.autoencoder_.model_.net, self._graph(strength)
        if not data.audible:
            raise InputError("this denoiser cleans images, which do not come in pieces: call transform")
        if not 0 < block < np.inf:
            raise InputError(f"block={block!r}: expected seconds, above 0")
        if net.reach is None:
            raise InputError("this net looks at whole recordings, so that it cannot clean them piece by piece")
        whole = self._graph()
        run = partial(self.autoencoder_.run_columns, whole)
        rate = checked_rate(rate, "stream")
        return Cleaning(run, rate, cast(Recorded, data).seen_rate, net.reach, net.stride, graph.strength, block)

    def cleaning(self, strength: float = 1.0, sigma: float | None = None) -> Callable[[int], Cleaning] | None:
        """Return what makes the `stream` of a rate; None if the strength is 0."""
        self._graph(strength)
        self._noise(sigma)
        return None if strength == 0 else partial(self.stream, strength=strength)

    def _cleaned(self, one: Sound, strength: float) -> Sound:
        """Return a recording without noise."""
        stream, samples = self.stream(one.rate, strength), scaled(one, np.float64)
        return sound_like(np.concatenate([stream.add(samples), stream.end()]), one) if strength else one

    def restoring(self, strength: float = 1.0, sigma: float | None = None) -> Restore | None:
        """Return a function that restores one image (height, width, channels); None if the strength is 0.

        It gives floats in [0, 1], or uint8 where it gets that.
        """
        check_is_fitted(self)
        if self.autoencoder_.data_.audible:
            raise InputError("this denoiser cleans recordings: give sound files, or take a denoiser of images")
        self._graph(strength)
        noise = self._noise(sigma)
        return None if strength == 0 else partial(self._restored_image, strength, noise)

    def _graph(self, strength: float = 1.0, kind: type[Denoise] = Denoise) -> Denoise:
        if not _is_fraction(strength):
            raise InputError(f"strength={strength!r} is no number in [0, 1]: 0 changes nothing, 1 is the model's")
        fitted = self.autoencoder_
        return kind(fitted.data_, fitted.model_, float(strength)).eval()

    def _noise(self, sigma: float | None) -> float | None:
        if sigma is None:
            return None
        if not self.autoencoder_.model_.net.estimates_noise:
            raise InputError(f"sigma={sigma!r}: this model does not depend on the level of the noise; leave sigma out")
        if not _is_fraction(sigma):
            raise InputError(
                f"sigma={sigma!r} is no number in [0, 1], where black to white is 1: 25 of 255 is {25 / 255:.3f}"
            )
        return float(sigma)

    def _restored(self, graph: Denoise, columns: Columns, noise: float | None) -> Rows:
        """Return what the graph makes of columns, as floats in the user's layout."""
        return self.autoencoder_.data_.write(self._run(graph, columns, noise))

    def _run(self, graph: Denoise, columns: Columns, noise: float | None) -> Columns:
        if noise is not None:
            columns = {**columns, "noise": torch.full((len(next(iter(columns.values()))),), noise)}
        return self.autoencoder_.run_columns(graph, columns)

    def _restored_image(
        self, strength: float, noise: float | None, image: np.ndarray, mask: np.ndarray | None = None
    ) -> np.ndarray:
        """Return one image, (height, width, channels), restored; filled where the mask is True."""
        data = cast(Images, self.autoencoder_.data_)
        check_mask(self.autoencoder_.model_.net, mask)
        known, channels = data.shape[0], image.shape[2]
        rows = [data.laid_out(row) for row in as_many_channels(image, known)]
        columns = data.read(np.stack(rows) if len(rows) > 1 else rows[0][None])
        columns = columns if mask is None else _with_mask(columns, [mask] * len(rows))
        averaged = known not in (1, channels)
        kind = DenoiseBytes if image.dtype == np.uint8 and not averaged else Denoise
        [pixels] = self._run(self._graph(strength, kind), columns, noise).values()
        restored = pixels.movedim(1, -1).numpy()
        if averaged:
            return cast(np.ndarray, restored[0].mean(2, keepdims=True))
        return np.concatenate(list(restored), axis=2) if len(restored) > 1 else cast(np.ndarray, restored[0])

    def card(self) -> Card:
        """Return a description of the fitted denoiser."""
        check_is_fitted(self)
        return replace(self.autoencoder_.card(), estimator=type(self).__name__, graphs=tuple(self.graphs()))

    # -- the file ------------------------------------------------------------------------------------------------

    def _task_graphs(self) -> dict[str, nn.Module]:
        return {"denoise": self._graph()}

    def _task_state(self) -> State:
        return {"learnt_from": self.learnt_from_}

    def _restore_task(self, state: State) -> None:
        self.learnt_from_ = state["learnt_from"]


def _is_fraction(value: object) -> bool:
    return isinstance(value, int | float | np.number) and bool(0 <= value <= 1)


def _with_mask(columns: Columns, mask: Rows, index: Tensor | None = None) -> Columns:
    """Return the columns of images with what is observed of them."""
    return {**columns, "observed": observed(mask, index, columns["pixels"])}


@contextmanager
def _noise_expected() -> Iterator[None]:
    """Do not warn of pixels outside [0, 1]: noise takes them there."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"these pixels reach from")
        yield
