"""The page on which models are side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus import InputError
from isthmus.apps.report.blocks import Block, Cell, Page, Section, Table
from isthmus.apps.report.kinds.base import take
from isthmus.apps.report.labels import spread
from isthmus.apps.report.numbers import number
from isthmus.apps.report.sections import about
from isthmus.apps.report.sections.latent import latent_map
from isthmus.apps.report.sections.reconstruction import EXAMPLES
from isthmus.apps.report.study import Study
from isthmus.tasks.evaluation.evaluate import probe
from isthmus.variants import variant_name

Figures = Mapping[str, Any]

BEST = {"mse": min, "explained": max, "noisy": min, "probe": max}
"""Which figure is the best of a column, for those that can be compared."""

FRACTIONS = ("explained", "probe")

HEADS = {
    "name": "model",
    "variant": "variant",
    "units": "code",
    "active": "active",
    "parameters": "parameters",
    "seconds": "seconds",
    "mse": "squared error",
    "explained": "explained",
    "noisy": "noisy input",
    "probe": "probe",
}

NOISY = " Noisy input: the squared error where a model sees these rows under noise."


def page(studies: Mapping[str, Study], title: str | None, measured: Mapping[str, Figures] | None = None) -> Page:
    """Return the page on several models, without the chapters on each.

    Parameters
    ----------
    studies : dict of Study
    title : str or None
    measured : dict of dict, optional
        Figures of each model that were measured elsewhere, by the keys of `HEADS`.

    Raises
    ------
    InputError
        There are no models.
    """
    if not studies:
        raise InputError("there are no models to compare: give at least one")
    some = next(iter(studies.values()))
    figures_of = {name: _figures(name, study, (measured or {}).get(name, {})) for name, study in studies.items()}
    sections = [_table(figures_of), *([_reconstructions(studies)] if some.examples else []), _maps(studies)]
    figures = [(str(len(studies)), "models"), (f"{some.total:,}", "rows to look at"), *_lowest(figures_of)]
    lead = "The same rows, seen through " + ("one autoencoder." if len(studies) == 1 else f"{len(studies)} of them.")
    return Page(title or "Autoencoders side by side", lead, figures, sections, notes=about.left_out(some))


def _figures(name: str, study: Study, measured: Figures) -> Figures:
    known = {
        "name": name,
        "variant": variant_name(study.model.variant_),
        "units": study.units,
        "active": int(study.alive.sum()),
        "probe": probe(study.codes, study.y),
        **study.model.info_,
        **study.likeness,
        **measured,
    }
    return {key: known[key] for key in HEADS if known.get(key) is not None}


def _lowest(figures_of: Mapping[str, Figures]) -> list[tuple[str, str]]:
    errors = {name: figures["mse"] for name, figures in figures_of.items() if "mse" in figures}
    best = min(errors, key=lambda name: errors[name], default=None)
    return [] if best is None else [(f"{errors[best]:.3g}", f"lowest squared error: {best}")]


def _table(figures_of: Mapping[str, Figures]) -> Section:
    keys = [key for key in HEADS if any(key in figures for figures in figures_of.values())]
    if all(figures["variant"] == figures["name"] for figures in figures_of.values()):
        keys.remove("variant")
    rows = [[_cell(key, figures.get(key), figures_of) for key in keys] for figures in figures_of.values()]
    lead = (
        "All figures are of these rows; the best of a column is bold. The squared error is a mean over elements in the "
        "user's units, whatever a model was trained with; explained is the fraction of the variance that the "
        "reconstruction holds; probe is the fraction of labels that a linear classifier reads right from codes of rows "
        "it was not trained on."
    ) + (NOISY if "noisy" in keys else "")
    return Section("table", "At a glance", lead, [Table([HEADS[key] for key in keys], rows)], "flow")


def _cell(key: str, value: Any, figures_of: Mapping[str, Figures]) -> Cell:
    """Return a figure; the best of its column is marked."""
    if value is None or isinstance(value, str):
        return Cell(value or "–")
    if key not in BEST:
        return Cell(in_words(key, value))
    others = (figures[key] for figures in figures_of.values() if key in figures)
    return Cell(in_words(key, value), marked=value == BEST[key](others))


def in_words(key: str, value: float) -> str:
    """Return a figure as the table has it.

    Examples
    --------
    >>> in_words("probe", 0.9555), in_words("mse", 0.00532)
    ('95.5%', '0.00532')
    """
    return f"{value:.1%}" if key in FRACTIONS else number(value, 3)


def _reconstructions(studies: Mapping[str, Study]) -> Section:
    some = next(iter(studies.values()))
    at = spread(some.y, EXAMPLES, len(some))
    blocks: list[Block] = [some.rows.grid(take(some.originals, at), EXAMPLES, "original", "original")]
    for name, study in studies.items():
        blocks.append(study.rows.grid(take(study.reconstructed, at), EXAMPLES, f"reconstructed by {name}", name))
    return Section(
        "reconstructions", "The same rows, reconstructed by each", "The first strip is the original.", blocks, "flow"
    )


def _maps(studies: Mapping[str, Study]) -> Section:
    lead = "The code itself where it has two units, else its first two principal directions."
    return Section("maps", "The latent spaces", lead, [latent_map(study, name) for name, study in studies.items()])
