"""A figure of a tuning: the metric of the trials against each parameter."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from isthmus.apps.figures.colours import BLUE, RED
from isthmus.apps.figures.figure import Figure
from isthmus.apps.figures.panels import Panel, Scale, Spot, figure
from isthmus.tasks.tuning.results import Trial, Tuning

SPREAD = 0.5
"""How far trials with the same choice are drawn apart, of the distance between choices."""


def tuning_figure(result: Tuning, title: str) -> Figure:
    """Return the metric of each trial against each parameter that was tuned, with the best one marked.

    Parameters
    ----------
    result : Tuning
    title : str
    """
    drawn = [trial for trial in result.trials if trial[result.metric] is not None]
    y = Scale.of([trial[result.metric] for trial in drawn])
    panels = [_panel(name, drawn, result, y) for name in result.params]
    better = "higher" if result.greater_is_better else "lower"
    rings = "; rings: ended early" if any(trial["state"] != "complete" for trial in drawn) else ""
    note = f"{better} is better; red: the best of {len(result.trials)} trials{rings}"
    description = (
        f"{title}: {result.metric} of {len(drawn)} trials against {', '.join(_title(name) for name in result.params)}; "
        f"the best is trial {result.best_trial} with {result.value:.4g}."
    )
    return figure(title, panels, description, note)


def write_tuning_figure(path: str | os.PathLike[str], result: Tuning, title: str) -> None:
    """Write the figure of a tuning as .svg or .png."""
    tuning_figure(result, title).save(path)


def _title(name: str) -> str:
    return name.rpartition("__")[2]


def _panel(name: str, trials: Sequence[Trial], result: Tuning, y: Scale) -> Panel:
    having = [trial for trial in trials if trial.get(name) is not None]
    values = [trial[name] for trial in having]
    if result.numbers(name):
        scale, x = Scale.of(values, log=result.logarithmic(name)), [float(value) for value in values]
    else:
        names = [str(key) for key in result.spaces[name].values() or ()]
        scale = Scale.named(names)
        x = [names.index(str(value)) + _apart(index, len(values)) for index, value in enumerate(values)]
    spots = [_spot(at, trial, result) for at, trial in zip(x, having, strict=True)]
    whole = all(value == round(value) for value in x)
    return Panel(result.metric, _title(name), scale, y, spots=sorted(spots, key=lambda spot: spot.radius), whole=whole)


def _apart(index: int, count: int) -> float:
    return SPREAD * ((index + 0.5) / count - 0.5)


def _spot(x: float, trial: dict[str, Any], result: Tuning) -> Spot:
    best = trial["trial"] == result.best_trial
    values = ", ".join(f"{_title(name)} {trial[name]}" for name in result.params if name in trial)
    title = f"trial {trial['trial']}: {values}; {result.metric} {trial[result.metric]:.4g}"
    return Spot(x, trial[result.metric], RED if best else BLUE, 5.5 if best else 4, trial["state"] == "complete", title)
