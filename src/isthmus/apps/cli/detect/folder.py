"""What ``isthmus detect`` writes of images into a folder: the table of scores, overlays, masks, and a report."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.apps.cli.command import Failure, note, warn
from isthmus.apps.cli.detect.choices import Options
from isthmus.apps.cli.detect.output import draw_scores, head, rows_to_score, titled
from isthmus.apps.cli.detect.photos import DRAWN, FOLDER
from isthmus.apps.cli.output import facts
from isthmus.apps.cli.progress import rows_done
from isthmus.support.errors import counted

if TYPE_CHECKING:
    from isthmus import AnomalyDetector
    from isthmus.apps.report.scans import Line, Seen

SCORES, REPORT = "scores.csv", "report.html"
WORST = 10
"""Images that are named to people."""


def detect_images(
    detector: AnomalyDetector, options: Options, span: slice, output: str, plot: str | None
) -> tuple[dict[str, Any], str]:
    """Score images into a folder; return the result for machines and for people."""
    from isthmus.apps.report.pages import FOOT
    from isthmus.apps.report.render import check_renders, write_page
    from isthmus.apps.report.scans import page_of_images
    from isthmus.tasks.anomaly.checks import check_flagged
    from isthmus.tasks.anomaly.heat import check_heat

    check_heat(detector.autoencoder_.data_, detector.score_, FOLDER)
    check_renders()
    whole, _, _ = rows_to_score(detector, options)
    first, last, _ = span.indices(len(whole))
    if first >= last:
        raise Failure(f"--rows {span.start}: picks no row: the data has {len(whole):,}, numbered from 0")
    X = whole[first:last]
    folder = Path(output).expanduser()
    files, seen = _scan(detector, X, _names(X, options.data), folder)
    page = page_of_images(detector, seen, f"Images of {options.data}", FOOT)
    write_page(page, folder / REPORT)
    for one in page.notes:
        warn(f"{one.text} Remedies: {'; '.join(one.remedies)}")
    if not page.notes:
        check_flagged(detector.autoencoder_.data_, int(seen.flagged.sum()), len(seen.lines))
    _say_what_was_there(folder, files)
    if plot:
        draw_scores(plot, {"": [seen.scores]}, detector.threshold_, None, options.data)
    return _document(folder, seen, plot), _text(folder, seen, detector, plot)


def _names(X: Any, data: str) -> Sequence[str]:
    """Return the names of images: those of their files; of an array, nothing."""
    from isthmus.data.images.files import IMAGES
    from isthmus.data.sources.in_memory import is_stream

    if is_stream(X):
        return tuple(X.names)
    return (Path(data).name,) if len(X) == 1 and IMAGES.fits(Path(data).expanduser()) else ()


def _scan(detector: AnomalyDetector, X: Any, names: Sequence[str], folder: Path) -> tuple[list[str], Seen]:
    """Write the table, overlays and masks; return the names of the files that are drawn, and what was seen."""
    from isthmus.apps.figures.overlay import reduction
    from isthmus.apps.figures.scanned import in_smaller_size, scanned, write_png
    from isthmus.apps.report.scans import Seen
    from isthmus.data.io.appending import appending
    from isthmus.data.io.files import file_names

    folder.mkdir(parents=True, exist_ok=True)
    files, seen, smaller = file_names(names, len(X)), Seen(), dict[str, int]()
    with appending(folder / SCORES) as append, rows_done(len(X), "scored") as done:
        for row, (file, one) in enumerate(zip(files, scanned(detector, X), strict=True)):
            drawn = one.overlay()
            write_png(drawn, folder / "maps" / file)
            write_png(one.mask(), folder / "masks" / file)
            if (by := reduction(one.heat.shape)) > 1:
                smaller[file] = by
            line = seen.add(names[row] if names else str(row), one, drawn)
            append(_columns(row, line, bool(names)))
            done(1)
    if smaller:
        warnings.warn(in_smaller_size(smaller), stacklevel=2)
    return files, seen


def _columns(row: int, line: Line, named: bool) -> dict[str, Any]:
    """Return a line as columns of the table of scores."""
    import numpy as np

    first: dict[str, Any] = {"file": np.array([line.name], dtype=object)} if named else {"row": np.array([row])}
    values = {"score": line.score, "p_value": line.p_value, "flagged": line.flagged}
    numbers = {**values, "regions": line.regions, "largest_region": line.largest}
    return first | {name: np.array([value]) for name, value in numbers.items()}


def _say_what_was_there(folder: Path, files: Sequence[str]) -> None:
    """Name what an earlier run drew of other images."""
    drawn = {folder / name / file for name in DRAWN for file in files}
    others = [path for name in DRAWN for path in (folder / name).rglob("*.png") if path not in drawn]
    if others:
        note(f"{folder}: {counted(len(others), 'file')} of other images, such as {others[0]}, were there and are kept")


def _document(folder: Path, seen: Seen, plot: str | None) -> dict[str, Any]:
    return {
        "rows": len(seen.lines),
        "flagged": int(seen.flagged.sum()),
        "scores": str(folder / SCORES),
        "report": str(folder / REPORT),
        **{name: str(folder / name) for name in DRAWN},
        "worst": [vars(line) for line, _ in seen.worst[:WORST]],
        "plot": plot,
    }


def _text(folder: Path, seen: Seen, detector: AnomalyDetector, plot: str | None) -> str:
    written = {SCORES: "a line for each image", "maps/": "overlays", "masks/": "255 above the threshold, else 0"}
    written[REPORT] = "the worst first"
    worst = [
        {
            "file": line.name,
            "score / threshold": line.score / detector.threshold_,
            "p": line.p_value,
            "flagged": line.flagged,
            "regions": line.regions,
            "largest": line.largest,
        }
        for line, _ in seen.worst[:WORST]
    ]
    said = head(str(folder), len(seen.lines), int(seen.flagged.sum()), detector, plot, "images")
    return "\n\n".join([said, facts(written, "  "), titled("the most abnormal images", worst)])
