"""``isthmus denoise``: images and recordings without noise, by a model or by one that is trained on the way."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from isthmus import variants
from isthmus.apps.cli.command import command, option
from isthmus.apps.cli.inputs import data_options, load, suited
from isthmus.apps.cli.knobs import flag
from isthmus.apps.cli.output import free, json_option, output_option, writable_model
from isthmus.apps.cli.restoring import Asked, check_before_training, denoise_files, denoise_rows, is_image_input
from isthmus.apps.cli.rows import Rows
from isthmus.apps.cli.settings import training_options
from isthmus.apps.cli.sounding import denoise_sounds, is_sound_alone, is_sound_input, typed_noise
from isthmus.tasks.denoising import shipped

if TYPE_CHECKING:
    from isthmus import Autoencoder

OUTPUT = (
    "Where it goes: a file of the same format, or a folder, which may be new [photo-denoised.jpg for photo.jpg]; for "
    "other data .npy, .csv, .parquet or .feather"
)


class Fraction(click.FloatRange):
    """A number from 0 to 1, and not NaN, which is in no range but compares as if it were."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value} is not in the range 0<=x<=1.", param, ctx)
        return number


def _input(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments: the input, and what stood behind it in the former order of this command."""
    return click.argument("data", metavar="INPUT")(click.argument("former", metavar="", required=False)(function))


@command(
    "denoise",
    "isthmus denoise scans/ --kind scan -o cleaned-by-kind/",
    "isthmus denoise new-scans/ --noisy scans/ --clean clean-scans/ --save scans.safetensors -o cleaned-scans/",
    "isthmus denoise new-photos/ --noisy photos/ --save cleaner.safetensors -o cleaned-photos/",
    "isthmus denoise new-photos/ --clean photos/ --save grain.safetensors -o cleaned/",
    "isthmus denoise photo.png --model grain.safetensors",
    "isthmus denoise talk.wav --noise-from 0:2",
    "isthmus denoise talk.wav --clean recordings/ --noise-from 0:2 --save voices.safetensors -o clean.wav",
)
@partial(data_options, argument=_input)
@output_option(OUTPUT, folder=True, required=False)
@option("--overwrite", is_flag=True, section="In and out", help="Replace files that are there, the input too if named")
@option("--before-after", is_flag=True, section="In and out", help="Also draw each before and after, as a .png")
@option("--save", metavar="MODEL", section="In and out", help="Write the denoiser, for --model of a later command")
@option(
    "--kind",
    type=click.Choice(shipped.kinds()),
    section="Denoiser",
    help=f"A denoiser that comes with isthmus, by what it cleans [{shipped.DEFAULT}]",
)
@option("--model", metavar="MODEL", section="Denoiser", help="A denoiser, or a model of the variant denoising")
@option(
    "--clean",
    metavar="FOLDER",
    section="Denoiser",
    help="Clean images or recordings to learn from; with --noisy those of the same names, else noise is added to them",
)
@option(
    "--noisy",
    metavar="FOLDER",
    section="Denoiser",
    help="Noisy ones to learn from: with their clean versions in --clean, or alone: images if each pixel has its own "
    "noise, recordings with --noise",
)
@option(
    "--noise",
    metavar="CLIP",
    section="Denoiser",
    help="Of recordings: a sound file of noise alone, to learn from; with --clean it is added to these, else to INPUT",
)
@option(
    "--noise-from",
    metavar="A:B",
    section="Denoiser",
    help="The same, where INPUT itself holds noise alone from second A to B",
)
@option(
    "--strength",
    type=Fraction(),
    metavar="NUMBER",
    default=1.0,
    section="Denoiser",
    help="Less than 1 keeps some of the noise, and of fine texture; 0 changes nothing [1]",
)
@option(
    "--sigma",
    type=float,
    metavar="NUMBER",
    section="Denoiser",
    help="The noise, as a fraction of black to white, for a model that depends on it; default: estimated",
)
@option(
    "--mask",
    metavar="IMAGE",
    section="Denoiser",
    help="For a denoiser that fills: an image, white where pixels are missing, or a folder with one for each image",
)
@option("--seed", type=int, default=0, section="Denoiser", help="The same seed gives the same denoiser [0]")
@training_options
@json_option
def denoise(
    read: Callable[..., Rows],
    former: str | None,
    output: str | None,
    overwrite: bool,
    before_after: bool,
    save: str | None,
    kind: str | None,
    model: str | None,
    clean: str | None,
    noisy: str | None,
    noise: str | None,
    noise_from: str | None,
    strength: float,
    sigma: float | None,
    mask: str | None,
    seed: int,
    as_json: bool,
    **typed: Any,
) -> None:
    """Write images or recordings without noise.

    INPUT is an image or a recording, or a folder of them. Each keeps its format and its bits; an image its profile,
    EXIF data and alpha channel, a recording its rate, channels and length; the original stays as it is. The denoiser
    is one that comes with isthmus (for images), or was trained before, or is trained first: on pairs of noisy and clean
    files, on clean ones, or on noisy ones. With a model of the variant denoising that was trained on other data, INPUT
    is DATA of that kind.
    """
    path = click.get_current_context().params["data"]
    _refuse_former(path, former, output)
    settings = {name: value for name, value in typed.items() if value is not None}
    alone = typed_noise(path, noise, noise_from)
    noisy = path if alone is not None and not (clean or noisy or model) else noisy
    ours = _ours(kind, model, {"--clean": clean, "--noisy": noisy, "--noise or --noise-from": alone}, settings)
    if ours and is_sound_alone(path):
        raise click.UsageError(
            f"{path!r} holds recordings, for which no denoiser comes with isthmus: name noise alone, --noise CLIP or "
            "--noise-from 0:2, or give a denoiser, --model MODEL, or files to learn from, --clean FOLDER"
        )
    model = str(shipped.path_of(ours)) if ours else model
    asked = Asked(path, output, strength, sigma, overwrite, before_after, as_json, mask)
    if save:
        free(writable_model(save), overwrite, "--save: ")
    if model is None:
        check_before_training(asked, is_sound_alone(path))
    trained = _loaded(model, settings) if model else _trained(noisy, clean, alone, seed, settings)
    if save:
        trained.save(save)
    if is_sound_input(path) and _is_denoiser(trained) and trained.autoencoder_.data_.audible:
        denoise_sounds(trained, asked)
    elif is_image_input(path) and _is_denoiser(trained):
        denoise_files(_restoring_ours(ours, settings) if ours else trained.restoring, asked)
    else:
        rows = read(trained.autoencoder_)
        if ours:
            _refuse_other_rows(ours, trained, rows)
        denoise_rows(trained, asked, suited(trained.autoencoder_, model or "the model", rows))


def _refuse_former(path: str, former: str | None, output: str | None) -> None:
    """Say how a line in the former order, MODEL DATA, is typed now; and that there is nothing to denoise."""
    if not path:
        raise click.UsageError("INPUT is empty: name an image, a recording, or a folder of them")
    if former is not None and former.endswith(".safetensors") and not path.endswith(".safetensors"):
        path, former = former, path  # the order is right, but --model is not there
    if former is not None and not path.endswith(".safetensors"):
        raise click.UsageError(f"{path!r} and {former!r}: one INPUT at a time; put several images into a folder")
    if former is not None:
        line = f"isthmus denoise {quote(former)} --model {quote(path)}" + (f" -o {quote(output)}" if output else "")
        raise click.UsageError(f"the model stands behind --model now: {line}")


def _refuse_other_rows(kind: str, denoiser: Any, rows: Rows) -> None:
    """Say what cleans rows that are no images, since no denoiser for them comes with isthmus."""
    from isthmus.apps.cli.kinds.base import files_of
    from isthmus.data.infer import choose_data

    if not files_of(denoiser.autoencoder_.data_).takes(rows.X):
        raise click.UsageError(
            f"{rows.name!r} holds {files_of(choose_data(None, rows.X)).noun}, and --kind {kind} is for images: train a "
            "model, isthmus train DATA --variant denoising -o MODEL, and name it with --model MODEL"
        )


def _ours(kind: str | None, model: str | None, learnt_from: dict[str, Any], settings: dict[str, Any]) -> str | None:
    """Return the kind of a denoiser that comes with isthmus; None if the user's is taken, or one is to be trained."""
    learnt = [name for name, value in learnt_from.items() if value is not None]
    if kind is None and model is None and learnt:
        return None
    if kind is not None and model is not None:
        raise click.UsageError(f"--kind {kind} and --model {model!r} are two denoisers: leave one out")
    fixed = learnt + [flag(name) for name in settings if name != "device"]
    named = f"--model {model!r}" if model is not None else f"--kind {kind or shipped.DEFAULT}"
    if fixed:
        raise click.UsageError(f"{named} is trained already: leave out {', '.join(fixed)}")
    return None if model is not None else kind or shipped.DEFAULT


def _restoring_ours(kind: str, settings: dict[str, Any]) -> Callable[..., Any]:
    """Return what restores images in grey and in colour, each by its own denoiser where there are two."""
    return shipped.restoring_by_channels(
        lambda channels: _loaded(str(shipped.path_of(kind, channels)), settings).restoring
    )


def _is_denoiser(model: Any) -> bool:
    return "denoise" in model.graphs()


def _loaded(path: str, settings: dict[str, Any]) -> Any:
    """Return the model in a file: as a denoiser, if it was trained on images of their own size."""
    import isthmus

    model = load(path, "Denoiser", "Autoencoder")
    model.autoencoder_.set_params(**settings)
    if _is_denoiser(model):
        return model
    _warn_of_variant(path, model)
    usable = model.data_.restorable and model.condition is None
    return isthmus.Denoiser.of(model) if usable else model


def _warn_of_variant(path: str, model: Autoencoder) -> None:
    variant = model.variant_
    if not variant.denoises:
        warnings.warn(
            f"{path!r} is of the variant {variants.variant_name(variant)!r}, which was not trained to clean its "
            "input: train one with --variant denoising",
            stacklevel=2,
        )


def _trained(noisy: str | None, clean: str | None, noise: Any, seed: int, settings: dict[str, Any]) -> Any:
    """Return a denoiser trained on images or recordings of folders."""
    import isthmus
    from isthmus.apps.cli.command import hushed, tell
    from isthmus.apps.cli.progress import training_progress
    from isthmus.tasks.denoising.defaults import unfitted_for

    paths = [path for path in (noisy, clean) if path is not None]
    learnt_from = "clean" if noisy is None else "noisy" if clean is None else "pairs"
    own = unfitted_for(paths[0], learnt_from).set_params(random_state=seed, **settings) if settings else None
    denoiser = isthmus.Denoiser(own, "clean" if noisy is None else "noisy", random_state=seed)
    tell(f"training on {' and '.join(str(Path(path)) for path in paths)} …")
    with hushed():
        return denoiser.fit(*paths, noise=noise, callbacks=training_progress())
