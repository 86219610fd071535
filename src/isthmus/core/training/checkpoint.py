"""Checkpoints: all that a killed training needs to go on bit for bit, in one .safetensors file."""

from __future__ import annotations

import logging
import os
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from isthmus.core import store
from isthmus.support.errors import FileFormatError, InputError

if TYPE_CHECKING:
    from isthmus.core.training.loop import Training

log = logging.getLogger("isthmus")


class Checkpoint:
    """A checkpoint file of one training.

    Parameters
    ----------
    path : str or PathLike
    description : dict
        What is trained, as JSON: a checkpoint of something else is refused.
    """

    def __init__(self, path: str | os.PathLike[str], description: dict[str, Any]) -> None:
        self.path, self.description = path, description

    def write(self, training: Training, source: Any) -> None:
        """Write the state of a training, whole or not at all."""
        root = {
            "kind": "checkpoint",
            "description": self.description,
            "settings": asdict(training.settings),
            "progress": asdict(training.progress),
            "optimizers": {name: _groups(optimizer) for name, optimizer in training.optimizers.items()},
            "threads": _threads(training),
            "source": source.fingerprint(),
        }
        store.write(self.path, root, dict(_tensors(training)))

    def resume(self, training: Training, source: Any) -> None:
        """Put the state in the file into a training.

        Raises
        ------
        InputError
            The file belongs to other data, another model, or other settings.
        FileFormatError
            The file is broken, or is no checkpoint.
        """
        root, tensors = store.read(self.path)
        if root.get("kind") != "checkpoint":
            raise FileFormatError(
                f"{str(self.path)!r} is a model, not a checkpoint: load it and train with warm_start=True"
            )
        self._compare(root, training, source)
        with store.refused_if_broken(self.path):
            _restore(training, root, tensors)

    def _compare(self, root: dict[str, Any], training: Training, source: Any) -> None:
        now = {
            "data": (root["source"], source.fingerprint()),
            "model": (root["description"], self.description),
            **{name: (root["settings"].get(name), value) for name, value in asdict(training.settings).items()},
        }
        for name, (then, here) in now.items():
            if then != here:
                shown = f" (then {then}, now {here})" if len(f"{then}{here}") < 200 else ""
                raise InputError(
                    f"the checkpoint {str(self.path)!r} was written with another {name}{shown}: resume with the same "
                    f"{name}, or start anew without the checkpoint"
                )
        if root["threads"] != _threads(training):
            log.warning(
                "the checkpoint was written with %d threads, now there are %d: the last digits will differ",
                root["threads"],
                _threads(training),
            )


def _threads(training: Training) -> int:
    return training.settings.threads or torch.get_num_threads()


def _groups(optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
    plain = (bool, int, float, str, type(None))
    return [
        {k: v for k, v in group.items() if isinstance(v, plain)} for group in optimizer.state_dict()["param_groups"]
    ]


def _tensors(training: Training) -> Any:
    """Yield name and tensor of everything that is no plain number."""
    for name, tensor in training.objective.state_dict().items():
        yield f"weights.{name}", tensor
    for name, tensor in training.best.items():
        yield f"best.{name}", tensor
    for index, tensor in enumerate(training.averages):
        yield f"average.{index}", tensor
    for name, tensor in training.sums.items():
        yield f"sum.{name}", tensor
    for player, optimizer in training.optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            for key, value in state.items():
                yield f"optimizer.{player}.{index}.{key}", torch.as_tensor(value)
    yield "random.cpu", torch.get_rng_state()
    if any(weight.is_cuda for weight in training.weights):
        yield "random.cuda", torch.cuda.get_rng_state()


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _restore(training: Training, root: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    known = {field.name for field in fields(training.progress)}
    for name, value in root["progress"].items():
        if name in known:
            setattr(training.progress, name, value)
    training.objective.load_state_dict(_under(tensors, "weights."))
    training.best = _under(tensors, "best.")
    device = training.weights[0].device if training.weights else torch.device("cpu")
    training.sums = {name: t.to(device) for name, t in _under(tensors, "sum.").items()}
    with torch.no_grad():
        for index, average in enumerate(training.averages):
            average.copy_(tensors[f"average.{index}"])
    for player, optimizer in training.optimizers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under(tensors, f"optimizer.{player}.").items():
            number, _, key = name.partition(".")
            state.setdefault(int(number), {})[key] = tensor
        held = optimizer.state_dict()["param_groups"]
        groups = [{**group, **saved} for group, saved in zip(held, root["optimizers"][player], strict=True)]
        optimizer.load_state_dict({"state": state, "param_groups": groups})
    training.random_state = tensors["random.cpu"]
    if "random.cuda" in tensors and device.type == "cuda":
        torch.cuda.set_rng_state(tensors["random.cuda"])
