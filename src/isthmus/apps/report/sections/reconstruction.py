"""Sections on how well rows are rebuilt."""

from __future__ import annotations

from typing import Any

import numpy as np

from isthmus.apps.report.blocks import Block, Group, Section
from isthmus.apps.report.charts import histogram
from isthmus.apps.report.kinds.base import take
from isthmus.apps.report.labels import spread
from isthmus.apps.report.study import Study

SHOWN = 10
EXTREME = 6


def original_section(study: Study) -> Section:
    """Show rows and what they are rebuilt as."""
    at = spread(study.y, SHOWN, len(study))
    lead = "Rows drawn at random" + (", in turn from each label." if study.y is not None else ".")
    corrupted = study.corrupted(at)
    if corrupted is not None:
        lead += " In training the encoder saw rows as the corrupted ones here, and had to restore the original."
    return Section("originals", "Originals and reconstructions", lead, _versions(study, at, corrupted), "flow")


def _versions(study: Study, at: np.ndarray, corrupted: Any) -> list[Block]:
    shown = {"original": take(study.originals, at)}
    if corrupted is not None:
        shown |= {"corrupted": corrupted, "restored from the corrupted": study.reconstruct(corrupted, at)}
    return study.rows.versions({**shown, "reconstruction": take(study.rebuilt, at)}, study.elements(at))


def error_section(study: Study) -> Section:
    """Show how large errors are, where, and in which rows."""
    errors = study.errors
    marks = {"median": float(np.median(errors)), "95 %": float(np.quantile(errors, 0.95))}
    blocks: list[Block] = [
        histogram("Error of a row", errors, "error", marks),
        study.rows.by_feature(study.feature_errors),
    ]
    if study.examples:
        best, worst = (np.argsort(sign * errors, kind="stable")[:EXTREME] for sign in (1, -1))
        for name, at in (("worst", worst), ("best", best)):
            shown = {"original": take(study.originals, at), "reconstruction": take(study.rebuilt, at)}
            blocks.append(Group(f"The {name} rebuilt", study.rows.versions(shown, study.elements(at))))
    lead = "The error of a row is the mean over its elements, in the units of the model's likelihood."
    return Section("errors", "Errors", lead, blocks, "pairs")
