"""Several processes train as one does: the same gradients, the same weights."""

import subprocess
import sys
import textwrap

import pytest
import torch

from isthmus.core.training import distributed

WORKER = textwrap.dedent(
    """
    import sys, warnings
    import numpy as np, torch, torch.distributed as dist

    rank, world, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    warnings.simplefilter("error")
    if world > 1:
        dist.init_process_group("gloo", init_method=f"file://{folder}/init", rank=rank, world_size=world)

    from isthmus import Autoencoder
    from isthmus.core.training import distributed
    from isthmus.core.training.loop import Training
    from isthmus.estimators.run import prepare
    from isthmus.parts.nets.mlp import MLP

    def squared_mean():
        x = torch.tensor([1.0 + rank, 2.0], requires_grad=True)
        distributed.mean(x).square().sum().backward()
        distributed.average_gradients([x], 1.0)
        return x.grad

    def weighted():
        x = torch.zeros(3, requires_grad=True)
        (x * (1.0 + rank)).sum().backward()
        distributed.average_gradients([x], 1.0 + 2 * rank)
        return x.grad

    def train(variant, rows, **more):
        X = np.random.default_rng(0).normal(size=(rows, 6)).astype(np.float32)
        weight = more.pop("sample_weight", None)
        ae = Autoencoder(variant, 3, net=MLP((8,)), random_state=0, epochs=2, batch_size=8, **more)
        run, gradients = prepare(ae, X, sample_weight=weight), []

        def sync(parameters, count):
            distributed.average_gradients(parameters, count)
            gradients.append(torch.cat([p.grad.flatten().clone() for p in parameters if p.grad is not None]))

        training = Training(run.objective, run.settings, sync=sync, initialize=run.initialize)
        progress = training.run(run.source.shard(rank, world))
        weights = torch.cat([p.detach().flatten() for p in run.objective.parameters()])
        losses = torch.tensor([[e["loss"], e.get("validation_loss", 0.0)] for e in progress.history])
        return {"gradients": torch.stack(gradients), "weights": weights, "losses": losses}

    from isthmus.variants import Sparse

    found = {
        "squared mean": squared_mean(),
        "weighted": weighted(),
        "plain": train("plain", 42, validation_fraction=0.1),
        "uneven": train("plain", 33, validation_fraction=0.0),
        "with weights": train("plain", 33, validation_fraction=0.1, sample_weight=np.arange(1.0, 34.0)),
        "mean activation": train(Sparse(penalty="kl"), 32, validation_fraction=0.0),
        "world": distributed.world(),
        "rank": distributed.rank(),
        "total": distributed.total(torch.ones(2) * (rank + 1)),
    }
    torch.save(found, f"{folder}/{world}-{rank}.pt")
    if world > 1:
        dist.barrier()  # else one may end while the other still answers it
        dist.destroy_process_group()
    """
)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return what one process finds, and what each of two finds."""
    folder = tmp_path_factory.mktemp("gloo")
    jobs = [(0, 1), (0, 2), (1, 2)]
    command = [sys.executable, "-c", WORKER]
    started = [subprocess.Popen([*command, str(rank), str(world), str(folder)]) for rank, world in jobs]
    assert [process.wait(timeout=300) for process in started] == [0, 0, 0]
    return [torch.load(folder / f"{world}-{rank}.pt") for rank, world in jobs]


def test_the_processes_know_each_other(found):
    one, first, second = found
    assert (one["world"], one["rank"]) == (1, 0)
    assert (first["world"], first["rank"], second["rank"]) == (2, 0, 1)
    assert second["total"].tolist() == first["total"].tolist() == [3.0, 3.0]


def test_gradients_flow_through_a_mean_over_processes(found):
    _, first, second = found
    x = torch.tensor([[1.0, 2.0], [2.0, 2.0]], requires_grad=True)
    x.mean(0).square().sum().backward()
    for process in (first, second):  # of a parameter that both rows consist of; torch's all_reduce gives half of it
        torch.testing.assert_close(process["squared mean"], x.grad.sum(0))


def test_gradients_are_averaged_by_rows(found):
    for process in found[1:]:
        torch.testing.assert_close(process["weighted"], torch.full((3,), (1 * 1.0 + 3 * 2.0) / 4))


@pytest.mark.parametrize("name", ["plain", "uneven", "with weights", "mean activation"])
def test_two_processes_train_as_one_does(found, name):
    one, first, second = (process[name] for process in found)
    assert one["gradients"].abs().max() > 0
    torch.testing.assert_close(first["gradients"][0], one["gradients"][0], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(first["gradients"], one["gradients"], rtol=1e-2, atol=1e-4)
    torch.testing.assert_close(first["weights"], one["weights"], rtol=1e-2, atol=1e-3)
    torch.testing.assert_close(first["weights"], second["weights"], rtol=0, atol=0)
    torch.testing.assert_close(first["losses"], second["losses"], rtol=0, atol=0)
    if name in ("plain", "mean activation"):  # in others, rows or weights differ between the processes
        torch.testing.assert_close(first["losses"], one["losses"], rtol=1e-3, atol=1e-5)


def test_a_single_process_is_left_alone():
    x = torch.ones(3, requires_grad=True)
    assert distributed.mean(x) is x and distributed.total(x) is x
    x.sum().backward()
    distributed.average_gradients([x], 5.0)
    assert x.grad.tolist() == [1.0, 1.0, 1.0]
