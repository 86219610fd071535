"""``isthmus train``: from data to a model file."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from isthmus import variants
from isthmus.apps.cli.command import INTERRUPTED, Failure, command, option, quiet
from isthmus.apps.cli.inputs import TASKS, load, suited, with_article
from isthmus.apps.cli.knobs import chosen, flag, knobs, schedules
from isthmus.apps.cli.model_options import model_options
from isthmus.apps.cli.output import figure, json_option, output_option, show, writable, writable_model
from isthmus.apps.cli.reading_options import remember
from isthmus.apps.cli.rows import enough
from isthmus.apps.cli.settings import DEFAULTS, audio_settings, image_settings, settings
from isthmus.apps.cli.several import several_data_options
from isthmus.apps.cli.tables import table
from isthmus.apps.cli.train_pairs import train_pairs
from isthmus.support.errors import counted

BUILT = ("latent_dim", "net", "condition")
"""Parameters that a model is built with: they cannot change when it is trained further."""

ROWS = {"detect": "--train ROWS", "impute": "--train ROWS", "denoise": "--clean FOLDER"}
"""How each command for a kind of model names what that is trained on."""

Read = Callable[..., Any]


@command(
    "train",
    "isthmus train digits -o digits.safetensors",
    "isthmus train cells.csv -o cells.safetensors --label kind --latent-dim 4",
    "isthmus train photos/ -o clean.safetensors --variant denoising --corruption masking --level 0.5",
    "isthmus train holiday-photos/ -o photos.safetensors --crop 64 --flips",
    "isthmus train recordings/ -o sounds.safetensors --rate 16000",
    "isthmus train january.csv february.csv -o cells.safetensors --label kind",
    "isthmus train march.csv --from cells.safetensors -o newer.safetensors --label kind --epochs 5",
    "isthmus train scans/ --clean clean-scans/ --from scan -o my-scans.safetensors --epochs 2",
    "isthmus train faces.parquet -o faces.safetensors --variant variational --beta warmup:1.0,0.3",
    epilog=f"A SCHEDULE is a weight that changes in training: {schedules()}",
)
@several_data_options
@output_option("The model file, such as model.safetensors", checked=writable_model)
@model_options
@option(
    "--from",
    "start",
    metavar="MODEL",
    section="Files",
    help="Train a model further: its weights, scaling and settings are where it starts",
)
@option(
    "--clean",
    metavar="FOLDER",
    section="Files",
    help="With --from a denoiser, such as photo: DATA is noisy, and its clean versions are here, under the same names",
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
    max_categories: int | None,
    start: str | None,
    clean: str | None,
    checkpoint: str | None,
    resume: bool,
    log: tuple[str, ...],
    as_json: bool,
    **typed: Any,
) -> None:
    """Train an autoencoder on DATA.

    The rows of several files are joined; their columns are the same. Images of several sizes need --crop or --resize;
    sounds may differ in length.
    """
    if resume and not checkpoint:
        raise click.UsageError("--resume goes on from a checkpoint: give --checkpoint PATH too")
    for path in filter(None, [checkpoint, *(path for path in log if path.endswith(".csv"))]):
        writable(path)
    values = {name: value for name, value in typed.items() if value is not None}
    about = {"scale": scale, "max_categories": max_categories}
    if clean is not None:
        model, how = _of_pairs(start, variant, about, values), {"checkpoint": checkpoint, "resume": resume}
        model.autoencoder_.set_params(verbose="auto" if not quiet() else False)
        fitted = train_pairs(model, clean, _callbacks(log), how)
        fitted.save(output)
        _done(fitted.autoencoder_, output, as_json)
        return
    model = _further(start, variant, about, values) if start else anew(variant or "plain", about, values)
    model.set_params(callbacks=_callbacks(log), verbose="auto" if not quiet() else False)
    rows = read(model if start else None)
    if start:
        rows = _fitting(model, start, rows)
    _fit(model, rows, output, {"checkpoint": checkpoint, "resume": resume})
    model.save(output)
    _done(model, output, as_json)


def _done(model: Any, output: str, as_json: bool) -> None:
    """Say what was written."""
    show(*_summary(model, output), as_json)
    if model.interrupted_:
        click.get_current_context().exit(INTERRUPTED)


def _split(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return what was typed as settings of Autoencoder, as knobs of the variant, and of Images and Audio."""
    own, turned, images, audio = (
        {name: value for name, value in values.items() if name in known}
        for known in (settings(), knobs(), image_settings(), audio_settings())
    )
    return own, turned, images, audio


def _data(about: dict[str, Any], images: dict[str, Any], audio: dict[str, Any]) -> Any:
    """Return what is said of the data: `about` tables, or of images, or of sounds; None where nothing is."""
    import isthmus

    typed = {
        what: flag(next(iter(said)))
        for what, said in (("tables", _typed(about)), ("images", images), ("sounds", audio))
        if said
    }
    if len(typed) > 1:
        (one, first), (two, second), *_ = typed.items()
        raise click.UsageError(f"{first} is about {one}, {second} about {two}: leave one out")
    if audio:
        return isthmus.Audio(**audio)
    return isthmus.Images(**images) if images else table(**about)


def _typed(about: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in about.items() if value is not None}


def anew(variant: str, about: dict[str, Any], values: dict[str, Any]) -> Any:
    """Return an estimator that is not trained yet."""
    own, turned, images, audio = _split(values)
    recipe = chosen(variant, turned)
    import isthmus

    if "condition" in own:
        own["condition"] = _names(own["condition"])
    return isthmus.Autoencoder(recipe, **{**DEFAULTS, **own}, data=_data(about, images, audio))


def _names(text: str) -> str | tuple[str, ...]:
    names = tuple(text.split(","))
    return names if len(names) > 1 else names[0]


def _further(start: str, variant: str | None, about: dict[str, Any], values: dict[str, Any]) -> Any:
    """Return a trained estimator that goes on from its weights."""
    return _as_built(_loaded(start), start, variant, about, values)


def _of_pairs(start: str | None, variant: str | None, about: dict[str, Any], values: dict[str, Any]) -> Any:
    """Return a denoiser that goes on from its weights, on pairs."""
    if start is None:
        raise click.UsageError(
            "--clean is for a denoiser that is trained further, --from photo or --from MODEL; to train one anew on "
            "pairs: isthmus denoise INPUT --noisy FOLDER --clean FOLDER --save MODEL"
        )
    import isthmus

    model = load(start, "Denoiser", "Autoencoder")
    denoiser = model if "denoise" in model.graphs() else isthmus.Denoiser.of(model)
    _as_built(denoiser.autoencoder_, start, variant, about, values)
    return denoiser.set_params(warm_start=True)


def _as_built(model: Any, start: str, variant: str | None, about: dict[str, Any], values: dict[str, Any]) -> Any:
    """Return a trained autoencoder with what was typed of its training; refuse what it is built with."""
    own, turned, *data = _split(values)
    if variant == variants.variant_name(model.variant_):
        variant = None
    typed = {"variant": variant, **about, **own}
    fixed = [flag(name) for name in ("variant", *about, *BUILT) if typed.get(name) is not None]
    if fixed := [*fixed, *map(flag, turned), *(flag(name) for said in data for name in said)]:
        raise click.UsageError(f"--from trains {start!r} further, as it was built: leave out {', '.join(fixed)}")
    return model.set_params(warm_start=True, **{**DEFAULTS, **own})


def _fitting(model: Any, start: str, rows: Any) -> Any:
    """Return the rows, once it is clear that a saved model can be trained further on them."""
    if rows.files > 1 and model.data_.windowed is not None:
        raise Failure(
            f"--from {start}: it was trained on a signal, whose windows would reach from one file into the next: train "
            "on one file at a time"
        )
    return suited(model, start, rows)


def _loaded(start: str) -> Any:
    """Return the autoencoder in a file, or of a denoiser that adds noise; of other tasks, say how one is trained."""
    model = load(start, "Autoencoder", *TASKS)
    if (command := TASKS.get(type(model).__name__)) is None:
        return model
    if command == "denoise" and model.adds_noise:
        return model.autoencoder_
    kept = "; for another threshold only: detect --model … --recalibrate NORMAL" if command == "detect" else ""
    raise Failure(
        f"--from {start}: it holds {with_article(type(model).__name__)}, which would no longer fit its autoencoder if "
        f"that were trained further: train it anew on all rows, isthmus {command} DATA {ROWS[command]} --save MODEL"
        f"{kept}"
    )


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
        with enough(rows.name, rows.left_out):
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
        "latent_dim": model.model_.latent_dim,
        "interrupted": model.interrupted_,
        **info,
    }
    best = info["best_validation_loss"]
    kept = (
        "last weights"
        if best is None
        else f"validation loss {figure(best)} (the start)"
        if not info["best_epoch"]
        else (f"validation loss {figure(best)} at epoch {info['best_epoch']}")
    )
    return document, (
        f"{output}: {document['variant']}, {counted(info['parameters'], 'parameter')}, {kept}; "
        f"{counted(info['rows'], 'row')}, {figure(info['seconds'])} s"
    )
