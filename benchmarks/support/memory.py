"""How much memory a command takes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

PER_GIGABYTE = 1e9 / 1024
"""The system counts the memory of a process in units of 1,024 bytes."""
BETWEEN = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss if status == 0 else -1)
"""
"""A small process between: one that is started inherits the highest memory of the one that starts it."""


def peak(command: Sequence[str]) -> float:
    """Run a command of isthmus, and return its highest memory, in GB."""
    words = [sys.executable, "-c", BETWEEN, sys.executable, "-m", "isthmus", *command]
    kilobytes = int(subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout)
    if kilobytes < 0:
        raise RuntimeError(f"isthmus {' '.join(command)} failed")
    return kilobytes / PER_GIGABYTE
