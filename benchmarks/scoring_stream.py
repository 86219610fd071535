"""Ten million rows of a Parquet file scored by `isthmus detect`: peak memory and time.

The rows are those of the shuttle table (nine columns), repeated in different orders, in row groups of 100,000. The
detector is trained on the normal ones, with its defaults. Scoring runs in a process of its own, with the command that
a user types; memory is measured as for the training on Parquet.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.streaming import field, watch
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result, Skip
from benchmarks.support.timing import say, timed

ROWS, GROUP = 10_000_000, 100_000


def run(quick: bool) -> Result:
    if not Path("/proc/self/statm").exists():
        raise Skip("memory is read from /proc, which is not here")
    rows = ROWS // 100 if quick else ROWS
    with tempfile.TemporaryDirectory() as folder:
        data, model, output = (str(Path(folder, name)) for name in ("rows.parquet", "m.safetensors", "scores.parquet"))
        normal = generate(Path(data), rows)
        say(f"{Path(data).stat().st_size / 1e6:.0f} MB, {rows:,} rows")
        few = ["--rows", "0:1000", "-o", str(Path(folder, "few.csv")), "--quiet"]
        training, _ = timed(lambda: detect(data, "--train", normal, "--save", model, *few))
        command = [sys.executable, "-m", "benchmarks.scoring_stream", data, "--model", model, "-o", output]
        seconds, (peak, reported) = timed(lambda: watch(command))
        written = Path(output).stat().st_size
    if reported["rows"] != rows:
        raise RuntimeError(f"{reported['rows']} of {rows} rows were scored")
    figures = [
        Figure("peak memory of the process tree", peak / 1e9, "GB", most=2),
        Figure("highest mark of the process itself", reported["highest"] / 1e9, "GB"),
        Figure("the whole command", seconds, "s"),
        Figure("rows a second", rows / seconds),
        Figure("rows", rows),
        Figure("the scores, a Parquet file", written / 1e9, "GB"),
    ]
    return Result(figures, details={"training": training, "flagged": reported["flagged"]})


def generate(path: Path, rows: int) -> str:
    """Write the file, and beside it one of normal rows; return the path of that."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with np.load(found("adbench/32_shuttle.npz")) as archive:
        X, y = archive["X"].astype(np.float32), archive["y"]
    rng, names = np.random.default_rng(0), [f"x{column}" for column in range(X.shape[1])]
    schema = pa.schema([(name, pa.float32()) for name in names])
    with pq.ParquetWriter(path, schema) as writer:
        for _ in range(rows // min(GROUP, rows)):
            chosen = X[rng.integers(len(X), size=min(GROUP, rows))]
            writer.write_table(pa.table(list(np.ascontiguousarray(chosen.T)), schema=schema))
    normal = path.with_name("normal.parquet")
    pq.write_table(pa.table(list(np.ascontiguousarray(X[y == 0].T)), schema=schema), normal)
    return str(normal)


def detect(*arguments: str) -> None:
    """Run the command as a user does."""
    subprocess.run([sys.executable, "-m", "isthmus", "detect", *arguments], check=True)


if __name__ == "__main__":
    from contextlib import redirect_stdout
    from io import StringIO

    from isthmus.apps.cli.main import main

    with redirect_stdout(StringIO()) as printed:
        main(["detect", *sys.argv[1:], "--json", "--quiet"], standalone_mode=False)
    document = json.loads(printed.getvalue())
    print(json.dumps({name: document[name] for name in ("rows", "flagged")} | {"highest": field("self", "VmHWM")}))
