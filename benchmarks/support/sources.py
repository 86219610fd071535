"""Which sources a figure was measured with: the commit, and a hash of the files as they are."""

from __future__ import annotations

import hashlib
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MEASURED = ("src", "benchmarks")
"""The folders that decide what is measured; results and pages do not."""
KINDS = ("*.py", "*.safetensors")


@cache
def commit() -> str:
    """Return the commit that is checked out, with "+changes" where the files differ from it."""
    try:
        head = git("rev-parse", "HEAD")
        changed = git("status", "--porcelain", "--", "src", "benchmarks/*.py", "benchmarks/support")
    except (OSError, subprocess.CalledProcessError):
        return "unknown: not in a git repository"
    return head + ("+changes" if changed else "")


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


@cache
def sources() -> str:
    """Return a hash of the Python files, and the models that come with the package, that decide what is measured."""
    total = hashlib.sha256()
    for path in sorted(path for folder in MEASURED for kind in KINDS for path in (ROOT / folder).rglob(kind)):
        total.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return total.hexdigest()[:16]
