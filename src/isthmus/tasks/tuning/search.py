"""The search: which values are tried, by Optuna."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from math import prod
from typing import Any

from isthmus.support.errors import InputError, extra
from isthmus.tasks.tuning.space import MAX_GRID, Space
from isthmus.variants import Variant, options, variant, variants

STARTUP, WARMUP = 4, 2
"""Complete trials before one is ended early, and epochs in which none is."""
KNOB = "variant__"


class Search:
    """Suggests values of parameters, those of a variant's knobs for variants that have them.

    Parameters
    ----------
    spaces : dict of Space
    start : dict
        The values that the user's autoencoder has: they are tried first, where they are in the spaces.
    own_variant : str or Variant
        That of the user's autoencoder.
    maximize : bool
    seed : int
    budget : int or None
        The number of trials.

    Raises
    ------
    MissingExtraError
        Optuna is not installed.
    InputError
        No variant that is tried has a knob.
    """

    def __init__(
        self,
        spaces: dict[str, Space],
        start: dict[str, Any],
        own_variant: str | Variant,
        maximize: bool,
        seed: int,
        budget: int | None,
    ) -> None:
        self.optuna = extra("optuna", "tune")
        self.spaces = {name: spaces[name] for name in sorted(spaces, key=lambda name: name != "variant")}
        self.own_variant = own_variant
        self._check_knobs()
        with quiet(self.optuna):
            self.study = self.optuna.create_study(
                direction="maximize" if maximize else "minimize",
                sampler=self.optuna.samplers.TPESampler(seed=seed),
                pruner=self.optuna.pruners.MedianPruner(STARTUP, WARMUP),
            )
        combinations = self._grid(budget or MAX_GRID)
        self.budget = budget if combinations is None else len(combinations)
        for values in [self._start(start)] if combinations is None else combinations:
            self.study.enqueue_trial(values)

    def ask(self) -> tuple[Any, dict[str, Any]]:
        """Return a trial of Optuna, and the values that it suggests."""
        trial = self.study.ask()
        values: dict[str, Any] = {}
        for name, space in self.spaces.items():
            if self._applies(name, values.get("variant", self.own_variant)):
                values[name] = space.suggest(trial, name)
        return trial, values

    def tell(self, trial: Any, value: float | None, state: str) -> None:
        """Tell Optuna how a trial ended."""
        states = self.optuna.trial.TrialState
        known = {"complete": states.COMPLETE, "pruned": states.PRUNED}
        with quiet(self.optuna):
            self.study.tell(trial, value if state == "complete" else None, known.get(state, states.FAIL))

    def _start(self, start: dict[str, Any]) -> dict[str, Any]:
        keys = {name: space.key(start[name]) for name, space in self.spaces.items() if name in start}
        return {name: key for name, key in keys.items() if key is not None}

    def _grid(self, limit: int) -> list[dict[str, Any]] | None:
        """Return all combinations, if they can be listed and are not more than the limit."""
        listed = [space.values() for space in self.spaces.values()]
        if any(values is None for values in listed) or prod(len(values or ()) for values in listed) > MAX_GRID:
            return None
        combinations = []
        for values in product(*(values or () for values in listed)):
            named = dict(zip(self.spaces, values, strict=True))
            tried = self._variant(named.get("variant"))
            applied = {name: value for name, value in named.items() if self._applies(name, tried)}
            if applied not in combinations:
                combinations.append(applied)
        return combinations if len(combinations) <= limit else None

    def _variant(self, key: str | None) -> Any:
        """Return the variant that is tried under a key; the user's own where variants are not tuned."""
        return self.own_variant if key is None else self.spaces["variant"].value(key)

    def _applies(self, name: str, tried: str | Variant) -> bool:
        return not name.startswith(KNOB) or name.removeprefix(KNOB).partition("__")[0] in knobs_of(tried)

    def _check_knobs(self) -> None:
        """Raise an error for a knob that no variant which is tried has."""
        choices = self.spaces.get("variant")
        keys = (choices.values() if choices else None) or [None]
        tried = [self._variant(key) for key in keys]
        for name in self.spaces:
            if not any(self._applies(name, one) for one in tried):
                knob = name.removeprefix(KNOB)
                having = [title for title in variants() if knob in knobs_of(title)]
                raise InputError(
                    f"over: no variant that is tried has the knob {knob!r} (it is of: {', '.join(having) or 'none'})"
                )


def knobs_of(tried: str | Variant) -> set[str]:
    """Return the knobs of a variant.

    Examples
    --------
    >>> sorted(knobs_of("topk"))
    ['k', 'likelihood']
    """
    return set(options(variant(tried) if isinstance(tried, str) else type(tried)))


@contextmanager
def quiet(optuna: Any) -> Iterator[None]:
    """Let Optuna write no line for each trial."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
