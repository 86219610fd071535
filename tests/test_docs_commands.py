"""README and the pages can be typed from the first line to the last, in order, in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WALK = ROOT / "tests" / "walk.py"
TYPED = [page for page in PAGES if re.search(r"^```(python|console)$", page.read_text(encoding="utf-8"), re.M)]


def walk(page, folder, **environment):
    """Type a page in a folder; return what was said and the exit code."""
    settings = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    done = subprocess.run(
        [sys.executable, str(WALK), str(page)], cwd=folder, env=settings, capture_output=True, text=True
    )
    return f"{done.stdout}\n{done.stderr}", done.returncode


@pytest.mark.slow
@pytest.mark.parametrize("page", TYPED, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_can_be_typed_from_its_first_line_to_its_last(page, tmp_path):
    said, code = walk(page, tmp_path)
    print(*(line for line in said.splitlines() if line.startswith("skipped")), sep="\n")
    assert code == 0, said


PAGE = """
```python
n = 2
```
<!-- skip: no network here -->

```console
$ false
```

<!-- needs: nowhere -->
```console
$ false
```

```console
$ pip install nothing
$ echo {mark} \\
    continued | tee said.txt
what it says
```

```python
from pathlib import Path
assert Path("said.txt").read_text() == "{mark} continued\\n" and n == 2
```
"""


def test_blocks_run_in_order_share_names_and_say_what_is_skipped(tmp_path):
    (tmp_path / "page.md").write_text(PAGE.format(mark="hello"))
    said, code = walk("page.md", tmp_path, ISTHMUS_DATA=str(tmp_path))
    assert code == 0, said
    for skipped in ("no network here: false", "ISTHMUS_DATA has no nowhere: false", "it installs: pip install nothing"):
        assert f"skipped, {skipped}" in said


@pytest.mark.parametrize("step", ["```console\n$ false\n$ true\n```", '```python\nraise SystemExit("no")\n```'])
def test_a_step_that_fails_ends_the_page(step, tmp_path):
    (tmp_path / "page.md").write_text(f"{step}\n\n```console\n$ touch later\n```\n")
    assert walk("page.md", tmp_path)[1] == 1 and not (tmp_path / "later").exists()
