"""Noise of measurements that are counts, magnitudes or echoes: it depends on what is measured."""

from __future__ import annotations

import torch

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level, check_level, draw_floored, draw_level

FAINT = 1e-3
"""The smallest level: a million photons at white, or as many looks."""


@part("corruption/poisson-gaussian")
class PoissonGaussian(Corruption):
    """Counts photons, and reads the counter with Gaussian noise, as cameras and microscopes do (Foi 2008).

    At 1, which is white, there are 1 / level² photons; the variance is level² |x| + read². Numbers below 0, which no
    image has, are counted without their sign.

    Parameters
    ----------
    level : float or (float, float), default (0.0, 0.2)
        Standard deviation of the count at white.
    read : float or (float, float), default (0.0, 0.05)
        Standard deviation of the reading.
    """

    def __init__(self, level: Level = (0.0, 0.2), read: Level = (0.0, 0.05)) -> None:
        self.level, self.read = check_level(level), check_level(read)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with noise on ``corrupted``."""
        x = batch.x
        photon = draw_floored(self.level, x, FAINT) ** 2
        counted = x.sign() * torch.poisson(x.abs() / photon) * photon
        return batch.with_(corrupted=counted + draw_level(self.read, x) * torch.randn_like(x))


@part("corruption/speckle")
class Speckle(Corruption):
    """Multiplies x by noise of mean 1 that has a gamma distribution: radar, sonar, ultrasound (Goodman 1976).

    Parameters
    ----------
    level : float or (float, float), default 0.3
        Standard deviation of the factor: 1 for a single look of a radar, 1 / √n for the mean of n looks.
    """

    replicable = False  # vmap draws from a gamma distribution row by row, with a warning

    def __init__(self, level: Level = 0.3) -> None:
        self.level = check_level(level)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with speckle on ``corrupted``."""
        looks = draw_floored(self.level, batch.x, FAINT) ** -2
        factor = torch.distributions.Gamma(looks.expand_as(batch.x), looks, validate_args=False).sample()
        return batch.with_(corrupted=batch.x * factor)


@part("corruption/rician")
class Rician(Corruption):
    """Takes the magnitude of a complex number whose parts are noisy: magnetic resonance (Gudbjartsson & Patz 1995).

    x is the magnitude without noise: at least 0, as in images.

    Parameters
    ----------
    level : float or (float, float), default 0.1
        Standard deviation of the noise on each part, in the units of x.
    """

    def __init__(self, level: Level = 0.1) -> None:
        self.level = check_level(level)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with noisy magnitudes in ``corrupted``."""
        x, level = batch.x, draw_level(self.level, batch.x)
        return batch.with_(corrupted=torch.hypot(x + level * torch.randn_like(x), level * torch.randn_like(x)))
