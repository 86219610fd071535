"""Reports on one model, or on several side by side, each as one HTML file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from isthmus import __version__
from isthmus.apps.report.blocks import Chapter, Note, Page, Section
from isthmus.apps.report.render import write_page
from isthmus.apps.report.sections import about, comparison, detection, latent, reconstruction, units
from isthmus.apps.report.study import Study
from isthmus.data.inputs import labelled
from isthmus.variants import variant_name

if TYPE_CHECKING:
    from isthmus.estimators.autoencoder import Autoencoder

FOOT = f"Written by isthmus {__version__}. One file: it loads nothing from elsewhere."


def write(
    model: Any,
    X: Any,
    path: str | os.PathLike[str],
    *,
    y: Any = None,
    examples: bool = True,
    title: str | None = None,
) -> None:
    """Write a report on a model: one HTML file that needs no network.

    Parameters
    ----------
    model : Autoencoder, or an estimator that holds one
        Fitted; of a detector its scores, its threshold and drift are shown too.
    X : rows, as for ``model.transform``, a signal, or a stream of rows
        What the model is looked at with; best rows that it was not trained on.
    path : str or PathLike
        The file to write, whole or not at all.
    y : array of shape (n,), optional
        Labels, for colours.
    examples : bool, default True
        False leaves every real row out, and says what is left out.
    title : str, optional

    Raises
    ------
    InputError
        The rows do not suit the model, y has another length, or the file cannot be written.
    MissingExtraError
        Jinja is not installed.
    """
    write_page(page_of(model, X, y, examples, title), path)


def page_of(model: Any, X: Any, y: Any = None, examples: bool = True, title: str | None = None) -> Page:
    """Return the report on a model; the parameters are those of `write`."""
    study = Study(model, *labelled(X, y), examples)
    return Page(
        title or _title(study),
        about.sentence(study.model),
        [*detection.figures(study), *about.figures(study)],
        sections(study),
        about.widths(study),
        [*about.warnings_of(study), *about.left_out(study)],
        foot=FOOT,
    )


def _title(study: Study) -> str:
    name = variant_name(study.model.variant_)
    return f"The {name} autoencoder" if study.scoring is None else f"An anomaly detector: the {name} autoencoder"


def write_comparison(
    models: Mapping[str, Autoencoder],
    X: Any,
    path: str | os.PathLike[str],
    *,
    y: Any = None,
    examples: bool = True,
    title: str | None = None,
    measured: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write a report that sets models side by side on the same rows, with the report on each folded away.

    Parameters
    ----------
    models : dict of Autoencoder
        Fitted, by the name that each is to have.
    X, path, y, examples, title :
        As for `write`.
    measured : dict of dict, optional
        Figures of each model that were measured elsewhere, for the table: ``noisy``, ``probe`` …

    Raises
    ------
    InputError
        As for `write`; or there are no models.
    """
    X, y = labelled(X, y)
    studies = {name: Study(model, X, y, examples) for name, model in models.items()}
    page = comparison.page(studies, title, measured)
    chapters = [_chapter(name, study) for name, study in studies.items()]
    write_page(Page(**{**vars(page), "chapters": chapters, "foot": FOOT}), path)


def _chapter(name: str, study: Study) -> Chapter:
    return Chapter(f"model-{name}", name, about.sentence(study.model), sections(study), about.warnings_of(study))


def sections(study: Study) -> list[Section]:
    """Return the sections of the report on one model."""
    return [
        *detection.detection_sections(study),
        about.training_section(study),
        *([reconstruction.original_section(study)] if study.examples else []),
        reconstruction.error_section(study),
        latent.map_section(study),
        *([latent.sample_section(study)] if study.decodes else [_no_decoder()]),
        *([units.capture_section(study)] if study.walks else []),
        units.activity_section(study),
        about.model_section(study),
    ]


def _no_decoder() -> Section:
    why = "The net has connections around the code, so a code alone cannot be decoded: no samples, walks or atoms."
    return Section("samples", "Samples and units", "", [Note(why, "Not for this net")], "flow")
