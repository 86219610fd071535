"""``isthmus train --clean``: a denoiser that goes on from its weights, on pairs of noisy and clean files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from isthmus.apps.cli.command import Failure
from isthmus.apps.cli.restoring import refuse_options_of_rows


def train_pairs(denoiser: Any, clean: str, callbacks: Sequence[Any], how: dict[str, Any]) -> Any:
    """Return a denoiser trained further on the files of DATA and their clean versions.

    Parameters
    ----------
    denoiser : Denoiser
        Fitted, with ``warm_start=True``.
    clean : str
        The folder, or the file, of what the files of DATA are without noise.
    callbacks : sequence of callables
    how : dict
        Of `Denoiser.fit`: checkpoint and resume.
    """
    paths = click.get_current_context().params["data"]
    refuse_options_of_rows(paths[0])
    if click.get_current_context().params["skip_broken"]:
        raise click.UsageError("--skip-broken: of a pair both files are needed; leave it out, and mend what is broken")
    if len(paths) > 1:
        raise Failure(f"--clean {clean}: put the noisy files into one folder, DATA, under the names of the clean ones")
    if denoiser.autoencoder_.model_.net.fills:
        raise Failure(
            "--clean: this model fills what a mask marks, and learns that from clean files alone: leave it out"
        )
    return denoiser.fit(paths[0], clean, callbacks=callbacks, **how)
