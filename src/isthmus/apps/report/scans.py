"""The page about a folder of images that a detector looked at: which are flagged, and where, the worst first."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
from scipy.stats import binom

from isthmus.apps.figures.colours import INK
from isthmus.apps.figures.figure import Figure
from isthmus.apps.figures.overlay import BOXES, FAINT, TOP, coloured
from isthmus.apps.figures.scanned import Scanned
from isthmus.apps.figures.shapes import Image as Pixels
from isthmus.apps.figures.shapes import Text
from isthmus.apps.report.blocks import Block, Cell, Drawing, Group, Image, Note, Page, Section, Table
from isthmus.apps.report.numbers import number
from isthmus.apps.report.png import visible
from isthmus.apps.report.scoring import drifts
from isthmus.apps.report.sections.detection import threshold_facts
from isthmus.support.errors import counted, extra
from isthmus.tasks.anomaly.calibration import said_of
from isthmus.tasks.anomaly.drift import ALARM, compared

WORST, LINES = 60, 1000
"""Images that are shown, and lines of the table, at most: those with the highest scores."""
SIDE, GAP = 420, 6
"""Pixels of the longer side of an image, at most, and between it and its overlay."""
QUALITY = 88
"""Of JPEG."""
SCALE = (720, 14)
"""Width and height of the scale of colours."""

SMALL = 200
"""Pixels of the longer side that smaller images are enlarged to, about."""
HOW_TO_READ = (
    f"Beside each image its overlay: in grey, with colours from {FAINT:g} to {TOP:g} times the threshold and more, the "
    "same in all. A line surrounds what is above the threshold, boxes the regions with the highest peaks, at most "
    f"{BOXES}."
)


@dataclass(frozen=True)
class Line:
    """What is said of one image, by its name."""

    name: str
    score: float
    p_value: float
    flagged: bool
    regions: int
    largest: int

    @classmethod
    def of(cls, name: str, one: Scanned) -> Line:
        """Return what is said of an image."""
        largest = max((region.area for region in one.regions), default=0)
        return cls(name, one.score, one.p_value, one.flagged, len(one.regions), largest)


@dataclass
class Seen:
    """The images so far: a line for each, and the worst beside their overlays, as JPEG files, the worst first."""

    lines: list[Line] = field(default_factory=list)
    worst: list[tuple[Line, bytes]] = field(default_factory=list)

    def add(self, name: str, one: Scanned, drawn: np.ndarray) -> Line:
        """Count an image with its overlay, and return its line."""
        line = Line.of(name, one)
        self.lines.append(line)
        if len(self.worst) < WORST or line.score > self.worst[-1][0].score:
            kept = [*self.worst, (line, _beside(one.pixels, drawn))]
            self.worst = sorted(kept, key=lambda entry: -entry[0].score)[:WORST]
        return line

    @property
    def scores(self) -> np.ndarray:
        """The score of each image, in their order."""
        return np.array([line.score for line in self.lines])

    @property
    def flagged(self) -> np.ndarray:
        """Whether each image is flagged."""
        return np.array([line.flagged for line in self.lines])


def page_of_images(detector: Any, seen: Seen, title: str, foot: str = "") -> Page:
    """Return the page.

    Parameters
    ----------
    detector : AnomalyDetector
        Fitted.
    seen : Seen
        At least one image.
    title, foot : str
    """
    flagged, count = int(seen.flagged.sum()), len(seen.lines)
    rate = asked_rate(detector)
    figures = [(f"{flagged:,} of {count:,}", "images flagged"), (number(detector.threshold_), "threshold of the score")]
    figures += [] if rate is None else [(f"{rate:.2%}".replace("%", " %"), "of normal images may be flagged")]
    lead = "Which images differ from the normal ones that were trained on, and where; the most abnormal first."
    facts = threshold_facts(detector, "images", *said_of("images", detector.calibration_))
    sections = [
        Section("overlays", "How to read the overlays", HOW_TO_READ, [_scale()], "flow"),
        Section("worst", "The most abnormal images", _of_worst(count), [*map(_card(detector), seen.worst)], "pairs"),
        Section("threshold", "What the threshold guarantees", "", [facts], "flow"),
        Section("all", "All images", _of_lines(count), [_table(detector, seen.lines)], "flow"),
    ]
    return Page(title, lead, figures, sections, notes=moved(detector, seen), foot=foot)


def asked_rate(detector: Any) -> float | None:
    """Return the false-alarm rate that the threshold was asked for; None if it follows another rule."""
    rate: float | None = detector.thresholds_.rule.get("false_alarm_rate")
    return rate


def moved(detector: Any, seen: Seen) -> list[Note]:
    """Return a warning if far more images are flagged than normal ones would be, and their scores have drifted."""
    thresholds, count, flagged = detector.thresholds_, len(seen.lines), int(seen.flagged.sum())
    rate = asked_rate(detector)
    expected = max(thresholds.false_alarms if rate is None else rate, 1 / (thresholds.calibration.scores.size + 1))
    [block] = compared(seen.scores, seen.flagged, detector.calibration_scores_, 1)
    if binom.sf(flagged - 1, count, expected) >= ALARM or not drifts(block, 1):
        return []
    text = (
        f"{flagged:,} of {count:,} images are flagged, where {expected:.2%} of normal ones would be, and their scores "
        f"are not those of the calibration (drift {number(block['drift'], 2)}, p {number(block['p'], 2)}). That is as "
        "it should be if these images are defective. If they are good, something else has changed since the training: "
        "the camera has moved, or the light, the focus or the part is another one; the threshold then no longer holds."
    ).replace("%", " %", 1)
    remedies = (
        "recalibrate with recent good images: isthmus detect IMAGES --model DETECTOR --recalibrate GOOD",
        "train again with recent good images",
    )
    return [Note(text, "Far more are flagged than asked for", remedies, "warning")]


def _of_worst(count: int) -> str:
    return f"The {WORST} with the highest scores of {count:,}; maps/ has all." if count > WORST else ""


def _of_lines(count: int) -> str:
    cut = f"The {LINES:,} with the highest scores of {count:,}; " if count > LINES else "By their scores; "
    return f"{cut}scores.csv has them in the order of their names. Bold: flagged."


def _card(detector: Any) -> Any:
    """Return what shows an image beside its overlay, with what is said of it."""

    def card(entry: tuple[Line, bytes]) -> Block:
        line, content = entry
        uri = f"data:image/jpeg;base64,{b64encode(content).decode()}"
        what = f"{line.name} beside its overlay"
        return Group(line.name, [Image(uri, what, 2 * SIDE + GAP)], _said(detector, line))

    return card


def _said(detector: Any, line: Line) -> str:
    relative = line.score / detector.threshold_
    said = [
        "flagged" if line.flagged else "not flagged",
        f"score {number(relative, 3)} times the threshold",
        f"p {number(line.p_value, 2)}",
        counted(line.regions, "region")
        + (f", the largest of {counted(line.largest, 'pixel')}" if line.regions else ""),
    ]
    return "; ".join(said)


def _table(detector: Any, lines: Sequence[Line]) -> Table:
    ordered = sorted(lines, key=lambda line: -line.score)[:LINES]
    rows = [
        [
            Cell(line.name, marked=line.flagged),
            Cell(number(line.score / detector.threshold_, 3)),
            Cell(number(line.p_value, 2)),
            Cell("yes" if line.flagged else "no"),
            Cell(f"{line.regions:,}"),
            Cell(f"{line.largest:,}"),
        ]
        for line in ordered
    ]
    return Table(["", "score / threshold", "p-value", "flagged", "regions", "largest (pixels)"], rows)


def _scale() -> Drawing:
    """Draw which colour stands for which multiple of the threshold."""
    width, height = SCALE
    strip = np.rint(255 * coloured(np.linspace(0, TOP, width))).astype(np.uint8)[None].repeat(height, 0)
    ticks = [(FAINT, f"{FAINT:g}"), (1.0, "1, the threshold"), (2.0, "2"), (TOP, f"{TOP:g} and more")]
    texts = [Text(10 + width * at / TOP, 36, text, "middle", colour=INK) for at, text in ticks]
    figure = Figure(width + 80, 44, [Pixels(10, 6, width, height, strip), *texts], "The scale of the overlays.")
    return Drawing(
        figure.svg(), "Which colour stands for which multiple of the threshold.", "Multiples of the threshold"
    )


def _beside(pixels: np.ndarray, drawn: np.ndarray) -> bytes:
    """Return an image beside its overlay as the content of a JPEG file."""
    image = extra("PIL.Image", "images")
    original = visible(pixels if pixels.dtype == np.uint8 else np.rint(255 * pixels.clip(0, 1)).astype(np.uint8))
    sides = [image.fromarray(_in_colour(side)) for side in (original, drawn)]
    by = max(1, SMALL // max(sides[0].size))
    sides = [side.resize((by * side.width, by * side.height), image.Resampling.NEAREST) for side in sides]
    for side in sides:
        side.thumbnail((SIDE, SIDE))
    height = max(side.height for side in sides)
    sheet = image.new("RGB", (sides[0].width + GAP + sides[1].width, height), "#ffffff")
    sheet.paste(sides[0], (0, 0))
    sheet.paste(sides[1], (sides[0].width + GAP, 0))
    stream = BytesIO()
    sheet.save(stream, "JPEG", quality=QUALITY, subsampling=0)
    return stream.getvalue()


def _in_colour(pixels: np.ndarray) -> np.ndarray:
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else np.ascontiguousarray(pixels)
