"""What ``isthmus detect`` checks of folders of images before it trains on them, and how it takes these."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.apps.cli.command import Failure, note, warn
from isthmus.apps.cli.detect.choices import NOTHING_TO_NAME, Options
from isthmus.support.errors import counted, listed

if TYPE_CHECKING:
    import numpy as np

    from isthmus import Images
    from isthmus.apps.cli.detect.normal import TrainingRows

GOOD = "good"
"""What the folder of normal images is called beside those of each kind of defect."""
DRAWN = ("maps", "masks")
"""The folders that are written into the output."""
SCORES_FIGURE = "scores.svg"
"""The figure of the scores in the output, if it is asked for without a name."""
NAMED = 3
FOLDER = "an output folder (-o)"
"""What asks for maps."""


def is_folder(output: str) -> bool:
    """Tell whether an output is a folder: there is one, or its name ends in a slash or has no ending.

    Examples
    --------
    >>> is_folder("no/such/scores.csv"), is_folder("no/such/result"), is_folder("no/such.d/")
    (False, True, True)
    """
    path = Path(output).expanduser()
    return path.is_dir() or output.endswith("/") or not path.suffix


def check_folders(options: Options, output: str, explain: bool) -> None:
    """Refuse an output folder among the images that are read, or the other way round, and data that are no images."""
    if options.window is not None or _is_other_file(options.data):
        what = "a signal" if options.window is not None else repr(options.data)
        raise Failure(
            f"{output!r} is a folder, for the maps of images, which {what} has none of: end it in .csv, .parquet or "
            ".feather"
        )
    if explain:
        raise Failure(NOTHING_TO_NAME)
    target = Path(output).expanduser().resolve()
    for flag, path in (("", options.data), ("--train ", options.train), ("--recalibrate ", options.recalibrate)):
        if path is None or not Path(path).expanduser().exists():
            continue
        source = Path(path).expanduser().resolve()
        if (
            source == target
            or source in target.parents
            or any((target / name) in (source, *source.parents) for name in DRAWN)
        ):
            raise Failure(
                f"the output {output!r} and the images of {flag}{path} lie one within the other: what is drawn would "
                "be read as images by the next run; choose another folder"
            )


def _is_other_file(path: str) -> bool:
    """Tell whether a path is a file that holds no images, by its name."""
    from isthmus.data.io.appending import OPENERS

    return Path(path).suffix.lower() in (*OPENERS, ".tsv", ".xlsx", ".json", ".jsonl")


def check_kinds(options: Options) -> None:
    """Refuse a folder to train on that holds one of good images beside others, of defects."""
    if options.train is None or options.contamination is not None:
        return
    folder, others = Path(options.train).expanduser(), _defects(options.train)
    if others:
        raise Failure(
            f"--train {options.train}: beside {GOOD!r} there are {listed(map(repr, others), NAMED)}, which look like "
            f"kinds of defects, and would be trained on as normal: give --train {folder / GOOD}; or, if a known "
            "fraction of all may be abnormal, --contamination"
        )


def _defects(path: str) -> list[str]:
    """Return the folders of images beside that of good ones; empty where there is no such folder."""
    from isthmus.data.images.files import IMAGES
    from isthmus.data.listing import visible

    folder = Path(path).expanduser()
    if not (folder / GOOD).is_dir():
        return []
    return [sub.name for sub in visible(folder) if sub.is_dir() and sub.name != GOOD and IMAGES.within(sub)]


def images_as(options: Options, X: Any) -> Images | None:
    """Return how images are taken: as typed; else by crops where what is abnormal in them is to be located."""
    from isthmus.data.images.images import Images
    from isthmus.tasks.anomaly.pictures import images_for

    typed = dict(options.images)
    if options.window is not None:
        return None
    located = options.score == "defects" or (options.folder and options.scorer is None)
    images = images_for(X, options.score, located, **typed)
    if images is None:
        return Images(**typed) if typed else None
    if "crop" not in typed:
        light = "" if "light" in typed or images.light == "as-is" else ", in even light (--light)"
        crops = f"crops of {images.crop} x {images.crop} pixels (--crop)"
        note(f"{options.train or options.data}: what is abnormal is located, trained on by {crops}{light}")
    return images


def check_mappable(options: Options, data: Any) -> None:
    """Refuse an output folder for data, or a typed score, without heat maps."""
    from isthmus.tasks.anomaly.heat import check_pictorial, check_scorer

    if options.folder:
        check_pictorial(data, FOLDER)
        check_scorer(options.score, FOLDER)


def check_channels(options: Options, rows: TrainingRows) -> None:
    """Refuse images to score with other channels than those to train on, before they are trained on."""
    from isthmus.data.images.census import census
    from isthmus.data.io.files import read_images

    if options.train is None or not _image_files(options.data) or not _image_files(options.train):
        return
    new = read_images([str(Path(options.data).expanduser())], budget=0)
    channels, known = (census(X).channels for X in (new.X if new else rows.X, rows.X))
    if channels != known:
        raise Failure(
            f"{options.data}: images have {counted(channels, 'channel')}, but those of --train {options.train} have "
            f"{known} (1 is grey, 3 colour, 4 colour with alpha): bring both to one form"
        )


def units_from_names(options: Options, rows: TrainingRows) -> np.ndarray | None:
    """Return what each image to train on is of, with any known anomalies, if the names of files say it."""
    import numpy as np

    from isthmus.data.images.unit_names import units_of

    units = None if options.no_units else units_of(rows.names)
    if units is None:
        return None
    values, number = np.unique(units, return_counts=True)
    example = [rows.names[index] for index in np.flatnonzero(units == values[number.argmax()])[:2]]
    note(
        f"{options.train or options.data}: the names say that these are images of {len(values):,} things, such as "
        f"{' and '.join(example)} of one: those of one are held out together for the threshold (--no-units: each apart)"
    )
    known = 0 if rows.known is None else len(rows.known)
    return np.concatenate([units, np.repeat(["known"], known)])


def say_what_is_equal(options: Options, rows: TrainingRows) -> None:
    """Warn about images to train on that are equal, and about those that are scored too."""
    from isthmus.tasks.anomaly.checks import check_equal

    check_equal(rows.X, rows.names)
    if options.train is None:
        return
    from isthmus.data.images.equal import equal_files

    pairs = equal_files(_image_files(options.data), _image_files(options.train))
    if pairs:
        said = [str(one) if one == other else f"{one} = {other}" for one, other in pairs]
        warn(
            f"{len(pairs):,} of the images to score are also trained on: {listed(said, NAMED)}; they look more normal "
            f"than they are: leave them out of {options.train}"
        )


def _image_files(path: str) -> list[Path]:
    """Return the image files of a folder, or a file itself; none of what is no path of images."""
    from isthmus.data.images.files import IMAGES, are_images
    from isthmus.data.listing import joined_listing

    source = Path(path).expanduser()
    return joined_listing([source], IMAGES).paths if source.exists() and are_images([source]) else []
