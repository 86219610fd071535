"""What notebooks show inline: a page in a frame, from a file or from a server."""

from __future__ import annotations

import os
from html import escape
from types import TracebackType
from typing import Self

from isthmus.apps.http.running import Background
from isthmus.support.atomic import atomic

HEIGHT = 800
"""Height of a frame, in CSS pixels."""
FRAME = '<iframe {source} width="100%" height="{height}" style="border: 0; background: #fff" title="{title}"></iframe>'


class Document:
    """A page as one HTML document: shown inline in a notebook, and saved as a file.

    Parameters
    ----------
    html : str
    title : str
    height : int, default 800
        Of the frame in a notebook.
    """

    def __init__(self, html: str, title: str, height: int = HEIGHT) -> None:
        self.html, self.title, self.height = html, title, height

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page, whole or not at all.

        Raises
        ------
        InputError
            The file cannot be written.
        """
        with atomic(path) as temporary:
            temporary.write_text(self.html, encoding="utf-8")

    def _repr_html_(self) -> str:
        source = f'srcdoc="{escape(self.html)}"'
        return FRAME.format(source=source, height=self.height, title=escape(self.title))

    def __repr__(self) -> str:
        return f"<{self.title}: {len(self.html):,} characters of HTML; .save(path) writes it>"


class Explorer:
    """The explorer of a model, served from this process: shown inline in a notebook, or in a browser at `url`.

    Parameters
    ----------
    server : Background
    title : str
    height : int, default 800
        Of the frame in a notebook.

    Attributes
    ----------
    url : str
    """

    def __init__(self, server: Background, title: str, height: int = HEIGHT) -> None:
        self._server, self.title, self.height, self.url = server, title, height, server.url

    @property
    def running(self) -> bool:
        """Whether the page can be used."""
        return self._server.running

    def close(self) -> None:
        """End the server; the page then shows nothing new."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _repr_html_(self) -> str:
        if not self.running:
            return f"<p>The explorer of {escape(self.title)} is closed.</p>"
        return FRAME.format(source=f'src="{self.url}"', height=self.height, title=escape(self.title))

    def __repr__(self) -> str:
        return f"<Explorer of {self.title}: {self.url if self.running else 'closed'}>"
