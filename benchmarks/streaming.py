"""One epoch on a Parquet file of 5 GB: peak memory and time.

The file is generated: columns of float32 that a few hidden numbers explain, one of text, uncompressed, row groups of
50,000 rows. Training runs in a process of its own, one epoch in batches of 1,024, otherwise with defaults. Memory is
the resident set of that process and its children, looked at every 20 ms, and the highest mark that the system kept for
the process itself.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.support.figures import Figure, Result, Skip
from benchmarks.support.timing import say, timed

COLUMNS, FACTORS, GROUP, BATCH = 199, 8, 50_000, 1024
SIZE = 5 * 10**9


def run(quick: bool) -> Result:
    if not Path("/proc/self/statm").exists():
        raise Skip("memory is read from /proc, which is not here")
    size = SIZE // 100 if quick else SIZE
    if shutil.disk_usage(tempfile.gettempdir()).free < 1.2 * size:
        raise Skip(f"{tempfile.gettempdir()} has no {1.2 * size / 1e9:.1f} GB free; TMPDIR names another folder")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.parquet")
        generating, rows = timed(lambda: generate(path, size))
        written = path.stat().st_size
        say(f"{written / 1e9:.2f} GB, {rows:,} rows, generated in {generating:.0f} s")
        peak, reported = watch([sys.executable, "-m", "benchmarks.streaming", str(path)])
    figures = [
        Figure("peak memory of the process tree", peak / 1e9, "GB", most=2),
        Figure("highest mark of the process itself", reported["highest"] / 1e9, "GB"),
        Figure("the file", written / 1e9, "GB"),
        Figure("rows", rows),
        Figure("whole call of `fit`", reported["seconds"], "s"),
        Figure("of which the epoch", reported["info"]["seconds"], "s"),
    ]
    return Result(figures, details={"columns": COLUMNS + 1, "generating": generating, **reported})


def generate(path: Path, size: int) -> int:
    """Write a file of about `size` bytes; return its rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng, groups = np.random.default_rng(0), max(2, round(size / (GROUP * 4 * COLUMNS)))
    mix = rng.standard_normal((FACTORS, COLUMNS), dtype=np.float32)
    names = [f"x{column}" for column in range(COLUMNS)]
    schema = pa.schema([*((name, pa.float32()) for name in names), ("kind", pa.string())])
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=["kind"]) as writer:
        for _ in range(groups):
            factors = rng.standard_normal((GROUP, FACTORS), dtype=np.float32)
            values = factors @ mix + 0.1 * rng.standard_normal((GROUP, COLUMNS), dtype=np.float32)
            kinds = np.where(factors[:, 0] > 0, "high", "low")
            writer.write_table(pa.table([*np.ascontiguousarray(values.T), kinds], schema=schema))
    return groups * GROUP


def watch(command: list[str]) -> tuple[int, dict[str, Any]]:
    """Run a command; return the most bytes that it and its children took, and the JSON that it printed last."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, sum(map(resident, tree(process.pid))))
            time.sleep(0.02)
        assert process.stdout is not None
        printed = process.stdout.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return peak, json.loads(printed.splitlines()[-1])


def tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    try:
        children = [
            int(c) for task in Path(f"/proc/{pid}/task").iterdir() for c in (task / "children").read_text().split()
        ]
    except OSError:  # it ended
        return []
    return [pid, *(below for child in children for below in tree(child))]


def resident(pid: int) -> int:
    """Return the bytes of memory that a process holds, pages of files that it maps included."""
    return field(pid, "VmRSS")


def field(pid: int | str, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it ended
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def train(path: str) -> dict[str, Any]:
    """Train one epoch on a Parquet file, in this process."""
    from isthmus import Autoencoder
    from isthmus.data.sources.parquet import ParquetStream

    ae = Autoencoder("plain", epochs=1, batch_size=BATCH, random_state=0)
    seconds, _ = timed(lambda: ae.fit(ParquetStream(path)))
    return {"seconds": seconds, "info": ae.info_, "history": ae.history_, "highest": field("self", "VmHWM")}


if __name__ == "__main__":
    print(json.dumps(train(sys.argv[1])))
