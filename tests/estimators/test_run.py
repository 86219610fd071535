"""Fit assigns once, at its end; what is trained can be prepared apart from where."""

import copy
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError

import isthmus
from isthmus import Autoencoder, DivergenceError, InputError
from isthmus.core.data import Source
from isthmus.core.training.loop import CHECK_EVERY, Training
from isthmus.estimators.prior import warn_of_positions
from isthmus.estimators.run import prepare
from isthmus.parts.priors.mixture import Mixture

DIGITS = (load_digits().images / 16).astype(np.float32)[:300]


def ae(**changes):
    return Autoencoder(**{"latent_dim": 4, "net": "mlp", "epochs": 3, "batch_size": 64, "random_state": 0, **changes})


class Broken(Exception): ...


def breaking(epoch, step):
    def callback(event):
        if event.kind == "step" and (event.epoch - 1, event.step) == (epoch, step):
            raise Broken

    return callback


def snapshot(model):
    """Return what a model knows and gives."""
    return set(vars(model)), model.transform(DIGITS), copy.deepcopy(model.history_), dict(model.info_)


def same_but_time(a, b):
    """Tell whether two models are the same but for the time that they took."""
    return np.array_equal(a.transform(DIGITS), b.transform(DIGITS)) and len(a.history_) == len(b.history_)


def same(a, b):
    return a[0] == b[0] and np.array_equal(a[1], b[1]) and a[2:] == b[2:]


def test_what_is_prepared_is_what_fit_trains():
    model = ae()
    before = dict(vars(model))
    run = prepare(model, DIGITS)
    assert vars(model) == before, "preparing leaves the estimator as it is"
    assert isinstance(run.source, Source) and run.source.rows == 300
    assert run.settings.batch_size == 64 and run.initialize
    progress = Training(run.objective, run.settings, initialize=run.initialize).run(run.source)
    fitted = ae().fit(DIGITS)
    assert [entry["loss"] for entry in progress.history] == [entry["loss"] for entry in fitted.history_]
    for name, weight in run.objective.state_dict().items():
        assert torch.equal(weight.cpu(), fitted.objective_.state_dict()[name].cpu())


def test_a_training_continues_from_the_state_of_another():
    run = prepare(ae(variant="denoising", average=0.9), DIGITS)
    half = Training(run.objective, run.settings)
    half.run(run.source, epochs=2)
    state = half.state()
    half.run(run.source)
    other = prepare(ae(variant="denoising", average=0.9), DIGITS)
    continued = Training(other.objective, other.settings)
    continued.restore(state)
    continued.run(other.source)
    for name, weight in run.objective.state_dict().items():
        assert torch.equal(weight, other.objective.state_dict()[name])
    assert half.progress.history[-1]["validation_loss"] == continued.progress.history[-1]["validation_loss"]


def test_an_exception_leaves_an_unfitted_estimator_unfitted():
    model = ae(callbacks=[breaking(1, 2)])
    before = dict(vars(model))
    with pytest.raises(Broken):
        model.fit(DIGITS)
    assert vars(model) == before
    with pytest.raises(NotFittedError):
        model.transform(DIGITS)


@pytest.mark.parametrize("warm_start", [False, True])
def test_an_exception_leaves_a_fitted_estimator_as_it_was(warm_start):
    model = ae(warm_start=warm_start).fit(DIGITS)
    before = snapshot(model)
    model.callbacks = [breaking(1, 2)]
    with pytest.raises(Broken):
        model.fit(DIGITS[:200])
    assert same(snapshot(model), before)
    with pytest.raises(InputError):
        model.set_params(variant="no-such").fit(DIGITS)
    assert same(snapshot(model), before)


@pytest.mark.parametrize("first", ["fit", "partial_fit"])
def test_an_exception_in_a_further_pass_leaves_the_estimator_as_it_was(first):
    model, twin = ae(average=0.9), ae(average=0.9)
    for one in (model, twin):
        getattr(one, first)(DIGITS)
    before = snapshot(model)
    model.callbacks = [breaking(0 if first == "fit" else 1, 2)]
    if first == "partial_fit":
        model._training_.callbacks = tuple(model.callbacks)
    with pytest.raises(Broken):
        model.partial_fit(DIGITS)
    assert same(snapshot(model), before)
    model.callbacks = []
    if first == "partial_fit":
        model._training_.callbacks = ()
    with pytest.raises(InputError):
        model.partial_fit(DIGITS[:, :4])
    assert same_but_time(model.partial_fit(DIGITS), twin.partial_fit(DIGITS))


def test_a_divergence_leaves_the_best_weights_that_validation_tells():
    model = ae(learning_rate=1e30, validation_fraction=0.2)
    with pytest.raises(DivergenceError, match="best weights so far are kept"):
        model.fit(DIGITS)
    assert np.isfinite(model.transform(DIGITS)).all()


def test_a_divergence_is_noticed_at_the_end_of_an_epoch_where_looking_is_dear(monkeypatch):
    monkeypatch.setitem(CHECK_EVERY, "cpu", 1000)
    with pytest.raises(DivergenceError, match="step 4 of epoch 1"):
        ae(learning_rate=1e30, validation_fraction=0, device="cpu").fit(DIGITS)


def test_a_divergence_without_validation_leaves_the_estimator_as_it_was():
    model = ae().fit(DIGITS)
    before = snapshot(model)
    with pytest.raises(DivergenceError, match=r"term: error\). Remedy"):
        model.set_params(learning_rate=1e30, validation_fraction=0).fit(DIGITS)
    assert same(snapshot(model), before)


def test_a_new_fit_forgets_the_passes_before():
    model = ae().partial_fit(DIGITS).partial_fit(DIGITS)
    model.fit(DIGITS)
    assert same_but_time(model, ae().fit(DIGITS))


def test_a_checkpoint_without_validation_resumes(tmp_path):
    path = tmp_path / "c.safetensors"
    with pytest.raises(Broken):
        ae(validation_fraction=0, callbacks=[breaking(2, 2)]).fit(DIGITS, checkpoint=path)
    resumed = ae(validation_fraction=0).fit(DIGITS, checkpoint=path, resume=True)
    assert same_but_time(resumed, ae(validation_fraction=0).fit(DIGITS))


def test_names_of_columns_stay_where_training_continues():
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 3)), columns=["a", "b", "c"])
    model = Autoencoder(latent_dim=2, epochs=1, random_state=0, warm_start=True).fit(frame)
    model.fit(frame.to_numpy())
    assert list(model.feature_names_in_) == ["a", "b", "c"]


def test_the_rows_that_bins_come_from_are_not_kept():
    frame = pd.DataFrame({"a": np.arange(50.0), "b": list("xy") * 25})
    model = Autoencoder("variational", 2, epochs=1, random_state=0).fit(frame)
    assert model.data_.scale == "bins" and model.data_._learner is None


def test_a_file_holds_no_device(tmp_path):
    ae(device="cpu").fit(DIGITS).save(tmp_path / "m.safetensors")
    assert isthmus.load(tmp_path / "m.safetensors").device == "auto"


# -- the prior ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "prior", "expected"),
    [
        ("plain", "auto", "gaussian"),
        ("plain", "mixture", "mixture"),
        ("variational", "auto", "standard-normal"),
        ("variational", "gaussian", "gaussian"),
        ("variational", Mixture(components=3), "mixture"),
    ],
)
def test_the_prior_can_be_chosen(tmp_path, variant, prior, expected):
    model = ae(variant=variant, prior=prior).fit(DIGITS)
    assert model.prior_.part_name == f"prior/{expected}"
    assert model.prior is prior and model.prior_ is not prior
    model.save(tmp_path / "m.safetensors")
    again = isthmus.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.sample(3, random_state=0), model.sample(3, random_state=0))
    z = torch.from_numpy(model.transform(DIGITS))
    torch.testing.assert_close(again.prior_.log_prob(z), model.prior_.log_prob(z))


def test_the_knobs_of_a_prior_are_parameters():
    model = ae(prior="mixture").set_params(prior__components=2, prior__rows_each=10).fit(DIGITS)
    assert model.prior_.components == 2
    assert (model.prior_.weight > 0).all()


def test_an_unknown_prior_is_named_before_training():
    model = ae(prior="gausian", callbacks=[breaking(0, 1)])
    with pytest.raises(InputError, match="unknown prior 'gausian'.*gaussian"):
        model.fit(DIGITS)


def test_a_prior_of_vectors_says_that_positions_are_drawn_apart():
    with pytest.warns(UserWarning, match="Mixture draws each of the 24 positions"):
        warn_of_positions(Mixture(), (4, 6))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_positions(Mixture(), ())
