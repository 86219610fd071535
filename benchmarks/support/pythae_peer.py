"""pythae's AE with the widths of isthmus' default net, trained by its own trainer."""

from __future__ import annotations

import io
import logging
import tempfile
import time
from contextlib import redirect_stderr, suppress
from itertools import pairwise

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import AE, AEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback
from torch import Tensor, nn

from benchmarks.support.data import mse, unit
from benchmarks.support.timing import say


class Enough(Exception):
    """Training went as far as was asked for."""


class Encoder(BaseEncoder):
    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = mlp(widths)

    def forward(self, x: Tensor) -> ModelOutput:
        return ModelOutput(embedding=self.layers(x))


class Decoder(BaseDecoder):
    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = mlp(widths[::-1])

    def forward(self, z: Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.layers(z))


def mlp(widths: tuple[int, ...]) -> nn.Sequential:
    layers = [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


class Course(TrainingCallback):
    """Notes (seconds, error raw, error clipped) at the end of each epoch; its evaluations are off the clock."""

    def __init__(self, model: AE, test: np.ndarray, target: float, cap: float) -> None:
        self.model, self.test, self.target, self.cap = model, test, target, cap
        self.seconds, self.began = 0.0, 0.0
        self.points: list[tuple[float, float, float]] = []

    def on_epoch_begin(self, training_config, **kwargs) -> None:
        self.began = time.perf_counter()

    def on_epoch_end(self, training_config, **kwargs) -> None:
        self.seconds += time.perf_counter() - self.began
        reconstructed = self.reconstructed()
        self.points.append((self.seconds, mse(self.test, reconstructed), mse(self.test, reconstructed.clip(0, 1))))
        say(f"pythae, epoch {len(self.points)}: {self.seconds:.1f} s, {self.points[-1][2]:.5f}")
        if self.points[-1][2] <= self.target or self.seconds >= self.cap:
            raise Enough

    @torch.no_grad()
    def reconstructed(self) -> np.ndarray:
        self.model.eval()
        batch = {"data": torch.from_numpy(unit(self.test))}
        return self.model(batch).recon_x.numpy()


def course(X: np.ndarray, T: np.ndarray, widths: tuple[int, ...], target: float, cap: float) -> list[tuple[float, ...]]:
    """Train until the clipped test error reaches `target`, or for `cap` seconds; return the points of each epoch."""
    logging.disable(logging.INFO)
    model = AE(AEConfig(input_dim=(784,), latent_dim=widths[-1]), Encoder(widths), Decoder(widths))
    watching = Course(model, T, target, cap)
    with tempfile.TemporaryDirectory() as folder, redirect_stderr(io.StringIO()):
        settings = BaseTrainerConfig(
            output_dir=folder,
            num_epochs=10_000,
            learning_rate=1e-3,
            per_device_train_batch_size=256,
            optimizer_cls="Adam",
            no_cuda=True,
            seed=0,
        )
        rows = BaseDataset(torch.from_numpy(unit(X)), torch.zeros(len(X)))
        trainer = BaseTrainer(model, rows, training_config=settings, callbacks=[watching])
        with suppress(Enough):
            trainer.train()
    return watching.points
