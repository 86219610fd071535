"""Listing the files of a folder, whose subfolders may be classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isthmus.support.errors import InputError


@dataclass(frozen=True)
class Listing:
    """Files sorted by name; if the subfolders of a folder are classes, with class numbers and names."""

    paths: list[Path]
    y: np.ndarray | None
    classes: tuple[str, ...]


@dataclass(frozen=True)
class FileKind:
    """Files of one kind.

    Attributes
    ----------
    noun : str
        What they are, in the plural.
    suffixes : tuple of str
        Of their names.
    unread : callable
        Returns which files of a folder are nearly such, but cannot be read; empty if there are none.
    """

    noun: str
    suffixes: tuple[str, ...]
    unread: Callable[[Path], str] = lambda folder: ""

    def within(self, folder: Path) -> list[Path]:
        """Return the files of this kind in a folder itself."""
        return [path for path in visible(folder) if self.fits(path)]

    def fits(self, path: Path) -> bool:
        """Tell whether a path is a file of this kind, by its name."""
        return path.suffix.lower() in self.suffixes and path.is_file()

    def holds(self, folder: Path) -> bool:
        """Tell whether there are such files in a folder or its subfolders."""
        return any(self.within(one) for one in [folder, *filter(Path.is_dir, visible(folder))])


def visible(folder: Path) -> list[Path]:
    """Return what is in a folder, sorted; hidden files are left out."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def listing(folder: Path, kind: FileKind) -> Listing:
    """Return the files in a folder, or in its class subfolders; other files and hidden files are skipped.

    Raises
    ------
    InputError
        There are none, or some are outside the class subfolders.
    """
    loose = kind.within(folder)
    classes = {sub.name: paths for sub in visible(folder) if sub.is_dir() and (paths := kind.within(sub))}
    if loose and classes:
        raise InputError(
            f"{str(folder)!r} holds {loose[0].name!r} beside the class subfolder {next(iter(classes))!r}: "
            f"put all {kind.noun} into class subfolders, or none"
        )
    if not loose and not classes:
        others = kind.unread(folder)
        raise InputError(
            f"{str(folder)!r} holds no {kind.noun}, nor do its subfolders; looked for {', '.join(kind.suffixes)}"
            f"{f'; it holds {others}, which cannot be read yet' if others else ''}"
        )
    if loose:
        return Listing(loose, None, ())
    y = np.repeat(np.arange(len(classes)), [len(paths) for paths in classes.values()])
    return Listing([path for paths in classes.values() for path in paths], y, tuple(classes))


@dataclass(frozen=True)
class Tree:
    """What is in a folder and all folders in it, sorted.

    Attributes
    ----------
    paths : list of Path
        Files of a kind.
    others : list of Path
        All others; also links to nothing, and links to folders, which are not followed.
    """

    paths: list[Path]
    others: list[Path]


def tree(folder: Path, kind: FileKind) -> Tree:
    """Return the files in a folder and in all folders in it; what is hidden is left out."""
    inside = Tree([], [])
    for path in visible(folder):
        if path.is_dir() and not path.is_symlink():
            inner = tree(path, kind)
            inside.paths.extend(inner.paths)
            inside.others.extend(inner.others)
        else:
            (inside.paths if kind.fits(path) else inside.others).append(path)
    return inside


def joined_listing(paths: Sequence[Path], kind: FileKind) -> Listing:
    """Return several files, and the files of several folders, as one, in this order.

    Raises
    ------
    InputError
        As `listing`; or some have class subfolders and others none.
    """
    parts = [listing(path, kind) if path.is_dir() else Listing([path], None, ()) for path in paths]
    files = [path for part in parts for path in part.paths]
    labelled = [part.y is not None for part in parts]
    if not any(labelled):
        return Listing(files, None, ())
    if not all(labelled):
        there, lacking = paths[labelled.index(True)], paths[labelled.index(False)]
        raise InputError(
            f"{str(there)!r} has class subfolders, but {str(lacking)!r} has none: give {kind.noun} that all have "
            "classes, or none"
        )
    classes = sorted({name for part in parts for name in part.classes})
    y = [classes.index(part.classes[number]) for part in parts if part.y is not None for number in part.y.tolist()]
    return Listing(files, np.array(y), tuple(classes))


def are_files(paths: Sequence[Path], kind: FileKind) -> bool:
    """Tell whether all of some paths are files of a kind, or folders that hold some."""
    return all(kind.holds(path) if path.is_dir() else kind.fits(path) for path in paths)
