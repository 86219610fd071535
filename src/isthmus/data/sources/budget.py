"""The memory that is available."""

import os
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def available() -> int:
    """Return the bytes of memory available to this process: free memory, within the container's limit."""
    return max(0, int(min(_free(), _within_limit())))


def _free() -> int:
    if MEMINFO.exists():
        fields = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines())
        return int(fields["MemAvailable"].split()[0]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _within_limit() -> float:
    limit, used = CGROUP / "memory.max", CGROUP / "memory.current"
    if not limit.exists() or (text := limit.read_text().strip()) == "max":
        return float("inf")
    return int(text) - int(used.read_text())
