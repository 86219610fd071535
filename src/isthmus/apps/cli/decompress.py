"""``isthmus decompress``: compressed files to images, tables and arrays."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from isthmus.apps.cli.command import command, option, warn
from isthmus.apps.cli.compressing import compressed_in, compressor_of, in_turn, once, pairs_of, progress_of
from isthmus.apps.cli.output import json_option, output_option, show
from isthmus.support.errors import counted

TOTAL = 12
"""Files from which on only their number is shown."""


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
    """Write what compressed files hold.

    Images become files of the kind that is asked for, tables .csv or .parquet, arrays .npy.
    """
    from isthmus.tasks.compression.conversion import Decompressed, decompress_file

    pairs = pairs_of(inputs, output, overwrite, f".{ending}", compressed_in)
    compressor = once(lambda: compressor_of(model))
    named = output is not None and len(inputs) == 1 and not inputs[0].is_dir() and not Path(output).is_dir()
    progress = progress_of(len(pairs), "decompressed")

    def written(source: Path, path: Path) -> Decompressed:
        path.parent.mkdir(parents=True, exist_ok=True)
        return decompress_file(compressor, source, path, salvage, named, progress)

    done = in_turn([partial(written, *pair) for pair in pairs], "decompressed")
    rows = []
    for (source, _), one in zip(pairs, done, strict=True):
        if one.lost:
            warn(f"{str(source)!r} is damaged: {counted(len(one.lost), 'tile')} could not be read: left empty")
        rows.append({"file": str(one.path), "content": one.content, "lost tiles": list(one.lost)})
    lines = "\n".join(f"{row['file']}: {row['content']}" for row in rows)
    show({"files": rows}, lines if len(rows) <= TOTAL else counted(len(rows), "file"), as_json)
