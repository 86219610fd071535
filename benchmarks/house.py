"""The code itself: repeated lines, lengths of functions, types left open, circles of imports, rooms and file names.

Repeated are runs of six or more lines that stand elsewhere too, blank lines, comments, docstrings and imports left out.
A function's length is that of its body without the docstring. `Any` counts where it is the whole type of a parameter,
other than of the user's rows (`X`, `y`). Imports for type checkers, and inside functions, count as imports; the lazy
public names of the package do not.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import isthmus
from benchmarks.support.figures import Figure, Result

HOME = Path(isthmus.__file__).parent
RUN = 6
EXEMPT = {"__init__.py", "base.py", "table.py", "images.py", "signals.py", "audio.py"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def run(quick: bool) -> Result:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(HOME.rglob("*.py"))}
    functions = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, Function)]
    lengths = sorted(length(node) for node in functions)
    names = Counter(path.name for path in trees if path.name not in EXEMPT)
    rooms = [folder for folder in (HOME / "data").iterdir() if (folder / "__init__.py").exists()]
    figures = [
        Figure("repeated lines", 100 * repeated(trees), "%", most=1),
        Figure("lines of a function, median", median(lengths), most=6),
        Figure("lines of a function, 95 %", lengths[int(0.95 * len(lengths))], most=22),
        Figure("parameters typed Any, user's rows left out", 100 * left_open(functions), "%", most=5),
        Figure("modules in circles of imports", len(circles(trees)), most=0),
        Figure("rooms in data/", len(rooms), most=8),
        Figure("file names that occur more than twice", sum(count > 2 for count in names.values()), most=0),
    ]
    return Result(figures, details={"files": len(trees), "functions": len(functions), "circles": circles(trees)})


def length(function: Function) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def left_open(functions: list[Function]) -> float:
    """Return the fraction of parameters whose type is Any."""
    every = [a for f in functions for a in (*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs)]
    every = [a for a in every if a.arg not in ("self", "cls")]
    return sum(
        a.annotation is not None and ast.unparse(a.annotation) == "Any" and a.arg not in ("X", "y") for a in every
    ) / len(every)


# -- repeated lines --------------------------------------------------------------------------------------------------


def repeated(trees: dict[Path, ast.Module]) -> float:
    """Return the fraction of lines that stand in a run which stands elsewhere too."""
    lines = {path: list(code_lines(path, tree)) for path, tree in trees.items()}
    seen = defaultdict(list)
    for path, texts in lines.items():
        for start in range(len(texts) - RUN + 1):
            seen["\n".join(texts[start : start + RUN])].append((path, start))
    twice = {
        (path, start + i) for spots in seen.values() if len(spots) > 1 for path, start in spots for i in range(RUN)
    }
    return len(twice) / sum(map(len, lines.values()))


def code_lines(path: Path, tree: ast.Module) -> Iterator[str]:
    left_out = {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str))
        for number in range(node.lineno, node.end_lineno + 1)
    }
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if number not in left_out and not text.startswith("#") and re.search(r"\w", text):
            yield text


# -- circles ---------------------------------------------------------------------------------------------------------


def circles(trees: dict[Path, ast.Module]) -> list[str]:
    """Return the modules from which imports lead back to themselves."""
    graph = {module(path): imported(tree) for path, tree in trees.items()}
    graph = {
        name: {other for other in others if other in graph and other != "isthmus"} for name, others in graph.items()
    }
    return sorted(name for name in graph if name != "isthmus" and name in reached(graph, name))


def module(path: Path) -> str:
    parts = path.relative_to(HOME.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.Module) -> set[str]:
    """Return the modules that a module names: at its top, under TYPE_CHECKING, and inside functions."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def reached(graph: dict[str, set[str]], start: str) -> set[str]:
    """Return all modules that imports lead to."""
    seen: set[str] = set()
    ahead = [*graph[start]]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += graph[name]
    return seen
