"""Shards: the parts of several processes are disjoint, and together the batches of one."""

import numpy as np
import pytest
import torch

from isthmus.core.data import Data, Source
from isthmus.core.records import Batch
from isthmus.data.images.images import Images
from isthmus.data.sources.folders import ImageStream
from isthmus.data.sources.memory import Memory
from isthmus.data.sources.parquet import ParquetStream
from isthmus.support.errors import InputError


class Identity(Data):
    """Numbers as they are."""

    def read(self, X):
        return {"numbers": torch.from_numpy(np.stack([c.to_numpy() for c in X.columns], axis=1))}

    def forward(self, columns):
        x = columns["numbers"].float()
        return Batch(x, x)


SETTINGS = {"batch_size": 7, "validation_fraction": 0.2, "seed": 3}


def in_memory(folder, n):
    return Memory({"numbers": torch.arange(2.0 * n, dtype=torch.float64).reshape(n, 2)}, Identity(), **SETTINGS)


def parquet(folder, n):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"id": np.arange(float(n)), "zero": np.zeros(n)}), folder / "n.parquet", row_group_size=5)
    return ParquetStream(folder / "n.parquet").source(Identity(), **SETTINGS)


def pictures(folder, n):
    image = pytest.importorskip("PIL.Image")
    for i in range(n):
        image.fromarray(np.full((2, 2), 3 * i, dtype=np.uint8)).save(folder / f"{i:03}.png")
    stream = ImageStream(folder)
    return stream.source(Images().learn(stream.chunks()), **SETTINGS)


def counting(batch):
    """Return the rows of a batch that count."""
    rows = batch.x.flatten(1)
    return rows if batch.weight is None else rows[batch.weight > 0]


@pytest.mark.parametrize("made", [in_memory, parquet, pictures])
@pytest.mark.parametrize("n", [2, 23, 31])
@pytest.mark.parametrize("world", [1, 2, 3])
def test_shards_laid_together_are_the_batches_of_the_source(tmp_path, made, n, world):
    source = made(tmp_path, n)
    shards = [source.shard(rank, world) for rank in range(world)]
    for shard in shards:
        assert isinstance(shard, Source) and shard.rows == n and shard.fingerprint() == source.fingerprint()
        torch.testing.assert_close(shard.sample(4).x, source.sample(4).x, rtol=0, atol=0)
    for split, epoch in (("train", 0), ("train", 1), ("validation", 0)):
        whole = [counting(batch).clone() for batch in source.batches(split, epoch)]
        parts = [[counting(batch).clone() for batch in shard.batches(split, epoch)] for shard in shards]
        assert {len(part) for part in parts} == {len(whole)} == {source.steps(split)}
        for number, batch in enumerate(whole):
            together = torch.cat([part[number] for part in parts])
            assert sorted(together.tolist()) == sorted(batch.tolist())
    if len(whole := list(source.batches("train", 0))) > 1:
        (tail,) = shards[-1].batches("train", 0, start=len(whole) - 1)
        assert tail.x.shape[0] in (1, len(whole[-1].x[world - 1 :: world]))


def test_a_process_without_a_row_gets_one_that_does_not_count(tmp_path):
    source = in_memory(tmp_path, 2)
    batches = [next(source.shard(rank, 2).batches("train", 0)) for rank in range(2)]
    assert batches[0].weight is None
    assert len(batches[1]) == 1 and batches[1].weight.tolist() == [0.0]


@pytest.mark.parametrize(("rank", "world"), [(2, 2), (-1, 2), (0, 0)])
def test_a_rank_outside_the_world_is_named(tmp_path, rank, world):
    with pytest.raises(InputError, match=f"rank={rank} of world={world}"):
        in_memory(tmp_path, 9).shard(rank, world)
