"""What ``isthmus denoise`` does with recordings: noise alone as it is typed, and sound files without noise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isthmus.apps.cli.command import note
from isthmus.apps.cli.progress import rows_done
from isthmus.apps.cli.restoring import Asked, refuse_options_of_rows, say_done, sheets_of, unfinished

if TYPE_CHECKING:
    from isthmus import Denoiser, Sound
    from isthmus.data.listing import FileKind


def is_sound_input(path: str) -> bool:
    """Tell whether a path is a sound file, or a folder that holds some."""
    from isthmus.data.audio.sound_files import SOUNDS

    return _holds(path, SOUNDS)


def is_sound_alone(path: str) -> bool:
    """Tell whether a path is a sound file, or a folder that holds some, and no images."""
    from isthmus.data.images.files import IMAGES

    return is_sound_input(path) and not _holds(path, IMAGES)


def _holds(path: str, kind: FileKind) -> bool:
    from isthmus.data.listing import tree

    return bool(tree(Path(path), kind).paths) if Path(path).is_dir() else kind.fits(Path(path))


def typed_noise(path: str, clip: str | None, stretch: str | None) -> str | Sound | None:
    """Return noise alone: the file of --noise, or the stretch of the input that --noise-from names."""
    from isthmus.tasks.denoising.recordings import part_of

    if clip is None and stretch is None:
        return None
    if clip is not None and stretch is not None:
        raise click.UsageError("--noise names a file, --noise-from a stretch of the input: give one of them")
    if not is_sound_input(path):
        raise click.UsageError(
            f"--noise and --noise-from are about recordings, but {path!r} holds none: leave them out"
        )
    if stretch is None:
        return clip
    if Path(path).is_dir():
        raise click.UsageError(f"{path!r} is a folder: cut the noise out of one of its files, and name it with --noise")
    return part_of(Path(path), *_seconds(stretch))


def _seconds(stretch: str) -> tuple[float, float]:
    """Return the seconds of A:B.

    Examples
    --------
    >>> _seconds("0.5:2")
    (0.5, 2.0)
    """
    first, colon, last = stretch.partition(":")
    try:
        if colon:
            return float(first or 0), float(last)
    except ValueError:
        pass
    raise click.UsageError(f"--noise-from {stretch!r}: expected seconds from and to, such as 0:2")


def denoise_sounds(denoiser: Denoiser, asked: Asked) -> None:
    """Write each sound file without noise, and say so."""
    from isthmus.data.audio.sound_files import SOUNDS
    from isthmus.tasks.denoising.sound_file import cleaned_files
    from isthmus.tasks.denoising.targets import targets

    refuse_options_of_rows(asked.path)
    if asked.mask is not None:
        raise click.UsageError(f"--mask is about images, but {asked.path!r} holds sounds: leave it out")
    output = asked.target
    every = targets(Path(asked.path), output, asked.overwrite, SOUNDS)
    sheets = sheets_of([one.path for one in every], asked)
    files, broken = list[str](), list[str]()
    with unfinished(asked, files), rows_done(len(every), "denoised", "recording") as done:
        skip = bool(click.get_current_context().params["skip_broken"])
        for one in cleaned_files(every, denoiser.cleaning(asked.strength, asked.sigma), skip):
            done(1)
            for text in one.notes:
                note(text)
            if one.error is not None:
                broken.append(one.source.name)
                continue
            files.append(str(one.path))
            if sheets and one.before is not None and one.after is not None:
                _draw(one.before, one.after, sheets[one.path])
    say_done(asked, str(every[0].path) if len(every) == 1 else str(output), files, broken, "recording")


def _draw(before: Sound, after: Sound, sheet: Path) -> None:
    from isthmus.apps.figures.sound_before_after import sound_before_after

    sound_before_after(Path(before.name).name, before, after).save(sheet)
