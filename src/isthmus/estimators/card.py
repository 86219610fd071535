"""Card: a description of a model in one record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from isthmus.core.interfaces import Prior
from isthmus.core.part import describe
from isthmus.core.terms import Score
from isthmus.estimators.parts import Parts
from isthmus.support.errors import counted
from isthmus.variants import variant_name


@dataclass(frozen=True)
class Card:
    """A description of a fitted estimator.

    Attributes
    ----------
    estimator, variant : str
        Their names.
    knobs : dict
        The knobs of the variant.
    data : str
        A one-sentence description of the data.
    row : tuple of int or None
        Shape of one row as the net sees it; None for free axes.
    positions : tuple of int
        Positions of a code: () for a vector.
    latent_dim : int
        Numbers of a code per position.
    condition : str, or None
        The condition: ``"y"``, or names of columns.
    parts : dict of str
        The parts of the model and of its objective, as Python code.
    parameters : int
        Weights.
    rows : int
        Number of training rows, including those for validation.
    training : dict
        The chosen settings and the course of the training: ``info_``.
    graphs : tuple of str
        What it can do.
    kept_rows : int
        Number of training rows in the file.
    kept_as : (str, str)
        What these are, and of what.
    keeps : tuple of str
        Other information about the data in the file.
    score : str or None
        The score by which rows are flagged; None if rows are not flagged.
    threshold : float or None
    thresholds : dict of float
        Of each group.
    guarantees : dict
        How the threshold was chosen, and what it guarantees.
    """

    estimator: str
    variant: str
    knobs: dict[str, Any]
    data: str
    row: tuple[int | None, ...]
    positions: tuple[int, ...]
    latent_dim: int
    condition: str | None
    parts: dict[str, str]
    parameters: int
    rows: int
    training: dict[str, Any]
    graphs: tuple[str, ...]
    kept_rows: int = 0
    kept_as: tuple[str, str] = Score.kept_as
    keeps: tuple[str, ...] = ()
    score: str | None = None
    threshold: float | None = None
    thresholds: dict[str, float] = field(default_factory=dict)
    guarantees: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The size of a code as text."""
        numbers = counted(self.latent_dim, "number")
        return f"{' x '.join(map(str, self.positions))} positions of {numbers}" if self.positions else numbers

    @property
    def holds(self) -> list[str]:
        """Describe what the file stores about the data."""
        what, of_what = self.kept_as
        rows = f"{counted(self.kept_rows, what)}, {of_what}" if self.kept_rows else "no training row"
        return [rows, *self.keeps]


def card_of(parts: Parts, prior: Prior, training: dict[str, Any], epochs: int, graphs: Mapping[str, object]) -> Card:
    """Return the card of an autoencoder.

    Parameters
    ----------
    parts : Parts
        Trained.
    prior : Prior
        Fitted.
    training : dict
        Its ``info_``.
    epochs : int
        Entries of its history.
    graphs : mapping
        By name.
    """
    model, condition = parts.objective.model, parts.condition
    keeps = [
        *parts.data.keeps(),
        *(["the values of its labels, or of the columns of the condition"] if condition else []),
        "statistics of codes" + ("" if model.net.reconstructs_only else ", from which samples are drawn"),
        f"the losses of {counted(epochs, 'epoch')}, and what was chosen for the training",
    ]
    return Card(
        estimator="Autoencoder",
        variant=variant_name(parts.variant),
        knobs={knob.name: getattr(parts.variant, knob.name) for knob in fields(parts.variant)},
        data=parts.data.summary,
        row=tuple(parts.data.shape),
        positions=tuple(model.positions()),
        latent_dim=model.latent_dim,
        condition=None if condition is None else condition.label,
        parts=_parts(parts, prior),
        parameters=training["parameters"],
        rows=training["rows"],
        training=dict(training),
        graphs=tuple(graphs),
        keeps=tuple(keeps),
    )


def _parts(parts: Parts, prior: Prior) -> dict[str, str]:
    objective = parts.objective
    model = objective.model
    named = {"net": model.net, "bottleneck": model.bottleneck, "likelihood": model.likelihood}
    more = {"corruption": objective.corruption, "penalties": objective.penalties, "weights": objective.weights}
    chosen = {name: part for name, part in more.items() if part}
    return {name: written(describe(part)) for name, part in {**named, **chosen, "prior": prior}.items()}


def written(value: object) -> Any:
    """Return a description by `describe` as Python code.

    Examples
    --------
    >>> written({"part": "net/mlp", "arguments": {"widths": [512, 256], "activation": "gelu"}})
    'mlp(widths=512,256 activation=gelu)'
    """
    if isinstance(value, Mapping) and "part" in value:
        arguments = " ".join(f"{name}={written(v)}" for name, v in value["arguments"].items() if v is not None)
        return value["part"].partition("/")[2] + (f"({arguments})" if arguments else "")
    if isinstance(value, Mapping):
        return " ".join(f"{name}={written(inner)}" for name, inner in value.get("dict", value).items())
    if isinstance(value, list):
        return ",".join(":".join(map(str, v)) if isinstance(v, list) else str(written(v)) for v in value)
    return value
