"""Files and folders of sounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from isthmus.apps.cli.detect.choices import Options
from isthmus.apps.cli.detect.output import detect_rows
from isthmus.apps.cli.kinds.base import Files
from isthmus.apps.cli.output import facts

if TYPE_CHECKING:
    from isthmus import AnomalyDetector
    from isthmus.apps.cli.rows import Rows


class SoundFiles(Files):
    """Recordings, each a file of its own."""

    noun = "sounds"

    def takes(self, X: Any) -> bool:
        """Tell whether X is recordings that know their rate."""
        from isthmus.data.audio.sounds import are_sounds

        return are_sounds(X)

    def names(self, X: Any) -> Sequence[str]:
        """Return the files of the recordings of a folder."""
        from isthmus.data.sources.in_memory import is_stream

        names: Sequence[str] = X.names if is_stream(X) else ()
        return names

    def about(self, rows: Rows) -> tuple[dict[str, Any], dict[str, str]]:
        """Describe lengths, rates, channels and formats, and which are silent or clipped."""
        from isthmus.data.audio.survey import described
        from isthmus.data.images.census import formats

        known, files = described(rows.X), formats(rows.names)
        rates = ", ".join(f"{rate:,} Hz ({count:,})" for rate, count in known.rates.items())
        facts_of = {
            "sounds": known.count,
            "length": f"{known.seconds:,.3g} s in all, each {known.shortest:.3g} to {known.longest:.3g} s",
            "rate": rates,
            "channels": ", ".join(f"{channels} ({count:,})" for channels, count in known.channels.items()),
            **({"formats": ", ".join(f"{count:,} {name}" for name, count in files.items())} if files else {}),
        }
        return {**asdict(known), "formats": files, "notes": known.notes}, {"sounds": facts(facts_of, "  ")}

    def detect(
        self, detector: AnomalyDetector, options: Options, span: slice, output: str, explain: bool, plot: str | None
    ) -> tuple[dict[str, Any], str]:
        """Score recordings piece by piece."""
        return detect_rows(detector, options, span, output, explain, plot)
