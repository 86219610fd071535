"""Metadata: the description in an exported file, which is read without PyTorch."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import isthmus
from isthmus import FileFormatError
from isthmus.support.errors import extra

KEY = "isthmus"
"""Key of the description, as JSON, in the metadata of the file."""


def described(estimator: Any, part: str, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the description that a program needs to use the file, as JSON."""
    card = estimator.card()
    decided = {"threshold": card.threshold, "thresholds": card.thresholds}
    return {
        "version": isthmus.__version__,
        "estimator": card.estimator,
        "part": part,
        "variant": card.variant,
        "data": card.data,
        **(decided if card.threshold is not None else {}),
        "inputs": inputs,
        "outputs": outputs,
    }


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the description in an exported file.

    Raises
    ------
    FileFormatError
        It is no ONNX file, or isthmus did not write it.
    MissingExtraError
        onnx is not installed.
    """
    result = _onnx(path) if os.fspath(path).lower().endswith(".onnx") else _program(path)
    if KEY not in result:
        raise FileFormatError(f"{str(path)!r} does not say what it is: isthmus did not write it")
    document: dict[str, Any] = json.loads(result[KEY])
    return document


def _onnx(path: str | os.PathLike[str]) -> Mapping[str, str]:
    onnx, message = extra("onnx", "export"), extra("google.protobuf.message", "export")
    try:
        model = onnx.load(os.fspath(path), load_external_data=False)
    except message.DecodeError as error:
        raise FileFormatError(f"{str(path)!r} is no whole ONNX file: {error}") from error
    return {entry.key: entry.value for entry in model.metadata_props}


def _program(path: str | os.PathLike[str]) -> Mapping[str, str]:
    """Return the extra files in an archive of `torch.export`."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            result = [name for name in archive.namelist() if name.endswith(f"extra/{KEY}.json")]
            return {KEY: archive.read(result[0]).decode()} if result else {}
    except zipfile.BadZipFile as error:
        raise FileFormatError(f"{str(path)!r} is no program that torch.export wrote: {error}") from error
