"""Checks of parameters that several estimators have."""

from __future__ import annotations

from numbers import Integral, Real

from isthmus.core.part import resolve
from isthmus.core.training.settings import SCHEDULES
from isthmus.estimators.parts import Parameters
from isthmus.support.errors import InputError, unknown

WHOLE = ("latent_dim", "epochs", "batch_size", "patience")
RATES = ("learning_rate", "weight_decay")


def check_parameters(estimator: Parameters) -> None:
    """Raise an error for parameters that are not numbers, or out of range.

    Raises
    ------
    InputError
        The message names the parameter, its value, and what is expected.
    """
    for name in WHOLE:
        value = getattr(estimator, name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 1):
            raise InputError(f"{name}={value!r}: expected a whole number of at least 1")
    for name in RATES:
        if not 0 <= number(estimator, name) < float("inf"):
            raise InputError(f"{name}={getattr(estimator, name)!r}: expected a number of at least 0")
    if not 0 <= number(estimator, "validation_fraction") < 1:
        raise InputError(f"validation_fraction={estimator.validation_fraction!r}: expected a number in [0, 1)")
    if estimator.prior != "auto":
        resolve("prior", estimator.prior)
    if estimator.schedule not in SCHEDULES:
        raise InputError(unknown("schedule", estimator.schedule, SCHEDULES))
    if estimator.average is not None and not 0 < number(estimator, "average") < 1:
        raise InputError(f"average={estimator.average!r}: expected a number between 0 and 1, or None")


def number(estimator: Parameters, name: str) -> float:
    """Return a parameter that must be a number."""
    value = getattr(estimator, name)
    if not isinstance(value, Real):
        raise InputError(f"{name}={value!r}: expected a number")
    return float(value)
