"""``isthmus serve``: models answer programs over HTTP."""

from __future__ import annotations

import click

from isthmus.apps.cli.command import command, option, tell
from isthmus.apps.cli.inputs import model_file


@command(
    "serve",
    "isthmus serve detector.safetensors",
    "isthmus serve a.safetensors b.safetensors --name machine --name digits --port 9000",
    "ISTHMUS_TOKEN=… isthmus serve model.safetensors --host 0.0.0.0 --allow-host models.example",
)
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@option("--name", "names", multiple=True, help="What a model is called in addresses, once for each [its file's name]")
@option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen at; another than loopback needs a token",
)
@option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one")
@option("--token", envvar="ISTHMUS_TOKEN", help="What clients must show; better in the variable ISTHMUS_TOKEN")
@option(
    "--allow-host",
    "allow",
    multiple=True,
    metavar="NAME",
    help="A further name of this server; may be repeated; *: any",
)
@option(
    "--max-rows",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    section="Limits",
    help="Rows in a request",
)
@option(
    "--max-body",
    type=click.FloatRange(min=0, min_open=True),
    default=16.0,
    show_default=True,
    section="Limits",
    metavar="MIB",
    help="MiB of a request",
)
@option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    section="Limits",
    metavar="SECONDS",
    help="Seconds until an answer begins",
)
@option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    section="Limits",
    help="Threads of a computation",
)
def serve(
    models: tuple[str, ...],
    names: tuple[str, ...],
    host: str,
    port: int,
    token: str | None,
    allow: tuple[str, ...],
    max_rows: int,
    max_body: float,
    timeout: float,
    threads: int,
) -> None:
    """Answer programs over HTTP.

    What each MODEL offers stands at /openapi.json. SIGTERM or Ctrl-C ends the server once all that was asked is
    answered.
    """
    from isthmus.support.errors import extra

    for module in ("fastapi", "uvicorn", "httptools", "prometheus_client", "pandas"):
        extra(module, "serve")
    import torch

    from isthmus.apps.http.running import check_address, run
    from isthmus.apps.server.app import build
    from isthmus.apps.server.models import load_models

    check_address(host, token)
    torch.set_num_threads(threads)
    loaded = load_models([model_file(path) for path in models], names)
    body = int(max_body * 2**20)
    app = build(loaded, host, token, allow=allow, max_rows=max_rows, max_body=body, timeout=timeout)
    run(
        app,
        host,
        port,
        token,
        tell=lambda url: tell(f"{', '.join(loaded)} at {url} (what they offer: {url}/openapi.json)"),
    )
