"""Speech in noise, by a speaker who was not trained on: SI-SDR and STOI, beside noisereduce.

Spoken digits of four speakers (Free Spoken Digit Dataset, 8 kHz), in the noise of dishes, of a tap, and in pink noise.
With a clip, it is of the first half of a noise, and the tests have the second half. Without one, no recorded noise is
trained on at all.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.support.data import found, quietly
from benchmarks.support.figures import Figure, Result
from benchmarks.support.peers import needs
from benchmarks.support.rows import ours
from benchmarks.support.timing import say, timed
from isthmus import Denoiser, Sound
from isthmus.core.training.callbacks import Event
from isthmus.data.audio.resample import resampled
from isthmus.data.audio.sound_files import decode
from isthmus.tasks.denoising import defaults
from isthmus.tasks.evaluation.waveforms import si_sdr

RATE = 8000
RATIOS = (0, 5, 10)
BARS = {"with a clip": (8.0, 11.0, 14.0), "without a clip": (3.5, 6.1, 10.8)}
TESTS = 20
HELD_OUT = (("george", "doing_the_dishes"), ("nicolas", "pink_noise"), ("yweweler", "running_tap"))
"""The speaker who is tested with each noise, and its clip; constants were chosen on others."""
WITHOUT = "george"
"""The speaker who is tested without a clip, in all noises."""

Tests = list[tuple[int, str, np.ndarray, np.ndarray, np.ndarray]]
"""The ratio, the noise, the clean recording, the noisy one, and noise alone of the same loudness."""


def run(quick: bool) -> Result:
    needs("noisereduce")
    needs("pystoi")
    noises = {path.stem: _noise(path) for path in sorted(found("audio/noise").glob("*.wav"))}
    figures, table = [], [["", "noise", "SNR in", "SI-SDR in", "isthmus", "noisereduce", "STOI in", "isthmus"]]
    for how, jobs in _jobs(noises).items():
        rows, minutes = [], []
        for speaker, clip, tested in jobs:
            name = f"{how}, without {speaker}"
            seconds, *measured = ours(name, partial(_job, how, speaker, clip, tested, quick), *tested.values())
            minutes.append(seconds / 60)
            rows += measured
        table += rows
        figures += _figures(how, rows)
        figures.append(Figure(f"{how}: training", float(np.mean(minutes)), "min"))
    return Result(figures, table)


def _job(how: str, speaker: str, clip: Sound | None, tested: dict[str, np.ndarray], quick: bool) -> list[Any]:
    """Return the seconds of a training, then the rows of the table."""
    denoiser, seconds = _trained(speaker, clip, quick)
    found: list[Any] = [seconds]
    for name, noise in tested.items():
        found += _measured(how, denoiser, _tests(speaker, name, noise, 2 if quick else TESTS), clip is not None)
    return found


def _jobs(noises: dict[str, np.ndarray]) -> dict[str, list[tuple[str, Sound | None, dict[str, np.ndarray]]]]:
    """Return what is trained: the speaker left out, the clip, and the noises of the tests."""
    halves = {name: (noise[: len(noise) // 2], noise[len(noise) // 2 :]) for name, noise in noises.items()}
    with_clip: list[tuple[str, Sound | None, dict[str, np.ndarray]]] = [
        (speaker, Sound(halves[name][0], RATE), {name: halves[name][1]}) for speaker, name in HELD_OUT
    ]
    return {
        "with a clip": with_clip,
        "without a clip": [(WITHOUT, None, {name: second for name, (_, second) in halves.items()})],
    }


def _noise(path: Path) -> np.ndarray:
    one = decode(path)
    return resampled(one.samples[:, None], one.rate, RATE, round(one.seconds * RATE))[:, 0]


def _speech(speaker: str) -> list[Sound]:
    return [decode(path) for path in sorted(found("audio/fsdd").glob(f"*_{speaker}_*.wav"))]


def _trained(speaker: str, clip: Sound | None, quick: bool) -> tuple[Denoiser, float]:
    """Return a denoiser that never heard a speaker, and the seconds of its training."""
    names = {path.stem.split("_")[1] for path in found("audio/fsdd").glob("*.wav")} - {speaker}
    clean = [one for name in sorted(names) for one in _speech(name)[:: 50 if quick else 1]]

    def tell(event: Event) -> None:
        if event.kind == "epoch":
            say(f"without {speaker}: {event.record}")

    own = defaults.unfitted_for(clean, "clean").set_params(random_state=0, **({"epochs": 1} if quick else {}))
    denoiser = Denoiser(own, random_state=0)
    seconds, _ = timed(lambda: quietly(partial(denoiser.fit, noise=clip, callbacks=[tell]), clean))
    return denoiser, seconds


def _tests(speaker: str, name: str, noise: np.ndarray, count: int) -> Tests:
    rng, every = np.random.default_rng(0), _speech(speaker)
    chosen = [np.asarray(every[at]) for at in rng.permutation(len(every))[:count]]
    return [(ratio, name, clean, *_mixed(clean, noise, ratio, rng)) for ratio in RATIOS for clean in chosen]


def _mixed(clean: np.ndarray, noise: np.ndarray, ratio: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a recording with noise, and another stretch of the noise, equally loud."""
    start = rng.integers(len(noise) - len(clean))
    added = noise[start : start + len(clean)] - noise[start : start + len(clean)].mean()
    gain = np.sqrt(np.square(clean).sum() / np.square(added).sum() / 10 ** (ratio / 10))
    return (clean + gain * added).astype(np.float32), (gain * noise).astype(np.float32)


def _measured(how: str, denoiser: Denoiser, tests: Tests, clip: bool) -> list[list[object]]:
    """Return a row of the table for each ratio."""
    own = [np.asarray(one) for one in denoiser.transform([Sound(noisy, RATE) for *_, noisy, _ in tests])]
    theirs = [_noisereduce(noisy, alone if clip else None) for *_, noisy, alone in tests]
    rows: list[list[object]] = []
    for ratio in RATIOS:
        at = [k for k, test in enumerate(tests) if test[0] == ratio]
        clean, noisy = [tests[k][2] for k in at], [tests[k][3] for k in at]
        made, peer = [own[k] for k in at], [theirs[k] for k in at]
        ratios = [
            float(np.mean([si_sdr(*pair) for pair in zip(clean, side, strict=True)])) for side in (noisy, made, peer)
        ]
        stoi = [_stoi(clean, side) for side in (noisy, made)]
        rows.append([how, tests[0][1], ratio, *ratios, *stoi])
        say(str(rows[-1]))
    return rows


def _noisereduce(noisy: np.ndarray, alone: np.ndarray | None) -> np.ndarray:
    """Return what noisereduce makes of a recording, with frames as long as ours: longer ones do worse."""
    from noisereduce import reduce_noise

    known = {} if alone is None else {"y_noise": alone, "stationary": True, "n_std_thresh_stationary": 1.0}
    cleaned: np.ndarray = quietly(partial(reduce_noise, sr=RATE, n_fft=256, **known), noisy)
    return cleaned


def _stoi(clean: list[np.ndarray], made: list[np.ndarray]) -> float:
    """Return the intelligibility of all recordings, one after the other: single ones are too short for it."""
    from pystoi import stoi

    return float(stoi(np.concatenate(clean), np.concatenate(made), RATE))


def _figures(how: str, rows: list[list[object]]) -> list[Figure]:
    figures = []
    for ratio, bar in zip(RATIOS, BARS[how], strict=True):
        some = np.array([row[3:] for row in rows if row[2] == ratio], float).mean(0)
        figures += [
            Figure(f"{how}, {ratio} dB in: SI-SDR out", some[1], "dB", least=bar),
            Figure(f"{how}, {ratio} dB in: SI-SDR of noisereduce", some[2], "dB"),
            Figure(f"{how}, {ratio} dB in: STOI out less in", some[4] - some[3], "", least=0.0),
        ]
    return figures
