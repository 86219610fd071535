"""``isthmus compress`` and ``isthmus decompress``: images, tables and arrays to small files, and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isthmus.apps.cli.command import Failure, command, note, option, warn
from isthmus.apps.cli.inputs import load
from isthmus.apps.cli.output import figure, json_option, output_option, show, table
from isthmus.apps.cli.progress import rows_done
from isthmus.support.errors import counted, listed

if TYPE_CHECKING:
    from isthmus import Compressor
    from isthmus.tasks.compression.conversion import Compressed

NAMED = 3
TABLES, FRAME, ARRAY = (".csv", ".tsv"), ".parquet", ".npy"
TOTAL = 12
"""Files from which on only their sum is shown."""


@command(
    "compress",
    "isthmus compress photo.png                      writes photo.isth",
    "isthmus compress photos/ -o small/ --quality 60",
    "isthmus compress photo.png --target-psnr 40 --json",
    "isthmus compress table.csv                      every byte comes back",
    "isthmus compress log.csv --max-error 0.01       numbers are off by 0.01 at most",
    "isthmus compress log.csv --max-error speed=0.5,weight=2",
)
@click.argument("inputs", metavar="FILE|FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@output_option("A file for one image, or a folder [beside each image]", folder=True, required=False)
@option("--overwrite", is_flag=True, section="In and out", help="Replace files that are there")
@option("--quality", type=click.FloatRange(0, 100), metavar="NUMBER", help="0 to 100, about as of JPEG [75]")
@option("--target-bpp", type=float, metavar="NUMBER", help="Bits per pixel, at most")
@option("--target-psnr", type=float, metavar="NUMBER", help="Decibels, at least")
@option(
    "--max-error",
    metavar="NUMBER|COLUMN=NUMBER,...",
    callback=lambda context, param, value: _bound(value),
    help="Of tables and arrays (.csv, .parquet, .npy): how far each number may be off, at most",
)
@option("--lossless", is_flag=True, help="Of an array: every bit comes back, as it does of a table without --max-error")
@option("--effort", type=click.IntRange(0, 1), default=1, help="0: somewhat faster, and files are larger [1]")
@option("--model", metavar="MODEL", help="A compressor that was trained on such images [the one for photographs]")
@json_option
def compress(
    inputs: tuple[Path, ...],
    output: str | None,
    overwrite: bool,
    quality: float | None,
    target_bpp: float | None,
    target_psnr: float | None,
    max_error: float | dict[str, float] | None,
    lossless: bool,
    effort: int,
    model: str | None,
    as_json: bool,
) -> None:
    """Write images, tables and arrays as small files.

    Each is read back at once: what is printed says how much smaller it is, and how near. Of images, the profile, EXIF
    data and alpha channel are kept; those that are far from photographs, such as screenshots, lose nothing. Of a
    folder, its images are taken.
    """
    from isthmus.tasks.compression.conversion import SUFFIX

    asked = {"quality": quality, "target_bpp": target_bpp, "target_psnr": target_psnr}
    if sum(value is not None for value in (*asked.values(), max_error)) + lossless > 1:
        raise click.UsageError(
            "choose one of --quality, --target-bpp and --target-psnr for images, of --max-error and --lossless for "
            "tables and arrays"
        )
    pairs = _pairs(inputs, output, overwrite, SUFFIX, images_in)
    compressor = cache(lambda: compressor_of(model))
    bound = 0.0 if lossless else max_error
    jobs = [(path, _job(compressor, source, bound, {**asked, "effort": effort})) for source, path in pairs]
    done = []
    with rows_done(len(pairs), "compressed", "file") as tell:
        for path, job in jobs:
            path.parent.mkdir(parents=True, exist_ok=True)
            done.append(job(path))
            for text in done[-1].notes:
                note(text)
            tell(1)
    rows = [_row(one) for one in done]
    before, after = sum(one.bytes_before for one in done), sum(one.bytes for one in done)
    total = f"{counted(len(rows), 'file')}: {figure(before)} bytes before, {figure(after)} now, {after / before:.0%}"
    lines = table([{**row, **_said(one)} for row, one in zip(rows, done, strict=True)])
    show({"files": rows}, total if len(rows) > TOTAL else f"{lines}\n{total}" if len(rows) > 1 else lines, as_json)


def _job(
    compressor: Callable[[], Compressor],
    source: Path,
    bound: float | dict[str, float] | None,
    asked: dict[str, Any],
) -> Callable[[Path], Compressed]:
    """Return what writes a file, by what is in it."""
    from isthmus.tasks.compression.conversion import compress_array, compress_file, compress_frame, compress_table

    suffix = source.suffix.lower()
    for_images = [flag for flag, value in asked.items() if value is not None and flag != "effort"]
    if suffix in (*TABLES, FRAME, ARRAY) and for_images:
        raise click.UsageError(f"--{for_images[0].replace('_', '-')} is about images, and {str(source)!r} is none")
    if suffix in TABLES:
        return partial(compress_table, source, max_error=bound or None)
    if suffix == FRAME:
        return partial(compress_frame, source, max_error=bound or None)
    if suffix == ARRAY:
        if bound is None:
            raise click.UsageError(
                f"{str(source)!r} is an array: how far may numbers be off, --max-error, or --lossless?"
            )
        if isinstance(bound, dict):
            raise click.UsageError(f"{str(source)!r} is an array, whose columns have no names: give one --max-error")
        return partial(compress_array, source, max_error=bound)
    if bound is not None:
        raise click.UsageError(f"--max-error and --lossless are about tables and arrays, and {str(source)!r} is none")
    return lambda path: compress_file(compressor(), source, path, **asked)


def _bound(text: str | None) -> float | dict[str, float] | None:
    """Return the bound of all numbers, or those of some columns."""
    if text is None:
        return None
    try:
        if "=" not in text:
            return float(text)
        return {name: float(number) for name, _, number in (pair.rpartition("=") for pair in text.split(","))}
    except ValueError:
        raise click.UsageError(
            f"--max-error {text}: expected a number, such as 0.01, or bounds of columns, such as speed=0.5,weight=2"
        ) from None


def _row(one: Compressed) -> dict[str, Any]:
    """Return what became of a file, for machines."""
    known = {"pixels": one.pixels, "bits per pixel": one.bpp, "PSNR": one.psnr, "greatest error": one.max_error}
    row = {"file": str(one.path), "bytes before": one.bytes_before, "bytes": one.bytes}
    return row | {name: value for name, value in known.items() if value is not None}


def _said(one: Compressed) -> dict[str, str]:
    """Return the error of an image as a person reads it."""
    if one.psnr is None:
        return {}
    return {"PSNR": f"{one.psnr:.2f} dB" if isfinite(one.psnr) else "no loss"}


@command(
    "decompress",
    "isthmus decompress photo.isth                   writes photo.png",
    "isthmus decompress small/ -o photos/ --as jpg",
)
@click.argument("inputs", metavar="FILE|FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@output_option("A file for one image, or a folder [beside each file]", folder=True, required=False)
@option("--overwrite", is_flag=True, section="In and out", help="Replace files that are there")
@option(
    "--as",
    "ending",
    type=click.Choice(["png", "jpg", "tif", "webp", "bmp", "avif"]),
    default="png",
    section="In and out",
    help="The kind of image file, where the output is a folder or not named [png]",
)
@option("--salvage", is_flag=True, help="Of a damaged file, write what can be read")
@option("--model", metavar="MODEL", help="The compressor with which it was written [the one for photographs]")
@json_option
def decompress(
    inputs: tuple[Path, ...],
    output: str | None,
    overwrite: bool,
    ending: str,
    salvage: bool,
    model: str | None,
    as_json: bool,
) -> None:
    """Write what compressed files hold: images, tables (.csv, .parquet) and arrays (.npy)."""
    from isthmus.tasks.compression.conversion import decompress_file

    pairs = _pairs(inputs, output, overwrite, f".{ending}", _compressed)
    compressor = cache(lambda: compressor_of(model))
    named = output is not None and len(inputs) == 1 and not inputs[0].is_dir() and not Path(output).is_dir()
    rows = []
    with rows_done(len(pairs), "decompressed", "file") as tell:
        for source, path in pairs:
            path.parent.mkdir(parents=True, exist_ok=True)
            one = decompress_file(compressor, source, path, salvage, named)
            if one.lost:
                warn(f"{str(source)!r} is damaged: {counted(len(one.lost), 'tile')} could not be read: left empty")
            rows.append({"file": str(one.path), "content": one.content, "lost tiles": list(one.lost)})
            tell(1)
    lines = "\n".join(f"{row['file']}: {row['content']}" for row in rows)
    show({"files": rows}, lines if len(rows) <= TOTAL else counted(len(rows), "file"), as_json)


def compressor_of(model: str | None) -> Compressor:
    """Return the compressor in a file, or the one for photographs."""
    import isthmus

    return isthmus.Compressor.shipped() if model is None else load(model, "Compressor")


def _pairs(
    inputs: tuple[Path, ...], output: str | None, overwrite: bool, suffix: str, inside: Any
) -> list[tuple[Path, Path]]:
    """Return each file to read with the file to write, checked before anything is written."""
    pairs = []
    if output is not None and len(inputs) > 1 and Path(output).is_file():
        raise Failure(f"{len(inputs)} inputs go to a folder, but {output!r} is a file")
    for one in inputs:
        if not one.exists():
            raise Failure(f"there is no file or folder {str(one)!r}")
        folder = Path(output) if output is not None else None
        if one.is_dir():
            _check_folder(one, folder)
            into = folder or one
            pairs += [(path, into / path.relative_to(one).with_suffix(suffix)) for path in inside(one)]
        elif folder is None or folder.is_dir() or len(inputs) > 1:
            pairs.append((one, (folder or one.parent) / one.with_suffix(suffix).name))
        else:
            pairs.append((one, folder))
    if not pairs:
        raise Failure(f"there is nothing to read in {listed([str(one) for one in inputs], NAMED)}")
    _check_written(pairs, overwrite)
    return pairs


def _check_folder(source: Path, output: Path | None) -> None:
    if output is not None and output.exists() and not output.is_dir():
        raise Failure(f"{str(source)!r} is a folder, so the output is one too, but {str(output)!r} is none")
    if output is not None and source.resolve() in output.resolve().parents:
        raise Failure(f"the output {str(output)!r} is inside the input {str(source)!r}: name a folder elsewhere")


def _check_written(pairs: list[tuple[Path, Path]], overwrite: bool) -> None:
    written: dict[Path, Path] = {}
    sources = {source.resolve() for source, _ in pairs}
    for source, path in pairs:
        other = written.setdefault(path.resolve(), source)
        if other is not source:
            raise Failure(f"{str(other)!r} and {str(source)!r} would both be written to {str(path)!r}: rename one")
        if path.resolve() in sources:
            raise Failure(f"the output {str(path)!r} is an input: name another")
    taken = [str(path) for _, path in pairs if path.exists()]
    if taken and not overwrite:
        raise Failure(f"{listed(taken, NAMED)} is there already; --overwrite replaces it")


def images_in(folder: Path) -> list[Path]:
    """Return the image files in a folder and in those below it."""
    from isthmus.data.images.files import IMAGES
    from isthmus.data.listing import tree

    return list(tree(folder, IMAGES).paths)


def _compressed(folder: Path) -> list[Path]:
    from isthmus.tasks.compression.conversion import SUFFIX

    return sorted(path for path in folder.rglob(f"*{SUFFIX}") if path.is_file())
