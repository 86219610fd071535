"""Sections on the units of the code: what each captures, and which are active."""

from __future__ import annotations

import numpy as np

from isthmus.apps.report.blocks import Block, Group, Section
from isthmus.apps.report.charts import spikes
from isthmus.apps.report.kinds.base import take
from isthmus.apps.report.study import SILENT, Study

UNITS = 64
STEPS = np.arange(-3, 4)
EXAMPLES = 8
NAMED = 40


def capture_section(study: Study) -> Section:
    """Show for each unit its decoder atom, a traversal, and the rows that activate it most."""
    units = np.argsort(-study.deviation, kind="stable")
    units = units[study.alive[units]][:UNITS]
    atoms = _Atoms(study, units)
    return Section("units", "What each unit captures", _lead(study, units), atoms.cards(), study.rows.layout)


def _lead(study: Study, units: np.ndarray) -> str:
    """Say how many units are shown, and how to read their cards."""
    count = f"{len(units)} of {study.units}" if len(units) < study.units else f"All {study.units}"
    why = "" if len(units) in (study.units, UNITS) else "; the others do not vary"
    examples = "; then the rows in which it is largest" if study.examples else ""
    floor = " Units that are never negative are not walked below zero." if (study.codes.min(0) >= 0).any() else ""
    return (
        f"{count} units, the most active first{why}. For each: the decoder's answer to a step of one standard "
        "deviation from the mean code (its atom), and to the unit alone going from −3 to +3 of them (a traversal)"
        f"{examples}. {study.rows.differences}{floor}"
    )


class _Atoms:
    """What units decode to; all are decoded at once."""

    def __init__(self, study: Study, units: np.ndarray) -> None:
        self.study, self.units = study, units
        mean, deviation = study.codes.mean(0), study.deviation
        floor = np.where(study.codes.min(0) >= 0, 0.0, -np.inf)
        codes = np.tile(mean, (len(units), 1 + len(STEPS), 1))
        for index, unit in enumerate(units):
            codes[index, 0, unit] += deviation[unit]
            codes[index, 1:, unit] = np.maximum(mean[unit] + STEPS * deviation[unit], floor[unit])
        self.decoded = study.decode(np.concatenate([mean[None], codes.reshape(-1, len(mean))]))

    def cards(self) -> list[Group]:
        """Return a card for each unit."""
        return [self._card(index) for index in range(len(self.units))]

    def _card(self, index: int) -> Group:
        unit, first = int(self.units[index]), 1 + index * (1 + len(STEPS))
        decoded, rows = self.decoded, self.study.rows
        walk = take(decoded, slice(first + 1, first + 1 + len(STEPS)))
        name = f"unit {unit}"
        blocks = rows.code_unit(name, take(decoded, slice(0, 1)), take(decoded, slice(first, first + 1)), walk, STEPS)
        if self.study.examples:
            blocks = [*blocks, self._examples(unit, walk)]
        return Group(name, blocks, self._note(unit), "unit")

    def _examples(self, unit: int, walk: object) -> Block:
        activations = self.study.codes[:, unit]
        at = self.study.apart(np.argsort(-activations, kind="stable"), EXAMPLES)
        return self.study.rows.examples(f"unit {unit}", take(self.study.originals, at), activations[at], walk)

    def _note(self, unit: int) -> str:
        study = self.study
        note = [f"σ {study.deviation[unit]:.3g}"]
        note += [f"non-zero in {study.usage[unit]:.0%}"] if study.switches else []
        note += [f"KL {study.kl[unit]:.2f} nats"] if study.kl is not None else []
        return " · ".join(note)


def activity_section(study: Study) -> Section:
    """Show which units are active."""
    where = "position" if study.pooled else "row"
    charts: list[Block] = [spikes("Variance of the code, unit by unit", study.deviation**2, "variance")]
    dead = np.flatnonzero(~study.alive)
    over = "these rows and their positions" if study.pooled else "these rows"
    lead = f"{study.units - len(dead)} of {study.units} units are active over {over}."
    if len(dead):
        more = ", …" if len(dead) > NAMED else ""
        lead += f" Dead: {', '.join(map(str, dead[:NAMED]))}{more}."
    if study.switches:
        charts.append(spikes(f"Fraction of {where}s in which a unit is not zero", study.usage, "fraction"))
        lead += f" A {where} has {study.usage.sum():.3g} units on average that are not zero."
    if study.kl is not None:
        charts.append(spikes("KL of q(z|x) to the prior, unit by unit", study.kl, "nats", SILENT))
        total = f"{study.kl.sum():.4g} nats in {'each position' if study.pooled else 'all'}"
        lead += f" The KL is {total}; {study.silent} dimensions have less than {SILENT:g}."
    return Section("activity", "Active and dead units", lead, charts)
