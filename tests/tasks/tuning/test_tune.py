"""Tuning: what is tried, what it is measured by, and what comes of it."""

import time
import warnings

import numpy as np
import pandas as pd
import pytest

import isthmus
from isthmus import Autoencoder, Images, InputError, Signals, load, tune
from isthmus.data.io.files import read
from isthmus.support import errors
from isthmus.tasks.tuning import trial as trial_module
from isthmus.tasks.tuning.measures import changing_the_loss, unreconstructed
from isthmus.tasks.tuning.search import Search
from isthmus.tasks.tuning.space import Choices, Range, spaces

X = np.random.default_rng(0).normal(size=(120, 3)) @ np.random.default_rng(1).normal(size=(3, 6))
y = (X[:, 0] > 0).astype(int)
QUICK = Autoencoder(latent_dim=2, epochs=2, batch_size=32, net="linear", verbose=False)


def quick(over, **how):
    return tune(X, how.pop("y", None), over=over, autoencoder=QUICK, random_state=0, **how)


@pytest.fixture(scope="module")
def result():
    over = {"latent_dim": (1, 5), "learning_rate": (1e-3, 1e-1), "variant": ["plain", "denoising"]}
    over["variant__level"] = [0.1, 0.3]
    return quick(over, trials=6)


def test_the_best_trial_has_the_lowest_metric(result):
    done = [trial for trial in result.trials if trial["state"] == "complete"]
    assert len(result.trials) == 6 and result.metric == "reconstruction"
    assert result.value == min(trial["reconstruction"] for trial in done) == result.complete()[0]["reconstruction"]
    assert result.trials[result.best_trial - 1]["latent_dim"] == result.best_params["latent_dim"]
    assert result.best.latent_dim == result.best_params["latent_dim"]
    assert result.refitted and result.best.info_["rows"] == len(X)


def test_the_first_trial_has_the_settings_of_the_user(result):
    first = result.trials[0]
    assert (first["latent_dim"], first["learning_rate"], first["variant"]) == (2, 4e-3, "plain")


def test_a_knob_is_tried_with_variants_that_have_it(result):
    for trial in result.trials:
        assert ("variant__level" in trial) == (trial["variant"] == "denoising")


def test_the_same_seed_gives_the_same_trials(result):
    again = quick({name: result.spaces[name] for name in result.params}, trials=6)
    strip = [{k: v for k, v in trial.items() if k != "seconds"} for trial in result.trials]
    assert strip == [{k: v for k, v in trial.items() if k != "seconds"} for trial in again.trials]
    np.testing.assert_array_equal(result.best.transform(X), again.best.transform(X))


def test_few_combinations_are_each_tried_once():
    over = {"latent_dim": (1, 2), "variant": ["plain", "topk"], "variant__k": [1]}
    tried = quick(over, refit=False).trials
    assert len({tuple(trial.get(name) for name in over) for trial in tried}) == len(tried) == 4


def test_values_are_tried_once_and_trials_end_where_there_are_no_new_ones():
    over = {"latent_dim": [1, 2], "learning_rate": (1e-3, 1e-2)}
    tried = quick(over, trials=5, refit=False).trials
    assert len({(trial["latent_dim"], trial["learning_rate"]) for trial in tried}) == 5
    start = Autoencoder(latent_dim=2, epochs=1, net="linear", verbose=False)
    assert len(tune(X, over={"latent_dim": [2]}, autoencoder=start, minutes=5, random_state=0).trials) == 1


def test_the_model_that_was_measured_is_returned_without_refit():
    result = quick({"latent_dim": [1]}, refit=False, metric="reconstruction")
    assert not result.refitted and result.best.info_["rows"] == 96
    tested = np.setdiff1d(np.arange(120), np.sort(np.random.default_rng(_seed()).permutation(120)[24:]))
    off = X[tested] - result.best.reconstruct(X[tested])
    assert result.value == pytest.approx(((off**2).mean(0) / X[tested].var(0)).mean(), rel=1e-4)


def _seed():
    return int(np.random.RandomState(0).randint(2**31 - 1))


def test_losses_are_compared_where_they_can_be():
    result = quick({"latent_dim": [1, 3]})
    assert result.metric == "validation_loss" and result.best_params == {"latent_dim": 3}
    assert changing_the_loss(["net__widths", "epochs", "variant", "data__scale"]) == ["variant", "data__scale"]
    with pytest.warns(UserWarning, match="variant changes what the validation loss is"):
        quick({"variant": ["plain", "sparse"]}, metric="validation_loss", refit=False)


def test_a_probe_prefers_codes_that_hold_the_labels():
    result = quick({"latent_dim": [1, 4]}, metric="probe", y=y)
    assert result.greater_is_better and result.value == max(trial["probe"] for trial in result.trials)
    assert 0.5 < result.value <= 1


def test_hopeless_trials_are_ended_early(monkeypatch):
    monkeypatch.setattr("isthmus.tasks.tuning.search.STARTUP", 1)
    start = Autoencoder(epochs=8, net="linear", batch_size=16, verbose=False)
    result = tune(X, over={"latent_dim": [3, 1, 2]}, autoencoder=start, random_state=0, refit=False)
    assert [trial["state"] for trial in result.trials] == ["complete", "pruned", "pruned"]
    assert all(trial["epochs"] < 8 for trial in result.trials[1:])
    assert result.complete() == result.trials[:1] and result.ranked()[0]["trial"] == 1


def test_no_trial_is_ended_in_its_first_two_epochs(monkeypatch):
    monkeypatch.setattr("isthmus.tasks.tuning.search.STARTUP", 1)
    start = Autoencoder(epochs=4, net="linear", batch_size=16, verbose=False)
    result = tune(X, over={"latent_dim": [3, 1, 2]}, autoencoder=start, random_state=0, refit=False)
    assert [(trial["state"], trial["epochs"]) for trial in result.trials] == [("complete", 4), *[("pruned", 3)] * 2]


def test_what_cannot_be_trained_is_listed_and_the_others_go_on():
    result = quick({"variant": ["topk"], "variant__k": [1, 50]})
    assert [trial["state"] for trial in result.trials] == ["complete", "failed"]
    assert "k=50" in result.trials[1]["why"] and result.best_params["variant__k"] == 1
    with pytest.raises(InputError, match="each of the 1 trials failed; .*k=50"):
        quick({"variant": ["topk"], "variant__k": [50]})


def test_ctrl_c_keeps_the_best_so_far(monkeypatch):
    def interrupted(estimator, rows, trial, deadline, prunes, train=trial_module.train):
        if estimator.latent_dim == 3:
            raise KeyboardInterrupt
        return train(estimator, rows, trial, deadline, prunes)

    monkeypatch.setattr("isthmus.tasks.tuning.tune.train", interrupted)
    result = quick({"latent_dim": [1, 2, 3, 4]})
    assert result.interrupted and not result.refitted and len(result.trials) == 2
    assert result.best_params == {"latent_dim": 2} and result.best.transform(X).shape == (120, 2)


def test_time_ends_the_trials():
    slow = Autoencoder(latent_dim=2, epochs=100_000, net="linear", verbose=False)
    began = time.monotonic()
    result = tune(X, over={"latent_dim": (1, 4)}, autoencoder=slow, minutes=0.005, refit=False, random_state=0)
    assert time.monotonic() - began < 20
    assert [trial["state"] for trial in result.trials] == ["interrupted"] and result.best_trial == 1


def test_tables_with_gaps_and_categories_conditions_signals_and_images():
    frame = pd.DataFrame(X, columns=list("abcdef")).assign(kind=np.resize(["x", "y", "z"], len(X)))
    frame.loc[::7, "a"] = np.nan
    start = Autoencoder("variational", 2, epochs=1, net="linear", verbose=False)
    assert 0 < tune(frame, over={"variant__beta": [0.1, 1.0]}, autoencoder=start, random_state=0).value < 2
    by_label = Autoencoder(latent_dim=2, epochs=1, condition="y", net="linear", verbose=False)
    tuned = tune(X, y, over={"variant": ["plain", "sparse"]}, autoencoder=by_label, random_state=0)
    assert tuned.best.transform(X, y).shape == (120, 2)
    signal = np.sin(np.arange(400) / 5)[:, None]
    windows = Autoencoder(latent_dim=2, epochs=1, data=Signals(window=16), verbose=False)
    assert tune(signal, over={"variant": ["plain"]}, autoencoder=windows, random_state=0).metric == "reconstruction"
    images = np.random.default_rng(0).random((20, 8, 8))
    crops = Autoencoder(latent_dim=2, epochs=1, data=Images(crop=8), verbose=False)
    assert len(tune(images, over={"variant": ["plain"]}, autoencoder=crops, random_state=0).trials) == 1


def test_a_stream_is_tuned_by_its_loss(tmp_path):
    pd.DataFrame(X, columns=list("abcdef")).to_parquet(tmp_path / "rows.parquet")
    stream = read(tmp_path / "rows.parquet", budget=0).X
    assert tune(stream, over={"latent_dim": [1, 2]}, autoencoder=QUICK, random_state=0).metric == "validation_loss"
    with pytest.raises(InputError, match="needs rows in memory"):
        tune(stream, over={"variant": ["plain"]}, autoencoder=QUICK)


def test_the_best_model_is_saved_and_loaded(result, tmp_path):
    result.best.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(load(tmp_path / "m.safetensors").transform(X), result.best.transform(X))


def test_sizes_of_a_code_side_by_side(result):
    listed = result.by("latent_dim")
    assert sum(line["trials"] for line in listed) == len(result.complete())
    assert min(line["reconstruction"] for line in listed) == result.value
    small = result.smallest()
    assert small["latent_dim"] <= result.best_params["latent_dim"]
    assert small["reconstruction"] <= 1.1 * result.value


BAD = {
    "nothing": ({}, {}, "over is empty"),
    "an unknown parameter": ({"lr": (1, 2)}, {}, "did you mean 'learning_rate'"),
    "an unknown knob": ({"variant__beta": (0.1, 1.0)}, {}, "it is of: variational"),
    "what is the same": ({"random_state": [1, 2]}, {}, "the same in all trials"),
    "an empty range": ({"latent_dim": (4, 2)}, {}, "from 4 to 2 is empty"),
    "a single number": ({"latent_dim": 4}, {}, r"latent_dim=4; expected a range"),
    "no choices": ({"variant": []}, {}, "no choices"),
    "a range below zero on a logarithmic scale": ({"learning_rate": lambda: Range(0, 1, True)}, {}, "begins above 0"),
    "an unknown metric": ({"latent_dim": (1, 2)}, {"metric": "auroc"}, "unknown metric 'auroc'"),
    "a probe without labels": ({"latent_dim": (1, 2)}, {"metric": "probe"}, "needs y"),
    "labels of another length": ({"latent_dim": (1, 2)}, {"metric": "probe", "y": y[:5]}, "y has 5 labels"),
    "no trials": ({"latent_dim": (1, 2)}, {"trials": 0}, "trials=0"),
    "no rows to measure on": ({"latent_dim": (1, 2)}, {"held_out": 1.0}, "held_out=1.0"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    over, how, said = BAD[case]
    with pytest.raises(InputError, match=said):
        quick({name: values() if callable(values) else values for name, values in over.items()}, **how)


def test_without_optuna_the_extra_is_named(monkeypatch):
    def missing(module, name):
        raise errors.MissingExtraError(f"pip install 'isthmus[{name}]'")

    monkeypatch.setattr("isthmus.tasks.tuning.search.extra", missing)
    with pytest.raises(isthmus.MissingExtraError, match=r"isthmus\[tune\]"):
        quick({"latent_dim": (1, 2)})


def test_scales_of_ranges():
    assert Range(1, 100).logarithmic("latent_dim") and not Range(1, 99).logarithmic("latent_dim")
    assert Range(1e-3, 2e-3).logarithmic("learning_rate") and not Range(0.0, 1.0).logarithmic("weight_decay")
    assert Range(1, 3).values() == [1, 2, 3] and Range(1.0, 3.0).values() is None
    assert Choices([(64, 32), None]).values() == ["64,32", "None"]


def test_numbers_that_were_tried_are_in_the_ranges():
    wanted = spaces({"learning_rate": (1e-4, 1e-2), "latent_dim": (2, 64)})
    search = Search(wanted, {}, "plain", False, 0, 50)
    for _ in range(50):
        trial, values = search.ask()
        search.tell(trial, float(values["latent_dim"]), "complete")
        assert 1e-4 <= values["learning_rate"] <= 1e-2 and values["latent_dim"] in range(2, 65)


def test_what_is_not_reconstructed():
    assert unreconstructed({"mse": 0.1, "explained": 0.9}) == pytest.approx(0.1)
    with pytest.raises(InputError, match="all alike"):
        unreconstructed({"mse": 0.0})


def test_a_warning_of_the_trials_comes_once():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        quick({"latent_dim": [8, 9], "learning_rate": [1e-3, 1e-2]}, refit=False)
    assert len(caught) == 2 and all("larger than a row of 6" in str(one.message) for one in caught)
