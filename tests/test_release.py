"""What is released: the distributions hold what they should, and the steps of the workflow know this project."""

import os
import re
import shlex
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import click
import pytest

import isthmus
from isthmus.apps.cli.main import main

ROOT = Path(__file__).parents[1]
WORKFLOWS = ROOT / ".github" / "workflows"
SMOKE = ROOT / ".ci" / "smoke"
FOLDERS = {"src", "tests", "docs", "benchmarks", "training", "web", "deploy", ".ci"}
"""What an sdist has beside the files of the root."""

in_a_clone = pytest.mark.skipif(not WORKFLOWS.exists(), reason="an sdist has no workflows")


@in_a_clone
def test_the_workflow_reads_the_version_as_it_stands():
    workflow = (WORKFLOWS / "release.yml").read_text()
    line = re.search(r"version=\$\((sed .*)\)$", workflow, re.M)[1]
    said = subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == isthmus.__version__


@in_a_clone
def test_what_is_built_is_tried_on_every_supported_python_before_it_is_published():
    workflow = (WORKFLOWS / "release.yml").read_text()
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    supported = [c.rpartition(" ")[2] for c in classifiers if re.search(r":: 3\.\d+$", c)]
    assert re.findall(r'"(3\.\d+)"', re.search(r"python: \[(.*)\]", workflow)[1]) == supported
    assert 'dist: ["*.whl", "*.tar.gz"]' in workflow and ".ci/smoke dist/" in workflow
    publish = workflow.partition("\n  publish:\n")[2]
    assert "needs: smoke" in publish and "id-token: write" in publish and "password" not in publish


def test_the_smoke_test_is_a_script_whose_commands_exist():
    assert os.access(SMOKE, os.X_OK)
    subprocess.run(["sh", "-n", str(SMOKE)], check=True)
    typed = [shlex.split(line)[1:] for line in SMOKE.read_text().splitlines() if line.startswith("isthmus ")]
    context = click.Context(main, info_name="isthmus")
    for name, *arguments in [words for words in typed if words != ["--version"]]:
        main.get_command(context, name).make_context(name, arguments, parent=context)


@pytest.mark.slow
def test_an_sdist_holds_the_sources_and_nothing_that_was_made_of_them(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert {name.partition("/")[0] for name in names if "/" in name} == FOLDERS
    wanted = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile", "mkdocs.yml", "PKG-INFO"}
    assert wanted | {"src/isthmus/py.typed", "tests/walk.py", ".ci/smoke"} <= names
    assert not [name for name in names if re.search(r"__pycache__|node_modules|\.venv|\.pyc$|_cache/", name)]
    models = sum(path.stat().st_size for path in (ROOT / "src/isthmus/models").rglob("*.safetensors"))
    assert path.stat().st_size < models + 5 * 2**20
