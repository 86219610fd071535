"""Sections on how well rows are reconstructed."""

from __future__ import annotations

from typing import Any

import numpy as np

from isthmus.apps.report.blocks import Block, Section
from isthmus.apps.report.charts import histogram
from isthmus.apps.report.kinds.base import take
from isthmus.apps.report.labels import spread
from isthmus.apps.report.study import Study

EXAMPLES = 10
EXTREME = 6


def original_section(study: Study) -> Section:
    """Show rows and their reconstructions."""
    at = spread(study.y, EXAMPLES, len(study))
    lead = f"{study.rows.noun.capitalize()}s drawn at random" + (
        ", in turn from each label." if study.y is not None else "."
    )
    corrupted = study.corrupted(at)
    if corrupted is not None:
        lead += " In training the encoder saw rows as the corrupted ones here, and had to restore the original."
    lead = " ".join(filter(None, [lead, study.rows.note]))
    blocks = _versions(study, at, corrupted)
    return Section("originals", "Originals and reconstructions", lead, blocks, study.rows.strips)


def _versions(study: Study, at: np.ndarray, corrupted: Any) -> list[Block]:
    versions = {"original": take(study.originals, at)}
    if corrupted is not None:
        versions |= {"corrupted": corrupted, "restored from the corrupted": study.reconstruct(corrupted, at)}
    return study.rows.versions({**versions, "reconstruction": take(study.reconstructed, at)}, study.elements(at))


def error_section(study: Study) -> Section:
    """Show how large errors are, where, and in which rows."""
    errors, one = study.errors, study.rows.one
    marks = {"median": float(np.median(errors)), "95 %": float(np.quantile(errors, 0.95))}
    blocks: list[Block] = [
        histogram(f"Error of {one}", errors, "error", marks),
        *study.rows.by_feature(study.feature_errors),
    ]
    if study.examples:
        for name, sign in (("Worst", -1), ("Best", 1)):
            at = study.apart(np.argsort(sign * errors, kind="stable"), EXTREME)
            versions = {"original": take(study.originals, at), "reconstruction": take(study.reconstructed, at)}
            blocks += study.rows.extreme(f"{name} reconstruction", versions, study.elements(at))
    lead = f"The error of {one} is the mean over its elements, in the units of the model's likelihood."
    return Section("errors", "Errors", lead, blocks, study.rows.errors)
