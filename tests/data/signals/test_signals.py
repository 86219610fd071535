"""Signals: windows, times, gaps, and back from windows to moments."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from isthmus import Autoencoder, InputError, load
from isthmus.core.part import build, describe
from isthmus.data.io import files
from isthmus.data.signals.signals import Signals
from isthmus.data.signals.windows import carried, layout

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3))
START = np.datetime64("2024-03-01T00:00:00")


def frame(seconds, **columns):
    rows = len(seconds)
    times = START + (np.asarray(seconds, dtype=float) * 1e6).astype("timedelta64[us]")
    return pd.DataFrame({"timestamp": times, **(columns or {"a": np.arange(rows, dtype=float)})})


def learnt(data, **settings):
    return Signals(**settings).learn([data])


# -- windows and back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stride", [1, 3, 7, 8])
def test_windows_hold_the_moments_that_they_stand_on(stride):
    windows = learnt(X, window=8, stride=stride).read(X)["windows"]
    starts = [*range(0, 43, stride), *([42] if 42 % stride else [])]
    assert windows.shape == (len(starts), 3, 8)
    for window, start in zip(windows, starts, strict=True):
        np.testing.assert_array_equal(window.T, X[start : start + 8])


def test_windows_of_one_signal_take_no_memory_of_their_own():
    signal = RNG.normal(size=(1000, 2))
    windows = learnt(signal, window=100).read(signal)["windows"]
    assert windows.untyped_storage().nbytes() == signal.nbytes


@pytest.mark.parametrize("stride", [1, 3, 8])
def test_the_way_back_is_the_mean_over_the_windows_that_cover_a_moment(stride):
    signals = learnt(X, window=8, stride=stride)
    windows = len(signals.read(X)["windows"])
    found, maps = torch.rand(windows), torch.rand(windows, 8, 3)
    starts = [*range(0, 43, stride)]
    scores, errors = signals.fold_windows(found, X), signals.fold_windows(maps, X)
    for t in range(50):
        over = [w for w, s in enumerate(starts) if s <= t < s + 8] or [windows - 1]
        assert scores[t] == pytest.approx(float(found[over].mean()))
        offsets = [t - starts[w] if w < len(starts) else t - 42 for w in over]
        expected = torch.stack([maps[w, o] for w, o in zip(over, offsets, strict=True)]).mean(0)
        torch.testing.assert_close(errors[t], expected.double())


def test_the_causal_score_is_that_of_the_window_that_ends_there():
    signals = learnt(X, window=8)
    found = torch.rand(43)
    causal = signals.fold_windows(found, X, causal=True)
    assert torch.isnan(causal[:7]).all()
    torch.testing.assert_close(causal[7:], found.double())


@pytest.mark.parametrize(
    "given",
    [
        X,
        X[:, 0],
        X.astype(np.float32),
        torch.from_numpy(X),
        pd.Series(X[:, 0]),
        pd.DataFrame(X, columns=list("abc")),
        pl.DataFrame({"time": range(50), "a": X[:, 0]}),
        frame(range(50), a=X[:, 0], b=X[:, 1]),
        [X, X[:20]],
    ],
    ids=lambda given: type(given).__name__,
)
def test_a_signal_comes_back_in_its_form(given):
    signals = learnt(given, window=10, stride=4)
    back = signals.write(signals.invert(signals.batch(signals.read(given)).x), like=given)
    if isinstance(given, list):
        for one, expected in zip(back, given, strict=True):
            np.testing.assert_allclose(one, expected, atol=1e-5)
        return
    assert type(back) is type(given) or isinstance(given, pd.Series)
    if hasattr(given, "columns"):
        assert list(back.columns) == list(given.columns)
        back, given = back[["a"]].to_numpy(), given[["a"]].to_numpy()
    np.testing.assert_allclose(np.squeeze(back), given if given.ndim == 1 else np.squeeze(given), atol=1e-5)


def test_no_window_crosses_from_one_recording_to_the_next():
    signals = learnt([X[:20], X[20:35]], window=8)
    windows = signals.read([X[:20], X[20:35]])["windows"]
    assert len(windows) == 13 + 8
    np.testing.assert_array_equal(windows[12].T, X[12:20])
    np.testing.assert_array_equal(windows[13].T, X[20:28])
    scores = signals.fold_windows(torch.cat([torch.zeros(13), torch.ones(8)]), [X[:20], X[20:35]])
    assert scores.tolist() == [0.0] * 20 + [1.0] * 15


def test_pieces_are_learnt_as_the_whole():
    whole, pieces = learnt(X, window=8), Signals(window=8).learn([X[:11], X[11:]])
    torch.testing.assert_close(whole.offset, pieces.offset)
    torch.testing.assert_close(whole.divisor, pieces.divisor)
    np.testing.assert_allclose(whole.offset[:, 0], X.mean(0))
    np.testing.assert_allclose(whole.divisor[:, 0], X.std(0))


def test_a_constant_channel_is_zero_and_its_changes_count():
    signals = learnt(np.column_stack([X[:, 0], np.full(50, 7.0)]), window=8)
    x = signals.batch(signals.read(np.column_stack([X[:8, 0], [7.0] * 7 + [9.0]]))).x
    assert x[0, 1].tolist() == [0.0] * 7 + [2.0]


# -- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [False, True])
def test_times_are_found_and_said(text):
    given = frame(300 * np.arange(20))
    given["timestamp"] = given["timestamp"].astype(str) if text else given["timestamp"]
    signals = learnt(given, window=5)
    assert "times in column 'timestamp', a step of 300" in signals.summary
    assert signals.channel_names() == ["a"]
    np.testing.assert_array_equal(signals.times(given), START + np.arange(20) * np.timedelta64(300, "s"))


def test_an_index_of_dates_is_the_times():
    given = frame(60 * np.arange(20)).set_index("timestamp")
    signals = learnt(given, window=5)
    assert signals.learnt.step == 60
    pd.testing.assert_frame_equal(signals.write({"windows": signals.read(given)["windows"]}, like=given), given)


def test_times_with_zones_are_utc():
    given = pd.DataFrame({"time": [f"2024-03-01T0{h}:00:00+02:00" for h in range(3, 9)], "a": range(6)})
    assert learnt(given, window=3).times(given)[0] == np.datetime64("2024-03-01T01:00:00")


def test_missing_moments_are_bridged():
    seconds = np.delete(np.arange(30), [10, 11])
    given = frame(seconds)
    signals = learnt(given, window=6, scale="none")
    batch = signals.batch(signals.read(given))
    assert len(batch) == 25
    assert batch.observed[5, 0].tolist() == [True] * 5 + [False]
    assert batch.x[7, 0].tolist() == [7.0, 8.0, 9.0, 9.0, 9.0, 10.0]
    assert batch.x[10, 0].tolist() == [10.0, 10.0, 10.0, 11.0, 12.0, 13.0]
    assert signals.fold_windows(torch.ones(25), given).shape == (28,)


def test_a_gap_as_long_as_a_window_is_not_crossed():
    given = frame([*range(10), *range(30, 33), *range(60, 70)])
    signals = learnt(given, window=6)
    columns = signals.read(given)
    assert len(columns["windows"]) == 5 + 1 + 5  # the three moments in between have one window, filled up
    assert signals.batch(columns).observed[5, 0].tolist() == [True] * 3 + [False] * 3
    scores = signals.fold_windows(torch.arange(11.0), given)
    assert scores[10:13].tolist() == [5.0] * 3
    assert torch.isfinite(scores).all()
    causal = signals.fold_windows(torch.arange(11.0), given, causal=True)
    assert torch.isnan(causal).nonzero().flatten().tolist() == [*range(5), *range(10, 13), *range(13, 18)]


def test_the_greatest_of_the_moments_of_a_window():
    draw = np.random.default_rng(0)
    times = np.delete(np.arange(60.0), [*range(10, 13), *range(30, 45)])
    given = pd.DataFrame({"time": times, "a": draw.normal(size=len(times))})
    signals = learnt([given, given], window=6, stride=4, scale="none")
    windows = signals.read([given, given])["windows"][:, 0]
    found = signals.window_max(torch.from_numpy(np.tile(given["a"], 2)), [given, given])
    assert np.array_equal(found, np.nanmax(windows.numpy(), axis=1))
    assert signals.window_max(found, np.zeros((len(found), 6, 1))) is found  # windows that are cut already


def test_gaps_are_refused_or_ignored_when_asked_for():
    given = frame(np.delete(np.arange(30), 10))
    with pytest.raises(InputError, match="'timestamp', row 10: 1 time step is missing before 2024-03-01T00:00:11"):
        learnt(given, window=6, gaps="refuse").read(given)
    signals = learnt(given, window=6, gaps="ignore")
    assert signals.batch(signals.read(given)).observed.all()


@pytest.mark.parametrize(
    ("given", "settings", "message"),
    [
        (frame([0, 1, 2, 2, 3, 4]), {}, "'timestamp', row 3: .* that of the row before; drop"),
        (frame([0, 1, 3, 2, 4, 5]), {}, "'timestamp', row 3: .* is before that of row 2 .*; sort"),
        (frame(np.cumsum(RNG.exponential(size=50))), {}, "steps are irregular, first at row"),
        (frame(range(9)).assign(b="x"), {}, "column 'b' is of kind text.* numbers"),
        (frame(range(9)), {"time": "tim"}, "unknown column time= 'tim'.*"),
        (frame(range(9)), {"channels": ("b",)}, "unknown channel 'b'"),
        (frame(range(9))[["timestamp"]], {}, "there are no channels"),
        (pd.DataFrame({"time": ["soon"] * 9, "a": 1.0}), {}, "'time', row 0: 'soon' is not a time such as"),
        (frame([0, 1, np.nan, 3, 4, 5]), {}, "'timestamp', row 2: the time is missing"),
        (np.full((9, 2), np.nan), {}, "channel 'x0' has no values at all"),
        (np.array([1.0, np.inf, 2, 3, 4]), {}, "row 1: infinity"),
        (np.zeros((3, 2)), {}, "the signal has 3 time steps, but a window needs 4"),
        ([np.zeros((9, 2)), np.zeros((3, 2))], {}, "recording 1 has 3 time steps, but a window needs 4"),
        (np.zeros((3, 5, 2)), {}, "hold 5 time steps, but window=4: use Signals.window=5"),
    ],
)
def test_what_is_no_signal_is_refused(given, settings, message):
    with pytest.raises(InputError, match=message):
        learnt(given, window=4, **settings).read(given)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": 1}, "window=1: a window takes at least 2"),
        ({"window": 8, "stride": 9}, "stride=9: .* 1 to 8"),
        ({"gaps": "bridges"}, "did you mean 'bridge'"),
        ({"scale": "robust"}, "unknown scale"),
        ({"time": True}, "time=True"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        Signals(**settings)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (X[:, :2], "X has 2 channels, but Signals is expecting 3"),
        (pd.DataFrame(X, columns=list("abd")), r"missing: \['c'\]; not learnt: \['d'\]"),
        (pd.DataFrame(X, columns=list("acb")), "in this order"),
    ],
)
def test_other_channels_than_learnt_are_refused(other, message):
    with pytest.raises(InputError, match=message):
        learnt(pd.DataFrame(X, columns=list("abc")), window=8).read(other)


def test_another_step_than_learnt_is_refused():
    with pytest.raises(InputError, match="median step is 60, but in training it was 1; resample"):
        learnt(frame(range(30)), window=8).read(frame(60 * np.arange(30)))


def test_days_in_digits_are_no_times():
    days = pd.date_range("2024-01-25", periods=20).strftime("%Y%m%d").astype(int)
    frame = pd.DataFrame({"date": days, "v": np.arange(20.0)})
    with pytest.raises(InputError, match="'date': numbers such as 20240125 are days in digits.*--dates date=%Y%m%d"):
        Signals(window=4).learn([frame])
    Signals(window=4, time=False).learn([frame])
    frame["date"] = 1_700_000_000 + 60 * np.arange(20)
    Signals(window=4).learn([frame])


def test_unsorted_times_can_be_taken_in_the_order_in_which_they_stand():
    given = frame([0, 1, 3, 2, 4, 5])
    assert len(learnt(given[["a"]], window=4, time=False).read(given[["a"]])["windows"]) == 3
    assert len(learnt(given, window=4, time=False, channels=("a",)).read(given)["windows"]) == 3


# -- missing values ---------------------------------------------------------------------------------------------------


def test_missing_values_are_carried_and_not_observed():
    nan = torch.nan
    x = torch.tensor([[nan, nan, 1.0, nan, nan, nan, nan, 2.0, nan], [nan] * 9])
    assert carried(x).tolist() == [[1, 1, 1, 1, 1, 1, 1, 2, 2], [0] * 9]


@pytest.mark.parametrize("length", [1, 2, 3, 5, 64, 100])
def test_carrying_is_what_pandas_does(length):
    x = RNG.normal(size=(6, length))
    x[RNG.random(x.shape) < 0.8] = np.nan
    expected = pd.DataFrame(x.T).ffill().bfill().fillna(0).to_numpy().T
    np.testing.assert_array_equal(carried(torch.from_numpy(x)), expected)


def test_a_missing_value_has_no_error():
    signal = np.sin(np.arange(300) / 5)
    signal[100] = np.nan
    ae = Autoencoder(data=Signals(window=16), latent_dim=4, epochs=1, random_state=0).fit(signal)
    maps = ae.reconstruction_error(signal, per="element")
    assert (maps[100 - np.arange(16), np.arange(16)] == 0).all()
    assert np.isfinite(ae.reconstruct(signal)).all()


def test_graphs_have_no_branch_that_depends_on_values():
    ae = Autoencoder(data=Signals(window=16), latent_dim=2, epochs=1, random_state=0).fit(X)
    windows, graph = ae.data_.read(X)["windows"][:2].clone(), ae.graphs()["error_map"]
    exported = torch.export.export(graph, ({"windows": windows},)).module()
    windows[0, 1, 3:9] = torch.nan
    torch.testing.assert_close(exported({"windows": windows})["error"], graph({"windows": windows})["error"])


# -- with an autoencoder ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("net", [None, "conv"])
def test_an_autoencoder_of_signals_is_saved_and_rebuilds(net, tmp_path):
    given = frame(range(400), a=np.sin(np.arange(400) / 7), b=np.cos(np.arange(400) / 11))
    ae = Autoencoder(data=Signals(window=32), latent_dim=6, net=net, epochs=4, random_state=0).fit(given)
    back = ae.reconstruct(given)
    assert np.abs(back[["a", "b"]] - given[["a", "b"]]).to_numpy().mean() < 0.1
    ae.save(tmp_path / "model.safetensors")
    pd.testing.assert_frame_equal(load(tmp_path / "model.safetensors").reconstruct(given), back)


def test_data_may_be_named():
    ae = Autoencoder(data="signals", latent_dim=2, epochs=1, random_state=0).fit(RNG.normal(size=(200, 2)))
    assert ae.data_.shape == (2, 64)


def test_its_arguments_are_all_it_learnt():
    given = frame(range(40))
    signals = learnt(given, window=8, channels=("a",))
    again = build(json.loads(json.dumps(describe(signals))))
    assert again.summary == signals.summary
    assert torch.equal(again.read(given)["windows"], signals.read(given)["windows"])


def test_csv_files_are_read(tmp_path):
    given = frame(300 * np.arange(40))
    given.to_csv(tmp_path / "log.csv", index=False)
    signals = learnt(files.read(tmp_path / "log.csv").X, window=8)
    assert signals.learnt.step == 300


def test_real_logs(real_data):
    one = files.read(real_data("sensors/skab/valve1/0.csv")).X.drop(columns=["anomaly", "changepoint"])
    signals = learnt(one, window=60)
    batch = signals.batch(signals.read(one))
    assert signals.learnt.step == 1
    assert 0.9 < batch.observed.float().mean() < 1
    assert signals.fold_windows(torch.ones(len(batch)), one).tolist() == [1.0] * len(one)
    with pytest.raises(InputError, match="'timestamp', row .* before that of row"):
        learnt(files.read(real_data("sensors/nab/realKnownCause/machine_temperature_system_failure.csv")).X)


def test_a_layout_covers_every_row():
    slots = [np.array([0, 1, 2, 3, 9, 10, 40]), np.arange(6)]
    for stride in range(1, 5):
        where = layout(slots, 4, stride)
        assert torch.isfinite(where.mean(torch.ones(len(where.starts)))).all()
        assert where.rows == 13
