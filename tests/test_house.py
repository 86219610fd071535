"""The rules of the house: what importing costs, what is public, what the package is made of."""

import ast
import inspect
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections import Counter
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

import isthmus
from benchmarks.house import circles
from isthmus.data import infer

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "isthmus"
HEAVY = {"torch", "numpy", "scipy", "sklearn", "pandas", "polars", "pyarrow", "matplotlib"}


def python(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env={**os.environ, **environment}, cwd=ROOT.anchor
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "module",
    ["isthmus", "isthmus.core.part", "isthmus.parts.schedules", "isthmus.variants", "isthmus.apps.cli.main"],
)
def test_importing_touches_no_heavy_library(module):
    loaded = python("-c", f"import sys, {module}; print(*sys.modules)").split()
    assert not HEAVY.intersection(loaded)


def test_importing_an_autoencoder_imports_no_kind_of_data():
    loaded = python("-c", "import sys; from isthmus import Autoencoder; print(*sys.modules)").split()
    assert "isthmus.estimators.autoencoder" in loaded
    assert not {f"isthmus.data.{module}" for module in infer.KINDS.values()}.intersection(loaded)


def test_a_fresh_process_knows_every_kind_of_data():
    names = [f"data/{name}" for name in (*infer.KINDS, "waveforms", "condition")]
    code = f"from isthmus.core.part import lookup; print(*(lookup(name).part_name for name in {names}))"
    assert python("-c", code).split() == names


@pytest.mark.parametrize("command", ["", "train"])
def test_help_touches_no_heavy_library(command):
    code = f"""
import sys
from isthmus.apps.cli.main import main
main({[*command.split(), "--help"]}, standalone_mode=False)
print(*sys.modules)
"""
    assert not HEAVY.intersection(python("-c", code).split())


def test_every_public_name_is_there():
    for name in isthmus.__all__:
        assert getattr(isthmus, name) is not None
        assert name in dir(isthmus)


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Autoencodr'"):
        isthmus.Autoencodr  # noqa: B018


def test_type_checkers_see_the_public_names():
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {(node.module, alias.asname) for node in block.body for alias in node.names}
    assert seen == {(f"isthmus.{home}", name) for home, names in isthmus._HOMES.items() for name in names}


def test_public_names_and_their_methods_are_documented():
    for name in isthmus.__all__:
        thing = getattr(isthmus, name)
        assert inspect.getdoc(thing), name
        if not inspect.isclass(thing) or issubclass(thing, Exception):
            continue
        for method, value in inspect.getmembers(thing, callable):
            if not method.startswith("_") and value.__module__.startswith("isthmus"):
                assert inspect.getdoc(value), f"{name}.{method}"


def test_package_inits_are_empty():
    full = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("__init__.py") if path.read_text().strip()}
    assert full <= {"__init__.py", "tasks/__init__.py"}


KINDS = {"table.py", "images.py", "signals.py", "audio.py"}
"""Files of the kinds of data: each app and each room has its own."""


def test_a_file_name_says_which_file_is_meant():
    named = Counter(path.name for path in PACKAGE.rglob("*.py"))
    often = {name for name, count in named.items() if count > 2}
    assert often <= {"__init__.py", "base.py"} | KINDS


def test_data_has_at_most_eight_rooms():
    rooms = [path.name for path in (PACKAGE / "data").iterdir() if (path / "__init__.py").exists()]
    assert 0 < len(rooms) <= 8, rooms


@cache
def defined(module: str) -> set[str]:
    """Return the names that a module defines itself, and the modules in a package."""
    path = PACKAGE.parent.joinpath(*module.split("."))
    if path.is_dir():
        found = {inner.stem for inner in path.iterdir()}
        path = path / "__init__.py"
    else:
        found, path = set(), path.with_suffix(".py")
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def imported(path: Path) -> list[tuple[str, str]]:
    """Return the names that a file imports from modules of the package, with the module that it names."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return [(node.module, alias.name) for node in nodes if node.module.startswith("isthmus.") for alias in node.names]


def test_apps_import_names_from_where_they_are_defined():
    names = [(path, *found) for path in (PACKAGE / "apps").rglob("*.py") for found in imported(path)]
    assert len(names) > 300
    lent = [
        f"{path.relative_to(PACKAGE)}: {module}.{name}" for path, module, name in names if name not in defined(module)
    ]
    assert not lent


def test_apps_know_no_kind_of_data_by_its_class():
    """Each kind is named by its own adapters only; the table of adapters names it by its part name."""
    classes = {"Table": "table", "Images": "images", "Signals": "signals", "Audio": "audio"}
    strange = [
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in (PACKAGE / "apps").rglob("*.py")
        for module, name in imported(path)
        if name in classes and module.startswith("isthmus.data.") and path.stem != classes[name]
    ]
    # `isthmus detect --window` and `--crop` make the data of a detector that is not trained yet
    assert sorted(strange, reverse=True) == ["apps/cli/detect/photos.py: Images", "apps/cli/detect/options.py: Signals"]


PRIVATE_WORDS = {
    *("found", "given", "held", "told", "wish", "wishes", "place", "places", "share", "shares", "moment", "moments"),
    *("spoil", "spoiled", "spoilt", "rebuild", "rebuilt", "blame", "blamed", "verdict", "verdicts", "judge", "judged"),
    *("usual", "aside", "parted", "most", "least", "opened", "shown"),
}
"""Words that say nothing of what a name stands for: the result, rows, an index, a fraction, a maximum …"""

OTHER_MEANINGS = {"held_out"}

CLEAN = [
    *("__init__.py", "variants.py", "apps", "core", "data", "estimators", "objectives", "support", "tasks"),
    *("parts/bottlenecks", "parts/corruptions", "parts/features", "parts/likelihoods", "parts/penalties"),
    *("parts/priors", "parts/scores"),
    *("parts/layers.py", "parts/nets/conv.py", "parts/nets/masked_ensemble.py", "parts/nets/mlp.py"),
]
"""Folders and files without them: others join this list, none leaves it."""


def names_in(path: Path) -> set[str]:
    """Return the names that a file defines: of functions, classes, parameters, variables and attributes."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
    return names


@pytest.mark.parametrize("where", CLEAN)
def test_names_are_the_words_of_the_field(where):
    home = PACKAGE / where
    files = [home] if home.is_file() else sorted(home.rglob("*.py"))
    assert files
    private = [
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in files
        for name in sorted(names_in(path))
        if name.strip("_") not in OTHER_MEANINGS and PRIVATE_WORDS.intersection(name.lower().split("_"))
    ]
    assert not private


def test_private_words_are_seen_wherever_names_are_defined(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("def f(given, *, _most):\n    self.held = 1\n    for place in x:\n        found_rows = place\n")
    assert names_in(path) >= {"given", "_most", "held", "place", "found_rows"}


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").rglob("*.py")), ids=lambda path: path.stem)
def test_benchmarks_use_the_words_of_the_field(path):
    private = {"told", "held", "share", "shares", "place", "places", "spoiled", "rebuilt", "moment", "moments"}
    words = re.findall(r"[a-z]+", path.read_text().lower().replace("held-out", "").replace("held_out", ""))
    assert not private.intersection(words)


def test_no_import_leads_back_to_its_module():
    """Imports for type checkers, and inside functions, count too."""
    assert not circles({path: ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")})


def test_a_circle_of_imports_is_seen():
    one, other = PACKAGE / "support" / "one.py", PACKAGE / "support" / "other.py"
    trees = {
        one: ast.parse("if TYPE_CHECKING:\n    from isthmus.support.other import x"),
        other: ast.parse("def f():\n    from isthmus.support import one"),
    }
    assert circles(trees) == ["isthmus.support.one", "isthmus.support.other"]


def test_each_parameter_has_a_line_of_its_own():
    joined = re.compile(r"^ +\w+ : .{3,} \w+ : ", re.M)
    assert not [str(path) for path in PACKAGE.rglob("*.py") if joined.search(path.read_text())]


def test_the_version_is_the_same_everywhere():
    version = isthmus.__version__
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert next(heading for heading in headings if heading != "Unreleased") == version


def test_every_requirement_has_a_tested_range():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    user_facing = {
        k: v for k, v in project["optional-dependencies"].items() if k not in ("test", "lint", "bench", "docs")
    }
    for requirement in [*project["dependencies"], *chain(*user_facing.values())]:
        assert requirement.startswith("isthmus[") or re.fullmatch(
            r"[\w-]+>=[\d.]+,<\d[\d.]*(; sys_platform .*)?", requirement
        ), requirement
    every = set(user_facing) - {"all"}
    assert user_facing["all"] == [f"isthmus[{','.join(e for e in user_facing if e in every)}]"]


@pytest.mark.slow
def test_sdist_and_wheel_build_and_work(tmp_path):
    python("-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(ROOT))  # the wheel from the sdist
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("isthmus/")}
    ours = {str(path.relative_to(PACKAGE.parent)) for path in PACKAGE.rglob("*") if path.is_file()}
    assert packed == {name for name in ours if "__pycache__" not in name}

    python("-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path / "site"), str(wheel))
    code = f"""
import isthmus, numpy as np
assert isthmus.__file__.startswith({str(tmp_path)!r}), isthmus.__file__
X = np.random.default_rng(0).normal(size=(64, 5))
ae = isthmus.Autoencoder("plain", latent_dim=2, epochs=1, random_state=0).fit(X)
ae.save({str(tmp_path / "model.safetensors")!r})
again = isthmus.load({str(tmp_path / "model.safetensors")!r})
assert np.array_equal(ae.transform(X), again.transform(X))
"""
    python("-c", code, PYTHONPATH=str(tmp_path / "site"))
    assert isthmus.__version__ in python("-m", "isthmus", "--version", PYTHONPATH=str(tmp_path / "site"))
