"""The command ``isthmus``: a group whose commands are imported when they are asked for.

Nothing in this package imports torch, numpy, scikit-learn or pandas at its top: every ``--help`` appears at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

import isthmus
from isthmus.apps.cli.command import INTERRUPTED, WithExamples
from isthmus.support.errors import hint

COMMANDS = {
    "demo": ("demo", "Train every variant on real handwritten digits."),
    "train": ("train", "Train an autoencoder on DATA."),
    "tune": ("tune", "Find the best values of parameters on DATA."),
    "evaluate": ("evaluate", "Measure a model on DATA."),
    "compare": ("compare", "Set models side by side on DATA."),
    "report": ("report", "Write a page that shows what a model learnt."),
    "explore": ("explore", "Open a page that shows what a model learnt."),
    "serve": ("serve", "Answer programs over HTTP."),
    "info": ("info", "Show what a model file contains, or how data would be read."),
    "encode": ("codes", "Write the codes of DATA, or draw their map."),
    "decode": ("codes", "Write what codes decode to."),
    "reconstruct": ("reconstruct", "Write the reconstruction of DATA."),
    "denoise": ("denoise", "Write images or recordings without noise."),
    "compress": ("compress", "Write images, tables and arrays as small files."),
    "decompress": ("decompress", "Write what compressed files hold."),
    "compare-codecs": ("compare_codecs", "Set the compressor beside JPEG, WebP and AVIF."),
    "detect": ("detect.detect", "Score each row of DATA, and flag those unlike normal ones."),
    "impute": ("impute", "Fill the missing cells of DATA."),
    "sample": ("generate", "Write new rows, decoded from random codes."),
    "interpolate": ("generate", "Write the rows between two rows of DATA."),
    "export": ("export", "Write a model as an ONNX file that gives the same numbers."),
    "completion": ("completion", "Write the script that completes commands in a shell."),
}
"""The module and the summary of each command, in the order of ``isthmus --help``, which imports none of them."""

MODULES = {name: module for name, (module, _) in COMMANDS.items()}


class Commands(WithExamples, click.Group):
    """The group of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(MODULES)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the summaries."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; for an unknown name, suggest the nearest one."""
        if cmd_name not in MODULES and ctx.resilient_parsing:  # a shell asks how the line may go on
            return None
        if cmd_name not in MODULES:
            ctx.fail(f"there is no command {cmd_name!r}{hint('command', cmd_name, MODULES)}")
        module = import_module(f"isthmus.apps.cli.{MODULES[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C ends it with a word, also while its arguments are read."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)


EXAMPLES = (
    "isthmus demo                                          see it all on real data",
    "isthmus train digits -o m.safetensors                 train a model",
    "isthmus report m.safetensors digits -o report.html    see what it learnt",
)


@click.group(
    cls=Commands,
    examples=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(isthmus.__version__, message="isthmus %(version)s")
def main() -> None:
    """Autoencoders for tables, images, signals and sounds.

    DATA is a file (.csv, .xlsx, .json, .parquet, .npy, .png …), a folder of images, whose subfolders are classes, a
    folder of Parquet files, or the name of a data set, such as digits or iris. The exit code is 0 on success, 1 if the
    data, a file or a setting cannot be used, 2 if the command line is wrong, and 130 after Ctrl-C.
    """
