"""``isthmus train``: from data to a model file."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from isthmus import variants
from isthmus.apps.cli.command import INTERRUPTED, Failure, command, option
from isthmus.apps.cli.inputs import data_options, load
from isthmus.apps.cli.knobs import chosen, flag, knob_options, knobs, schedules
from isthmus.apps.cli.output import figure, json_option, output_option, show, writable
from isthmus.apps.cli.reading_options import remember
from isthmus.apps.cli.settings import DEFAULTS, image_settings, setting_options, settings
from isthmus.apps.cli.values import Named
from isthmus.data.tables.scale_names import SCALES

BUILT = ("latent_dim", "net", "condition")
"""Parameters that a model is built with: they cannot change when it is trained further."""

Read = Callable[..., Any]


@command(
    "train",
    "isthmus train digits -o digits.safetensors",
    "isthmus train cells.csv -o cells.safetensors --label kind --latent-dim 4",
    "isthmus train photos/ -o clean.safetensors --variant denoising --corruption masking --level 0.5",
    "isthmus train holiday-photos/ -o photos.safetensors --crop 64 --flips",
    "isthmus train faces.parquet -o vae.safetensors --variant variational --beta warmup:1.0,0.3",
    epilog=f"A SCHEDULE is a weight that changes in training: {schedules()}",
)
@data_options
@output_option("The model file, such as model.safetensors")
@option(
    "--variant", type=Named(list(variants.variants())), default=None, section="Model", help="Which autoencoder [plain]"
)
@option(
    "--scale",
    type=Named(list(SCALES)),
    default=None,
    section="Model",
    help="How the numbers of a table are scaled; default: by the data",
)
@setting_options
@knob_options
@option(
    "--from",
    "start",
    metavar="MODEL",
    section="Files",
    help="Train a model further: its weights, scaling and settings are where it starts",
)
@option(
    "--checkpoint",
    metavar="PATH",
    section="Files",
    help="Write the state of training here after each epoch and each minute",
)
@option("--resume", is_flag=True, section="Files", help="Go on from the checkpoint where there is one")
@option(
    "--log",
    metavar="PATH",
    multiple=True,
    section="Files",
    help="Write the figures of each epoch: a .csv file, or else a folder for TensorBoard",
)
@json_option
def train(
    read: Read,
    output: str,
    variant: str | None,
    scale: str | None,
    start: str | None,
    checkpoint: str | None,
    resume: bool,
    log: tuple[str, ...],
    as_json: bool,
    **typed: Any,
) -> None:
    """Train an autoencoder on DATA."""
    if resume and not checkpoint:
        raise click.UsageError("--resume goes on from a checkpoint: give --checkpoint PATH too")
    for path in filter(None, [checkpoint, *(path for path in log if path.endswith(".csv"))]):
        writable(path)
    given = {name: value for name, value in typed.items() if value is not None}
    model = _further(start, variant, scale, given) if start else _anew(variant or "plain", scale, given)
    model.set_params(callbacks=_callbacks(log), verbose="auto" if not _quiet() else False)
    _fit(model, read(model if start else None), output, {"checkpoint": checkpoint, "resume": resume})
    model.save(output)
    show(*_summary(model, output), as_json)
    if model.interrupted_:
        click.get_current_context().exit(INTERRUPTED)


def _quiet() -> bool:
    return bool(click.get_current_context().meta.get("quiet"))


def _parted(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return what was typed as settings of Autoencoder, as knobs of the variant, and as settings of Images."""
    own, turned, pictures = (
        {name: value for name, value in given.items() if name in known}
        for known in (settings(), knobs(), image_settings())
    )
    return own, turned, pictures


def _data(scale: str | None, pictures: dict[str, Any]) -> Any:
    """Return what is said of the data; None where nothing is."""
    import isthmus

    if scale and pictures:
        raise click.UsageError(f"--scale is about tables, {flag(next(iter(pictures)))} about pictures: leave one out")
    if pictures:
        return isthmus.Images(**pictures)
    return isthmus.Table(scale=scale) if scale else None


def _anew(variant: str, scale: str | None, given: dict[str, Any]) -> Any:
    """Return an estimator that is not trained yet."""
    own, turned, pictures = _parted(given)
    recipe = chosen(variant, turned)
    import isthmus

    widths = own.pop("net") if isinstance(own.get("net"), tuple) else None
    if "condition" in own:
        own["condition"] = _names(own["condition"])
    model = isthmus.Autoencoder(recipe, **{**DEFAULTS, **own}, data=_data(scale, pictures))
    return model.set_params(net="mlp").set_params(net__widths=widths) if widths else model


def _names(text: str) -> str | tuple[str, ...]:
    names = tuple(text.split(","))
    return names if len(names) > 1 else names[0]


def _further(start: str, variant: str | None, scale: str | None, given: dict[str, Any]) -> Any:
    """Return a trained estimator that goes on from its weights."""
    own, turned, pictures = _parted(given)
    fixed = [
        flag(n) for n in ("variant", "scale", *BUILT) if {"variant": variant, "scale": scale, **own}.get(n) is not None
    ]
    if fixed := [*fixed, *map(flag, turned), *map(flag, pictures)]:
        raise click.UsageError(f"--from trains {start!r} further, as it was built: leave out {', '.join(fixed)}")
    return load(start).set_params(warm_start=True, **{**DEFAULTS, **own})


def _callbacks(paths: tuple[str, ...]) -> list[Any]:
    import isthmus

    return [isthmus.CSVLog(path) if path.endswith(".csv") else isthmus.TensorBoard(path) for path in paths]


def _fit(model: Any, rows: Any, output: str, how: dict[str, Any]) -> None:
    """Train; where the loss explodes, write what was best before it did."""
    import isthmus

    y = rows.y if model.condition == "y" else None
    if model.condition == "y" and y is None:
        raise Failure(f"--condition y: {rows.name!r} has no labels; name their column with --label")
    try:
        model.fit(rows.X, y, **how)
        remember(model, rows.reading)
    except isthmus.DivergenceError as error:
        remember(model, rows.reading)
        model.save(output)
        raise Failure(f"{error}. They stand in {output!r}") from error


def _summary(model: Any, output: str) -> tuple[dict[str, Any], str]:
    """Return what was done, for machines and for people."""
    info = model.info_
    document = {
        "model": output,
        "bytes": os.path.getsize(output),
        "variant": variants.variant_name(model.variant_),
        "latent_dim": model.latent_dim,
        "interrupted": model.interrupted_,
        **info,
    }
    best = info["best_validation_loss"]
    kept = (
        "last weights"
        if best is None
        else f"validation loss {figure(best)} (the start)"
        if info["best_epoch"] < 0
        else (f"validation loss {figure(best)} at epoch {info['best_epoch'] + 1}")
    )
    return document, (
        f"{output}: {document['variant']}, {figure(info['parameters'])} parameters, {kept}; "
        f"{figure(info['rows'])} rows, {figure(info['seconds'])} s"
    )
