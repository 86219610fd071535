"""What all tests share: the real data, and how many tests ran on them."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data():
    """Give ``real_data("mnist/…") -> Path``: a file or folder under ISTHMUS_DATA; without it, the test skips."""

    def find(path: str) -> Path:
        if not os.environ.get("ISTHMUS_DATA"):
            pytest.skip("ISTHMUS_DATA is not set: real data are not here")
        found = Path(os.environ["ISTHMUS_DATA"], path)
        if not found.exists():
            pytest.skip(f"ISTHMUS_DATA has no {path}")
        return found

    return find


def pytest_collection_modifyitems(items):
    for item in items:
        if "real_data" in getattr(item, "fixturenames", ()):
            item.add_marker("real_data")


def pytest_terminal_summary(terminalreporter):
    reports = [r for outcome in ("passed", "failed") for r in terminalreporter.stats.get(outcome, [])]
    ran = sum(r.when == "call" and "real_data" in r.keywords for r in reports)
    terminalreporter.write_line(f"real data: {ran} tests ran on ISTHMUS_DATA")
