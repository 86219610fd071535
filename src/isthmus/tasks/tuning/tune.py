"""Tuning: the values of parameters with which an autoencoder does best."""

from __future__ import annotations

import logging
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sklearn.base import clone
from sklearn.utils import check_random_state

from isthmus.core.data import Rows
from isthmus.data.inputs import labelled
from isthmus.estimators.autoencoder import Autoencoder, RandomState
from isthmus.support.errors import DivergenceError, InputError, unknown
from isthmus.tasks.base import Labels
from isthmus.tasks.tuning.divided import Divided, divided
from isthmus.tasks.tuning.measures import METRICS, changing_the_loss
from isthmus.tasks.tuning.results import Trial, Tuning
from isthmus.tasks.tuning.search import Search
from isthmus.tasks.tuning.space import spaces
from isthmus.tasks.tuning.trial import Trained, train

log = logging.getLogger("isthmus")

TRIALS = 20
ASKED = 20
"""How often values are asked for that were not tried yet."""
FIXED = ("callbacks", "condition", "device", "random_state", "validation_fraction", "verbose", "warm_start")
"""Parameters that cannot be tuned: they are the same in all trials, or what is measured depends on them."""


def tune(
    X: Rows,
    y: Labels = None,
    *,
    over: Mapping[str, Any],
    autoencoder: Autoencoder | None = None,
    trials: int | None = None,
    minutes: float | None = None,
    metric: str = "auto",
    held_out: float = 0.2,
    refit: bool = True,
    random_state: RandomState = None,
    callback: Callable[[Trial], object] | None = None,
) -> Tuning:
    """Try values of parameters, and return the best model (extra ``tune``).

    Values are suggested by Optuna (TPE; Bergstra 2011), beginning with those of `autoencoder`; if there are no more
    combinations than trials, each is tried once. Trials that are worse than the median of the others after the same
    epoch are ended.

    Parameters
    ----------
    X : array, DataFrame, tensor, list of images, signal or stream
    y : array of shape (n,), optional
        Labels: the condition if ``condition="y"``, and what ``metric="probe"`` predicts.
    over : mapping
        The values of each parameter: ``(low, high)`` is a range, a list are choices. Names are those of `set_params`:
        ``{"latent_dim": (2, 64), "variant": ["plain", "variational"], "variant__beta": (0.1, 4.0)}``. A range of two
        whole numbers has whole numbers. A knob is tried with those variants that have it.
    autoencoder : Autoencoder or None, default None
        What is the same in all trials; None: ``Autoencoder()``.
    trials : int or None, default None
        The number of trials; None: 20, or as many as there is time for.
    minutes : float or None, default None
        Time after which no trial goes on; the training of the best model on all rows comes after it.
    metric : {"auto", "reconstruction", "validation_loss", "probe"}, default "auto"
        ``"reconstruction"``: the fraction of the variance that is not reconstructed (of categories: that are wrong), a
        mean over the columns of a table. ``"validation_loss"``: what training minimises. ``"probe"``: the accuracy
        with which logistic regression tells y from the codes. ``"auto"``: the validation loss, or the reconstruction if
        what is tuned changes the loss, such as the variant, so that losses cannot be compared.
    held_out : float, default 0.2
        Fraction of the rows to measure on, the same in all trials; of a signal the last ones.
    refit : bool, default True
        Whether the best model is trained again on all rows; else it is the one that was measured.
    random_state : int, RandomState or None, default None
        An int makes results reproducible; not with `minutes`, since the number of trials depends on the machine.
    callback : callable, optional
        Called with each trial once it is done; see `Tuning.trials`.

    Returns
    -------
    Tuning
        ``best`` is the best model, ``trials`` what was tried, ``by("latent_dim")`` the best for each size of a code.

    Raises
    ------
    InputError
        A parameter, its values or the data cannot be used, or every trial failed.
    MissingExtraError
        Optuna is not installed.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> start = Autoencoder(latent_dim=2, epochs=2)
    >>> result = tune(load_iris().data, over={"latent_dim": [1, 2]}, autoencoder=start, random_state=0)
    >>> result.best_params, len(result.trials)
    ({'latent_dim': 2}, 2)
    """
    base, (X, y) = Autoencoder() if autoencoder is None else autoencoder, labelled(X, y)
    _check(base, over, trials, minutes, metric, held_out, y)
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    changing = changing_the_loss(over)
    if metric == "auto":
        metric = "reconstruction" if changing else "validation_loss"
    if changing and not METRICS[metric].any_loss:
        warnings.warn(
            f"{', '.join(changing)} changes what the validation loss is: trials with different values cannot be "
            "compared by it; choose metric='reconstruction'",
            stacklevel=2,
        )
    rows = divided(X, y, metric, held_out, base, seed)
    fixed: dict[str, Any] = {"random_state": seed, "verbose": False, "callbacks": (), "warm_start": False}
    if not METRICS[metric].needs_rows:
        fixed["validation_fraction"] = held_out
    start = clone(base).set_params(**fixed)
    budget = TRIALS if trials is None and minutes is None else trials
    search = Search(spaces(over), base.get_params(), base.variant, METRICS[metric].greater_is_better, seed, budget)
    trying = _Trying(start, rows, search, metric, minutes, callback)
    trying.run()
    return _result(trying, base, X, y, refit)


def _check(
    base: Autoencoder,
    over: Mapping[str, Any],
    trials: int | None,
    minutes: float | None,
    metric: str,
    held_out: float,
    y: Labels,
) -> None:
    if metric not in ("auto", *METRICS):
        raise InputError(unknown("metric", metric, ["auto", *METRICS]))
    if metric in METRICS and METRICS[metric].needs_labels and y is None:
        raise InputError(f"metric={metric!r} needs y: the labels that the codes are to tell")
    if not 0 < held_out < 1:
        raise InputError(f"held_out={held_out!r}: expected a fraction between 0 and 1")
    for name, value in {"trials": trials, "minutes": minutes}.items():
        if value is not None and not value > 0:
            raise InputError(f"{name}={value!r}: expected a number above 0")
    for name in over:
        if name in FIXED:
            raise InputError(f"over: {name} is the same in all trials: set it in the autoencoder")
        first = name.partition("__")[0]
        if first not in base.get_params(deep=False):
            raise InputError(unknown("parameter to tune", first, base.get_params(deep=False), "parameter"))


class _Trying:
    """The trials of one tuning.

    Parameters
    ----------
    start : Autoencoder
    rows : Divided
    search : Search
    metric : str
    minutes : float or None
    callback : callable or None
    """

    def __init__(
        self,
        start: Autoencoder,
        rows: Divided,
        search: Search,
        metric: str,
        minutes: float | None,
        callback: Callable[[Trial], object] | None,
    ) -> None:
        self.start, self.rows, self.search, self.callback = start, rows, search, callback
        self.metric = metric
        self.sign = -1 if rows.measure.greater_is_better else 1
        self.deadline = math.inf if minutes is None else time.monotonic() + 60 * minutes
        self.prunes = rows.measure.each_epoch and "epochs" not in search.spaces
        self.trials: list[Trial] = []
        self.best: tuple[int, Trained, dict[str, Any]] | None = None
        self.interrupted = self.exhausted = False
        self.warned: set[str] = set()

    def run(self) -> None:
        """Run trials until no combination is left, time is up, or Ctrl-C is pressed."""
        try:
            while not self._done():
                self._try()
        except KeyboardInterrupt:
            self.interrupted = True

    def _done(self) -> bool:
        over = self.search.budget is not None and len(self.trials) >= self.search.budget
        return over or self.exhausted or self.interrupted or (bool(self.trials) and time.monotonic() > self.deadline)

    def _new(self) -> tuple[Any, dict[str, Any], Trial] | None:
        """Return values that were not tried yet; None if Optuna repeatedly suggests known ones."""
        for _ in range(ASKED):
            suggested, values = self.search.ask()
            cells = {name: self.search.spaces[name].cell(value) for name, value in values.items()}
            trial: Trial = {"trial": len(self.trials) + 1, **cells}
            known = next((one for one in self.trials if all(one.get(name) == cells[name] for name in cells)), None)
            if known is None:
                return suggested, values, trial
            self.search.tell(suggested, known[self.metric], known["state"])
        return None

    def _try(self) -> None:
        new = self._new()
        if new is None:
            self.exhausted = True
            return
        suggested, values, trial = new
        began = time.perf_counter()
        try:
            with self.warnings_once():
                ending = self._trained(suggested, values)
        except (InputError, DivergenceError) as error:
            ending = {self.metric: None, "epochs": None, "state": "failed", "why": str(error)}
        seconds = round(time.perf_counter() - began, 2)
        trial |= {self.metric: ending[self.metric], "epochs": ending["epochs"], "seconds": seconds}
        trial |= {"state": ending["state"], "why": ending["why"]}
        self.search.tell(suggested, trial[self.metric], trial["state"])
        self.trials.append(trial)
        self._say(trial, values)

    def _trained(self, suggested: Any, values: dict[str, Any]) -> Trial:
        estimator = clone(self.start).set_params(**values)
        trained = train(estimator, self.rows, suggested, self.deadline, self.prunes)
        self.interrupted = trained.by_user
        self._keep(trained, values)
        return {self.metric: trained.value, "epochs": trained.epochs, "state": trained.state, "why": ""}

    def _keep(self, trained: Trained, values: dict[str, Any]) -> None:
        """Keep the model if it is the best so far; one that was interrupted counts only where there is no other."""
        known = None if self.best is None else self.best[1]
        ranks = [(one.state != "complete", self.sign * one.value) for one in (trained, known) if one is not None]
        if known is None or ranks[0] < ranks[1]:
            self.best = len(self.trials) + 1, trained, values

    def _say(self, trial: Trial, values: dict[str, Any]) -> None:
        of = "" if self.search.budget is None else f"/{self.search.budget}"
        tried = "  ".join(f"{name.rpartition('__')[2]}={_short(trial[name])}" for name in values)
        value = trial["why"] or trial["state"] if trial[self.metric] is None else f"{trial[self.metric]:.4g}"
        ending = "" if trial["state"] in ("complete", "failed") else f" ({trial['state']})"
        log.info("trial %d%s  %s  %s=%s%s", trial["trial"], of, tried, self.metric, value, ending)
        if self.callback is not None:
            self.callback(trial)

    @contextmanager
    def warnings_once(self) -> Iterator[None]:
        """Pass on each warning of the trials once."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            yield
        for one in caught:
            text = str(one.message)
            if text not in self.warned:
                self.warned.add(text)
                warnings.warn(f"trial {len(self.trials) + 1}: {text}", stacklevel=2)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _result(trying: _Trying, base: Autoencoder, X: Rows, y: Labels, refit: bool) -> Tuning:
    if trying.best is None:
        reasons = [trial["why"] for trial in trying.trials if trial["why"]]
        if trying.interrupted and not reasons:
            raise KeyboardInterrupt
        raise InputError(f"each of the {len(trying.trials)} trials failed; the last one: {reasons[-1]}")
    number, trained, values = trying.best
    again = _refitted(trying, base, X, y, values) if refit and not trying.interrupted else None
    return Tuning(
        best=trained.model if again is None else again,
        best_params=values,
        best_trial=number,
        value=trained.value,
        trials=trying.trials,
        metric=trying.metric,
        spaces=trying.search.spaces,
        refitted=again is not None,
        interrupted=trying.interrupted,
    )


def _refitted(trying: _Trying, base: Autoencoder, X: Rows, y: Labels, values: dict[str, Any]) -> Autoencoder | None:
    """Return the best model trained on all rows; None where that was interrupted, or failed."""
    log.info("training the best model on all rows")
    model = clone(trying.start).set_params(**values, validation_fraction=base.validation_fraction, verbose=base.verbose)
    try:
        with trying.warnings_once():
            model.fit(X, y)
    except (KeyboardInterrupt, DivergenceError):
        return None
    return None if model.interrupted_ else model
