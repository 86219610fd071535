"""One .safetensors file: tensors, and a versioned JSON description in its header. No pickle anywhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from isthmus.support.atomic import atomic
from isthmus.support.errors import FileFormatError, InputError

FORMAT = "isthmus"
VERSION = 2
"""2: weights may be float16 where the description asks for float32. Files without such weights are of version 1."""
HALVED = 256
"""Minimum numbers of a tensor that is written as float16."""

BROKEN = (
    SafetensorError,
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
)
"""Exceptions that libraries raise for truncated or corrupt files."""

FORMER_LAYERS = {"given": "conditioning"}
"""Names that layers have in files of former releases."""

Tensors = dict[str, Tensor]


def write(path: str | os.PathLike[str], root: dict[str, Any], tensors: Tensors) -> None:
    """Write a description and its tensors; an existing file is replaced only once the new one is complete.

    Parameters
    ----------
    path : str or PathLike
    root : dict
        The description of what is saved, as plain JSON.
    tensors : dict of Tensor

    Raises
    ------
    InputError
        The file cannot be written; an existing file stays unchanged.
    """
    version = VERSION if any(tensor.dtype == torch.float16 for tensor in tensors.values()) else 1
    header = {"format": FORMAT, "version": str(version), "root": json.dumps(root, allow_nan=False)}
    contiguous = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with atomic(path) as temporary:
        mode = temporary.stat().st_mode
        try:
            save_file(contiguous, temporary, metadata=header)
            temporary.chmod(mode)  # save_file makes a file of its own, for the owner only
        except SafetensorError as error:
            raise InputError(f"cannot write {str(path)!r}: {error}; nothing was changed") from error


def halved(tensors: Tensors) -> Tensors:
    """Return tensors with float16 for the weights of layers: float32, of two axes at least, within its range."""
    return {name: tensor.half() if _halves(tensor) else tensor for name, tensor in tensors.items()}


def _halves(tensor: Tensor) -> bool:
    large = tensor.dtype == torch.float32 and tensor.ndim > 1 and tensor.numel() >= HALVED
    return large and bool(tensor.abs().max() < torch.finfo(torch.float16).max)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], Tensors]:
    """Read a file that `write` wrote.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file is truncated, tampered with, not isthmus's, or of a newer version.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no model file {str(path)!r}")
    with refused_if_broken(path), safe_open(path, framework="pt") as file:
        root = _root(path, file.metadata() or {})
        return root, {name: _whole(file.get_tensor(name)) for name in file.keys()}


def _whole(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype == torch.float16 else tensor


@contextmanager
def refused_if_broken(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn the errors that libraries raise for a broken file into a FileFormatError."""
    try:
        yield
    except BROKEN as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(
            f"{str(path)!r} is not a whole isthmus file ({error}): it was cut short, changed, or is something else"
        ) from error


def _root(path: str | os.PathLike[str], header: dict[str, str]) -> dict[str, Any]:
    if header.get("format") != FORMAT:
        raise FileFormatError(
            f"{str(path)!r} holds tensors, but isthmus did not write it: its header has no description"
        )
    version = header.get("version", "")
    if not version.isdigit() or int(version) > VERSION:
        raise FileFormatError(
            f"{str(path)!r} has format version {version!r}; this release reads up to {VERSION}: update isthmus"
        )
    root = json.loads(header["root"])
    if not isinstance(root, dict):
        raise FileFormatError(f"the description in {str(path)!r} is not an object")
    return root


def adopt(module: nn.Module, tensors: Tensors, prefix: str) -> None:
    """Give a module, built on the meta device, the tensors under a prefix; names, shapes and types must be equal.

    Raises
    ------
    FileFormatError
        A tensor is missing or superfluous, or has another shape or type than in the description.
    """
    loaded = {_current(name.removeprefix(prefix)): t for name, t in tensors.items() if name.startswith(prefix)}
    wanted = module.state_dict()
    for name in wanted.keys() | loaded.keys():
        if name not in loaded or name not in wanted:
            fault = "is missing in the file" if name not in loaded else "is in the file but not in its description"
            raise FileFormatError(f"the tensor {prefix + name!r} {fault}: the file was tampered with")
        asked, stored = wanted[name], loaded[name]
        if asked.shape != stored.shape or asked.dtype != stored.dtype:
            raise FileFormatError(
                f"the tensor {prefix + name!r} is {stored.dtype} {tuple(stored.shape)}, but its description asks "
                f"for {asked.dtype} {tuple(asked.shape)}: the file was tampered with"
            )
    module.load_state_dict(loaded, assign=True)


def _current(name: str) -> str:
    return ".".join(FORMER_LAYERS.get(part, part) for part in name.split("."))


@contextmanager
def building() -> Iterator[None]:
    """Build modules without memory for their tensors, and turn errors of a wrong description into FileFormatError."""
    try:
        with torch.device("meta"):
            yield
    except BROKEN as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"the description in the file cannot be built: {error}") from error
