"""The machine that a figure was measured on, and how fast it multiplies matrices."""

from __future__ import annotations

import os
import platform
import time
from functools import cache
from pathlib import Path
from typing import Any

FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
"""What of a processor decides how fast it multiplies, and in which precision."""
SIDE = 1024


@cache
def machine() -> dict[str, Any]:
    """Return what this machine is; the rate is measured once in a process."""
    import torch

    return {
        "cpu": cpu_field("model name") or platform.processor() or "unknown",
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "flags": [flag for flag in FLAGS if flag in cpu_field("flags").split()],
        "gflops": round(product_rate(), 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def speed() -> list[Any]:
    """Return what decides how fast this machine is, without the rate, which is never twice the same."""
    return [machine()[name] for name in ("cpu", "cores", "threads", "flags")]


def cpu_field(name: str) -> str:
    """Return what /proc/cpuinfo says of the first core; nothing where there is no such file."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.partition("\t")[0].strip() == name), "")


def product_rate() -> float:
    """Return the 10⁹ floating-point operations a second of the fastest of ten float32 products of square matrices."""
    import torch

    a, b = torch.randn(2, SIDE, SIDE)
    seconds = []
    for _ in range(10):
        began = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - began)
    return 2 * SIDE**3 / min(seconds) / 1e9


def in_words(record: dict[str, Any]) -> str:
    """Return a machine in a line; records of former releases have no flags and no rate."""
    parts = [f"{record['cpu']}, {record['cores']} cores, {record['threads']} threads"]
    parts += [" ".join(record["flags"])] if record.get("flags") else []
    parts += [f"{record['gflops']:,.0f} GFLOP/s in a float32 matrix product"] if "gflops" in record else []
    return ", ".join(parts)
