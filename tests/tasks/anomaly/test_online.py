"""Online scores are those of the whole signal."""

import tracemalloc
from itertools import islice

import numpy as np
import pandas as pd
import pytest
import torch

from isthmus import Autoencoder, InputError
from isthmus.data.signals.signals import Signals
from isthmus.tasks.anomaly.streaming import of_graph, score_stream

RNG = np.random.default_rng(0)
SIGNAL = np.column_stack([np.sin(np.arange(150) / 4), RNG.normal(size=150)])
START = np.datetime64("2024-03-01T00:00:00", "us")


def energy(windows):
    """Return a score that depends on every value, and on where it stands in the window."""
    weight = np.linspace(1, 2, windows.shape[1])[:, None]
    return np.nansum(np.square(windows) * weight, axis=(1, 2))


def batch(signals, X, causal=False):
    windows = signals.read(X)["windows"].transpose(1, 2).numpy()
    return signals.fold_windows(torch.from_numpy(energy(windows)), X, causal=causal).numpy()


@pytest.mark.parametrize("stride", [1, 3, 16])
@pytest.mark.parametrize("length", [16, 17, 40, 150])
def test_the_stream_is_the_batch(stride, length):
    signals, X = Signals(window=16, stride=stride).learn([SIGNAL]), SIGNAL[:length]
    np.testing.assert_allclose(list(score_stream(energy, signals, X)), batch(signals, X))
    np.testing.assert_allclose(list(score_stream(energy, signals, X, delay=0)), batch(signals, X, causal=True))


def test_a_moment_is_told_as_soon_as_its_windows_have_ended():
    signals = Signals(window=16).learn([SIGNAL])
    given = 0

    def items():
        nonlocal given
        for row in SIGNAL:
            given += 1
            yield row

    told = [given for _ in score_stream(energy, signals, items())]
    assert told == [min(t + 16, 150) for t in range(150)]
    given = 0
    assert [given for _ in score_stream(energy, signals, items(), delay=0)] == list(range(1, 151))


@pytest.mark.parametrize("stride", [1, 5])
@pytest.mark.parametrize("causal", [False, True])
def test_gaps_are_bridged_or_cut_as_in_the_batch(stride, causal):
    steps = np.array([*range(20), *range(25, 60), *range(90, 95), *range(130, 170)])
    frame = pd.DataFrame({"time": START + steps * np.timedelta64(1, "s"), "a": RNG.normal(size=len(steps))})
    signals = Signals(window=16, stride=stride).learn([frame])
    rows = frame.to_dict("records")
    found = list(score_stream(energy, signals, rows, delay=0 if causal else None))
    np.testing.assert_allclose(found, batch(signals, frame, causal))


def test_an_autoencoder_scores_a_stream_as_the_batch():
    ae = Autoencoder(data=Signals(window=16), latent_dim=4, epochs=1, random_state=0).fit(SIGNAL)
    whole = ae.data_.fold_windows(torch.from_numpy(ae.reconstruction_error(SIGNAL)), SIGNAL).numpy()
    found = list(score_stream(of_graph(ae.graphs()["error"], "error"), ae.data_, SIGNAL))
    np.testing.assert_allclose(found, whole, atol=1e-5)


def test_memory_is_bounded():
    signals = Signals(window=16).learn([SIGNAL])
    endless = iter(lambda: (0.5, 1.0), None)
    stream = score_stream(energy, signals, endless)
    list(islice(stream, 100))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in islice(stream, 5000):
        pass
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20_000


@pytest.mark.parametrize(
    ("items", "settings", "message"),
    [
        ([[1.0, 2.0, 3.0]], {}, "item 0 has the shape .3,., but there are 2 channels"),
        ([[1.0, np.inf]], {}, "item 0: infinity"),
        ([["a", "b"]], {}, "item 0: .* is no number"),
        ([{"x0": 1.0}], {}, "item 0: unknown channel 'x1'"),
        ([[1.0, 2.0]] * 3, {}, "ended after 3 time steps, but a window takes 16"),
        ([[1.0, 2.0]], {"delay": 3}, "delay=3: give 0"),
    ],
)
def test_what_is_no_moment_is_refused(items, settings, message):
    with pytest.raises(InputError, match=message):
        list(score_stream(energy, Signals(window=16).learn([SIGNAL]), items, **settings))


def test_times_that_do_not_rise_are_refused():
    frame = pd.DataFrame({"time": np.arange(30.0), "a": 1.0})
    signals = Signals(window=4).learn([frame])
    rows = [{"time": 0.0, "a": 1.0}, {"time": 1.0, "a": 1.0}, {"time": 1.0, "a": 1.0}]
    with pytest.raises(InputError, match="'time', item 2: .* is not after the one before"):
        list(score_stream(energy, signals, rows))
    refusing = Signals(window=4, gaps="refuse").learn([frame])
    with pytest.raises(InputError, match="item 1: 2 time steps are missing"):
        list(score_stream(energy, refusing, [{"time": 0.0, "a": 1.0}, {"time": 3.0, "a": 1.0}]))


def test_no_items_are_no_scores():
    assert list(score_stream(energy, Signals(window=16).learn([SIGNAL]), [])) == []
