"""Pairs of files: the noisy and the clean version of each, which belong together by their names."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isthmus.data.listing import FileKind, listing
from isthmus.support.errors import InputError, listed

NAMED = 3
"""Files that a message names, at most."""


def is_path(X: object) -> bool:
    """Tell whether X is the path of a file or folder."""
    return isinstance(X, (str, os.PathLike))


def existing(path: Any) -> Path:
    """Return a path; raise an error if nothing is there."""
    if not os.path.exists(path):
        raise InputError(f"there is no file or folder {os.fspath(path)!r}")
    return Path(path)


def paired_files(noisy: Any, clean: Any, kind: FileKind) -> tuple[list[Path], list[Path]]:
    """Return the files of two folders, or two files, in the same order.

    Raises
    ------
    InputError
        They differ in number or in names.
    """
    sides = [existing(path) for path in (noisy, clean)]
    if sides[0].resolve() == sides[1].resolve():
        raise InputError(f"{str(noisy)!r} is named as the noisy and as the clean {kind.noun}: name two folders")
    files = [_named(path, kind) for path in sides]
    if all(path.is_dir() for path in sides):
        _check_names(sides, files, kind)
    elif any(path.is_dir() for path in sides):
        raise InputError(f"{str(noisy)!r} and {str(clean)!r} are not pairs: give two folders, or two files")
    return list(files[0].values()), [files[1][name] for name in files[0]]


def _named(path: Path, kind: FileKind) -> dict[str, Path]:
    """Return the files of a folder by their names in it: without the ending, where that is unique."""
    if not path.is_dir():
        return {"": path}
    paths = listing(path, kind).paths
    stems = [str(one.relative_to(path).with_suffix("")) for one in paths]
    times = Counter(stems)
    return {
        stem if times[stem] == 1 else str(one.relative_to(path)): one for stem, one in zip(stems, paths, strict=True)
    }


def _check_names(sides: Sequence[Path], files: Sequence[dict[str, Path]], kind: FileKind) -> None:
    noun = kind.noun.removesuffix("s")
    for (here, there), (known, others) in zip((sides, sides[::-1]), (files, files[::-1]), strict=True):
        if alone := [path.name for name, path in known.items() if name not in others]:
            raise InputError(
                f"{str(here)!r} holds {listed(alone, NAMED)}, but {str(there)!r} holds no {noun} of that name: the "
                f"noisy and the clean version of {'an' if noun[0] in 'aeiou' else 'a'} {noun} are called alike "
                f"({len(files[0])} and {len(files[1])} {kind.noun})"
            )
