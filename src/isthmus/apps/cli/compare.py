"""``isthmus compare``: models side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from isthmus import variants
from isthmus.apps.cli.command import command
from isthmus.apps.cli.inputs import data_options, load, suited
from isthmus.apps.cli.output import json_option, show, table
from isthmus.apps.cli.rows import Rows

FIGURES = {
    "mse": "MSE",
    "explained": "explained",
    "95 %": "error, 95 %",
    "elbo": "ELBO",
    "active": "active",
    "probe": "probe",
    "rows_per_second": "rows/s",
}
"""The columns of the table, after what the model is."""


@command("compare", "isthmus compare plain.safetensors topk.safetensors digits")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@data_options
@json_option
def compare(models: tuple[str, ...], read: Callable[..., Rows], as_json: bool) -> None:
    """Set models side by side on DATA.

    MSE: mean squared error, of pixels in [0, 1] or in the units of the data. Explained: fraction of the variance, the
    mean over the columns of a table. Error, 95 %: what 95 % of the rows stay below, in the units of each model's own
    likelihood, so alike only for models with the same one. ELBO: in nats, of variational models. Active: units that
    vary. Probe: accuracy of a linear probe, where there are labels. Compare on rows that no model was trained on.
    """
    from isthmus.tasks.evaluation import evaluate as evaluation

    loaded = [(path, load(path)) for path in models]
    rows = read(loaded[0][1])
    each = [(path, model, suited(model, path, rows).X) for path, model in loaded]
    documents = [{**_about(path, model), **evaluation.evaluate(model, X, rows.y)} for path, model, X in each]
    known = {name for document in documents for name in (*document, *document["error"])}
    heads = {name: said for name, said in FIGURES.items() if name in known}
    show({"data": rows.name, "models": documents}, table([_line(document, heads) for document in documents]), as_json)


def _about(path: str, model: Any) -> dict[str, Any]:
    """Return what a model is."""
    return {
        "model": path,
        "variant": variants.variant_name(model.variant_),
        "code": model.card().latent_dim,
        "parameters": model.info_["parameters"],
        "seconds": model.info_["seconds"],
    }


def _line(document: dict[str, Any], heads: dict[str, str]) -> dict[str, Any]:
    """Return a line of the table."""
    known = {**document, **document["error"]}
    about = {name: document[name] for name in ("variant", "code", "parameters")}
    figures = {said: known.get(name) for name, said in heads.items()}
    return {"model": Path(document["model"]).stem, **about, "trained, s": document["seconds"], **figures}
