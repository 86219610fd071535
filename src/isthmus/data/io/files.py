"""Files: reading data and writing outputs, in the format that the path says."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatch
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from isthmus.data.audio import sound_files
from isthmus.data.audio.sound_files import SOUNDS
from isthmus.data.audio.sounds import is_sound
from isthmus.data.images import files as image_files
from isthmus.data.images.decode import decode
from isthmus.data.images.head import Alpha
from isthmus.data.images.sniff import SUFFIXES, not_yet
from isthmus.data.images.survey import survey
from isthmus.data.io import datasets, idx, tabular
from isthmus.data.io.csv_stream import CSVStream
from isthmus.data.io.dataset import Dataset
from isthmus.data.io.json_tables import read_records
from isthmus.data.io.reading import OPTIONS, Reading, Say
from isthmus.data.io.sheet import read_sheet
from isthmus.data.listing import are_files
from isthmus.data.sources.budget import available
from isthmus.data.sources.folders import ImageStream
from isthmus.data.sources.sound_folders import SoundStream, sound_survey
from isthmus.support.atomic import atomic
from isthmus.support.errors import InputError, extra, unknown

STREAMED_FROM = 0.25
"""Fraction of the available memory above which data is streamed."""


def read(
    path: str | os.PathLike[str],
    label: str | None = None,
    part: str | None = None,
    budget: int | None = None,
    *,
    alpha: Alpha | None = None,
    skip_broken: bool = False,
    reading: Reading | None = None,
) -> Dataset:
    """Read data: a file, a folder, or a named data set.

    Parameters
    ----------
    path : str or PathLike
        ``.npy``, ``.npz``, ``.csv`` (``.tsv``, ``.txt``; gzipped too), ``.parquet``, ``.feather``, ``.xlsx``, ``.json``
        and ``.jsonl`` (records), an IDX file (gzipped too), an image (``.png``, ``.jpg``, ``.webp``, ``.tif``,
        ``.bmp``, ``.avif``, ``.heic``, ``.dcm``) or a sound (``.wav``, ``.flac``, ``.ogg``, ``.mp3``, ``.aiff``), whose
        format is detected from the content, a folder of images, of sounds or of Parquet files, or the name of a data
        set, such as ``digits``, ``mnist`` or ``iris``. ``PATH:PART`` also names the part, such as ``mnist:test`` or
        ``book.xlsx:Sheet2``. For a folder with the name of a data set, write ``./mnist``.
    label : str or None
        The column of a table, or the array of an ``.npz``, that holds the labels.
    part : str or None
        The array of an ``.npz``, the sheet of an ``.xlsx``, or ``"train"`` or ``"test"`` of a data set.
    budget : int or None
        Bytes of memory that the data may take; larger Parquet files and folders of images or sounds are streamed. None:
        a quarter of the available memory.
    alpha : {"white", "keep"}, optional
        For images: whether to blend an alpha channel with white (the default), or keep it as a fourth channel.
    skip_broken : bool, default False
        Skip images or sounds of a folder that cannot be read, with a warning.
    reading : Reading, optional
        For tables: which columns to read, and how, where the content leaves it open.

    Returns
    -------
    Dataset
        X, y, the names of the classes, the path, and what was converted. Images of several sizes are a list of
        arrays, or a stream; sounds are a list of `Sound`, or a stream.

    Raises
    ------
    InputError
        There is no such file, it cannot be read, or an option does not apply to its kind.
    """
    name, part = _address(str(path), part)
    budget = int(available() * STREAMED_FROM) if budget is None else budget
    if name in datasets.NAMES:
        apart = datasets.label_of(name)
        if label != apart:
            _refuse("label", label, f"the data set {name!r}, whose labels are apart already")
        return _named(name, part or "train", reading)
    source = Path(name).expanduser()
    form = _format(source)
    options: dict[str, Any] = {
        "label": label,
        "part": part,
        "budget": budget,
        "alpha": alpha,
        "skip_broken": skip_broken or None,
    }
    for option in ("label", "part", "alpha", "skip_broken"):
        if option not in form.options:
            _refuse(option, options[option], repr(name))
    if "reading" not in form.options:
        _refuse("reading", _asked(reading), repr(name))
    options["reading"] = reading
    return form.read(source, **{option: options[option] for option in form.options})


def read_images(
    paths: Sequence[str], budget: int | None = None, *, alpha: Alpha | None = None, skip_broken: bool = False
) -> Dataset | None:
    """Read several files and folders of images, or of sounds, as one folder would be: in one form, and of any sizes.

    Parameters
    ----------
    paths : sequence of str
    budget, alpha, skip_broken :
        As in `read`.

    Returns
    -------
    Dataset or None
        None if something else is among them.

    Raises
    ------
    InputError
        An image or sound cannot be read, or the channels of images differ.
    """
    files = [Path(path).expanduser() for path in paths]
    budget = int(available() * STREAMED_FROM) if budget is None else budget
    if are_files(files, SOUNDS):
        _refuse("alpha", alpha, ", ".join(map(repr, paths)))
        sounds = SoundStream(sound_survey(files, skip_broken))
        return _sounds(sounds, budget, ", ".join(paths), tuple(map(str, sounds.survey.files.paths)))
    if not image_files.are_images(files):
        return None
    stream = ImageStream(survey(files, alpha or "white", skip_broken))
    return _images(stream, budget, ", ".join(paths), tuple(map(str, stream.survey.paths)))


def _named(name: str, part: str, reading: Reading | None) -> Dataset:
    """Return a named data set; of a table the columns that were asked for."""
    loaded = datasets.load(name, part)
    if reading is None:
        return loaded
    if not hasattr(loaded.X, "columns"):
        _refuse("reading", _asked(reading), f"the data set {name!r}")
        return loaded
    tabular.check_typed(name, reading)
    chosen = reading.chosen(loaded.X.columns, name)
    schema = extra("pyarrow", "tables").Schema.from_pandas(loaded.X)
    return replace(loaded, X=loaded.X[chosen], reading=tabular.typed(name, reading, schema, chosen))


def _address(text: str, part: str | None) -> tuple[str, str | None]:
    """Split ``PATH:PART``, unless there is a file with that name."""
    head, colon, tail = text.rpartition(":")
    return (text, part) if part or not (colon and head) or Path(text).exists() else (head, tail)


def _refuse(option: str, value: object, what: str) -> None:
    if value is not None:
        raise InputError(f"{option}={value!r} does not apply to {what}: leave it out")


def _asked(reading: Reading | None) -> dict[str, Any] | None:
    """Return what was asked for of the reading of a table."""
    return None if reading is None else reading.asked(*OPTIONS) or None


class Format(NamedTuple):
    """How to read files whose name matches `pattern`, and which options of `read` apply to them."""

    pattern: str
    read: Callable[..., Dataset]
    options: tuple[str, ...] = ()
    columns: Callable[[Path, Reading | None], list[str]] | None = None
    """Returns the columns that would be read, where a file tells them without its rows."""


def _format(path: Path) -> Format:
    if not path.exists():
        raise InputError(f"there is no file {str(path)!r}{_nearest(path)}, nor a data set of that name")
    if path.is_dir():
        parquet = any(path.glob("*.parquet"))
        if parquet:
            return PARQUET
        if SOUNDS.holds(path):
            _check_one_kind(path)
            return Format("", _sound_folder, ("budget", "skip_broken"))
        return Format("", _folder, ("budget", "alpha", "skip_broken"))
    for form in FORMATS:
        if fnmatch(path.name.lower(), form.pattern):
            return _small_enough(form, path)
    if what := not_yet(path.name):
        raise InputError(f"{str(path)!r} holds {what}, which cannot be read yet: save its images as separate files")
    if path.suffix.lower() in (".xls", ".ods"):
        raise InputError(f"{str(path)!r} is a table of an older kind: save it as .xlsx or .csv")
    if path.suffix == ".safetensors":
        raise InputError(
            f"{str(path)!r} is a model file, where DATA is needed: MODEL comes first and DATA after it; detect and "
            "impute take a model with --model"
        )
    known = [form.pattern for form in FORMATS]
    raise InputError(f"{str(path)!r} is of an unknown kind; known: {', '.join(known)}")


def _check_one_kind(folder: Path) -> None:
    if image_files.IMAGES.holds(folder):
        raise InputError(f"{str(folder)!r} holds sounds and images: put them into two folders, and name one of these")


def is_data(name: str) -> bool:
    """Tell whether a name is that of a data set, or of a file of a kind that can be read.

    Examples
    --------
    >>> [is_data(name) for name in ("digits", "cells.CSV", "model.safetensors", "model")]
    [True, True, False, False]
    """
    file = Path(name).name.lower()
    return name in datasets.NAMES or any(fnmatch(file, form.pattern) for form in FORMATS)


def _nearest(path: Path) -> str:
    beside = [*(p.name for p in path.parent.iterdir()), *datasets.NAMES] if path.parent.is_dir() else datasets.NAMES
    near = get_close_matches(path.name, beside, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _small_enough(form: Format, path: Path) -> Format:
    if "budget" not in form.options and path.stat().st_size > available():
        raise InputError(f"{str(path)!r} is larger than the free memory: convert it to Parquet, which is streamed")
    return form


@contextmanager
def _numpy_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, InputError):
            raise
        why = (
            "it holds Python objects (pickles), which are never read: save numbers" if "pickle" in str(error) else error
        )
        raise InputError(f"cannot read {str(path)!r}: {why}") from error


def _npy(path: Path) -> Dataset:
    with _numpy_errors(path), path.open("rb") as stream:
        return Dataset(np.lib.format.read_array(stream, allow_pickle=False), None, (), str(path))


def _npz(path: Path, label: str | None = None, part: str | None = None) -> Dataset:
    """Read the array `part`, else ``X`` or the only one with at least two axes; and the labels `label`, else ``y``."""
    with _numpy_errors(path), zipfile.ZipFile(path), np.load(path, allow_pickle=False) as archive:
        part = part or _main_array(archive, label, path)
        label = label or ("y" if part == "X" and "y" in archive else None)
        for name in (part, label):
            if name is not None and name not in archive:
                raise InputError(f"{str(path)!r}: {unknown('array', name, archive)}")
        X, y = archive[part], None if label is None else archive[label]
    if y is not None and (not X.ndim or y.size != len(X)):
        raise InputError(f"{str(path)!r}: {label!r} of shape {y.shape} does not have one label per row of {X.shape}")
    return Dataset(X, None if y is None else y.reshape(-1), (), str(path))


def _main_array(archive: np.lib.npyio.NpzFile, label: str | None, path: Path) -> str:
    names = [name for name in archive if name != label]
    large = [name for name in names if _axes(archive, name) > 1]
    if "X" in names or len(large) == 1:
        return "X" if "X" in names else large[0]
    raise InputError(
        f"{str(path)!r} holds several arrays: name one, such as '{path.name}:{(large or names)[0]}'; known: {names}"
    )


def _axes(archive: Any, name: str) -> int:
    """Return the number of axes of an array, without reading it."""
    with archive.zip.open(f"{name}.npy") as stream:
        version = np.lib.format.read_magic(stream)
        head = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        return len(head(stream)[0])


def _idx(path: Path) -> Dataset:
    beside = idx.labels_beside(path)
    X, y = idx.read(path), None if beside is None else idx.read(beside).astype(np.int64)
    if y is not None and len(y) != len(X):
        raise InputError(f"{str(beside)!r} holds {len(y)} labels, but {str(path)!r} holds {len(X)} images")
    return Dataset(X, y, (), str(path))


def _image(path: Path, alpha: Alpha | None) -> Dataset:
    return Dataset(decode(path, alpha=alpha or "white")[None], None, (), str(path))


def _folder(path: Path, budget: int, alpha: Alpha | None, skip_broken: bool | None) -> Dataset:
    stream = ImageStream(path, alpha or "white", bool(skip_broken))
    return _images(stream, budget, str(path), stream.names)


def _images(stream: ImageStream, budget: int, path: str, names: tuple[str, ...]) -> Dataset:
    """Return images in memory if they take no more than `budget` bytes, else the stream."""
    X = stream if stream.bytes > budget else np.asarray(stream) if stream.one_size else stream.decoded()
    return Dataset(X, stream.survey.y, stream.survey.classes, path, names, left_out=stream.survey.left_out)


def _sound(path: Path, budget: int) -> Dataset:
    return _sounds(SoundStream(sound_survey([path])), budget, str(path), ())


def _sound_folder(path: Path, budget: int, skip_broken: bool | None) -> Dataset:
    stream = SoundStream(sound_survey([path], bool(skip_broken)))
    return _sounds(stream, budget, str(path), stream.names)


def _sounds(stream: SoundStream, budget: int, path: str, names: tuple[str, ...]) -> Dataset:
    """Return sounds in memory if they take no more than `budget` bytes, else the stream."""
    X = stream if stream.bytes > budget else stream.decoded()
    files = stream.survey.files
    return Dataset(X, files.y, files.classes, path, names, left_out=stream.survey.left_out)


TEXT = ("*.csv", "*.csv.gz", "*.tsv", "*.tsv.gz", "*.txt", "*.txt.gz", "*.log", "*.dat")
"""Names of tables of text."""

RECORDS = ("*.json", "*.jsonl", "*.ndjson", "*.json.gz", "*.jsonl.gz", "*.ndjson.gz")
"""Names of tables of JSON."""

PARQUET = Format("*.parquet", tabular.read_parquet, ("label", "budget", "reading"), tabular.parquet_columns)
"""A Parquet file, or a folder of them."""

FORMATS = (
    Format("*.npy", _npy),
    Format("*.npz", _npz, ("label", "part")),
    *(Format(pattern, tabular.read_csv, ("label", "reading")) for pattern in TEXT),
    PARQUET,
    Format("*.feather", tabular.read_feather, ("label", "reading")),
    Format("*.xlsx", read_sheet, ("label", "part", "reading")),
    *(Format(pattern, read_records, ("label", "reading")) for pattern in RECORDS),
    *(Format(f"*{suffix}", _image, ("alpha",)) for suffix in SUFFIXES),
    *(Format(f"*{suffix}", _sound, ("budget",)) for suffix in SOUNDS.suffixes),
    *(Format(pattern, _idx) for pattern in ("*.idx", "*.idx.gz", "*[.-]idx[1-9]-*", "*.idx[1-9]")),
)
"""All file formats; the first pattern that matches the lower-case name counts."""


def open_as_read(path: str, reading: Reading | None = None, say: Say | None = None) -> tuple[Any, Reading]:
    """Return the rows of a file for a single pass, and how they are read, with what was recognised.

    The rows are a stream if their kind can be streamed; any label column is kept.

    Parameters
    ----------
    path : str
        As `read` accepts it.
    reading : Reading, optional
        Which columns of a table to read, and how.
    say : callable, optional
        Called with each sentence on what was converted.
    """
    X, done = _stream_or_rows(path, reading, say)
    return X, done or X.reading


def _stream_or_rows(path: str, reading: Reading | None, say: Say | None) -> tuple[Any, Reading | None]:
    """Return rows, and how they were read; None for text, whose stream tells once its first rows are read."""
    file = Path(path).expanduser()
    if _is_text(file):
        return CSVStream(file, reading, say=say), None
    loaded = read(path, budget=0, reading=reading)
    if say is not None:
        for note in loaded.notes:
            say(note)
    return loaded.with_labels(reading.unchanged if reading else ()), loaded.reading or Reading()


def _is_text(file: Path) -> bool:
    return file.is_file() and any(fnmatch(file.name.lower(), pattern) for pattern in TEXT)


def columns_ahead(path: str, reading: Reading | None = None) -> list[str] | None:
    """Return the columns that would be read of a table; None where its kind tells them only with its rows.

    Parameters
    ----------
    path : str
        As `read` accepts it.
    reading : Reading, optional
        Which columns of a table to read, and how.

    Raises
    ------
    InputError
        There is no such file, or a table of text is not regular.
    """
    file = Path(path).expanduser()
    if _is_text(file):
        return CSVStream(file, reading).columns
    name, _ = _address(path, None)
    if name in datasets.NAMES:
        return None
    source = Path(name).expanduser()
    columns = _format(source).columns
    return None if columns is None else columns(source, reading)


def write(
    path: str | os.PathLike[str], X: Any, columns: Sequence[str] | None = None, names: Sequence[str] = ()
) -> None:
    """Write an output; an existing file is replaced only once the new one is complete.

    Parameters
    ----------
    path : str or PathLike
        ``.npy`` for any array; ``.csv``, ``.parquet`` or ``.feather`` for DataFrames and arrays of one or two axes;
        ``.png`` for one image, or several as a grid; ``.wav`` for one recording, as 32-bit floats; a folder, or a name
        without an ending, for one PNG or WAV file for each image or recording: a folder that is not there is made.
    X : array, Tensor, DataFrame, or list of images that differ in size, or of `Sound`
        Images are uint8, or floats in [0, 1].
    columns : sequence of str or None
        Names for the columns of an array in a table; None: ``column_0``, ``column_1`` …
    names : sequence of str
        Of the files in a folder, with or without an ending; empty: their numbers.

    Raises
    ------
    InputError
        The path cannot be written, its kind is unknown, or X cannot be written to such a file. An existing file stays
        unchanged.
    """
    target = Path(path).expanduser()
    if target.is_dir() or not target.suffix:
        return _write_folder(target, X, names)
    suffix = target.suffix.lower()
    if suffix not in WRITERS:
        raise InputError(
            f"{str(path)!r}: {unknown('kind of output', suffix, WRITERS)}; or a folder, for images and sounds"
        )
    _check_one_size(path, X)
    with atomic(target) as temporary, temporary.open("wb") as stream:
        WRITERS[suffix](X, columns, stream)


def _check_one_size(path: str | os.PathLike[str], X: Any) -> None:
    shapes = sorted({np.shape(row) for row in X}) if isinstance(X, list) else []
    if len(shapes) > 1:
        raise InputError(
            f"{str(path)!r} takes rows of one size, but these have several, such as {shapes[0]} and {shapes[-1]}: "
            f"write images or sounds into a folder, {str(Path(path).with_suffix(''))!r}"
        )


def _write_folder(folder: Path, X: Any, names: Sequence[str]) -> None:
    """Write a file for each image or recording, once it is clear that the first one is such."""
    suffix, encode = (".wav", sound_files.encode) if len(X) and is_sound(X[0]) else (".png", _encode_image)
    for one, name in zip(X, file_names(names, len(X), suffix), strict=True):
        content = BytesIO()
        encode(one, content)
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"the folder {str(target.parent)!r} cannot be made: {error.strerror}") from error
        with atomic(target) as temporary, temporary.open("wb") as stream:
            stream.write(content.getbuffer())


def _encode_image(image: Any, stream: BinaryIO) -> None:
    image_files.write_png(np.asarray(image)[None], None, stream)


def file_names(names: Sequence[str], n: int, suffix: str = ".png") -> list[str]:
    """Return the names of n files: numbers, or names with the suffix in place of their ending where that is unique.

    Examples
    --------
    >>> file_names(["cat/1.jpg", "dog/1.jpg", "2.tif", "2.jpg"], 4)
    ['cat/1.png', 'dog/1.png', '2.tif.png', '2.jpg.png']
    >>> file_names(["1.tif", "1.jpg", "1.tif.png"], 3)
    ['1.tif.png', '1.jpg.png', '1.tif.png.png']
    >>> file_names([], 2, ".wav")
    ['0.wav', '1.wav']
    """
    if not names:
        return [f"{i:0{len(str(n - 1))}}{suffix}" for i in range(n)]
    stems = [str(Path(name).with_suffix(suffix)) for name in names]
    times = Counter(stems)
    longer = [f"{name}{suffix}" for name in names]
    made = [stem if times[stem] == 1 else more for stem, more in zip(stems, longer, strict=True)]
    return made if len({*made}) == n else longer


def _write_npy(X: Any, columns: Sequence[str] | None, stream: BinaryIO) -> None:
    array = np.asarray(X)
    if array.dtype.hasobject:
        raise InputError("an array of Python objects cannot be written to .npy: write it to .csv or .parquet")
    plain = SimpleNamespace(write=stream.write)  # into a real file, NumPy hides that the disk is full
    np.save(plain, array, allow_pickle=False)


WRITERS: dict[str, Callable[[Any, Any, BinaryIO], None]] = {
    ".npy": _write_npy,
    ".csv": tabular.write_csv,
    ".parquet": tabular.write_parquet,
    ".feather": tabular.write_feather,
    ".png": image_files.write_png,
    ".wav": sound_files.write_wav,
}
