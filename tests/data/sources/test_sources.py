"""Memory: every row once an epoch, in an order that is a function of (seed, epoch)."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.core.data import Data, Source
from isthmus.core.records import Batch
from isthmus.data.images.images import Images
from isthmus.data.sources import budget
from isthmus.data.sources import memory as module
from isthmus.data.sources.memory import Memory
from isthmus.data.sources.order import Order, generator
from isthmus.support.errors import InputError


class Doubled(Data):
    """Numbers, doubled; missing where not finite. Counts how often it is asked."""

    calls = 0

    def forward(self, columns):
        type(self).calls += 1
        x = columns["numbers"].float() * 2
        observed = torch.isfinite(x)
        return Batch(x := x.nan_to_num(), x, observed=observed, feature=torch.tensor([0, 1]))


def numbered(n: int) -> dict[str, torch.Tensor]:
    return {"numbers": torch.arange(2.0 * n, dtype=torch.float64).reshape(n, 2)}


def memory(n=23, columns=None, **changes) -> Memory:
    options = {"batch_size": 5, "validation_fraction": 0.2, "seed": 3} | changes
    return Memory(columns or numbered(n), Doubled(), **options)


def seen(source, split, epoch=0, start=0) -> list[int]:
    return [int(v) // 4 for batch in source.batches(split, epoch, start) for v in batch.x[:, 0]]


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 60), batch_size=st.integers(1, 70), fraction=st.floats(0, 0.99), seed=st.integers(0, 2**40))
def test_every_row_is_seen_once_an_epoch(n, batch_size, fraction, seed):
    order = Order(n, batch_size, fraction, seed)
    batches = {split: list(order.batches(split, 1)) for split in ("train", "validation")}
    assert sorted(int(i) for split in batches.values() for batch in split for i in batch) == list(range(n))
    for split, found in batches.items():
        assert order.steps(split) == len(found)
        assert all(len(batch) == batch_size for batch in found[:-1])
    assert order.steps("train") > 0
    assert bool(order.steps("validation")) == (fraction > 0 and n > 1)


@settings(max_examples=30, deadline=None)
@given(start=st.integers(0, 12), epoch=st.integers(0, 5))
def test_a_later_start_gives_the_tail(start, epoch):
    source = memory(50)
    whole = list(source.batches("train", epoch))
    tail = list(source.batches("train", epoch, start))
    assert len(tail) == max(0, len(whole) - start)
    for a, b in zip(whole[start:], tail, strict=True):
        assert torch.equal(a.x, b.x)


def test_the_order_is_a_function_of_seed_and_epoch():
    assert isinstance(memory(), Source)
    first = seen(memory(), "train")
    assert first == seen(memory(), "train") != sorted(first)
    assert first != seen(memory(), "train", epoch=1)
    assert sorted(first) == sorted(seen(memory(), "train", epoch=1))
    assert first != seen(memory(seed=4), "train")
    assert seen(memory(), "validation") == sorted(seen(memory(), "validation", epoch=7))


def test_torchs_global_stream_is_left_alone():
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    seen(memory(), "train")
    assert torch.rand(1) == expected


def test_generators_differ_by_key():
    draws = {
        int(torch.randint(2**40, (1,), generator=generator(*keys))) for keys in [(0,), (0, 0), (0, 1), (1, 0), (1,)]
    }
    assert len(draws) == 5


def test_rows_are_encoded_once():
    Doubled.calls = 0
    source = memory(23)
    encodings = Doubled.calls
    for epoch in range(3):
        seen(source, "train", epoch)
    assert encodings == Doubled.calls > 0


def test_encoded_in_pieces_or_by_the_batch_makes_no_difference(monkeypatch):
    columns = numbered(23) | {"weight": torch.rand(23), "condition:label": torch.rand(23, 3)}
    columns["numbers"][4, 1] = torch.nan

    def kept(**changes):
        """Return copies of all batches: each is valid until the next only."""
        return [copy.deepcopy(batch) for batch in memory(columns=columns, **changes).batches("train", 0)]

    reference, by_batch = kept(), kept(limit=0)
    monkeypatch.setattr(module, "CHUNK", 4)
    in_pieces = kept()
    for batches in (by_batch, in_pieces):
        for a, b in zip(reference, batches, strict=True):
            assert torch.equal(a.x, b.x) and torch.equal(a.observed, b.observed) and torch.equal(a.feature, b.feature)
            assert torch.equal(a.weight, b.weight) and torch.equal(a.condition["label"], b.condition["label"])
            assert a.corrupted is a.x
    assert not all(batch.observed.all() for batch in reference)


@pytest.mark.parametrize("limit", [0, 2**30])
def test_weights_and_conditions_go_with_their_rows(limit):
    columns = numbered(23) | {"weight": torch.arange(23.0), "condition:label": torch.arange(23.0)[:, None]}
    for batch in memory(columns=columns, limit=limit).batches("train", 0):
        assert torch.equal(batch.x[:, 0], 4 * batch.weight)
        assert torch.equal(batch.weight, batch.condition["label"][:, 0])


def test_bytes_stay_bytes_until_the_batch():
    X = np.random.default_rng(0).integers(0, 256, (30, 4, 4, 3), dtype=np.uint8)
    images = Images().learn([X])
    source = Memory(images.read(X), images, batch_size=8)
    (held,) = source._tensors.values()
    assert held.dtype == torch.uint8 and held.is_contiguous()
    (batch,) = Memory(images.read(X), images, batch_size=30).batches("train", 0)
    assert batch.x.dtype == torch.float32 and sorted(batch.x.sum((1, 2, 3)).tolist()) == pytest.approx(
        sorted((X / 255).sum((1, 2, 3)).tolist()), rel=1e-5
    )


def test_the_sample_is_of_training_rows_and_always_the_same():
    source = memory(40)
    sample = source.sample(10)
    picked = [int(v) // 4 for v in sample.x[:, 0]]
    assert len(set(picked)) == 10 and set(picked) <= set(seen(source, "train"))
    assert torch.equal(sample.x, source.sample(10).x)
    assert len(source.sample(1000)) == 32


def test_the_fingerprint_tells_what_matters():
    base = memory()
    assert base.fingerprint() == memory().fingerprint()
    changed = numbered(23)
    changed["numbers"][11, 0] += 1
    others = [
        memory(24),
        memory(columns=changed),
        memory(batch_size=6),
        memory(seed=4),
        memory(validation_fraction=0.1),
    ]
    assert len({base.fingerprint(), *(other.fingerprint() for other in others)}) == 6
    assert base.fingerprint() == memory(limit=0).fingerprint()


def test_a_single_column_of_a_table_in_the_order_of_columns_has_a_fingerprint():
    wide = torch.zeros(20, 8, dtype=torch.float64).T[:, :1].as_strided((8, 1), (1, 20))
    assert module.fingerprint({"x": wide}) == module.fingerprint({"x": torch.zeros(8, 1, dtype=torch.float64)})


def test_the_fingerprint_of_much_data_is_cheap(monkeypatch):
    monkeypatch.setattr(module, "HASHED", 1000)
    assert len(module.fingerprint({"x": torch.zeros(5000, 3), "none": torch.zeros(5000, 0)})) == 16


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": 0}, "there are no rows"),
        ({"batch_size": 0}, "batch_size=0 is not a whole number"),
        ({"batch_size": 2.5}, "batch_size=2.5"),
        ({"validation_fraction": 1.0}, r"validation_fraction=1.0 is outside \[0, 1\)"),
        ({"validation_fraction": -0.1}, "validation_fraction=-0.1"),
        ({"validation_fraction": float("nan")}, "validation_fraction=nan"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(InputError, match=message):
        memory(**changes)


def test_an_unknown_split_is_named():
    with pytest.raises(InputError, match="unknown split 'test'"):
        seen(memory(), "test")


def test_one_row_and_no_validation():
    source = memory(1)
    assert seen(source, "train") == [0] and source.steps("validation") == 0 and seen(source, "validation") == []


def test_memory_is_what_is_free_and_within_the_limit(tmp_path, monkeypatch):
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:   1000 kB\n")
    monkeypatch.setattr(budget, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(budget, "CGROUP", tmp_path)
    assert budget.available() == 1_024_000
    (tmp_path / "memory.current").write_text("300\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert budget.available() == 1_024_000
    (tmp_path / "memory.max").write_text("1000\n")
    assert budget.available() == 700
    monkeypatch.setattr(budget, "MEMINFO", tmp_path / "absent")
    assert budget.available() == 700
