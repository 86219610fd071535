"""What is committed of the page is what its source builds into."""

import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[3] / "web"
STATIC = Path(__file__).parents[3] / "src/isthmus/apps/explorer/static"


@pytest.fixture
def npm():
    """Run a script of web/package.json; it must succeed."""
    if not shutil.which("npm") or not (WEB / "node_modules").is_dir():
        pytest.skip("no Node.js, or `npm ci` was not run in web/")

    def run(script):
        done = subprocess.run(["npm", "run", "--silent", script], cwd=WEB, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.mark.parametrize("script", ["same", "check", "test"])
def test_the_source(npm, script):
    npm(script)


def test_nothing_is_fetched_from_elsewhere():
    page = (STATIC / "index.html").read_text()
    style = (STATIC / "explorer.css").read_text()
    assert "://" not in page and "://" not in style and "@import" not in style


def test_licences_go_with_the_script():
    notice = (STATIC / "NOTICE.txt").read_text()
    for package in ("preact", "regl", "regl-scatterplot", "gl-matrix"):
        assert f"\n{package} " in notice
    assert notice.count("Permission is hereby granted") >= 4
    assert (STATIC / "explorer.js").read_text().startswith("/*\nThe page of isthmus explore contains these packages.")
