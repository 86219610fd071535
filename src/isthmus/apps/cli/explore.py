"""``isthmus explore``: an interactive page on a model."""

from __future__ import annotations

import threading
from typing import Any

import click

from isthmus.apps.capabilities import autoencoder_of
from isthmus.apps.cli.command import Failure, command, hushed, option, tell
from isthmus.apps.cli.inputs import LABEL, load, read, stem, suited
from isthmus.apps.cli.output import writable_page
from isthmus.apps.cli.reading_options import Typed, after, reading_options
from isthmus.apps.cli.rows import Span, enough
from isthmus.support.errors import counted

KINDS = ("Autoencoder", "AnomalyDetector", "Imputer", "Denoiser", "Compressor")
EXPORTED = 5_000
"""Examples on an exported page, unless a limit is given."""


def _page(ctx: click.Context, param: click.Parameter, path: str | None) -> str | None:
    return None if path is None else writable_page(path)


@command(
    "explore",
    "isthmus explore --demo",
    "isthmus explore vae.safetensors digits",
    "isthmus explore vae.safetensors digits --compare plain.safetensors",
    "isthmus explore scan scans/",
    "isthmus explore photo-1 pictures/",
    "isthmus explore cells.safetensors cells.csv --label kind --export cells.html",
)
@click.argument("model", metavar="MODEL", required=False)
@click.argument("data", metavar="DATA", required=False)
@option("--demo", is_flag=True, help="Show handwritten digits, with models that are trained in a few seconds")
@option("--compare", metavar="MODEL2", help="A second model of the same data, side by side with the first")
@option("--label", metavar="COLUMN", help=LABEL, section="In and out")
@option("--rows", type=Span(), help="Only these rows, numbered from 0", section="In and out")
@reading_options
@option("--limit", type=click.IntRange(min=2), help="So many examples at most, chosen at random")
@option("--no-examples", is_flag=True, help="Leave all rows and images of DATA out of the page")
@option("--title", default=None, help="The heading of the page; default: the name of the model")
@option(
    "--export",
    "page",
    metavar="PAGE",
    callback=_page,
    help="Write the page to one HTML file that works without a server, with at most 5,000 examples unless --limit says "
    "otherwise",
    section="In and out",
)
@option("--host", default="127.0.0.1", show_default=True, help="Where to listen; others than loopback need a token")
@option("--port", type=click.IntRange(0, 65535), default=8500, show_default=True, help="0: any free one")
@option("--token", envvar="ISTHMUS_TOKEN", help="What must be shown to see the page; default: $ISTHMUS_TOKEN")
@option("--no-browser", is_flag=True, help="Open no browser")
def explore(
    model: str | None,
    data: str | None,
    demo: bool,
    page: str | None,
    host: str,
    port: int,
    token: str | None,
    no_browser: bool,
    **options: Any,
) -> None:
    """Open a page that shows what a model learnt.

    Every row of DATA is a point in the space of codes: open it, edit its code, compare it with others, find what is
    abnormal, or move a cursor across the map to see what the model decodes between the points. MODEL is a file of an
    autoencoder, a detector, an imputer, a denoiser, whose images are shown before and after, or a compressor, whose
    images are shown at any rate; or the name of a denoiser or compressor that comes with isthmus.
    """
    if demo == (model is not None) or (demo and options["compare"]) or (model is not None and data is None):
        raise click.UsageError("give MODEL and DATA, or --demo")
    if model is not None and options["compare"] == model:
        raise Failure(f"--compare {model}: that is MODEL itself; give another one")
    if page is None:
        _check(host, token)
    session = _session(model, data, demo, page is not None, **options)
    if page is not None:
        from isthmus.apps.explorer.page import write

        write(session, page)
        click.echo(f"{page}: open it in a browser")
    else:
        _serve(session, host, port, token, no_browser)


def _check(host: str, token: str | None) -> None:
    """Refuse what cannot be served, before anything is read."""
    from isthmus.support.errors import extra

    for module in ("fastapi", "uvicorn", "httptools"):
        extra(module, "explore")
    from isthmus.apps.http.running import check_address

    check_address(host, token)


def _session(
    model: str | None,
    data: str | None,
    demo: bool,
    exported: bool,
    *,
    compare: str | None,
    label: str | None,
    rows: slice | None,
    limit: int | None,
    no_examples: bool,
    title: str | None,
    reading: Typed,
) -> Any:
    """Return the models on the rows."""
    from isthmus.apps.explorer.digits import digits
    from isthmus.apps.explorer.session import open_session

    limit = limit or (EXPORTED if exported else None)
    if demo or model is None or data is None:
        with hushed():
            models, X, y = digits(tell)
        return open_session(
            models, X, y, limit=limit, visible=not no_examples, title=title or "Handwritten digits", demo=True
        )
    paths = [model] if compare is None else [model, compare]
    loaded = {path: load(path, *KINDS) for path in paths}
    loaded_rows = read(data, label, rows, reading=after(autoencoder_of(loaded[model]), reading))
    models = {}
    for path, one in loaded.items():
        loaded_rows = suited(autoencoder_of(one), path, loaded_rows)
        name = stem(path) if stem(path) not in models else path
        models[name] = one
    tell(f"encoding {counted(len(loaded_rows.X), 'row')}")
    with enough(loaded_rows.name, loaded_rows.left_out):
        return open_session(models, loaded_rows.X, loaded_rows.y, limit=limit, visible=not no_examples, title=title)


def _serve(session: Any, host: str, port: int, token: str | None, no_browser: bool) -> None:
    """Answer until Ctrl-C."""
    import webbrowser
    from urllib.parse import quote

    import torch

    from isthmus.apps.explorer.api.app import explorer_app
    from isthmus.apps.http.running import run

    torch.set_num_threads(1)  # a few rows at a time: threads that wait for each other are slower than one

    def say_address(url: str) -> None:
        address = url if token is None else f"{url}/?token={quote(token)}"
        click.echo(address)
        tell("Ctrl-C ends it")
        if not no_browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    run(explorer_app(session, host, token), host, port, token, tell=say_address, grace=2)
