"""Blocks: the content of a page; ``templates/blocks.html`` determines how each looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Note:
    """A paragraph that stands out.

    Attributes
    ----------
    text : str
    title : str
    remedies : sequence of str
        What can be done about it.
    tone : str
        ``"plain"`` or ``"warning"``.
    """

    kind: ClassVar[str] = "note"
    text: str
    title: str = ""
    remedies: Sequence[str] = ()
    tone: str = "plain"


@dataclass(frozen=True)
class Image:
    """An image, embedded in the page.

    Attributes
    ----------
    uri : str
        A data URI with its content.
    alt : str
        What it shows, for who cannot see it.
    width : int
        Maximum width in CSS pixels.
    caption : str
    """

    kind: ClassVar[str] = "image"
    uri: str
    alt: str
    width: int
    caption: str = ""


@dataclass(frozen=True)
class Player:
    """A recording: its spectrogram, or a map of it, and a player below it, embedded in the page.

    Attributes
    ----------
    uri : str
        A data URI with the spectrogram.
    alt : str
        What it shows, for who cannot see it.
    wav : str
        A data URI with the sound; empty: there is nothing to play.
    caption : str
    """

    kind: ClassVar[str] = "player"
    uri: str
    alt: str
    wav: str
    caption: str


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes
    ----------
    text : str
    heat : float in [0, 1]
        How strongly it is shaded.
    marked : bool
        Whether it is bold, so that the shade is not the only mark.
    """

    text: str
    heat: float = 0.0
    marked: bool = False


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row names the row, and so many rows belong together."""

    kind: ClassVar[str] = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    together: int = 1


@dataclass(frozen=True)
class Facts:
    """Names with their values and a sentence on each, which may be empty."""

    kind: ClassVar[str] = "facts"
    lines: Sequence[tuple[str, str, str]]
    caption: str = ""


@dataclass(frozen=True)
class Bar:
    """A bar, with its length as a fraction of the longest; negative ones point to the left."""

    label: str
    fraction: float
    text: str


@dataclass(frozen=True)
class Bars:
    """Labelled bars, one below the other."""

    kind: ClassVar[str] = "bars"
    bars: Sequence[Bar]
    caption: str = ""

    @property
    def two_sided(self) -> bool:
        """Whether some bars point to the left."""
        return any(bar.fraction < 0 for bar in self.bars)


@dataclass(frozen=True)
class Mark:
    """A shape of a chart: a path in its coordinates, and its class in the style sheet."""

    style: str
    path: str


@dataclass(frozen=True)
class Label:
    """A text at a position of a chart."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Chart:
    """A drawing with axes.

    Attributes
    ----------
    title : str
    description : str
        What it shows, for who cannot see it.
    marks : sequence of Mark
    x_ticks, y_ticks : sequence of Label
    x_label, y_label : str
    labels : sequence of Label
        Texts among the marks.
    legend : sequence of (style, text)
    height : int
    """

    kind: ClassVar[str] = "chart"
    WIDTH: ClassVar[int] = 370
    LEFT: ClassVar[int] = 54
    RIGHT: ClassVar[int] = 10
    TOP: ClassVar[int] = 10
    BOTTOM: ClassVar[int] = 42
    title: str
    description: str
    marks: Sequence[Mark]
    x_ticks: Sequence[Label] = ()
    y_ticks: Sequence[Label] = ()
    x_label: str = ""
    y_label: str = ""
    labels: Sequence[Label] = ()
    legend: Sequence[tuple[str, str]] = ()
    height: int = 256


@dataclass(frozen=True)
class Group:
    """Blocks that belong together, in a card."""

    kind: ClassVar[str] = "group"
    title: str
    blocks: Sequence[Block]
    note: str = ""
    style: str = "card"


@dataclass(frozen=True)
class Drawing:
    """A whole SVG document, embedded in the page.

    Attributes
    ----------
    svg : str
        It is embedded unchanged, so it must be made by isthmus.
    alt : str
        What it shows, for who cannot see it.
    caption : str
    legend : sequence of (style, text)
    """

    kind: ClassVar[str] = "drawing"
    svg: str
    alt: str
    caption: str = ""
    legend: Sequence[tuple[str, str]] = ()


Block = Note | Image | Player | Drawing | Table | Facts | Bars | Chart | Group


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading.

    Attributes
    ----------
    name : str
        For links to it.
    title, lead : str
    blocks : sequence of Block
    style : str
        Arrangement of the blocks: ``"flow"``, one below the other; ``"columns"``, side by side, or ``"pairs"``, two by
        two, where there is room.
    """

    name: str
    title: str
    lead: str
    blocks: Sequence[Block]
    style: str = "columns"


@dataclass(frozen=True)
class Chapter:
    """Sections on one model, folded away."""

    name: str
    title: str
    summary: str
    sections: Sequence[Section]
    notes: Sequence[Note] = ()


@dataclass(frozen=True)
class Page:
    """A whole report.

    Attributes
    ----------
    title, lead : str
    figures : sequence of (value, what)
        The few numbers at the top of the page.
    widths : sequence of int
        Numbers in a row, a code and a reconstruction, which are drawn as an isthmus; empty: no drawing.
    notes : sequence of Note
    sections : sequence of Section
    chapters : sequence of Chapter
    foot : str
    """

    title: str
    lead: str
    figures: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    widths: Sequence[int] = ()
    notes: Sequence[Note] = ()
    chapters: Sequence[Chapter] = field(default=())
    foot: str = ""
