"""``isthmus completion``: the script that makes a shell complete what is typed."""

from __future__ import annotations

import click

from isthmus.apps.cli.command import command

INSTALL = {
    "bash": "isthmus completion bash > ~/.isthmus-complete.bash; echo '. ~/.isthmus-complete.bash' >> ~/.bashrc",
    "zsh": "isthmus completion zsh > ~/.isthmus-complete.zsh; echo '. ~/.isthmus-complete.zsh' >> ~/.zshrc",
    "fish": "isthmus completion fish > ~/.config/fish/completions/isthmus.fish",
}
"""How the script of each shell is installed."""


@command("completion", *INSTALL.values())
@click.argument("shell", type=click.Choice(list(INSTALL)))
def completion(shell: str) -> None:
    """Write the script that completes commands in a shell.

    With it, the tab key completes commands, options, their values and the names of files. Install it with the line for
    your shell below, and open a new terminal.
    """
    from click.shell_completion import get_completion_class

    root = click.get_current_context().find_root()
    script = get_completion_class(shell)
    assert script is not None  # click knows the three shells
    click.echo(script(root.command, {}, "isthmus", "_ISTHMUS_COMPLETE").source())
    click.echo(f"# To install: {INSTALL[shell]}")
