"""The plan of a training: the user's settings, and defaults for the others."""

from __future__ import annotations

import torch

from isthmus.core.training.precision import choose_precision
from isthmus.core.training.settings import Settings
from isthmus.core.training.threads import choose_threads
from isthmus.estimators.parts import Parameters
from isthmus.support.errors import InputError
from isthmus.support.synonyms import synonym, unsupported


def plan(estimator: Parameters, rows: int, multiplications: int, seed: int) -> Settings:
    """Return the settings of a training.

    Parameters
    ----------
    estimator : Autoencoder
        Its parameters are the user's settings.
    rows : int
        To train on, validation rows included.
    multiplications : int
        For one row, about.
    seed : int
    """
    fraction, device = estimator.validation_fraction, choose_device(estimator.device)
    rows -= max(1, round(rows * fraction)) if fraction else 0
    batch_size = min(estimator.batch_size or default_batch_size(rows), max(1, rows))
    return Settings(
        epochs=estimator.epochs or default_epochs(rows, batch_size),
        batch_size=batch_size,
        learning_rate=float(estimator.learning_rate),
        schedule=estimator.schedule,
        weight_decay=float(estimator.weight_decay),
        average=estimator.average,
        patience=estimator.patience,
        precision=choose_precision(estimator.precision, device, multiplications, batch_size),
        threads=choose_threads(multiplications, batch_size) if device.type == "cpu" else None,
        seed=seed,
    )


def choose_device(wanted: str) -> torch.device:
    """Return the requested device; ``"auto"``: a GPU if there is one.

    Raises
    ------
    InputError
        There is no such device.
    """
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=wanted).device
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for the device
        meant = synonym("device", wanted)
        if meant:
            raise InputError(f"device={wanted!r}: there is no such device; did you mean {meant!r}?") from error
        reason = unsupported("device", wanted) or str(error).partition("\n")[0]
        raise InputError(f"device={wanted!r} cannot be used ({reason}); choose 'auto' or 'cpu'") from error


def default_batch_size(rows: int) -> int:
    """Return a power of two from 16 to 256, about a fortieth of the rows.

    Examples
    --------
    >>> [default_batch_size(n) for n in (10, 1_000, 5_000, 60_000)]
    [16, 32, 128, 256]
    """
    return min(256, max(16, 1 << (rows // 40).bit_length()))


def default_epochs(rows: int, batch_size: int, steps: int = 5000) -> int:
    """Return the number of passes that make about `steps` steps: from 12 to 50.

    Examples
    --------
    >>> [default_epochs(n, default_batch_size(n)) for n in (10, 1_000, 5_000, 60_000, 10**6)]
    [50, 50, 50, 21, 12]
    """
    return min(50, max(12, round(steps * batch_size / max(rows, 1))))
