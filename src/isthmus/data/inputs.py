"""What users have in Python (records, sparse and masked arrays, DataLoaders) in a form that all kinds of data read."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import narwhals as nw
import numpy as np
import torch
from scipy import sparse

from isthmus.core.data import Rows
from isthmus.data.images.lists import from_pillow, in_one_form, is_mixed_list, is_pillow_list
from isthmus.data.sources.budget import available
from isthmus.data.sources.loaders import LabelledRows, gathered, is_loader
from isthmus.data.tables.records import from_columns, from_records, is_records
from isthmus.support.errors import DataWarning, InputError, InputTypeError, extra

SAID_FROM = 2**30
"""Bytes from which it is said that what was sparse is dense now."""

DENSE = 0.5
"""Fraction of the available memory that what was sparse may take."""

WANTED = (
    "give an array, a DataFrame, a tensor, a list of rows, records or images, or a DataLoader; rows that do not fit "
    "in memory as a Parquet file or a folder of images, which are streamed"
)

LOW_PRECISION = (torch.bfloat16, torch.float16)


def taken(X: Any) -> Rows:
    """Return X in a form that data read: an array, DataFrame, tensor, list of rows or of images, or a stream.

    These themselves are returned unchanged. A list of dicts, and a dict of columns, become a DataFrame. Masked cells
    become missing ones. What is sparse becomes dense, if it fits in memory. Tensors come to the CPU, in float32 if they
    were of half precision. PIL images become arrays, and a list of images that mixes grey and colour becomes colour.
    What a DataLoader or a Dataset yields is gathered in memory, in the order of its data set.

    Raises
    ------
    InputError
        X is something else, or does not fit in memory.
    """
    return labelled(X).X


def labelled(X: Any, y: Any = None) -> LabelledRows:
    """Return X as `taken` does, and the labels: y, or those that a DataLoader or a Dataset yields beside X."""
    if is_loader(X):
        loaded = gathered(X)
        return LabelledRows(_plain(loaded.X), loaded.y if y is None else y)
    return LabelledRows(_plain(X), y)


def _plain(X: Any) -> Rows:
    convert = next((convert for applies, convert in FORMS if applies(X)), None)
    return X if convert is None else convert(X)


def _dense(X: Any) -> Any:
    """Return what is sparse as a dense array."""
    _check_room(X.shape, X.dtype.itemsize)
    return _plain(X.toarray())


def _dense_columns(X: Any) -> Any:
    """Return a pandas DataFrame with dense columns instead of sparse ones."""
    dense = {name: dtype.subtype for name, dtype in X.dtypes.items() if _is_sparse(dtype)}
    _check_room((len(X), len(dense)), 8)
    return X.astype(dense)


def _check_room(shape: tuple[int, ...], itemsize: int) -> None:
    size, room = float(np.prod([*shape, itemsize], dtype=np.float64)), available() * DENSE
    if size > room:
        raise InputError(
            f"X is sparse, and would take {size / 1e9:,.1f} GB as a dense array, but there is memory for "
            f"{room / 1e9:,.1f} GB: give fewer columns (sklearn.decomposition.TruncatedSVD), or write the rows to a "
            "Parquet file, which is streamed"
        )
    if size >= SAID_FROM:
        warnings.warn(f"X is sparse: as a dense array it takes {size / 1e9:,.1f} GB", DataWarning, stacklevel=5)


def _tensor(X: torch.Tensor) -> torch.Tensor:
    """Return a tensor on the CPU, dense, without a gradient, and of a type that NumPy knows."""
    _refuse_complex(X.is_complex())
    if X.layout != torch.strided:
        _check_room(tuple(X.shape), X.element_size())
        X = X.to_dense()
    X = X.detach().cpu()
    return X.float() if X.dtype in LOW_PRECISION else X


def _unmasked(X: Any) -> np.ndarray:
    """Return a masked array with missing cells where it was masked."""
    masked = np.ma.getmaskarray(X)
    if not masked.any():
        return np.ma.getdata(X)
    if X.ndim > 2:
        raise InputError(
            f"{masked.sum():,} pixels of X are masked, but images have no missing pixels: fill them (X.filled(0))"
        )
    if X.dtype.kind in "iu":
        return np.asarray(X.astype(np.float64).filled(np.nan))
    if X.dtype.kind == "f":
        return np.asarray(X.filled(np.nan))
    cells = np.ma.getdata(X).astype(object)
    cells[masked] = None
    return cells


def _frame(X: Mapping[Any, Any]) -> Any:
    """Return columns as a DataFrame, without masks, sparse columns and tensors."""
    odd = {name: torch.is_tensor(cells) or isinstance(cells, np.ma.MaskedArray) for name, cells in X.items()}
    return _plain(from_columns({name: _plain(cells) if odd[name] else cells for name, cells in X.items()}))


def _array(X: np.ndarray) -> np.ndarray:
    """Return an array that needs another type."""
    _refuse_complex(X.dtype.kind == "c")
    return X.astype(object)


def _refuse_complex(is_complex: bool) -> None:
    if is_complex:
        raise InputTypeError(
            "Complex data not supported: give real and imaginary parts as columns, np.hstack([X.real, X.imag])"
        )


def _stacked(X: Any) -> Any:
    """Return a list of rows that are tensors as one tensor."""
    if len({tuple(row.shape) for row in X}) > 1:
        raise InputError("the rows of X differ in length: give tensors of one length")
    return _tensor(torch.stack([row.detach() for row in X]))


def _refused(X: Any) -> Rows:
    if isinstance(X, (str, os.PathLike)):
        raise InputTypeError(
            f"X is the text {os.fspath(X)!r}: read the file first, as with pandas.read_csv(path) or numpy.load(path)"
        )
    if isinstance(X, Iterator):
        raise InputTypeError(f"X is a {type(X).__name__}, which yields its rows once only: {WANTED}")
    raise InputTypeError(f"X is {X!r} (a {type(X).__name__}): {WANTED}")


def _is_no_data(X: Any) -> bool:
    """Tell whether X is nothing that rows could be read from."""
    if isinstance(X, (str, os.PathLike, Iterator, set, frozenset)) or X is None:
        return True
    return not any(hasattr(X, name) for name in ("__len__", "__array__", "shape", "chunks", "collect"))


def _is_tensor_rows(X: Any) -> bool:
    return isinstance(X, (list, tuple)) and bool(X) and all(torch.is_tensor(row) and row.ndim < 2 for row in X)


def _has_sparse_columns(X: Any) -> bool:
    return nw.dependencies.is_pandas_dataframe(X) and any(map(_is_sparse, X.dtypes))


def _is_sparse(dtype: Any) -> bool:
    """Tell whether a dtype of pandas is sparse; intervals have a subtype too."""
    return isinstance(dtype, extra("pandas", "tables").SparseDtype)


def _is_odd_array(X: Any) -> bool:
    return isinstance(X, np.ndarray) and X.dtype.kind in "cT"


FORMS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Rows]], ...] = (
    (torch.is_tensor, _tensor),
    (lambda X: isinstance(X, np.ma.MaskedArray), _unmasked),
    (_is_odd_array, _array),
    (sparse.issparse, _dense),
    (_has_sparse_columns, _dense_columns),
    (is_records, from_records),
    (lambda X: isinstance(X, Mapping), _frame),
    (_is_tensor_rows, _stacked),
    (is_pillow_list, from_pillow),
    (is_mixed_list, in_one_form),
    (_is_no_data, _refused),
)
"""What needs a conversion, and this conversion."""
