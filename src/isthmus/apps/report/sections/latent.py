"""Sections on the space of codes: a map of it, and what it decodes to."""

from __future__ import annotations

import numpy as np

from isthmus.apps.report.blocks import Block, Chart, Group, Note, Section
from isthmus.apps.report.charts import density, histogram, scatter
from isthmus.apps.report.labels import spread
from isthmus.apps.report.numbers import number
from isthmus.apps.report.study import Study

POINTS = 3_000
"""Points on a map at most: more hide each other."""

POOLED = (
    "A code has a vector in each of several positions. A point is the mean of these, which cannot be decoded: there is "
    "no grid of decoded codes, no walk between codes, and no atom of a unit."
)
"""What a page on codes with positions says of their means."""

STEPS = 9
FRACTIONS = np.linspace(0, 1, STEPS)


def map_section(study: Study) -> Section:
    """Show where the codes lie, and what the points there decode to."""
    plane = study.plane
    where = "The code itself" if plane.direct else "The first two principal directions of the codes"
    if study.pooled:
        where += ", means over positions"
    blocks: list[Block] = [latent_map(study)]
    if study.walks:
        side = study.rows.side
        points = plane.grid(side)
        names = [", ".join(number(value, 2) for value in point) for point in plane.positions(points)]
        grid = study.rows.grid(study.decode(points), side, "decoded codes over the latent space", names=names)
        blocks.append(
            Group("The same, decoded", [grid], "A grid from the 2nd to the 98th percentile of each direction.")
        )
    lead = f"{where}; {_colours(study)}." + (f" {POOLED}" if study.pooled else "")
    return Section("latent", "The latent space", lead, blocks, "pairs")


def _colours(study: Study) -> str:
    """Describe the colours of the map."""
    if not study.plane.flat:
        return f"how many {study.rows.noun}s lie where"
    if not study.examples:
        return f"the stronger the colour, the more {study.rows.noun}s"
    noun = study.rows.noun
    points = f"each point is {study.rows.one}" if len(study) <= POINTS else f"{POINTS:,} {noun}s, a point each"
    return points + (", coloured by its label" if study.y is not None else "")


def latent_map(study: Study, title: str = "Latent space") -> Chart:
    """Draw the codes as points, or as a density if rows may not be shown; on a line, as a histogram."""
    plane = study.plane
    if not plane.flat:
        return histogram(title, plane.points[:, 0], plane.names[0], {"mean": float(plane.points.mean())})
    if study.examples:
        some = np.random.default_rng(0).permutation(len(study))[:POINTS]
        groups = {name: mask[some] for name, mask in study.groups.items()}
        return scatter(title, plane.points[some], plane.names, groups, study.scale)
    return density(title, plane.points, plane.names)


def sample_section(study: Study) -> Section:
    """Show what the model generates."""
    sampled, notes = study.sample(study.rows.samples)
    samples = Group("Samples", [study.rows.grid(sampled, 10, "samples")], "Codes drawn from the prior.")
    blocks: list[Block] = [samples, *(Note(text, "What samples lack") for text in notes)]
    if not study.walks:
        return Section("samples", "Samples", "Codes that were drawn, and decoded.", blocks, "pairs")
    lead = "Codes that were drawn or mixed, and decoded."
    return Section("samples", "Samples and interpolations", lead, [*blocks, _interpolations(study)], "pairs")


def _interpolations(study: Study) -> Group:
    """Show what lies on straight lines between codes."""
    names = [f"{fraction:.0%}" for fraction in FRACTIONS]
    walks = study.rows.grid(study.decode(_walks(study)), STEPS, "interpolations, a straight line each", names=names)
    ends = (
        f"from the code of one {study.rows.noun} to that of another"
        if study.examples
        else "between random points above"
    )
    return Group("Interpolations", [walks], f"Straight lines {ends}.")


def _walks(study: Study) -> np.ndarray:
    """Return codes on straight lines from one code to another, line by line."""
    n = 2 * study.rows.walks
    codes = study.codes[spread(study.y, n, len(study), seed=1)] if study.examples else study.plane.anywhere(n)
    fraction = FRACTIONS[None, :, None]
    start, end = codes[: len(codes) // 2, None], codes[len(codes) // 2 : 2 * (len(codes) // 2), None]
    return ((1 - fraction) * start + fraction * end).reshape(-1, study.units)
