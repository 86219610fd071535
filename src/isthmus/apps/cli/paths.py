"""Values that name files, so that a shell completes them."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

FILES = {
    *("DATA", "DATA...", "MODEL", "MODEL2", "MODEL...", "CODES", "NORMAL"),
    *("PATH", "FILE", "FOLDER", "PAGE", "[FILE.svg]"),
}
"""What stands in the help for the name of a file or a folder."""


class FileName(click.types.StringParamType):
    """Text that names a file, a folder or a data set."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        """Leave the completion of file names to the shell."""
        return [CompletionItem(incomplete, type="file")]


def complete_files(command: click.Command) -> click.Command:
    """Make all values of a command that name files complete as such, and return the command."""
    for param in command.params:
        if param.metavar in FILES and param.type is click.STRING:
            param.type = FileName()
    return command
