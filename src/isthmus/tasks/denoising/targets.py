"""Targets: where restored files go, checked before anything is written: no original is harmed."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from isthmus.data.images.files import IMAGES
from isthmus.data.listing import FileKind, listing, tree
from isthmus.support.errors import DataWarning, InputError, listed
from isthmus.tasks.denoising.pairing import NAMED

SUFFIX = "-denoised"
"""What is added to the name of an input where no output is named."""
SAME = {".jpeg": ".jpg", ".tiff": ".tif", ".heif": ".heic"}
"""Endings that mean the same format as another."""


@dataclass(frozen=True)
class Target:
    """A file, the file that its restoration goes to, and an image of what is to be filled, if any."""

    source: Path
    path: Path
    mask: Path | None = None


def output_beside(source: Path) -> Path:
    """Return where the result goes if no output is named: beside the input.

    Examples
    --------
    >>> str(output_beside(Path("a/photo.jpg"))), str(output_beside(Path("scans/")))
    ('a/photo-denoised.jpg', 'scans-denoised')
    """
    source = source if source.name.strip(".") else source.resolve()
    return source.with_name(f"{source.stem}{SUFFIX}{source.suffix}" if source.suffix else f"{source.name}{SUFFIX}")


def targets(source: Path, output: Path, overwrite: bool = False, kind: FileKind = IMAGES) -> list[Target]:
    """Return the files to read, each with the file to write, in the order of their names.

    Parameters
    ----------
    source : Path
        A file, or a folder: all files of the kind in it, and in the folders in it.
    output : Path
        A file for a file, a folder for a folder; a folder that is there takes a file under its own name.
    overwrite : bool, default False
        Whether files that are there may be replaced, the input too if it is the output.
    kind : FileKind, default IMAGES
        What is restored.

    Raises
    ------
    InputError
        There is no such input, or no such file in it; or the output is inside the input, of another format, or there;
        or a file would be written twice, or over another input.

    Warns
    -----
    DataWarning
        A folder holds other files: these are left out.
    """
    if not source.exists():
        raise InputError(f"there is no file or folder {str(source)!r}")
    every = _of_folder(source, output, kind) if source.is_dir() else [_of_file(source, output)]
    _check_free([one.path for one in every], overwrite)
    _check_apart(every)
    return every


def _of_file(source: Path, output: Path) -> Target:
    path = output / source.name if output.is_dir() else output
    if _ending(path) != _ending(source):
        raise InputError(
            f"the output {str(path)!r} is to have the format of the input {source.name!r}: end its name in "
            f"{source.suffix!r} and convert it afterwards, or name a folder that is there"
        )
    if not path.parent.is_dir():
        raise InputError(f"cannot write {str(path)!r}: there is no folder {str(path.parent)!r}; make it first")
    return Target(source, path)


def _ending(path: Path) -> str:
    return SAME.get(path.suffix.lower(), path.suffix.lower())


def _of_folder(source: Path, output: Path, kind: FileKind) -> list[Target]:
    if output.exists() and not output.is_dir():
        raise InputError(
            f"the input {str(source)!r} is a folder, so the output is one too, but {str(output)!r} is none"
        )
    inner, outer = output.resolve(), source.resolve()
    if outer in inner.parents:
        raise InputError(
            f"the output {str(output)!r} is inside the input {str(source)!r}, where its files would be taken for "
            f"{kind.noun} to restore: name a folder elsewhere"
        )
    if not output.parent.is_dir():
        raise InputError(f"cannot write {str(output)!r}: there is no folder {str(output.parent)!r}; make it first")
    inside = tree(source, kind)
    if not inside.paths:
        listing(source, kind)  # says that there are none, and what there is
    _warn_of_others(source, inside.others, kind)
    return [Target(path, output / path.relative_to(source)) for path in inside.paths]


def _warn_of_others(source: Path, others: Sequence[Path], kind: FileKind) -> None:
    if others:
        names = listed([str(path.relative_to(source)) for path in others], NAMED)
        warnings.warn(f"{str(source)!r} also holds {names}: no {kind.noun}, left out", DataWarning, stacklevel=4)


def _check_apart(every: Sequence[Target]) -> None:
    """Refuse links by which a file would be written twice, or over an input that is still to be read."""
    links_first = sorted((one.source for one in every), key=lambda path: not path.is_symlink())
    sources = {path.resolve(): path for path in links_first}
    written: dict[Path, Path] = {}
    for one in every:
        path = one.path.resolve()
        if one.path.is_symlink() and path != one.source.resolve() and path not in sources:
            raise InputError(
                f"the output {str(one.path)!r} is a link to {str(path)!r}, which would be replaced: name that file "
                "itself, or take the link out"
            )
        other = written.setdefault(path, one.source)
        if other is not one.source:
            raise InputError(
                f"{str(other)!r} and {str(one.source)!r} would both be written to {str(path)!r}, to which a link "
                "leads: take the link out"
            )
        if path in sources and sources[path] is not one.source:
            raise InputError(
                f"{str(one.path)!r} leads to {str(sources[path])!r}, which is another input: name an output without "
                "links to the input"
            )


def _check_free(paths: Sequence[Path], overwrite: bool) -> None:
    taken = [str(path) for path in paths if path.exists()]
    if taken and not overwrite:
        raise InputError(
            f"the output is there already: {listed(taken, NAMED)}; name another one, or let it be replaced "
            "(--overwrite; in Python transform_files(source, output, overwrite=True))"
        )
