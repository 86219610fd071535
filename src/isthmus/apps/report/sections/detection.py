"""Sections on what a detector flags: its scores and threshold, the most abnormal rows, and drift."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isthmus.apps.figures.scores import scores_figure
from isthmus.apps.report.blocks import Block, Cell, Drawing, Facts, Note, Section, Table
from isthmus.apps.report.numbers import number
from isthmus.apps.report.scoring import Scoring, drifts
from isthmus.apps.report.study import Study
from isthmus.tasks.anomaly.drift import ALARM


def detection_sections(study: Study) -> list[Section]:
    """Return the sections on a detector."""
    scoring = study.scoring
    if scoring is None:
        return []
    abnormal = [_abnormal_section(study, scoring)] if study.examples else []
    return [_score_section(study, scoring), *abnormal, _drift_section(study, scoring)]


def figures(study: Study) -> list[tuple[str, str]]:
    """Return the numbers of a detector at the top of the page."""
    scoring = study.scoring
    if scoring is None:
        return []
    flagged = f"of {len(scoring.scores):,} {study.rows.unit} flagged"
    return [(f"{scoring.flagged.mean():.2%}", flagged), (number(scoring.threshold), "threshold")]


def _score_section(study: Study, scoring: Scoring) -> Section:
    """Show the scores by label, and what the threshold means."""
    groups = scoring.by_label if study.examples else {"": scoring.scores}
    svg = scores_figure(groups, scoring.threshold).svg()
    lead = (
        f"Higher is more abnormal. Of {len(scoring.scores):,} {study.rows.unit} "
        f"{int(scoring.flagged.sum()):,} are above the threshold and flagged."
    )
    drawing = Drawing(svg, "How many have which score, by label, and where the threshold is.")
    return Section("scores", "Scores and threshold", lead, [drawing, _threshold(study, scoring)], "flow")


def _threshold(study: Study, scoring: Scoring) -> Facts:
    """Say what the threshold of a study is."""
    about, rows = scoring.detector.calibration_, study.rows
    return threshold_facts(scoring.detector, rows.unit, rows.guarantee(about), rows.band(about))


def threshold_facts(detector: Any, unit: str, guarantee: str, band: str) -> Facts:
    """Say what the threshold of a detector is, where it comes from, and what it guarantees of a unit such as rows."""
    about, thresholds = detector.calibration_, detector.thresholds_
    groups = ", ".join(f"{name}: {number(limit)}" for name, limit in thresholds.items())
    lines = {
        "threshold": number(float(detector.threshold_)),
        "thresholds of groups": groups,
        "asked for": thresholds.asked(unit),
        "known anomalies": thresholds.of_known(),
        "calibration": f"{about['rows']:,} scores, method {about['method']!r}",
        "guarantee": guarantee,
        "band": band,
        "training": detector.training_,
    }
    return Facts([(name, value, "") for name, value in lines.items() if value], "The threshold and what it guarantees")


def _abnormal_section(study: Study, scoring: Scoring) -> Section:
    """Show what is most abnormal, and why."""
    lead = "What has the highest scores, and what contributes to them."
    blocks = study.rows.abnormal(scoring, study.model.reconstruct)
    return Section("abnormal", "Most abnormal", lead, blocks, study.rows.abnormal_style)


def _drift_section(study: Study, scoring: Scoring) -> Section:
    """Show block by block how the scores differ from those of the calibration."""
    compared = scoring.drift
    shows: dict[str, Callable[[dict[str, Any]], Cell]] = {
        "flagged": lambda block: Cell(f"{block['flagged']:.2%}", block["flagged"]),
        "median score": lambda block: Cell(number(block["median"])),
        "drift": lambda block: Cell(number(block["drift"], 3), block["drift"], drifts(block, len(compared))),
        "p": lambda block: Cell(number(block["p"], 2)),
    }
    lines = [
        [Cell(f"{scoring.index[block['start']]:,} to {scoring.index[block['end'] - 1]:,}")]
        + [show(block) for show in shows.values()]
        for block in compared
    ]
    lead = (
        f"The {study.rows.unit} in their order, in blocks. Drift is the Kolmogorov-Smirnov distance of the scores of a "
        "block from those of the calibration, and p its p-value: blocks of normal rows should have little of it."
    )
    blocks: list[Block] = [Table([study.rows.unit, *shows], lines)]
    if drifted := sum(drifts(block, len(compared)) for block in compared):
        blocks.insert(0, _drifted(f"In {drifted} of {len(compared)} blocks"))
    return Section("drift", "Drift", lead, blocks, "flow")


def _drifted(where: str) -> Note:
    return Note(
        f"{where} the scores are not those of the calibration: p is below {ALARM:g}, divided by the number of blocks. "
        "That is as it should be where these rows are abnormal. Where they are normal, the threshold no longer holds.",
        "The scores drift",
        ("recalibrate(X) with recent normal rows finds a new threshold", "train again with recent normal rows"),
        "warning",
    )
