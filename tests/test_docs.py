"""The pages: their code runs, their commands exist, their links lead somewhere, and what is generated is up to date.

tests/test_docs_commands.py types them from the first line to the last.
"""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import click
import pytest
from sklearn.datasets import load_digits

from isthmus import Autoencoder
from isthmus.apps.cli.main import MODULES, main
from isthmus.core.part import PARTS

ROOT = Path(__file__).parents[1]
PAGES = {str(p.relative_to(ROOT)): p for p in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]}
EXAMPLES = {
    "docs/examples/fraud.md": "fraud",
    "docs/examples/intrusion.md": "intrusion",
    "docs/examples/sensors.md": "sensors",
}
"""Pages whose code and commands need real data, and where these are."""
TYPED = "docs/examples/defects.md"
"""A page whose code uses what its commands make: `tests/test_docs_commands.py` types it."""
PROGRAMS = ("make", "pip", "isthmus", "python3", "curl")
FROM_ROOT = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}
"""Pages of the site that docs/hooks.py takes from the root."""


def load_script(path):
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate, api, walk = map(load_script, ("docs/generate.py", "docs/api.py", "tests/walk.py"))


def text_of(page):
    return PAGES[page].read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(page), re.M | re.S)


def lines(page):
    """Return what is typed in the console blocks of a page."""
    return [line for block in blocks(page, "console") for line in walk.commands(block)]


def commands(page):
    return [shlex.split(line)[1:] for line in lines(page) if line.startswith("isthmus ")]


def pages_with(found):
    return pytest.mark.parametrize("page", [page for page in PAGES if found(page)])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Stand in a folder of its own; take out of the table of parts what a page put there."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in [name for name, cls in PARTS.items() if cls.__module__ == "page"]:
        del PARTS[name]


# -- what is generated -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", generate.PAGES)
def test_generated_pieces_are_as_the_code_has_them(page):
    assert "<!-- generated: " in text_of(page)
    assert generate.generated(text_of(page)) == text_of(page), "run: python docs/generate.py"


def test_the_readme_has_the_table_of_variants():
    assert generate.variants_table() in text_of("README.md")


# -- Python ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pages_with(lambda page: blocks(page, "python") and page not in {*EXAMPLES, TYPED})
def test_the_python_of_a_page_runs(page, folder):
    if page == "docs/file-format.md":  # it reads a model that the reader has
        Autoencoder(latent_dim=2, epochs=1, random_state=0).fit(load_digits().images / 16).save("model.safetensors")
    names = {"__name__": "page"}
    for block in blocks(page, "python"):
        exec(compile(block, page, "exec"), names)


def own_lines(page):
    """Return the code in the last column of the tables of a page whose last head is ours."""
    tables = re.findall(r"^\|.*\| isthmus \|\n\|[ |-]+\n((?:\|.*\n)+)", text_of(page), re.M)
    rows = [line for table in tables for line in table.splitlines()]
    return [re.search(r"\| `([^`]+)` \|$", row)[1] for row in rows]


def test_our_lines_beside_those_of_other_libraries_run(folder):
    page = "docs/coming-from.md"
    names = {"__name__": "page"}
    exec(compile(blocks(page, "python")[0], page, "exec"), names)
    warnings.simplefilter("ignore")
    assert len(own_lines(page)) > 60
    for line in own_lines(page):
        exec(compile(line, line, "exec"), names)
    assert names["ae"].transform(names["pixels"]).shape == (200, 8)


def test_parts_of_installed_packages_are_found(tmp_path):
    page = "docs/own-parts.md"
    (announced,) = (tomllib.loads(block)["project"]["entry-points"] for block in blocks(page, "toml"))
    ((group, entries),) = announced.items()
    info = tmp_path / "shallow_net-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shallow-net\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *(f"{k} = {v}" for k, v in entries.items())]))
    (tmp_path / "shallow_net.py").write_text(blocks(page, "python")[0])
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    train = "train digits --net shallow --latent-dim 4 --epochs 1 --quiet -o model.safetensors"
    for arguments in (train, "encode model.safetensors digits -o codes.npy"):
        command = [sys.executable, "-m", "isthmus", *arguments.split()]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "codes.npy").exists()


# -- commands --------------------------------------------------------------------------------------------------------


@pages_with(commands)
def test_the_commands_of_a_page_exist_with_their_options(page, folder):
    for name, *arguments in commands(page):
        context = click.Context(main, info_name="isthmus")
        main.get_command(context, name).make_context(name, arguments, parent=context)


@pages_with(lambda page: "`" in text_of(page))
def test_commands_and_options_in_the_text_exist(page):
    context = click.Context(main)
    known = {
        option
        for name in MODULES
        for p in main.get_command(context, name).params
        for option in (*p.opts, *p.secondary_opts)
    }
    assert set(re.findall(r"`isthmus ([a-z]+)", text_of(page))) <= set(MODULES)
    assert set(re.findall(r"`(--[a-z-]+)", text_of(page))) <= known | {"--help", "--extra-index-url"}


@pages_with(lines)
def test_make_and_pip_know_what_is_asked_of_them(page):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for line in lines(page):
        program, *words = shlex.split(line)
        assert program in PROGRAMS or program.startswith((".venv/", "ISTHMUS_"))
        if program == "make":
            assert words[0] in targets, line
        for extra in re.findall(r"\.\[(.*)\]", line):
            assert set(extra.split(",")) <= set(extras), line


# -- links -----------------------------------------------------------------------------------------------------------


def links(page):
    return re.findall(r"\]\(([^)#\s]+)", re.sub(r"```.*?```", "", text_of(page), flags=re.S))


@pages_with(links)
def test_links_lead_somewhere(page):
    for link in links(page):
        if not link.startswith("https://"):
            inside = PAGES[page].parent.name == "docs" and link in FROM_ROOT
            target = ROOT / FROM_ROOT[link] if inside else PAGES[page].parent / link
            assert target.exists() or link in api.pages(), link


def test_every_page_of_the_site_is_in_its_menu():
    menu = set(re.findall(r"^ +- .*: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.M))
    assert menu == {page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")} | set(FROM_ROOT)


# -- the API reference -----------------------------------------------------------------------------------------------


def test_every_module_stands_on_the_page_of_its_room():
    package = ROOT / "src" / "isthmus"
    modules = {".".join(p.relative_to(package.parent).with_suffix("").parts) for p in package.rglob("[!_]*.py")}
    documented = re.findall(r"^::: (\S+)$", "\n".join(api.pages().values()), re.M)
    assert sorted(documented) == sorted(modules | {"isthmus.tasks"})


def test_every_page_of_the_reference_is_in_its_menu():
    first, *rooms = api.menu()
    listed = [page for room in rooms for entries in room.values() for entry in entries for page in entry.values()]
    assert sorted([*first.values(), *listed]) == sorted(api.pages())
