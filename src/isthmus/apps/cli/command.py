"""What all commands share: help in sections, warnings and errors as single lines, exit codes."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import IO, Any

import click

from isthmus import IsthmusError
from isthmus.apps.cli.paths import complete_files
from isthmus.apps.cli.remedies import is_known, typed_form
from isthmus.support.synonyms import synonym

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""

LAST = "Options"
"""The heading of what has no heading of its own; it comes last."""


class Option(click.Option):
    """An option that stands under a heading of its own in the help."""

    def __init__(self, *args: Any, section: str = LAST, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class Failure(click.ClickException):
    """An error that the user can fix: one line, exit code 1."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the line to stderr."""
        click.echo(f"error: {self.format_message()}", file=file, err=True)


class WithExamples(click.Command):
    """A command whose help shows how it is typed."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, and the examples as they stand."""
        super().format_help_text(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")


class Command(WithExamples):
    """A command whose errors are lines, and whose help has sections."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if isinstance(param, click.Option) and (record := param.get_help_record(ctx)):
                sections.setdefault(getattr(param, "section", LAST), []).append(record)
        for section in sorted(sections, key=LAST.__eq__):
            with formatter.section(section):
                formatter.write_dl(sections[section])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; for an unknown option, suggest one, also by its names in other libraries."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            flags = {str(param.name): param.opts[-1] for param in self.params}
            meant = flags.get(synonym("parameter", error.option_name) or "")
            if meant is None:
                raise
            said = f"No such option {error.option_name!r}. Did you mean {meant!r}?"
            raise click.NoSuchOption(error.option_name, said, ctx=ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors that the user can fix become a line and an exit code."""
        try:
            with reporting(quiet=ctx.meta.get("quiet", False)):
                return super().invoke(ctx)
        except (IsthmusError, OSError) as error:
            if isinstance(error, BrokenPipeError) or ctx.meta.get("debug"):
                raise
            raise Failure(_line(error)) from error


def _line(error: Exception) -> str:
    """Return an error as one line."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{str(error.filename)!r}: {error.strerror}"
    return typed_form(" ".join(str(error).split()))


@contextmanager
def reporting(quiet: bool) -> Iterator[None]:
    """Write warnings and log records to stderr, one line each; if quiet, only warnings and errors."""
    log, handler = logging.getLogger("isthmus"), logging.StreamHandler(sys.stderr)
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.WARNING if quiet else logging.INFO)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = partial(_warn, set[str]())
        try:
            yield
        finally:
            log.removeHandler(handler)
            log.setLevel(level)


@contextmanager
def hushed() -> Iterator[None]:
    """Write no line per epoch: for commands that train several times, or where training is only a step."""
    log = logging.getLogger("isthmus")
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)


def quiet() -> bool:
    """Tell whether the command is to be quiet."""
    return bool(click.get_current_context().meta.get("quiet"))


def tell(text: str) -> None:
    """Report progress on stderr, unless the command is quiet."""
    if not quiet():
        click.echo(text, err=True)


def note(text: str) -> None:
    """Write a fact about the data to stderr, unless the command is quiet or has written the same before."""
    said = click.get_current_context().meta.setdefault("said", set[str]())
    if text not in said:
        said.add(text)
        tell(text)


def warn(text: str) -> None:
    """Say what a user should know before trusting the results, even if the command is to be quiet."""
    warnings.warn(text, UserWarning, stacklevel=2)


def _warn(said: set[str], message: Warning | str, *_: Any, **__: Any) -> None:
    """Write a warning, unless it has been said."""
    text = typed_form(" ".join(str(message).split()))
    context = click.get_current_context(silent=True)
    notes = () if context is None else context.meta.get("said", ())
    if text not in said and not is_known(text, notes):
        said.add(text)
        click.echo(f"warning: {text}", err=True)


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    ctx.meta[str(param.name)] = value


COMMON = {("--debug",): "Show where an error arose", ("-q", "--quiet"): "Say nothing but errors and warnings"}


def command(name: str, *examples: str, **more: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a command, with the options that all have; `examples` stand in its help."""

    def make(function: Callable[..., Any]) -> click.Command:
        for flags, help in COMMON.items():
            function = option(*flags, is_flag=True, expose_value=False, callback=_remember, help=help)(function)
        return complete_files(click.command(name, cls=Command, examples=examples, **more)(function))

    return make


def option(*flags: str, **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the decorator of an option; ``section=`` is its heading in the help."""
    return click.option(*flags, cls=Option, **more)
