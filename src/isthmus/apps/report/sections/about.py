"""Sections on what the model is and how it was trained, and warnings."""

from __future__ import annotations

import inspect
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.apps.report.blocks import Block, Facts, Note, Section
from isthmus.apps.report.charts import MIN_ROWS, lines
from isthmus.apps.report.numbers import number
from isthmus.apps.report.study import SILENT, Study
from isthmus.support.errors import counted
from isthmus.variants import options

if TYPE_CHECKING:
    from isthmus.estimators.autoencoder import Autoencoder

NO_TERM = ("epoch", "seconds", "rate", "loss", "validation_loss")


def sentence(model: Any) -> str:
    """Return what the variant is, in a sentence."""
    return inspect.cleandoc(type(model.variant_).__doc__ or "").partition("\n\n")[0]


def figures(study: Study) -> list[tuple[str, str]]:
    """Return the numbers at the top of the page."""
    info = study.model.info_
    likeness = study.likeness
    errors = [(number(likeness["mse"], 3), "mean squared error")] if "mse" in likeness else []
    errors += [(f"{likeness['explained']:.1%}", "of the variance explained")] if "explained" in likeness else []
    return [
        *errors[:1],
        (f"{int(study.alive.sum())} of {study.units}", "units active"),
        (f"{info['parameters']:,}", "parameters"),
        (f"{info['rows']:,}", "rows to train"),
        (f"{info['seconds']:.3g} s", "of training"),
    ]


def widths(study: Study) -> list[int]:
    """Return how many numbers a row has, its code, and its reconstruction; of a typical row where sizes are free."""
    size = prod(study.model.data_.typical_shape)
    return [size, study.units * prod(study.model.positions_), size]


def model_section(study: Study) -> Section:
    """Say what the model is."""
    model, variant, card = study.model, study.model.variant_, study.model.card()
    axes = model.data_.shape
    shape = " × ".join("any" if axis is None else str(axis) for axis in axes)
    drawn = f" of {study.total:,}, drawn at random" if len(study) < study.total else ""
    sizes = {
        "variant": card.variant,
        "a row": counted(prod(model.data_.typical_shape), "number") + (f" ({shape})" if len(axes) > 1 else ""),
        "its code": counted(study.units, "number") + _positions(model),
        "net": "chosen by the data" if model.net is None else str(model.net),
        "looked at here": counted(len(study), "row") + drawn,
    }
    knobs = [(n, _value(card.knobs[n]), f.metadata.get("help", "")) for n, f in options(type(variant)).items()]
    blocks = [
        Facts([(name, value, "") for name, value in sizes.items()], "Sizes"),
        Facts(knobs, "Knobs of the variant"),
        Facts([(n.replace("_", " "), _value(v), "") for n, v in _training_facts(card.training)], "How it was trained"),
    ]
    return Section("model", "The model", "", blocks)


def _positions(model: Autoencoder) -> str:
    """Return the number of positions of a code as text; nothing for a vector code."""
    grid = " × ".join(map(str, model.positions_))
    example = (
        f" of an image of {' × '.join(map(str, model.data_.typical_shape[1:]))}" if None in model.data_.shape else ""
    )
    return f" in each of {grid} positions{example}" if grid else ""


def _training_facts(info: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the facts about the training."""
    noted = {**info, "seed": str(info["seed"])}
    return [(name, value) for name, value in noted.items() if value is not None]


def _value(value: Any) -> str:
    if value is None:
        return "by default"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, (int, float)) else str(value)


def training_section(study: Study) -> Section:
    """Show the history."""
    history = study.model.history_
    losses = {"training": "loss", "validation": "validation_loss"}
    drawn = {name: _series(history, key) for name, key in losses.items() if any(key in entry for entry in history)}
    best = study.model.info_["best_epoch"]
    kept = best - 1 if drawn.keys() >= {"validation"} and best is not None and 1 <= best <= len(history) else None
    charts: list[Block] = [lines("Loss per element", drawn, "epoch", kept)]
    terms = list(dict.fromkeys(key for entry in history for key in entry if key not in NO_TERM))
    charts += [lines(f"Term: {term}", {term: _series(history, term)}, "epoch") for term in terms]
    lead = (
        "The loss is the weighted sum of the terms, divided by the elements of a row; the terms themselves are means "
        "over the training rows, unweighted. The weights with the lowest validation loss are kept."
    )
    return Section("training", "Training", lead, charts)


def _series(history: list[dict[str, Any]], key: str) -> np.ndarray:
    return np.array([entry.get(key, np.nan) for entry in history], dtype=float)


def warnings_of(study: Study) -> list[Note]:
    """Return the warnings."""
    notes = []
    if study.collapsed:
        notes.append(_collapse(study))
    elif 2 * study.alive.sum() < study.units:
        notes.append(_dead(study))
    if study.model.interrupted_:
        text = "Training was interrupted: these are the best weights until then."
        notes.append(Note(text, "Interrupted", tone="warning"))
    return notes


def _dead(study: Study) -> Note:
    dead = int((~study.alive).sum())
    return Note(
        f"{dead} of {study.units} units do not vary over these rows: the code is wider than what is used of it.",
        "Most units are dead",
        ("choose a smaller latent_dim", "lower the weight of the penalty, or raise k", "train for more epochs"),
        "warning",
    )


def _collapse(study: Study) -> Note:
    return Note(
        f"In {study.silent} of {study.units} dimensions the posterior q(z|x) is the prior, whatever the row: the KL is "
        f"below {SILENT:g} nats, and the decoder gets nothing from them.",
        "Posterior collapse",
        (
            "lower beta, such as Variational(beta=0.5)",
            "KL warm-up: a schedule that raises beta from 0, such as Variational(beta=Warmup(1.0, fraction=0.3))",
            "free bits, such as Variational(free_bits=0.1): so many nats of each dimension cost nothing",
            "a smaller decoder, such as net=MLP((128,)), which then needs the code",
            "where the reconstructions are good enough, a smaller latent_dim does the same",
        ),
        "warning",
    )


def left_out(study: Study) -> list[Note]:
    """Say what the page does not show."""
    if study.examples:
        return []
    return [
        Note(
            "No row of the data is in this page. Left out: originals beside their reconstructions, the best and the "
            "worst reconstructions, the rows that activate a unit most, those that a detector finds most abnormal, "
            "labels, the points of single rows in the latent space (a density stands there; cells with fewer than "
            f"{MIN_ROWS} rows are blank), and walks between rows (there are walks between random codes). What the "
            "model generates is shown: a model can have memorised rows, so look at it before you pass the page on. "
            "Names of columns and of categories, means and ranges are shown too.",
            "Made without examples",
        )
    ]
