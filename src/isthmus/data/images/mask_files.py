"""Mask files: which file of a folder is the mask of which image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

from isthmus.data.images.files import IMAGES, NAMED
from isthmus.data.listing import tree
from isthmus.support.errors import InputError, listed

SUFFIX = "_mask"
"""What the name of a mask may have behind the name of its image."""


def mask_files(names: Sequence[str], folder: Path) -> list[Path | None]:
    """Return the file of the mask of each image; None where there is none.

    The mask of ``KIND/NAME.png`` is ``KIND/NAME_mask.png`` in the folder, as MVTec AD has it, or ``KIND/NAME.png``, or
    one of these without ``KIND``; it may have another ending.

    Parameters
    ----------
    names : sequence of str
        Of the images, in their own folder.
    folder : Path
        Of the masks.

    Raises
    ------
    InputError
        There is no such folder, or it holds no masks, or two that may be the mask of one image, or one that may be that
        of two.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder of masks {str(folder)!r}: name one with an image for each faulty one")
    known = _by_stem(folder)
    if not known:
        raise InputError(f"{str(folder)!r} holds no images that could be masks")
    files = [_mask_of(PurePath(name), known, folder) for name in names]
    _check_once(names, files)
    return files


def check_there(names: Sequence[str], files: Sequence[Path | None], needed: Sequence[bool], folder: Path) -> None:
    """Raise an error that names the images without a mask, of those that need one.

    Raises
    ------
    InputError
        There are some.
    """
    lacking = [name for name, file, must in zip(names, files, needed, strict=True) if must and file is None]
    if lacking:
        first = PurePath(lacking[0])
        raise InputError(
            f"{str(folder)!r} holds no mask of {listed(lacking, NAMED)}: {len(lacking)} of {sum(needed)} images have "
            f"none; a mask is called {first.with_name(first.stem + SUFFIX + '.png')} or {first.with_suffix('.png')}; "
            "that of a normal image is black, and may be missing where the image is in a subfolder good"
        )


def _by_stem(folder: Path) -> dict[PurePath, list[Path]]:
    """Return the images in a folder by their names in it, without their ending."""
    known: dict[PurePath, list[Path]] = {}
    for path in tree(folder, IMAGES).paths:
        known.setdefault(PurePath(path.relative_to(folder)).with_suffix(""), []).append(path)
    return known


def _mask_of(name: PurePath, known: dict[PurePath, list[Path]], folder: Path) -> Path | None:
    stem = name.with_suffix("")
    for candidate in (stem, PurePath(stem.name)):
        for one in (candidate.with_name(candidate.name + SUFFIX), candidate):
            files = known.get(one, [])
            if len(files) > 1:
                raise InputError(
                    f"{str(folder)!r} holds {files[0].name!r} and {files[1].name!r}, either of which may be the mask "
                    f"of {str(name)!r}: take one out"
                )
            if files:
                return files[0]
    return None


def _check_once(names: Sequence[str], files: Sequence[Path | None]) -> None:
    """Refuse a mask that may be that of two images."""
    owner: dict[Path, str] = {}
    for name, file in zip(names, files, strict=True):
        if file is not None and (other := owner.setdefault(file, name)) != name:
            raise InputError(
                f"the mask {str(file)!r} may be that of {other!r} or of {name!r}: put masks into subfolders of the "
                "same names as those of the images"
            )
