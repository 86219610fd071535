"""Lessons: which autoencoder is trained on which rows, for what `Denoiser.fit` gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from isthmus.core.data import Data, Rows
from isthmus.core.part import kind_and_name, resolve
from isthmus.data.audio.sounds import Sounds
from isthmus.data.infer import axes, choose_data
from isthmus.data.sources.composed import Neighbours, Pairs
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.support.errors import InputError
from isthmus.tasks.base import Labels
from isthmus.tasks.denoising.defaults import recorded_noise, seen_rate, suited_to, suited_to_recordings
from isthmus.tasks.denoising.images import check_pairs, images_of, paired_streams
from isthmus.tasks.denoising.pairing import is_path
from isthmus.tasks.denoising.recordings import are_recordings, noise_clip, paired_recordings, recordings_of
from isthmus.variants import Variant, variant_name


@dataclass(frozen=True)
class Lesson:
    """What to train on what.

    Attributes
    ----------
    rows : Rows
    autoencoder : Autoencoder
        Not trained yet.
    learnt_from : {"clean", "noisy", "pairs"}
        What the rows are.
    """

    rows: Rows
    autoencoder: Autoencoder
    learnt_from: str


@dataclass(frozen=True)
class Teaching:
    """How a denoiser learns.

    Attributes
    ----------
    learn_from : {"clean", "noisy"}
        What rows are that come alone.
    snr : (float, float)
        Of recordings to which noise is added, in decibels.
    untrained : callable
        From a number of rows to the autoencoder to train.
    by_default : bool
        Whether that is the default one, which is suited to the rows.
    """

    learn_from: str
    snr: tuple[float, float]
    untrained: Callable[[int], Autoencoder]
    by_default: bool

    def of_images(self, X: Rows, y: Labels) -> Lesson:
        """Return what to train on images alone, or on pairs."""
        if y is not None and (is_path(y) or axes(y) > 1):
            noisy, clean = paired_streams(X, y) if is_path(X) and is_path(y) else (images_of(X), images_of(y))
            check_pairs(noisy, clean)
            return Lesson(Pairs(noisy, clean), self._looking(clean, "pairs"), "pairs")
        images = images_of(X)
        rows = Neighbours(images) if self.learn_from == "noisy" else images
        return Lesson(rows, self._looking(images, self.learn_from), self.learn_from)

    def of_recordings(self, X: Rows, y: Labels, noise: Any) -> Lesson:
        """Return what to train on recordings alone, with noise or without it, or on pairs."""
        if y is not None and (is_path(y) or are_recordings(y)):
            noisy, clean = paired_recordings(X, y)
            return Lesson(Pairs(noisy, clean), uncorrupted(self._listening(clean, paired=True)), "pairs")
        recordings = recordings_of(X)
        if noise is None and self.learn_from == "noisy":
            raise InputError(
                "noisy recordings alone do not tell what the noise is: give noise=, a recording of noise alone, such "
                "as the start of one of them (--noise-from 0:2)"
            )
        unfitted = self._listening(recordings)
        variant: Variant = resolve("variant", unfitted.variant)
        if noise is not None:
            rate = seen_rate(unfitted, recordings)
            variant = variant.with_corruption(recorded_noise(noise_clip(noise, rate), self.snr))
        check_corrupts(variant)
        return Lesson(recordings, unfitted.set_params(variant=variant), self.learn_from)

    def _listening(self, recordings: Sounds, paired: bool = False) -> Autoencoder:
        """Return the autoencoder to train on recordings."""
        unfitted = self.untrained(len(recordings))
        if self.by_default:
            unfitted = suited_to_recordings(unfitted, recordings, self.snr, paired)
        check_condition(unfitted)
        check_data(choose_data(unfitted.data, recordings))
        return unfitted

    def _looking(self, images: Rows, learnt_from: str) -> Autoencoder:
        """Return the autoencoder to train on images."""
        unfitted = self.untrained(len(images))
        if self.by_default:
            unfitted = suited_to(unfitted, images, learnt_from == "noisy")
        check_condition(unfitted)
        data = choose_data(unfitted.data, images)
        check_data(data)
        if learnt_from == "clean":
            check_corrupts(resolve("variant", unfitted.variant))
            return unfitted
        if learnt_from == "noisy" and not data.any_size:
            raise InputError(
                "learn_from='noisy' trains on images of half the size, so the autoencoder must take any size: give it "
                "data=Images(crop=64), or leave the autoencoder out"
            )
        return uncorrupted(unfitted)


def check_data(data: Data) -> None:
    """Refuse data that are neither images as they are nor recordings.

    Raises
    ------
    InputError
        The message says what to give.
    """
    if data.restorable:
        return
    kind = kind_and_name(data)[1]
    raise InputError(
        f"a Denoiser takes images as they are, of one size or with Images(crop=64) of any, but these are read as "
        f"{kind!r}: give images (n, height, width) or (n, height, width, channels), and no resize; recordings with "
        "data=Waveforms(); other data is cleaned by Autoencoder('denoising').reconstruct"
    )


def check_condition(autoencoder: Autoencoder) -> None:
    """Refuse an autoencoder with a condition."""
    if autoencoder.condition is not None:
        raise InputError(f"condition={autoencoder.condition!r}: a Denoiser takes no autoencoder with a condition")


def check_corrupts(variant: Variant) -> None:
    """Refuse a variant that would learn to copy clean images."""
    if not variant.corrupts:
        raise InputError(
            f"the variant {variant_name(variant)!r} adds no noise, so that clean images alone teach it nothing: choose "
            "'denoising', or give pairs, fit(noisy, clean)"
        )


def uncorrupted(unfitted: Autoencoder) -> Autoencoder:
    """Return an autoencoder whose variant adds no noise, for rows that are noisy already."""
    variant: Variant = resolve("variant", unfitted.variant)
    if variant.for_pairs.corrupts:
        raise InputError(
            f"the variant {variant_name(variant)!r} corrupts images by itself, but these are noisy already: choose "
            "'denoising', whose noise is left out then, or 'plain'"
        )
    return unfitted.set_params(variant=variant.for_pairs)
