"""What ``isthmus denoise`` writes: image files as they were but for the noise, or rows of other data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from isthmus.apps.cli.command import Failure, note, warn
from isthmus.apps.cli.output import show
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


def is_image_input(path: str) -> bool:
    """Tell whether a path is an image file, or a folder of other files than Parquet."""
    from isthmus.data.images.files import are_images

    return are_images([Path(path)])


def denoise_files(restoring: Restoring, asked: Asked) -> None:
    """Write each file without noise, and say so."""
    from isthmus.tasks.denoising.masks import with_masks
    from isthmus.tasks.denoising.restored import restored_files
    from isthmus.tasks.denoising.targets import output_beside, targets

    refuse_options_of_rows(asked.path)
    source = Path(asked.path)
    output = output_beside(source) if asked.output is None else Path(asked.output)
    every = targets(source, output, asked.overwrite)
    if asked.mask is not None:
        every = with_masks(every, source, Path(asked.mask))
    if asked.before_after:
        check_sheets([sheet_of(one.path) for one in every], asked.overwrite)
    restore, broken, files = restoring(asked.strength, asked.sigma), [], []
    with rows_done(len(every), "denoised", "image") as done:
        skip = bool(click.get_current_context().params["skip_broken"])
        for one in restored_files(every, restore, skip):
            done(1)
            for text in one.notes:
                note(text)
            if one.error is not None:
                broken.append(one.source.name)
                continue
            files.append(str(one.path))
            if asked.before_after:
                _draw(one)
    say_done(asked, str(every[0].path) if len(every) == 1 else str(output), files, broken, "image")


def _draw(restored: Any) -> None:
    from isthmus.apps.figures.before_after import before_after

    before_after(restored.source.name, restored.before, restored.after).save(sheet_of(restored.path))


def say_done(asked: Asked, output: str, files: list[str], broken: list[str], noun: str) -> None:
    """Say what was written, and what could not be read."""
    if not files:
        raise Failure(f"{asked.path!r}: none of its {noun}s can be read: {listed(broken, 3)}")
    if broken:
        warn(f"{counted(len(broken), noun)} cannot be read, and were left out: {listed(broken, 3)}")
    document = {
        "output": output,
        f"{noun}s": len(files),
        "files": files,
        "left_out": broken,
        "strength": asked.strength,
    }
    show(document, f"{output}: {counted(len(files), noun)} without noise", asked.as_json)


def sheet_of(path: Path) -> Path:
    """Return where the figure of a file goes."""
    return path.with_name(f"{path.stem}{SHEET}")


def check_sheets(paths: list[Path], overwrite: bool) -> None:
    """Raise an error if a figure is there already, and may not be replaced."""
    taken = [str(path) for path in paths if path.exists()]
    if taken and not overwrite:
        raise Failure(f"--before-after: {listed(taken, 3)} is there already; --overwrite replaces it")


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
    if "denoise" not in model.graphs():
        if asked.strength != 1 or asked.sigma is not None:
            raise click.UsageError("--strength and --sigma are about images: leave them out")
        write_reconstruction(model, rows, asked.output, asked.as_json)
        return
    write(asked.output, list(_pieces(model, rows, asked)), asked.as_json, names=rows.names)


def _pieces(denoiser: Denoiser, rows: Rows, asked: Asked) -> Iterator[Any]:
    from isthmus.data.sources.in_memory import pieces

    with rows_done(len(rows.X), "denoised", "image") as done:
        for piece in pieces(rows.X):
            yield denoiser.transform(piece, asked.strength, asked.sigma)
            done(len(piece))
