"""Tables without any loss, every byte of a CSV file, beside bz2, xz, zstd, and Parquet with zstd.

What is compared is the whole file: the names, the dictionaries, and what was fitted to the table are inside. Choices
were made on adult; the others confirm them.
"""

from __future__ import annotations

import bz2
import io
import lzma
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result, Skip
from benchmarks.support.rows import ours, theirs
from benchmarks.support.timing import say, timed
from isthmus.tasks.compression import text_tables
from isthmus.tasks.compression.chunks import read

MOST = 200_000
FILES = {
    "adult": "tabular_missing/adult_train.csv",
    "california housing": "tabular_missing/california_housing.csv",
    "white wine": "tabular_missing/winequality_white.csv",
    "titanic": "tabular_missing/titanic_train.csv",
    "cards": "fraud/creditcard_first_hour_normals.csv",
    "intrusion": "intrusion/unsw_nb15_testing_first4528.csv",
    "SKAB": "sensors/skab/anomaly-free/anomaly-free.csv",
    "machine temperature": "sensors/nab/realKnownCause/machine_temperature_system_failure.csv",
    "system log": "logs/loghub_2k/HDFS_2k.log_structured.csv",
}
LINES = 500
"""Of each file that a quick run takes."""


def run(quick: bool) -> Result:
    table: list[list[Any]] = [["table", "bytes", "isthmus", *PEERS, "smaller than the best"]]
    figures: list[Figure] = []
    for name, path in FILES.items():
        content = found(path).read_bytes()
        content = b"".join(content.splitlines(True)[:LINES]) if quick else content
        row = ours(name, partial(of_ours, content), content)
        sizes = [
            theirs(f"{way}, {name}", partial(of, content), version, content) for way, (of, version) in PEERS.items()
        ]
        gain = 100 * (1 - row["bytes"] / min(sizes))
        table.append([name, len(content), row["bytes"], *sizes, f"{gain:.1f} %"])
        say(str(table[-1]))
        figures += [
            Figure(f"{name}: bytes", row["bytes"], "bytes", most=MOST if name == "adult" else None),
            Figure(f"{name}: smaller than the best peer", gain, "%", least=0.0),
            Figure(f"{name}: the same bytes come back", float(row["same"]), least=1.0),
            Figure(f"{name}: writing", len(content) / 1e6 / row["writing"], "MB/s"),
            Figure(f"{name}: reading", len(content) / 1e6 / row["reading"], "MB/s"),
        ]
    return Result(figures, table)


def of_ours(content: bytes) -> dict[str, float]:
    writing, packed = timed(lambda: text_tables.packed(content))
    reading, back = timed(lambda: text_tables.unpacked(read(packed)))
    return {"bytes": len(packed), "same": back == content, "writing": writing, "reading": reading}


def zstd(content: bytes) -> int:
    try:
        import zstandard
    except ImportError as error:
        raise Skip("zstandard is not installed: pip install 'isthmus[bench]'") from error
    return len(zstandard.ZstdCompressor(19).compress(content))


def parquet(content: bytes) -> int:
    import pandas as pd

    stream = io.BytesIO()
    pd.read_csv(io.BytesIO(content)).to_parquet(stream, compression="zstd", compression_level=19)
    return stream.tell()


PEERS: dict[str, tuple[Callable[[bytes], int], str]] = {
    "bz2": (lambda content: len(bz2.compress(content, 9)), "numpy"),
    "xz": (lambda content: len(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME)), "numpy"),
    "zstd": (zstd, "zstandard"),
    "parquet, zstd": (parquet, "pyarrow"),
}
"""From a file to its bytes, and the library."""
