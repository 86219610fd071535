"""Checkpoints: the state of a training in one .safetensors file."""

from __future__ import annotations

import logging
import os
from dataclasses import asdict
from typing import Any

from isthmus.core import store
from isthmus.core.training.state import State
from isthmus.support.errors import FileFormatError, InputError, counted

log = logging.getLogger("isthmus")


class Checkpoint:
    """A checkpoint file of one training.

    Parameters
    ----------
    path : str or PathLike
    description : dict
        What is trained, as JSON; it must match that of the checkpoint.
    source : str
        Fingerprint of the source of batches; it must match that of the checkpoint.
    """

    def __init__(self, path: str | os.PathLike[str], description: dict[str, Any], source: str) -> None:
        self.path, self.description, self.source = path, description, source

    def write(self, state: State) -> None:
        """Write a state; an existing file is replaced only once the new one is complete."""
        root = asdict(state)
        tensors = root.pop("tensors")
        store.write(
            self.path, {"kind": "checkpoint", "description": self.description, "source": self.source, **root}, tensors
        )

    def read(self, now: State) -> State:
        """Return the state in the file.

        Parameters
        ----------
        now : State
            State of the training that is to continue from the checkpoint.

        Raises
        ------
        InputError
            The file belongs to other data, another model, or other settings.
        FileFormatError
            The file is broken, or not a checkpoint.
        """
        root, tensors = store.read(self.path)
        if root.get("kind") != "checkpoint":
            raise FileFormatError(
                f"{str(self.path)!r} is a model, not a checkpoint: load it and train with warm_start=True"
            )
        with store.refused_if_broken(self.path):
            state = State(root["settings"], root["progress"], root["optimizers"], root["threads"], tensors)
            pairs = self._pairs(root, state, now)
        self._compare(pairs, state, now)
        return state

    def _pairs(self, root: dict[str, Any], state: State, now: State) -> dict[str, tuple[Any, Any]]:
        """Return the settings that must match, as saved and as they are now."""
        return {
            "data": (root["source"], self.source),
            "model": (root["description"], self.description),
            **{name: (state.settings.get(name), value) for name, value in now.settings.items()},
            "optimizer": (_groups(state), _groups(now)),
        }

    def _other_epochs(self, then: int, here: int) -> str:
        """Return the message for another number of epochs, on which the schedule of the learning rate depends."""
        more = f", then train the finished model for {here - then} more with warm_start=True" if here > then else ""
        typed = f"--epochs {then}" + (f", then --from MODEL --epochs {here - then}" if here > then else "")
        return (
            f"the checkpoint {str(self.path)!r} is of a training of {counted(then, 'epoch')}, not {here}, and the "
            f"learning rate follows that number: resume with epochs={then}{more} (in the shell: {typed}); or start "
            "anew without the checkpoint"
        )

    def _compare(self, pairs: dict[str, tuple[Any, Any]], state: State, now: State) -> None:
        for name, (then, here) in pairs.items():
            if name == "epochs" and then != here:
                raise InputError(self._other_epochs(then, here))
            if then != here:
                values = f" (then {then}, now {here})" if len(f"{then}{here}") < 200 else ""
                raise InputError(
                    f"the checkpoint {str(self.path)!r} was written with another {name}{values}: resume with the same "
                    f"{name}, or start anew without the checkpoint"
                )
        if state.threads != now.threads:
            log.warning(
                "the checkpoint was written with %d threads, now there are %d: the last digits will differ",
                state.threads,
                now.threads,
            )


def _groups(state: State) -> dict[str, int]:
    """Return the number of groups of weights of each optimizer: it grew where nets are trained by orthogonal steps."""
    return {player: len(groups) for player, groups in state.optimizers.items()}
