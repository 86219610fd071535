"""Files and folders of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from isthmus.apps.cli.detect.choices import Options
from isthmus.apps.cli.detect.folder import detect_images
from isthmus.apps.cli.detect.output import detect_rows
from isthmus.apps.cli.kinds.base import Files
from isthmus.apps.cli.output import facts
from isthmus.support.errors import counted

if TYPE_CHECKING:
    from isthmus import AnomalyDetector, Autoencoder
    from isthmus.apps.cli.rows import Rows


class ImageFiles(Files):
    """Images, whose pixels have no names: an array, a stream, or a list of images of different sizes."""

    noun = "images"

    def takes(self, X: Any) -> bool:
        """Tell whether X, or its first image, has an axis for each of rows, height and width."""
        return getattr(X, "ndim", 2) > 2 or (isinstance(X, list) and getattr(X[0], "ndim", 0) > 1)

    def about(self, rows: Rows) -> tuple[dict[str, Any], dict[str, str]]:
        """Describe sizes, channels and formats."""
        from isthmus.data.images.census import census, formats

        counts, files = census(rows.X), formats(rows.names)
        sizes = [f"{height} x {width}" for height, width in counts.sizes]
        summary = f"{len(sizes):,} sizes, most often {sizes[0]} ({counted(next(iter(counts.sizes.values())), 'image')})"
        facts_of = {
            "images": counts.count,
            "height x width": sizes[0] if len(sizes) == 1 else summary,
            "channels": counts.channels,
            "type of pixels": counts.type,
            **({"formats": ", ".join(f"{count:,} {name}" for name, count in files.items())} if files else {}),
        }
        if len(sizes) > 1:
            facts_of["how"] = "--crop 64 trains on crops, --resize 128 brings all to one size"
        document = {**asdict(counts), "formats": files}
        document["sizes"] = [
            {"height": height, "width": width, "images": n} for (height, width), n in counts.sizes.items()
        ]
        return document, {"images": facts(facts_of, "  ")}

    def names(self, X: Any) -> Sequence[str]:
        """Return the files of the images of a folder."""
        from isthmus.data.sources.in_memory import is_stream

        names: Sequence[str] = X.names if is_stream(X) else ()
        return names

    def beside(self, model: Autoencoder, rows: Rows, reconstruction: Any, output: str) -> int:
        """Write one sheet, or a folder with an image of the three for each row."""
        from isthmus.apps.cli.sheets import write_images

        return write_images(rows, reconstruction, output, bool(model.data_.channels_first))

    def detect(
        self, detector: AnomalyDetector, options: Options, span: slice, output: str, explain: bool, plot: str | None
    ) -> tuple[dict[str, Any], str]:
        """Score images piece by piece; into a folder, with maps and a report."""
        if options.folder:
            return detect_images(detector, options, span, output, plot)
        return detect_rows(detector, options, span, output, explain, plot)
