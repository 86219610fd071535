"""Rows that are recordings: spectrograms and players."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from isthmus.apps import spectrograms
from isthmus.apps.figures.sound_before_after import spectra
from isthmus.apps.report.blocks import Block, Group, Player
from isthmus.apps.report.charts import curves
from isthmus.apps.report.kinds.base import Picked, Rows, picked_rows, take
from isthmus.apps.report.numbers import number
from isthmus.apps.report.png import data_uri
from isthmus.apps.report.scoring import Scoring
from isthmus.data.audio.audio import Audio
from isthmus.data.audio.recorded import Recorded
from isthmus.data.audio.sounds import Sound
from isthmus.data.audio.waveforms import Waveforms

COMPARED, EXTREMES = 3, 2
"""Recordings that are compared at most; and of the best and the worst ones."""

SAMPLES = 6
"""Recordings side by side, at most."""

MORE = (216, 82, 28)
"""Of contributions."""


class Sounding(Rows):
    """Recordings, which may differ in length (abstract)."""

    noun = "recording"
    strips = errors = abnormal_style = "columns"
    samples = SAMPLES

    data: Recorded

    @abstractmethod
    def magnitudes(self, sound: Sound) -> np.ndarray:
        """Return the spectrogram (frequencies, frames) that is drawn."""

    @classmethod
    def pick(cls, data: Recorded, X: Any) -> Picked:
        """Return some recordings."""
        return picked_rows(data, X)

    @property
    def note(self) -> str:
        """How spectrograms are drawn."""
        top = self.data.seen_rate / 2
        return (
            f"Spectrograms go from 0 Hz at the bottom to {top:,.0f} Hz; black is {spectrograms.RANGE:.0f} dB below the "
            f"loudest element of the original, or less. Pages hold the first {spectrograms.HEARD:.0f} s."
        )

    def versions(self, versions: Mapping[str, Any], errors: Any) -> list[Block]:
        """Show a card for each recording: the spectrogram and a player of each version."""
        return [*self._cards(versions, COMPARED)]

    def extreme(self, title: str, versions: Mapping[str, Any], errors: Any) -> list[Block]:
        """Show the cards of the first two of them."""
        return [Group(f"{title}: {card.title}", card.blocks) for card in self._cards(versions, EXTREMES)]

    def grid(self, rows: Any, across: int, what: str, caption: str = "", names: Sequence[str] = ()) -> Block:
        """Show players one below the other."""
        sounds = self._sounds(rows, SAMPLES)
        labels = names or [f"{at} of {len(rows)}" for at in range(1, len(sounds) + 1)]
        players = [self._player(name, sound) for name, sound in zip(labels, sounds, strict=False)]
        return Group(caption or what.capitalize(), players, style="players")

    def code_unit(self, name: str, below: Any, above: Any, walk: Any, steps: np.ndarray) -> list[Block]:
        """Show what is decoded while the unit takes its steps."""
        return [self.grid(walk, len(steps), name, names=[f"{step:+.1f} σ" for step in steps])]

    def examples(self, name: str, rows: Any, activations: np.ndarray, walk: Any) -> Block:
        """Show the recordings that activate a unit most."""
        return self.grid(rows, len(activations), f"recordings that activate {name} most")

    def abnormal(self, scoring: Scoring, reconstruct: Callable[[Any], Any]) -> list[Block]:
        """Show the recordings with the highest scores, their reconstructions, and where the scores come from."""
        at = scoring.worst(COMPARED)
        rows = take(scoring.X, at)
        versions = {
            "original": self._sounds(rows, COMPARED),
            "reconstruction": self._sounds(reconstruct(rows), COMPARED),
        }
        blocks: list[Block] = []
        for row, (title, k) in enumerate(zip(scoring.titles(at), at.tolist(), strict=True)):
            sounds = {name: made[row] for name, made in versions.items()}
            name = f"{title} {_title(sounds['original'], row)}: score {number(float(scoring.scores[k]))}"
            card = self._card(name, sounds)
            blocks.append(
                Group(name, [*card.blocks, self._map(np.asarray(scoring.contributions(at[row : row + 1])[0]))])
            )
        return blocks

    def _sounds(self, rows: Any, count: int) -> list[Sound]:
        """Return the start of the first recordings, as they are shown."""
        recordings = self.data.sequence(take(rows, np.arange(min(count, len(rows)))))
        return [_start(recordings.at(at)) for at in range(len(recordings))]

    def _cards(self, versions: Mapping[str, Any], count: int) -> list[Group]:
        """Return a card for each of the first recordings."""
        by_name = {name: self._sounds(rows, count) for name, rows in versions.items()}
        rows = enumerate(zip(*by_name.values(), strict=True))
        return [self._card(_title(row[0], at), dict(zip(by_name, row, strict=True))) for at, row in rows]

    def _card(self, title: str, versions: Mapping[str, Sound]) -> Group:
        """Show versions of one recording; the first is the original."""
        original = next(iter(versions.values()))
        top = spectrograms.loudest(self.magnitudes(original))
        return Group(title, [self._player(name, sound, top) for name, sound in versions.items()])

    def _player(self, name: str, sound: Sound, top: float | None = None) -> Player:
        magnitudes = self.magnitudes(sound)
        tile = spectrograms.drawn(magnitudes, spectrograms.loudest(magnitudes) if top is None else top)
        alt = f"spectrogram of {name}, {sound.seconds:.3g} s"
        return Player(data_uri(tile), alt, spectrograms.wav_uri(sound.samples, sound.rate), name)

    def _map(self, contributions: np.ndarray) -> Player:
        """Show where in the spectrogram a score comes from: the stronger the colour, the more."""
        drawn = spectrograms.fitted(np.maximum(contributions, 0).T)
        alpha = np.rint(255 * drawn / (drawn.max() or 1.0)).astype(np.uint8)[..., None]
        hue = np.broadcast_to(np.array(MORE, np.uint8), (*alpha.shape[:2], 3))
        return Player(
            data_uri(np.concatenate([hue, alpha], -1)), "map of contributions", "", "contributions to the score"
        )


class SoundRows(Sounding):
    """Recordings of which the model sees spectrograms."""

    data: Audio

    def __init__(self, data: Audio, X: Any) -> None:
        self.data = data

    def magnitudes(self, sound: Sound) -> np.ndarray:
        """Return what the model sees."""
        magnitudes: np.ndarray = self.data.read([sound])["magnitudes"][0].numpy()
        return magnitudes

    def by_feature(self, errors: np.ndarray) -> list[Block]:
        """Show the mean error of each frequency."""
        frequencies = self.data.frequencies()
        lines = np.asarray(errors).reshape(-1, len(frequencies))
        named = {f"channel {channel}" if len(lines) > 1 else "error": line for channel, line in enumerate(lines)}
        step = f"frequency, in steps of {frequencies[1]:g} Hz"
        return [curves("Mean error of each frequency", named, step, "error", zero=True)]


class WaveRows(Sounding):
    """Recordings of which the model sees samples."""

    def __init__(self, data: Waveforms, X: Any) -> None:
        self.data = data

    def magnitudes(self, sound: Sound) -> np.ndarray:
        """Return the spectrogram of what the model sees."""
        return spectra(Sound(self.data.heard(sound).T, self.data.seen_rate))

    def by_feature(self, errors: np.ndarray) -> list[Block]:
        """Return nothing: there is one feature, the samples."""
        return []


def _start(sound: Sound) -> Sound:
    return sound.with_samples(np.asarray(sound.samples)[: int(spectrograms.HEARD * sound.rate)])


def _title(sound: Sound, row: int) -> str:
    return sound.name.rpartition("/")[2] or f"recording {row}"
