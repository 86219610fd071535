import numpy as np
import pytest
import torch

from isthmus import InputError
from isthmus.data.sources.dealt import Dealt
from isthmus.data.sources.memory import Memory
from isthmus.data.tables.table import Table

X = np.arange(24.0).reshape(12, 2)
DATA = Table(scale="none").learn([X])
PARTS = [torch.arange(12), torch.arange(0, 12, 2), torch.tensor([1, 3, 5, 7, 9])]


def memory():
    return Memory(DATA.read(X), DATA, batch_size=4)


def dealt():
    whole = memory()
    return Dealt([whole.only(part, seed) for seed, part in enumerate(PARTS)], 4)


def test_a_source_of_some_rows_trains_on_these_alone():
    some = memory().only(PARTS[1], 3)
    seen = torch.cat([batch.x for batch in some.batches("train", 0)])[:, 0]
    assert sorted(seen.tolist()) == (2.0 * PARTS[1]).tolist()
    assert some.rows == 6 and some.steps("train") == 2 and not some.steps("validation")
    assert set(some.sample(100).x[:, 0].tolist()) == set((2.0 * PARTS[1]).tolist())
    assert torch.equal(torch.as_tensor(2.0 * some.order(0)), seen.double())
    assert some.fingerprint() not in {memory().fingerprint(), memory().only(PARTS[2], 3).fingerprint()}


def test_a_batch_has_as_many_rows_of_each_source():
    source = dealt()
    batches = [batch.x[:, 0].clone() for batch in source.batches("train", 0)]
    assert len(batches) == source.steps("train") == 3
    for index, part in enumerate(PARTS):
        rows = torch.cat([batch.chunk(3)[index] for batch in batches])
        times = torch.bincount((rows / 2).long(), minlength=12)[part]
        assert times.sum() == 12 and times.max() - times.min() <= 1


def test_the_order_is_a_function_of_the_epoch_and_goes_on_where_it_was():
    source = dealt()
    whole = [batch.x.clone() for batch in source.batches("train", 1)]
    rest = [batch.x.clone() for batch in source.batches("train", 1, start=1)]
    assert all(torch.equal(a, b) for a, b in zip(whole[1:], rest, strict=True))
    assert not torch.equal(whole[0], next(iter(source.batches("train", 0))).x)


def test_nothing_is_for_validation_and_nothing_is_sharded():
    assert not list(dealt().batches("validation", 0)) and dealt().steps("validation") == 0
    with pytest.raises(InputError, match="one process, not in 2"):
        dealt().shard(0, 2)
