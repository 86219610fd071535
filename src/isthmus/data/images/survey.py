"""Survey: the images of a folder, their sizes and common form, known before any is decoded."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isthmus.data.images.decode import decode, head
from isthmus.data.images.files import IMAGES, NAMED, unread
from isthmus.data.images.head import Alpha, Form, common_form
from isthmus.data.listing import Listing, joined_listing
from isthmus.data.sized import Shape, in_threads
from isthmus.support.errors import InputError, listed


@dataclass(frozen=True)
class Survey:
    """Image files and their common form.

    Attributes
    ----------
    paths : list of Path
    shapes : list of tuple
        The shape of each image once decoded.
    form : Form
    y : ndarray of shape (n,), or None
        Class numbers, if subfolders are classes.
    classes : tuple of str
    left_out : int
        How many files could not be read, and were left out.
    """

    paths: list[Path]
    shapes: list[Shape]
    form: Form
    y: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    left_out: int = 0

    def some(self, indices: Sequence[int]) -> Survey:
        """Return the survey of some of the images."""
        y = None if self.y is None else self.y[list(indices)]
        return Survey([self.paths[i] for i in indices], [self.shapes[i] for i in indices], self.form, y, self.classes)


def survey(path: Path | Sequence[Path], alpha: Alpha = "white", skip_broken: bool = False) -> Survey:
    """Read the header of every image in a folder, or in its class subfolders; or of several files and folders.

    Parameters
    ----------
    path : Path or sequence of Path
    alpha : {"white", "keep"}, default "white"
        Whether to blend an alpha channel with white, or keep it as a fourth channel.
    skip_broken : bool, default False
        Skip files that cannot be read, with a warning; this decodes every image once.

    Raises
    ------
    InputError
        There are no images, one cannot be read, or their channels differ.
    """
    paths = [path] if isinstance(path, Path) else list(path)
    files = joined_listing(paths, IMAGES)
    for folder in filter(Path.is_dir, paths):
        if others := unread(folder):
            warnings.warn(f"{str(folder)!r} also holds {others}, which cannot be read yet: left out", stacklevel=3)
    listed_files = len(files.paths)
    if skip_broken:
        files = _whole(files, ", ".join(repr(str(one)) for one in paths))
    heads = in_threads(head, files.paths)
    form = common_form(heads, [f"the image {str(path)!r}" for path in files.paths], alpha)
    shapes = [form.shape(one.height, one.width) for one in heads]
    return Survey(files.paths, shapes, form, files.y, files.classes, listed_files - len(files.paths))


def _whole(files: Listing, where: str) -> Listing:
    """Return the files that can be read."""
    errors = in_threads(error_of, files.paths)
    whole = [i for i, error in enumerate(errors) if error is None]
    if len(whole) == len(errors):
        return files
    broken = [path.name for path, error in zip(files.paths, errors, strict=True) if error is not None]
    what = f"{len(broken):,} of the {len(errors):,} images in {where} cannot be read"
    if not whole:
        raise InputError(f"{what}: {next(filter(None, errors))}")
    warnings.warn(f"{what}, and were left out: {listed(broken, NAMED)}", stacklevel=4)
    return Listing([files.paths[i] for i in whole], None if files.y is None else files.y[whole], files.classes)


def error_of(path: Path) -> str | None:
    """Return why a file cannot be read; None where it can."""
    try:
        decode(path)
    except InputError as error:
        return str(error)
    return None
