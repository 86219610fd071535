"""``isthmus compare-codecs``: what a compressor does on own images, beside JPEG, WebP and AVIF."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isthmus.apps.cli.command import Failure, command, option
from isthmus.apps.cli.compressing import compressor_of, images_in
from isthmus.apps.cli.output import json_option, output_option, show, table
from isthmus.apps.cli.progress import rows_done
from isthmus.support.errors import counted

if TYPE_CHECKING:
    import numpy as np

    from isthmus import Compressor
    from isthmus.tasks.compression.rates import Rates


@command(
    "compare-codecs",
    "isthmus compare-codecs photos/",
    "isthmus compare-codecs photos/ -o rates.svg --limit 20",
    "isthmus compare-codecs photos/ --pictures beside/ --quality 25",
)
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@output_option("A figure, .svg or .png, of errors against rates", required=False)
@option(
    "--limit", type=click.IntRange(1), metavar="NUMBER", section="In and out", help="Images, at most: the first [all]"
)
@option(
    "--pictures",
    metavar="FOLDER",
    section="In and out",
    help="Where to draw the middle of each image beside files of equally many bytes, one .png for each",
)
@option(
    "--quality",
    type=click.FloatRange(0, 100),
    metavar="NUMBER",
    default=25.0,
    section="In and out",
    help="Of the compressor in --pictures; the others get as many bytes [25]",
)
@option("--model", metavar="MODEL", help="A compressor that was trained on such images [the one for photographs]")
@json_option
def compare_codecs(
    folder: Path,
    output: str | None,
    limit: int | None,
    pictures: str | None,
    quality: float,
    model: str | None,
    as_json: bool,
) -> None:
    """Set the compressor beside JPEG, WebP and AVIF.

    Each image in FOLDER is written as a real file at eight qualities, and read back. The table says how many bits a
    pixel takes for each at about the same error, and how much larger or smaller files are than JPEG's at equal errors
    (BD-rate).
    """
    from isthmus.apps.figures.figure import check_format
    from isthmus.tasks.compression import comparison

    if output is not None:
        check_format(output)
    if not folder.is_dir():
        raise Failure(f"{str(folder)!r} is no folder: name one of images")
    paths = images_in(folder)[:limit]
    if not paths:
        raise Failure(f"there are no images in {str(folder)!r}")
    compressor = compressor_of(model)
    with rows_done(len(paths), "compared", "image") as tell:
        rates = comparison.compared(_images(paths), comparison.codecs(compressor), lambda: tell(1))
    title = f"{folder.name}: {counted(len(paths), 'image')}"
    if output is not None:
        from isthmus.apps.figures.rates import rates_figure

        rates_figure(rates, title).save(output)
    if pictures is not None:
        _draw(paths, compressor, quality, Path(pictures))
    document = {"folder": str(folder), "images": len(paths), "codecs": {name: _known(rates, name) for name in rates}}
    drawn = f"\n{output}: the curves" if output is not None else ""
    drawn += f"\n{pictures}: {counted(len(paths), 'picture')}" if pictures is not None else ""
    show(document, f"{title}\n{table([_row(rates, name) for name in rates])}{drawn}", as_json)


def _draw(paths: list[Path], compressor: Compressor, quality: float, folder: Path) -> None:
    """Draw each image beside what is in files of equally many bytes."""
    from isthmus.apps.figures.equal_bytes import Panel, equal_bytes
    from isthmus.tasks.compression import comparison

    folder.mkdir(parents=True, exist_ok=True)
    with rows_done(len(paths), "drawn", "image") as tell:
        for path, image in zip(paths, _images(paths), strict=True):
            length, back = comparison.own(compressor)(image, quality)
            panels = {"original": Panel(image, f"{image.shape[1]} x {image.shape[0]} pixels")}
            panels[comparison.OWN] = Panel(back, _said(image, length, back))
            for name, codec in comparison.others().items():
                _, length_of_it, its = comparison.largest_within(codec, image, length)
                panels[name] = Panel(its, _said(image, length_of_it, its))
            equal_bytes(panels, path.name).save(str(folder / f"{path.stem}.png"))
            tell(1)


def _said(image: np.ndarray, length: int, back: np.ndarray) -> str:
    from isthmus.tasks.compression.targets import psnr

    bpp, decibels = 8 * length / (image.shape[0] * image.shape[1]), psnr([(image / 255, back / 255)])
    return f"{length:,} bytes, {bpp:.2f} bits per pixel, {decibels:.1f} dB"


def _images(paths: list[Path]) -> Iterator[np.ndarray]:
    """Yield images as uint8, in grey or colour, without alpha."""
    import numpy as np

    from isthmus.data.images.original import open_original

    for path in paths:
        colour = open_original(path).colour
        yield colour if colour.dtype == np.uint8 else np.rint(colour * 255).astype(np.uint8)


def _known(rates: dict[str, Rates], name: str) -> dict[str, Any]:
    from isthmus.tasks.compression.rates import bd_rate

    beside = {other: round(bd_rate(rates[name], rates[other]), 4) for other in rates if other != name}
    return {"bpp": rates[name].bpp.tolist(), "psnr": rates[name].psnr.tolist(), "bd_rate": beside}


AT = (30, 34, 38)
"""Decibels at which the table says what a pixel takes."""


def _row(rates: dict[str, Rates], name: str) -> dict[str, str]:
    """Return a line of the table."""
    import numpy as np

    from isthmus.tasks.compression.rates import bd_rate

    one = rates[name]
    order = np.argsort(one.psnr)
    within = [one.psnr.min() <= decibels <= one.psnr.max() for decibels in AT]
    bits = np.exp(np.interp(AT, one.psnr[order], np.log(one.bpp[order])))
    cells = {f"bpp at {at} dB": f"{bits[k]:.3f}" if within[k] else "" for k, at in enumerate(AT)}
    change = bd_rate(one, rates["JPEG"])
    return {"codec": name, **cells, "to JPEG": "" if name == "JPEG" or np.isnan(change) else f"{change:+.1%}"}
