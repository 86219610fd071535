"""What ``isthmus denoise`` writes: image files as they were but for the noise, or rows of other data."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from isthmus.apps.cli.command import Failure, note, warn
from isthmus.apps.cli.output import free, show
from isthmus.apps.cli.progress import rows_done
from isthmus.apps.cli.reading_options import SECTION as TABLES
from isthmus.apps.cli.reconstruct import write_reconstruction
from isthmus.apps.cli.rows import Rows
from isthmus.apps.cli.written import write
from isthmus.support.errors import counted, listed

if TYPE_CHECKING:
    from isthmus import Denoiser
    from isthmus.tasks.denoising.shipped import Restoring

OF_ROWS = ("label", "rows", "alpha")
"""Options that say what of DATA is read, and are not about image files."""
SHEET = "-before-after.png"
"""What the name of a figure ends with."""


@dataclass(frozen=True)
class Asked:
    """What was typed.

    Attributes
    ----------
    path : str
        The input.
    output : str or None
    strength : float
    sigma : float or None
    overwrite, before_after, as_json : bool
    mask : str or None
    """

    path: str
    output: str | None
    strength: float
    sigma: float | None
    overwrite: bool
    before_after: bool
    as_json: bool
    mask: str | None = None

    @property
    def outcome(self) -> str:
        """What became of the files."""
        if self.strength == 0:
            return "copied"
        return "without noise" if self.mask is None else "filled"

    @property
    def target(self) -> Path:
        """Where it goes: beside the input, if no output was named."""
        from isthmus.tasks.denoising.targets import output_beside

        return output_beside(Path(self.path)) if self.output is None else Path(self.output)


def check_before_training(asked: Asked, sound: bool) -> None:
    """Refuse an input that is not there, and an output that cannot be written, before anything is learnt."""
    from isthmus.data.audio.sound_files import SOUNDS
    from isthmus.data.images.files import IMAGES
    from isthmus.tasks.denoising.targets import targets

    if not Path(asked.path).exists():
        raise Failure(f"there is no file or folder {asked.path!r}")
    if sound or is_image_input(asked.path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is to be said of other files is said when these are left out
            targets(Path(asked.path), asked.target, asked.overwrite, SOUNDS if sound else IMAGES)


def is_image_input(path: str) -> bool:
    """Tell whether a path is an image file, or a folder of other files than Parquet."""
    from isthmus.data.images.files import are_images

    return are_images([Path(path)])


def denoise_files(restoring: Restoring, asked: Asked) -> None:
    """Write each file without noise, and say so."""
    from isthmus.tasks.denoising.masks import with_masks
    from isthmus.tasks.denoising.restored import restored_files
    from isthmus.tasks.denoising.targets import targets

    refuse_options_of_rows(asked.path)
    source, output = Path(asked.path), asked.target
    every = targets(source, output, asked.overwrite)
    if asked.mask is not None:
        every = with_masks(every, source, Path(asked.mask))
    sheets = sheets_of([one.path for one in every], asked)
    restore, broken, files = restoring(asked.strength, asked.sigma), list[str](), list[str]()
    with unfinished(asked, files), rows_done(len(every), "denoised", "image") as done:
        skip = bool(click.get_current_context().params["skip_broken"])
        for one in restored_files(every, restore, skip):
            done(1)
            for text in one.notes:
                note(text)
            if one.error is not None:
                broken.append(one.source.name)
                continue
            files.append(str(one.path))
            if sheets:
                _draw(one, sheets[one.path])
    say_done(asked, str(every[0].path) if len(every) == 1 else str(output), files, broken, "image")


def _draw(restored: Any, sheet: Path) -> None:
    from isthmus.apps.figures.before_after import before_after

    before_after(restored.source.name, restored.before, restored.after).save(sheet)


@contextmanager
def unfinished(asked: Asked, files: list[str]) -> Iterator[None]:
    """Say of an error in a folder how many files were written before, and how to go on."""
    from isthmus import InputError

    try:
        yield
    except InputError as error:
        if not Path(asked.path).is_dir():
            raise
        before = f"{counted(len(files), 'file')} {'was' if len(files) == 1 else 'were'} written before" if files else ""
        skipping = click.get_current_context().params["skip_broken"]
        remedies = (
            "" if skipping else "--skip-broken leaves out what cannot be read",
            "--overwrite writes the others again" if files else "",
        )
        raise Failure("; ".join(filter(None, (str(error), before, ", ".join(filter(None, remedies)))))) from error


def say_done(asked: Asked, output: str, files: list[str], broken: list[str], noun: str) -> None:
    """Say what was written, and what could not be read."""
    if not files:
        raise Failure(f"{asked.path!r}: none of its {noun}s can be read: {listed(broken, 3)}")
    if broken:
        was = "was" if len(broken) == 1 else "were"
        warn(f"{counted(len(broken), noun)} cannot be read, and {was} left out: {listed(broken, 3)}")
    document = {
        "output": output,
        f"{noun}s": len(files),
        "files": files,
        "left_out": broken,
        "strength": asked.strength,
    }
    show(document, f"{output}: {counted(len(files), noun)} {asked.outcome}", asked.as_json)


def sheets_of(paths: list[Path], asked: Asked) -> dict[Path, Path]:
    """Return where the figure of each file goes; none if they were not asked for.

    Raises
    ------
    Failure
        A figure is there already, and may not be replaced; or it would lie where a file is to be written.
    """
    if not asked.before_after:
        return {}
    times = Counter(path.with_suffix("") for path in paths)
    stems = {path: path.stem if times[path.with_suffix("")] == 1 else path.name.replace(".", "-") for path in paths}
    sheets = {path: path.with_name(f"{stem}{SHEET}") for path, stem in stems.items()}
    if twice := [str(sheet) for sheet in sheets.values() if sheet in sheets]:
        raise Failure(f"--before-after: {listed(twice, 3)} would be a figure, and an output: rename the input")
    taken = [str(sheet) for sheet in sheets.values() if sheet.exists()]
    if taken and not asked.overwrite:
        raise Failure(f"--before-after: {listed(taken, 3)} is there already; --overwrite replaces it")
    return sheets


def refuse_options_of_rows(path: str) -> None:
    """Raise an error if an option was typed that says what of DATA is read."""
    context = click.get_current_context()
    for param in context.command.params:
        typed = context.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE
        if typed and (getattr(param, "section", "") == TABLES or param.name in OF_ROWS):
            raise click.UsageError(f"{param.opts[0]} is not about files such as {path!r}: leave it out")


def denoise_rows(model: Any, asked: Asked, rows: Rows) -> None:
    """Write rows without noise: images in an array, or what an autoencoder makes of other data."""
    if asked.before_after:
        raise click.UsageError(f"--before-after draws image files, but {asked.path!r} holds rows: leave it out")
    if asked.output is None:
        raise click.UsageError(f"{asked.path!r} holds rows: name the file for them with -o")
    if Path(asked.output).resolve() == Path(asked.path).resolve() and not asked.overwrite:
        raise Failure(f"the output {asked.output!r} is the input: name another file, or type --overwrite")
    cleans = "denoise" in model.graphs()
    if not cleans and (asked.strength != 1 or asked.sigma is not None or asked.mask is not None):
        raise click.UsageError("--strength, --sigma and --mask are about images: leave them out")
    free(asked.output, asked.overwrite)
    if not cleans:
        write_reconstruction(model, rows, asked.output, asked.as_json)
        return
    write(asked.output, list(_pieces(model, rows, asked)), asked.as_json, names=rows.names)


def _pieces(denoiser: Denoiser, rows: Rows, asked: Asked) -> Iterator[Any]:
    from isthmus.data.sources.in_memory import pieces
    from isthmus.tasks.denoising.masks import read_mask

    if asked.mask is not None and not Path(asked.mask).is_file():
        raise Failure(f"--mask {asked.mask!r} is no file: images in one file have one mask, an image")
    marked = cache(lambda size: read_mask(Path(str(asked.mask)), size))
    with rows_done(len(rows.X), "denoised", "image") as done:
        for piece in pieces(rows.X):
            mask = asked.mask and [marked(image.shape[:2]) for image in piece]
            yield denoiser.transform(piece, asked.strength, asked.sigma, mask)
            done(len(piece))
