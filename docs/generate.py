"""Writes into the pages what the code knows best: `python docs/generate.py`. A test says when a page is behind.

A generated piece stands between two comments, `<!-- generated: NAME -->` and `<!-- end -->`.
"""

import ast
import re
from dataclasses import fields
from difflib import unified_diff
from pathlib import Path

from isthmus.apps.cli.main import main
from isthmus.variants import Variant, variants

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "docs/which-variant.md", "docs/command-line.md")
SHARED = {field.name for field in fields(Variant)}
BLOCK = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.S)
PUBLIC = "src/isthmus/__init__.py"

# -- tables ----------------------------------------------------------------------------------------------------------


def shown(value):
    return f'"{value}"' if isinstance(value, str) else str(value)


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def own_knobs(cls):
    return [field for field in fields(cls) if field.name not in SHARED]


def variants_table():
    rows = []
    for name, cls in variants().items():
        knobs = ", ".join(f"`{knob.name}={shown(knob.default)}`" for knob in own_knobs(cls))
        rows.append([f"`{name}`", cls.__doc__.splitlines()[0], knobs])
    return table(["variant", "what it does", "its knobs, with their defaults"], rows)


def knobs_table():
    rows = []
    for name, cls in variants().items():
        rows += [[f"`{name}`", f"`{k.name}`", f"`{shown(k.default)}`", k.metadata["help"]] for k in own_knobs(cls)]
    rows += [["every one", f"`{k.name}`", f"`{shown(k.default)}`", k.metadata["help"]] for k in fields(Variant)]
    return table(["variant", "knob", "default", "what it is"], rows)


def commands_table():
    commands = {name: main.get_command(None, name) for name in main.list_commands(None)}
    rows = [[f"`isthmus {name}`", command.get_short_help_str(200)] for name, command in commands.items()]
    return table(["command", "what it does"], rows)


# -- diffs: a file as it is, against the same file without what was added --------------------------------------------


def difference(path, without):
    """Return the diff that leads from the text `without` to the file as it is."""
    there = (ROOT / path).read_text()
    assert without != there, f"{path}: there is nothing to take out; docs/generate.py is behind the code"
    old = without.splitlines(keepends=True)
    lines = unified_diff(old, there.splitlines(keepends=True), f"a/{path}" if old else "/dev/null", f"b/{path}", n=2)
    return re.sub(r"^@@ .*$", "@@", "".join(lines), flags=re.M)  # line numbers would be behind at once


def without_class(path, name):
    lines = (ROOT / path).read_text().splitlines(keepends=True)
    (node,) = [n for n in ast.parse("".join(lines)).body if isinstance(n, ast.ClassDef) and n.name == name]
    start = min(d.lineno for d in node.decorator_list) - 1
    return difference(path, "".join(lines[:start]).rstrip("\n") + "\n" + "".join(lines[node.end_lineno :]))


def without_words(path, *pairs):
    text = (ROOT / path).read_text()
    for there, before in pairs:
        assert text.count(there) == 1, f"{path}: {there!r} is not there once; docs/generate.py is behind the code"
        text = text.replace(there, before)
    return difference(path, text)


def without_entry(path, key):
    """Return the diff that adds an entry of a table of several lines."""
    entry = re.search(rf'^    "{key}": {{\n(?:        .*\n)+    }},\n', (ROOT / path).read_text(), re.M)
    return without_words(path, (entry[0], ""))


def without_file(path, methods):
    """Return the diff that adds a file, cut to these methods of its first class."""
    head, *lines = difference(path, "").partition("@@")[0], *(ROOT / path).read_text().splitlines()
    (cls, *_) = [n for n in ast.parse("\n".join(lines)).body if isinstance(n, ast.ClassDef)]
    places = {n.name: (n.lineno, n.end_lineno) for n in cls.body if isinstance(n, ast.FunctionDef)}
    spans = [(min(d.lineno for d in cls.decorator_list), cls.lineno + 1), *(places[name] for name in methods)]
    return head + "".join("@@\n" + "".join(f"+{line}\n" for line in lines[a - 1 : b]) for a, b in spans)


def fenced(*diffs):
    return "```diff\n" + "".join(diffs) + "```"


def variant_diff():
    public = without_words(PUBLIC, ("    from isthmus.variants import TopK as TopK\n", ""), ('"TopK", ', ""))
    return fenced(without_class("src/isthmus/variants.py", "TopK"), public)


def bottleneck_diff():
    return fenced(difference("src/isthmus/parts/bottlenecks/sparse.py", ""))


def corruption_diff():
    names = without_words("src/isthmus/variants.py", ('    "salt-and-pepper",\n', ""))
    return fenced(difference("src/isthmus/parts/corruptions/salt_and_pepper.py", ""), names)


def data_diff():
    kinds = without_words(
        "src/isthmus/data/infer.py",
        ('"images": "images.images", ', ""),
        ('_new("images" if axes(X) in (3, 4) else "table")', '_new("table")'),
    )
    public = without_words(
        PUBLIC,
        ("    from isthmus.data.images.images import Images as Images\n", ""),
        ('    "data.images.images": ["Images"],\n', ""),
    )
    faces = without_entry("src/isthmus/apps/kinds.py", "data/images")
    methods = ("read", "write", "forward", "invert", "per_feature", "defaults")
    return fenced(without_file("src/isthmus/data/images/images.py", methods), kinds, public, faces)


PIECES = {
    "variants": variants_table,
    "knobs": knobs_table,
    "commands": commands_table,
    "variant-diff": variant_diff,
    "bottleneck-diff": bottleneck_diff,
    "corruption-diff": corruption_diff,
    "data-diff": data_diff,
}


def generated(text):
    """Return a page with its generated pieces renewed."""
    return BLOCK.sub(lambda found: found[1] + "\n" + PIECES[found[2]]() + "\n\n" + found[3], text)


if __name__ == "__main__":
    for page in PAGES:
        (ROOT / page).write_text(generated((ROOT / page).read_text()))
