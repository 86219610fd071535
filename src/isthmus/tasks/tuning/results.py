"""The result of a tuning: its trials, and the best model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from isthmus.estimators.autoencoder import Autoencoder
from isthmus.tasks.tuning.measures import METRICS
from isthmus.tasks.tuning.space import Space

NEAR = 0.1
"""Of two models whose metric differs by less than this fraction, the one with the smaller code is worth a look."""
FEW = 8
"""Sizes of a code that are listed one by one; more are listed from one power of two to the next."""

Trial = dict[str, Any]


@dataclass(frozen=True)
class Tuning:
    """The result of `tune`.

    Attributes
    ----------
    best : Autoencoder
        The best model.
    best_params : dict
        The values of its tuned parameters, for `set_params`.
    best_trial : int
        The number of its trial.
    value : float
        Its metric.
    trials : list of dict
        For each trial ``trial`` (from 1), the value of each parameter, the metric under its name, ``epochs``,
        ``seconds``, ``state`` (``"complete"``, ``"pruned"``: ended early, ``"failed"`` or ``"interrupted"``) and
        ``why`` it failed.
    metric : str
    spaces : dict of Space
        The parameters that were tuned, and their values.
    refitted : bool
        Whether the best model was trained again on all rows.
    interrupted : bool
        Whether Ctrl-C ended the tuning.
    """

    best: Autoencoder
    best_params: dict[str, Any]
    best_trial: int
    value: float
    trials: list[Trial]
    metric: str
    spaces: dict[str, Space]
    refitted: bool = False
    interrupted: bool = False

    @property
    def about_metric(self) -> str:
        """What the metric is, in words."""
        return METRICS[self.metric].about

    @property
    def greater_is_better(self) -> bool:
        """Whether the best trial has the greatest metric."""
        return METRICS[self.metric].greater_is_better

    @property
    def params(self) -> list[str]:
        """The names of the parameters that were tuned."""
        return list(self.spaces)

    def numbers(self, name: str) -> bool:
        """Tell whether the values of a parameter are numbers."""
        return self.spaces[name].numbers

    def logarithmic(self, name: str) -> bool:
        """Tell whether the values of a parameter were drawn on a logarithmic scale."""
        return self.spaces[name].logarithmic(name)

    def complete(self) -> list[Trial]:
        """Return the trials that ran to their end, the best first."""
        return ranked([trial for trial in self.trials if trial["state"] == "complete"], self.metric, self._sign)

    def ranked(self) -> list[Trial]:
        """Return all trials, the best first, and those that did not run to their end last."""
        done = self.complete()
        return [*done, *(trial for trial in self.trials if trial not in done)]

    def by(self, name: str) -> list[dict[str, Any]]:
        """Return the best trial for each value of a whole number such as `latent_dim`, or between powers of two.

        Returns
        -------
        list of dict
            The value (a text, ``"4 to 7"``, where there are many), the number of ``trials``, and the best metric.
        """
        done = [trial for trial in self.complete() if trial.get(name) is not None]
        values = sorted({trial[name] for trial in done})
        band: Callable[[int], str] = _power if len(values) > FEW else str
        bands: dict[str, list[Trial]] = {}
        for trial in sorted(done, key=lambda trial: int(trial[name])):
            bands.setdefault(band(trial[name]), []).append(trial)
        return [
            {name: title, "trials": len(members), self.metric: self._best(members)[self.metric]}
            for title, members in bands.items()
        ]

    def smallest(self, name: str = "latent_dim") -> Trial:
        """Return the trial with the smallest value of a parameter whose metric is nearly as good as the best."""
        limit = self.value + self._sign * NEAR * abs(self.value)
        near = [trial for trial in self.complete() if self._sign * (trial[self.metric] - limit) <= 0]
        return min(near, key=lambda trial: (trial[name], self._sign * trial[self.metric]))

    def _best(self, trials: Sequence[Trial]) -> Trial:
        return ranked(trials, self.metric, self._sign)[0]

    @property
    def _sign(self) -> int:
        return -1 if self.greater_is_better else 1


def ranked(trials: Sequence[Trial], metric: str, sign: int) -> list[Trial]:
    """Return trials by their metric, the best first: the smallest where the sign is 1."""
    return sorted(trials, key=lambda trial: sign * trial[metric])


def _power(value: int) -> str:
    """Return the range between powers of two that a number is in.

    Examples
    --------
    >>> _power(1), _power(5), _power(8)
    ('1', '4 to 7', '8 to 15')
    """
    low = 1 << (value.bit_length() - 1)
    return str(low) if low == 1 else f"{low} to {2 * low - 1}"
