"""``isthmus compress``: images, tables and arrays to small files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isthmus.apps.cli.command import Failure, command, note, option
from isthmus.apps.cli.compressing import compressor_of, images_in, in_turn, once, pairs_of, progress_of, trained
from isthmus.apps.cli.output import figure, free, json_option, output_option, show, table, writable_model
from isthmus.support.errors import counted

if TYPE_CHECKING:
    from isthmus import Compressor
    from isthmus.tasks.compression.conversion import Compressed, Progress

TABLES, FRAME, ARRAY = (".csv", ".tsv"), ".parquet", ".npy"
NO_IMAGES = (*TABLES, FRAME, ARRAY)
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
    "isthmus compress scans/ --train scans/ --save pages.safetensors -o pages/",
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
@option(
    "--detail",
    type=click.FloatRange(0, 1),
    metavar="NUMBER",
    help="How much finer steps are where there is little texture; 0: the least squared error [by the model: 0.3 or 0]",
)
@option("--model", metavar="MODEL", help="A compressor that was trained on such images [the one for photographs]")
@option(
    "--train",
    metavar="FOLDER",
    section="A compressor of your own",
    help="Images like those to compress, to train one on; minutes, and smaller files",
)
@option("--save", metavar="MODEL", section="A compressor of your own", help="Write it, for --model of other commands")
@option(
    "--epochs",
    type=click.IntRange(1),
    metavar="NUMBER",
    section="A compressor of your own",
    help="Passes over the images [about 1,500 steps]",
)
@option(
    "--seed",
    type=int,
    metavar="NUMBER",
    section="A compressor of your own",
    help="The same seed gives the same compressor [0]",
)
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
    detail: float | None,
    model: str | None,
    train: str | None,
    save: str | None,
    epochs: int | None,
    seed: int | None,
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
    _check_training(model, train, save, {"--epochs": epochs, "--seed": seed}, overwrite)
    pairs = pairs_of(inputs, output, overwrite, SUFFIX, images_in)
    if train is not None and save is None and all(source.suffix.lower() in NO_IMAGES for source, _ in pairs):
        raise click.UsageError("--train is about images, and there are none to compress: leave it out, or --save MODEL")
    compressor = once(lambda: compressor_of(model) if train is None else trained(train, epochs, seed or 0))
    bound = 0.0 if lossless else max_error
    how = {**asked, "effort": effort, **({} if detail is None else {"detail": detail})}
    progress = progress_of(len(pairs), "compressed")
    jobs = [(path, _job(compressor, source, bound, how, progress)) for source, path in pairs]
    if train is not None and save is not None:
        compressor().save(save)
    done = []
    for one in in_turn([partial(_written, *job) for job in jobs], "compressed"):
        done.append(one)
        for text in one.notes:
            note(text)
    rows = [_row(one) for one in done]
    before, after = sum(one.bytes_before for one in done), sum(one.bytes for one in done)
    total = f"{counted(len(rows), 'file')}: {figure(before)} bytes before, {figure(after)} now, {after / before:.0%}"
    lines = table([{**row, **_said(one)} for row, one in zip(rows, done, strict=True)])
    show({"files": rows}, total if len(rows) > TOTAL else f"{lines}\n{total}" if len(rows) > 1 else lines, as_json)


def _check_training(
    model: str | None, train: str | None, save: str | None, how: dict[str, int | None], overwrite: bool
) -> None:
    if model is not None and train is not None:
        raise click.UsageError(f"--model {model!r} is trained already: leave out --train, or --model")
    typed = [flag for flag, value in {"--save": save, **how}.items() if value is not None]
    if train is None and typed:
        raise click.UsageError(f"{typed[0]} is about a compressor that is trained: name images, --train FOLDER")
    if train is not None and not Path(train).is_dir():
        raise Failure(f"--train: there is no folder {train!r}")
    if save is not None:
        free(writable_model(save), overwrite, "--save: ")


def _written(path: Path, job: Callable[[Path], Compressed]) -> Compressed:
    path.parent.mkdir(parents=True, exist_ok=True)
    return job(path)


def _job(
    compressor: Callable[[], Compressor],
    source: Path,
    bound: float | dict[str, float] | None,
    asked: dict[str, Any],
    progress: Progress,
) -> Callable[[Path], Compressed]:
    """Return what writes a file, by what is in it."""
    from isthmus.tasks.compression.conversion import compress_array, compress_file, compress_frame, compress_table

    suffix = source.suffix.lower()
    for_images = [flag for flag, value in asked.items() if value is not None and flag != "effort"]
    if suffix in NO_IMAGES and for_images:
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
    return lambda path: compress_file(compressor(), source, path, progress, **asked)


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
