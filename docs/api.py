"""The pages of the API reference: one for each room of the package, made from its docstrings by mkdocstrings."""

from pathlib import Path

from isthmus import _HOMES

PACKAGE = Path(__file__).parents[1] / "src" / "isthmus"
ORDER = ("estimators", "tasks", "variants", "data", "parts", "objectives", "core", "support", "apps")
"""From what users call to what it is made of."""


def rooms():
    """Return the modules of each room by its dotted name, in the order of the menu."""
    found = {}
    for path in sorted(PACKAGE.rglob("[!_]*.py")):
        room = ".".join(path.parent.relative_to(PACKAGE).parts) or path.stem
        found.setdefault(room, []).append(".".join(path.relative_to(PACKAGE).with_suffix("").parts))
    found.setdefault("tasks", []).append("tasks")  # the package itself has `load`
    return dict(sorted(found.items(), key=lambda item: (ORDER.index(item[0].partition(".")[0]), item[0])))


def page_of(room):
    return f"api/{room.replace('.', '-')}.md"


def pages():
    """Return the text of each page."""
    return {"api/index.md": index(), **{page_of(room): text(room, modules) for room, modules in rooms().items()}}


def text(room, modules):
    blocks = "\n\n".join(f"::: isthmus.{module}" for module in modules)
    return f"# {room.replace('.', '/')}\n\n{blocks}\n"


def index():
    """Return the first page: the public names, and the rooms."""
    public = [f"- [`{name}`][isthmus.{home}.{name}]" for home, names in _HOMES.items() for name in names]
    inside = [f"- [{room.replace('.', '/')}]({page_of(room).removeprefix('api/')})" for room in rooms()]
    return "\n".join(
        [
            "# API reference",
            "",
            "These names are public: `from isthmus import …`. They change only with a line in the changelog.",
            "",
            *public,
            "",
            "Everything else is listed by room, for those who add to isthmus or write parts of their own:",
            "",
            *inside,
            "",
        ]
    )


def menu():
    """Return the part of the site's menu that leads to these pages."""
    nested = {}
    for room in rooms():
        nested.setdefault(room.partition(".")[0], []).append({room.replace(".", "/"): page_of(room)})
    return [{"Public names": "api/index.md"}, *({name: entries} for name, entries in nested.items())]
