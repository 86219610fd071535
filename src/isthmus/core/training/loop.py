"""The training loop: precision, schedule, early stopping, best weights, checkpoints, gradient sync, events."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, fields
from typing import Any, NoReturn

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from isthmus.core.data import Source
from isthmus.core.objective import Objective
from isthmus.core.records import Batch
from isthmus.core.training import distributed
from isthmus.core.training.callbacks import Callback, Event, StopTraining
from isthmus.core.training.checkpoint import Checkpoint
from isthmus.core.training.clipping import Clipping
from isthmus.core.training.distributed import Sync
from isthmus.core.training.former import from_one
from isthmus.core.training.optimizer import AdamWithMuon
from isthmus.core.training.precision import computing
from isthmus.core.training.settings import Settings
from isthmus.core.training.state import Progress, State, Tensors, load_optimizer, optimizer_tensors, plain_groups
from isthmus.support.errors import DivergenceError
from isthmus.support.threads import threads

EXPLODED = 1e6
CHECK_EVERY = {"cpu": 1, "cuda": 50}
"""Updates after which a loss is looked at, by kind of device (to look, a GPU must be waited for); the last one of an
epoch always is."""
CHECKPOINT_SECONDS = 60.0
"""Seconds after which a checkpoint is written within an epoch; it is also written after each epoch."""

_moving_average: Callable[[float], Callable[[list[Tensor], list[Tensor], int], None]] = get_ema_multi_avg_fn


class Training:
    """The training of one objective; `run` may be called again with another source (partial_fit).

    Parameters
    ----------
    objective : Objective
    settings : Settings
    callbacks : sequence of callables
        Each is called with every `Event`.
    sync : callable or None
        Called before each optimizer step with the parameters and the weight of the batch (its rows, or the sum of their
        weights), to average gradients over processes: `isthmus.core.training.distributed.average_gradients`.
    initialize : bool, default True
        Whether to initialise parts from the data; False to continue from trained weights.
    """

    def __init__(
        self,
        objective: Objective,
        settings: Settings,
        callbacks: Sequence[Callback] = (),
        sync: Sync | None = None,
        initialize: bool = True,
    ) -> None:
        self.objective, self.settings, self.callbacks, self.sync = objective, settings, tuple(callbacks), sync
        self.initialize = initialize
        self.players = {name: _flat(groups) for name, groups in objective.players().items()}
        self.optimizers = {
            name: AdamWithMuon(
                groups, lr=settings.learning_rate, betas=(0.9, 0.99), weight_decay=settings.weight_decay, fused=True
            )
            for name, groups in objective.players().items()
        }
        self.weights: list[Tensor] = [p for p in objective.parameters() if p.requires_grad]
        self.averages = [p.detach().clone() for p in self.weights] if settings.average else []
        self.clipping = Clipping(settings.clip) if settings.clip else None
        self.best: Tensors = {}
        self.last: Tensors = {}
        self.sums: Tensors = {}
        self.progress = Progress()
        self.random_state: Tensor | None = None
        self.running = False

    # -- the loop ------------------------------------------------------------------------------------------------

    def run(self, source: Source, epochs: int | None = None, checkpoint: Checkpoint | None = None) -> Progress:
        """Train until `epochs`, patience, a callback or Ctrl-C ends it; leave the best weights in the objective.

        Parameters
        ----------
        source : Source
        epochs : int or None
            Stop after this many epochs, counted from the first call; None: the number in the settings.
        checkpoint : Checkpoint or None
            File for the state of training.

        Raises
        ------
        DivergenceError
            A loss is not finite, or exploded; the best weights so far are in the objective.
        """
        progress, last = self.progress, self.settings.epochs if epochs is None else epochs
        progress.interrupted = False
        if self.last:
            self.objective.load_state_dict(self.last)
        with self._stream(), threads(self.settings.threads):
            self._tell("begin", source, last)
            try:
                if not progress.updates:
                    self._start(source)
                while progress.epoch < last and not progress.finished:
                    self._epoch(source, last, checkpoint)
                progress.finished = epochs is None
            except (KeyboardInterrupt, StopTraining) as stop:
                progress.interrupted = isinstance(stop, KeyboardInterrupt)
            finally:
                self.settle()
                self._tell("end", source, last)
        return progress

    def _start(self, source: Source) -> None:
        """Initialise the parts, and keep their weights as the best so far."""
        if self.initialize:
            self.objective.train()
            self.objective.initialize(source.sample(self.objective.sample_rows()))
        for average, weight in zip(self.averages, self.weights, strict=False):
            average.copy_(weight.detach())
        distributed.separate_random_streams(self.settings.seed)
        if source.steps("validation"):
            self._keep(self.validate(source), epoch=0)

    def _epoch(self, source: Source, last: int, checkpoint: Checkpoint | None) -> None:
        progress, began = self.progress, time.perf_counter()
        steps, written = source.steps("train"), began
        self.objective.train()
        for batch in source.batches("train", progress.epoch, start=progress.step):
            t = min(1.0, (progress.epoch + progress.step / steps) / self.settings.epochs)
            with self._computing():
                self._step(batch, t, progress.step + 1 == steps)
            progress.step += 1
            self._tell("step", source, last, rows=len(batch))
            if checkpoint and time.perf_counter() - written > CHECKPOINT_SECONDS:
                progress.seconds += time.perf_counter() - began
                checkpoint.write(self.state())
                began = written = time.perf_counter()
        progress.seconds += time.perf_counter() - began
        self._close_epoch(source, last)
        if checkpoint:
            checkpoint.write(self.state())
            self._tell("checkpoint", source, last)

    def _step(self, batch: Batch, t: float, last: bool) -> None:
        rate, due = self.settings.rate(t), last or not self.progress.updates % CHECK_EVERY.get(self.device.type, 1)
        for player, loss, terms in self.objective.steps(batch, t):
            if due:
                self._check(player, loss, terms)
            optimizer, weights = self.optimizers[player], self.players[player]
            for group in optimizer.param_groups:
                group["lr"] = rate * group.get("scale", 1.0)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            if self.sync:
                self.sync(weights, _count(batch))
            if self.clipping:
                self.clipping(player, weights, self.objective.replicas, self.progress.updates)
            optimizer.step()
            self._add(player, loss, terms, len(batch))
        self.progress.updates += 1
        if self.averages:
            decay = min(self.settings.average or 0.0, (1 + self.progress.updates) / (10 + self.progress.updates))
            _moving_average(decay)(self.averages, self.weights, self.progress.updates)

    def _check(self, player: str, loss: Tensor, terms: Tensors) -> None:
        """Raise an error if the loss is not finite, or a million times the first one."""
        progress = self.progress
        value = loss.item()
        first = progress.first.setdefault(player, abs(value))
        if math.isfinite(value) and abs(value) <= EXPLODED * (1 + first):
            return
        culprits = [name for name, term in terms.items() if not torch.isfinite(term).all()] or list(terms)
        self._diverged(f"the loss became {value:g} at step {progress.step}", f" (term: {', '.join(culprits)})")

    def _diverged(self, what: str, terms: str = "") -> NoReturn:
        settings = self.settings
        precise = settings.precision == "float32"
        precision = "" if precise else f", precision='float32' (it was {settings.precision})"
        raise DivergenceError(
            f"{what} of epoch {self.progress.epoch + 1}{terms}. "
            f"{'The best weights so far are kept. ' if self.best else ''}Remedy: a lower learning_rate (it was "
            f"{settings.learning_rate:g}){precision}, and a look at the scale of the data"
        )

    def _add(self, player: str, loss: Tensor, terms: Tensors, rows: int) -> None:
        prefix = "" if len(self.players) == 1 else f"{player} "
        self._sum(f"{prefix}loss", loss).add_(loss.detach(), alpha=rows / self.objective.replicas)
        for name, term in terms.items():
            self._sum(name, term).add_(term.detach().sum())
        self.progress.rows += rows

    def _sum(self, name: str, like: Tensor) -> Tensor:
        """Return the running sum with this name over the epoch."""
        if name not in self.sums:
            self.sums[name] = torch.zeros((), device=like.device)
        return self.sums[name]

    def _close_epoch(self, source: Source, last: int) -> None:
        """Add the entry to the history, compare the epoch with the best one, and reset the sums."""
        progress = self.progress
        distributed.average_buffers(self.objective.buffers())
        rows = float(distributed.total(torch.tensor(float(progress.rows), dtype=torch.float64)))
        means = {name: float(distributed.total(value)) / max(rows, 1) for name, value in self.sums.items()}
        t = min(1.0, (progress.epoch + 1) / self.settings.epochs)
        record = {
            "epoch": progress.epoch + 1,
            "seconds": round(progress.seconds, 3),
            "rate": self.settings.rate(t),
            **means,
        }
        if source.steps("validation"):
            record["validation_loss"] = self.validate(source)
            if not math.isfinite(record["validation_loss"]):
                self._diverged(f"the validation loss became {record['validation_loss']:g} at the end")
            self._keep(record["validation_loss"], progress.epoch + 1)
        progress.history.append(record)
        self._tell("epoch", source, last, record=record)
        progress.epoch, progress.step, progress.rows, self.sums = progress.epoch + 1, 0, 0, {}
        patience = self.settings.patience
        progress.finished = patience is not None and progress.stale >= patience

    # -- evaluation and weights ----------------------------------------------------------------------------------

    def validate(self, source: Source) -> float:
        """Return the mean loss over the validation rows, with averaged weights if there are any."""
        self.objective.eval()
        sums = torch.zeros(2, dtype=torch.float64)
        with torch.no_grad(), self._averaged():
            for batch in source.batches("validation", 0):
                with self._computing():
                    losses = self.objective.evaluate(batch)
                weight = torch.ones_like(losses) if batch.weight is None else batch.weight
                sums += torch.tensor([float((losses * weight).sum()), float(weight.sum())], dtype=torch.float64)
        self.objective.train()
        total, count = map(float, distributed.total(sums))
        return total / max(count, 1e-12)

    def _keep(self, loss: float, epoch: int) -> None:
        progress = self.progress
        if progress.best_loss is None or loss < progress.best_loss:
            with self._averaged():
                self.best = _snapshot(self.objective)
            progress.best_loss, progress.best_epoch, progress.stale = loss, epoch, 0
        else:
            progress.stale += 1

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Use the averaged weights in the objective inside the block."""
        if not self.averages:
            yield
            return
        current = [weight.detach().clone() for weight in self.weights]
        _copy(self.averages, self.weights)
        try:
            yield
        finally:
            _copy(current, self.weights)

    def settle(self) -> None:
        """Put the best weights into the objective: by validation, else the averaged, else the last ones.

        The current weights are kept for a further `run`.
        """
        self.last = _snapshot(self.objective)
        if self.best:
            self.objective.load_state_dict(self.best)
        elif self.averages and self.progress.updates:
            _copy(self.averages, self.weights)
        self.objective.eval()

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.weights[0].device if self.weights else torch.device("cpu")

    def _computing(self) -> AbstractContextManager[None]:
        return computing(self.settings.precision, self.device)

    # -- the state -----------------------------------------------------------------------------------------------

    def state(self) -> State:
        """Return a copy of everything that changes during training."""
        return State(
            settings=asdict(self.settings),
            progress=asdict(self.progress),
            optimizers={player: plain_groups(optimizer) for player, optimizer in self.optimizers.items()},
            threads=self.settings.threads or torch.get_num_threads(),
            tensors={name: tensor.detach().clone() for name, tensor in self._tensors()},
        )

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Yield the names and tensors of the state."""
        groups = {
            "weights": self.last or self.objective.state_dict(),
            "best": self.best,
            "average": {str(index): tensor for index, tensor in enumerate(self.averages)},
            "sum": self.sums,
            "typical": self.clipping.typical if self.clipping else {},
            **{f"optimizer.{player}": optimizer_tensors(opt) for player, opt in self.optimizers.items()},
        }
        for group, tensors in groups.items():
            for name, tensor in tensors.items():
                yield f"{group}.{name}", tensor
        yield "random.cpu", torch.get_rng_state() if self.running or self.random_state is None else self.random_state
        if self.device.type == "cuda":
            yield "random.cuda", torch.cuda.get_rng_state(self.device)

    def restore(self, state: State) -> None:
        """Continue from a result of `state`."""
        names = {field.name for field in fields(Progress)}
        self.progress = Progress(**{name: value for name, value in state.progress.items() if name in names})
        self.progress.history, best = from_one(self.progress.history, self.progress.best_epoch)
        self.progress.best_epoch = best or 0
        self.objective.load_state_dict(state.under("weights."))
        self.last, self.best = {}, state.under("best.")
        self.sums = {name: tensor.to(self.device) for name, tensor in state.under("sum.").items()}
        if self.clipping:
            self.clipping.typical = {
                player: typical.to(self.device) for player, typical in state.under("typical.").items()
            }
        averages = state.under("average.")
        _copy([averages[str(index)] for index in range(len(self.averages))], self.averages)
        for player, optimizer in self.optimizers.items():
            load_optimizer(optimizer, state.optimizers[player], state.under(f"optimizer.{player}."))
        self.random_state = state.tensors["random.cpu"]
        if self.device.type == "cuda" and "random.cuda" in state.tensors:
            torch.cuda.set_rng_state(state.tensors["random.cuda"], self.device)

    # -- small things --------------------------------------------------------------------------------------------

    @contextmanager
    def _stream(self) -> Iterator[None]:
        """Swap torch's global random stream for training's own, and back."""
        self.running = True
        cuda = list({weight.device for weight in self.weights if weight.is_cuda})
        with torch.random.fork_rng(devices=cuda):
            if self.random_state is None:
                torch.manual_seed(self.settings.seed)
            else:
                torch.set_rng_state(self.random_state)
            try:
                yield
            finally:
                self.random_state, self.running = torch.get_rng_state(), False

    def _tell(self, kind: str, source: Source, epochs: int, **more: Any) -> None:
        if not self.callbacks:
            return
        progress = self.progress
        done = kind in ("checkpoint", "end") and not progress.step
        event = Event(kind, progress.epoch + (not done), epochs, progress.step, source.steps("train"), **more)
        for callback in self.callbacks:
            callback(event)


def _flat(groups: list[dict[str, Any]]) -> list[Tensor]:
    return [parameter for group in groups for parameter in group["params"]]


def _count(batch: Batch) -> float:
    """Return the weight of a batch in a mean: its rows, or the sum of their weights."""
    return float(len(batch)) if batch.weight is None else float(batch.weight.sum())


def _snapshot(module: Objective) -> Tensors:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def _copy(values: list[Tensor], into: list[Tensor]) -> None:
    with torch.no_grad():
        for value, target in zip(values, into, strict=True):
            target.copy_(value)
