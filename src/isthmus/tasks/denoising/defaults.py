"""The autoencoder that a Denoiser trains unless the user gives one: for images, and for recordings."""

from __future__ import annotations

from math import prod
from statistics import median
from typing import cast

from isthmus.core.data import Rows
from isthmus.core.interfaces import Corruption
from isthmus.core.part import lookup
from isthmus.data.audio.recorded import HIGHEST, Recorded
from isthmus.data.audio.sounds import Sounds
from isthmus.data.audio.waveforms import Waveforms
from isthmus.data.images.images import Images
from isthmus.data.images.layout import row_shape
from isthmus.data.images.sequence import ImageArray, ImageSequence
from isthmus.data.infer import choose_data
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.support.errors import InputError, counted
from isthmus.tasks.denoising.images import images_of
from isthmus.tasks.denoising.recordings import are_recordings, recordings_of
from isthmus.variants import Denoising

NET, CODE = "lapped", 128
"""The net, which restores a little before it has learnt, and the numbers in each position of its deepest map."""
NOISE, BALANCE = (0.0, 50 / 255), 1.5
"""Levels of the noise that is added to clean images, and how much more faint noise counts."""
CROP, BATCH, AVERAGE = 64, 16, 0.999
LARGE = 16
"""Crops in an image from which on the noise level of the whole is well estimated, but not that of a crop."""
SOUND_CODE, SOUND_BATCH, SOUND_AVERAGE = 96, 32, 0.99
"""The same of recordings, whose net is that of their data."""
SNR = (-5.0, 15.0)
"""Decibels of recordings over the noise that is added to them."""
SOUND_STEPS, WINDOW, FEWEST = 600, 0.5, 64
"""Steps of a training on recordings, about; seconds of a window; and how many an epoch shows at least."""
STEPS, MAX_EPOCHS = 3000, 100
"""Steps of a training, about, and the maximum number of epochs: few images are soon learnt by heart."""


CELL = 2
"""Pixels to a side in which neighbours are looked for."""


def default_autoencoder() -> Autoencoder:
    """Return the default autoencoder, without data."""
    variant = Denoising(level=NOISE, balance=BALANCE)
    return Autoencoder(variant, CODE, net=NET, batch_size=BATCH, average=AVERAGE, verbose=False)


def unfitted_for(X: Rows, learnt_from: str, snr: tuple[float, float] = SNR) -> Autoencoder:
    """Return the default autoencoder for images or recordings, to change what it is trained with.

    Parameters
    ----------
    X : images or recordings, or their path
    learnt_from : {"clean", "noisy", "pairs"}
    snr : (float, float)
        For recordings: decibels of them over the noise.
    """
    if are_recordings(X):
        return suited_to_recordings(default_autoencoder(), recordings_of(X), snr, learnt_from == "pairs")
    return suited_to(default_autoencoder(), images_of(X), learnt_from == "noisy")


def suited_to(unfitted: Autoencoder, images: Rows, halved: bool) -> Autoencoder:
    """Return the default autoencoder with crops that fit into all images, and epochs that suit their number.

    Parameters
    ----------
    unfitted : Autoencoder
    images : images in memory, or a stream
    halved : bool
        Whether it is trained on images of half the size.

    Raises
    ------
    InputError
        There are no images, or one is too small.
    """
    sequence = images if isinstance(images, ImageSequence) else ImageArray(images)
    if not len(sequence):
        raise InputError("there are no images to learn from: X is empty; give at least one")
    shapes = [row_shape(shape, False) for shape in sequence.shapes]
    side = min(length for shape in shapes for length in (*shape[1:], (1 + halved) * CROP) if length)
    if halved and side < CELL:
        raise InputError(
            f"the smallest image has a side of {counted(side, 'pixel')}: noisy images alone are learnt from "
            f"neighbours, so that each needs {CELL} x {CELL} pixels at least; take it out"
        )
    data = Images(crop=side, flips=True, turns=True)
    large = median(prod(length or side for length in shape[1:]) for shape in shapes) >= LARGE * side**2
    return unfitted.set_params(
        variant=_of_known_level() if large else unfitted.variant,
        data=data,
        epochs=_epochs(sum(map(data.crops_of, sequence.shapes))),
    )


def _of_known_level() -> Denoising:
    """Return the variant that gets the level of the noise which is added, instead of one estimated on each crop."""
    noise = lookup("corruption/gaussian")(NOISE)
    return Denoising(lookup("corruption/measured")(noise, BALANCE, known=True))


def suited_to_recordings(
    unfitted: Autoencoder, recordings: Sounds, snr: tuple[float, float], paired: bool
) -> Autoencoder:
    """Return the default autoencoder for recordings, to which noise of any colour is added.

    Parameters
    ----------
    unfitted : Autoencoder
    recordings : Sounds
    snr : (float, float)
        Decibels of the recording over the noise.
    paired : bool
        Whether they come with noisy versions, so that nothing is added, and nothing may be varied.
    """
    covering = sum(1 + int(samples / rate / WINDOW) for samples, _, rate in recordings.shapes)
    each = -(-FEWEST // len(recordings)) if covering < FEWEST else None
    data = Waveforms(min(recordings.shapes[0][2], HIGHEST), WINDOW, each, vary=not paired)
    windows = max(covering, FEWEST)
    return unfitted.set_params(
        variant=Denoising(lookup("corruption/coloured-noise")(snr), balance=BALANCE),
        net=None,
        latent_dim=SOUND_CODE,
        data=data,
        epochs=_epochs(windows, SOUND_STEPS, SOUND_BATCH),
        batch_size=SOUND_BATCH,
        average=SOUND_AVERAGE,
    )


def recorded_noise(clip: list[float], snr: tuple[float, float]) -> Corruption:
    """Return the corruption that adds stretches of a clip."""
    return cast(Corruption, lookup("corruption/recorded-noise")(clip, snr, vary=True))


def seen_rate(unfitted: Autoencoder, recordings: Sounds) -> int:
    """Return the rate at which an autoencoder will see recordings."""
    data = cast(Recorded, choose_data(unfitted.data, recordings))
    return data.rate or min(recordings.shapes[0][2], HIGHEST)


def _epochs(crops: int, steps: int = STEPS, batch: int = BATCH) -> int:
    """Return the number of passes that make about so many steps.

    Examples
    --------
    >>> [_epochs(crops) for crops in (32, 6400, 100_000)]
    [100, 8, 1]
    """
    return min(MAX_EPOCHS, max(1, round(steps * batch / crops)))
