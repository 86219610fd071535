"""The colours of figures, each with its counterpart for readers who prefer dark pages."""

from __future__ import annotations

PAPER, INK, MUTED, RULE, FAINT = "#ffffff", "#1c2529", "#566168", "#e2dfd6", "#a9b7c1"
BLUE, ORANGE, RED = "#2367ad", "#d9531e", "#c42f3d"
GROUPS = (BLUE, ORANGE, "#2b8a4b", "#8e44ad", "#b88a00", "#159a9c", "#c2185b", "#7a4b2a", "#6b7280", "#15233f")
"""Colours of unordered groups."""
ORDERED = ("#2d1e6b", "#2a6f97", "#2fa084", "#9ac63c", "#f2b701")
"""Colours of numbers, from the lowest to the highest."""

DARK = {
    PAPER: "#1a2226",
    INK: "#e9e7e2",
    MUTED: "#a5b0b6",
    RULE: "#2f3a40",
    FAINT: "#53626b",
    BLUE: "#62a5ea",
    ORANGE: "#f08550",
    RED: "#f4727c",
    "#2b8a4b": "#5fc481",
    "#8e44ad": "#c58be0",
    "#b88a00": "#d9b23b",
    "#159a9c": "#3fc6c8",
    "#c2185b": "#f0609a",
    "#7a4b2a": "#c08a63",
    "#6b7280": "#9aa3b0",
    "#15233f": "#f1efe9",
    "#2d1e6b": "#7f6ad8",
    "#2a6f97": "#4a9bc8",
}
"""What a colour becomes on a dark page; a colour that is not listed stays the same."""


def dark_style(scope: str) -> str:
    """Return the style sheet that exchanges the colours inside elements of a class, where the reader prefers dark."""
    rules = "".join(
        f'.{scope} [{what}="{light}"]{{{what}:{dark}}}' for light, dark in DARK.items() for what in ("fill", "stroke")
    )
    return f"@media (prefers-color-scheme: dark){{{rules}}}"
