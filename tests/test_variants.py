"""Contracts over the table of variants: a new one is tested by existing."""

import dataclasses
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

import isthmus
from isthmus import Autoencoder, Denoising, InputError, Sparse, Variational
from isthmus.core.part import build, describe
from isthmus.parts.corruptions.masking import Masking
from isthmus.variants import variants

DIGITS = (load_digits().images / 16).astype(np.float32)[:300]
NAMES = list(variants())
WITH_NETS = [(name, net) for name, cls in variants().items() for net in ([cls.net] if cls.net else ["mlp", "conv"])]

ASKED = [
    {"variant__corruption": "masking"},
    {"variant__corruption": "salt-and-pepper", "variant__level": 0.2},
    {"variant__corruption": "patch-masking", "variant__level": (0.1, 0.6)},
]


def fitted(variant, net=None, X=DIGITS, **changes):
    return Autoencoder(variant, latent_dim=8, net=net, epochs=2, batch_size=64, random_state=0, **changes).fit(X)


@pytest.fixture(scope="module", params=WITH_NETS, ids=lambda pair: "-".join(pair))
def model(request):
    return fitted(*request.param)


def test_everything_an_autoencoder_does(model):
    codes = model.transform(DIGITS)
    assert codes.shape == (300, 8)
    assert codes.dtype == np.float32
    rebuilt = model.reconstruct(DIGITS)
    assert rebuilt.shape == DIGITS.shape
    assert rebuilt.dtype == np.float32
    np.testing.assert_allclose(model.inverse_transform(codes), rebuilt, atol=1e-5)
    assert model.sample(5, random_state=0).shape == (5, 8, 8)
    np.testing.assert_array_equal(model.sample(5, random_state=0), model.sample(5, random_state=0))
    path = model.interpolate(DIGITS[0], DIGITS[1], steps=4)
    np.testing.assert_allclose(path[[0, -1]], rebuilt[:2], atol=1e-4)
    assert model.score_samples(DIGITS).shape == (300,)
    assert model.reconstruction_error(DIGITS, per="element").shape == DIGITS.shape
    assert model.reconstruction_error(DIGITS, per="feature").shape == (8, 8)
    assert np.isfinite(model.score(DIGITS))


def test_it_beats_the_mean_image(model):
    error = ((model.reconstruct(DIGITS) - DIGITS) ** 2).mean()
    assert error < ((DIGITS.mean(0) - DIGITS) ** 2).mean()


def test_the_file_gives_the_same_outputs(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    again = isthmus.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.transform(DIGITS), model.transform(DIGITS))
    np.testing.assert_array_equal(again.reconstruct(DIGITS), model.reconstruct(DIGITS))
    np.testing.assert_array_equal(again.sample(3, random_state=1), model.sample(3, random_state=1))
    assert repr(again.variant) == repr(model.variant)


def test_rows_do_not_depend_on_their_neighbours(model):
    np.testing.assert_allclose(model.transform(DIGITS)[7:9], model.transform(DIGITS[7:9]), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in NAMES if not variants()[name].images_only])
def test_tables_too(name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 12)) * 40 + 7
    model = fitted(name, X=X)
    assert model.transform(X).dtype == np.float64
    assert model.reconstruct(X).shape == X.shape
    assert np.isfinite(model.sample(4)).all()


@pytest.mark.parametrize("name", NAMES)
def test_one_label_given(name):
    y = load_digits().target[:300]
    model = Autoencoder(name, latent_dim=4, epochs=2, condition="y", random_state=0).fit(DIGITS, y)
    assert model.transform(DIGITS, condition=y).shape == (300, 4)
    assert model.sample(6, condition=3).shape == (6, 8, 8)
    with pytest.raises(InputError, match="condition"):
        model.transform(DIGITS)
    with pytest.raises(InputError, match="labels"):
        clone(model).fit(DIGITS)


@pytest.mark.parametrize("name", NAMES)
def test_knobs_survive_clone_json_and_are_documented(name):
    variant = variants()[name]()
    assert build(describe(variant)) == variant
    assert clone(Autoencoder(variant)).variant == variant
    assert type(variant).__doc__
    for field in dataclasses.fields(variant):
        assert field.metadata["help"], f"{name}.{field.name} has no sentence for the command line"
    with pytest.raises(dataclasses.FrozenInstanceError):
        variant.likelihood = "squared"
    assert pickle.loads(pickle.dumps(variant)) == variant  # noqa: S301  (joblib sends estimators to workers so)


@pytest.mark.parametrize("name", NAMES)
def test_widths_stand_for_an_mlp(name):
    model = Autoencoder(name, 2, net=[8, 4], epochs=1, random_state=0)
    assert clone(model).net == [8, 4] and model.get_params()["net__widths"] == (8, 4)
    if variants()[name].affine:
        with pytest.raises(InputError, match=r"takes affine nets only, such as 'linear', not \[8, 4\]"):
            model.fit(DIGITS[:40])
        return
    model.fit(DIGITS[:40])
    assert "mlp(widths=(8, 4)" in model.info_["net"] and model.net == [8, 4]
    assert model.set_params(net__widths=(6,)).net.widths == (6,)


def test_widths_are_whole_numbers():
    for net in ([8, "a"], [8.5], (0,)):
        with pytest.raises(InputError, match="must be a whole number of at least 1"):
            Autoencoder(net=net, epochs=1).fit(DIGITS[:40])


def test_nested_parameters_replace_the_part():
    before = Variational()
    model = Autoencoder(before).set_params(variant__beta=4.0)
    assert model.variant.beta == 4.0
    assert before.beta is None
    assert Autoencoder("variational").set_params(variant__beta=2.0).variant == Variational(beta=2.0)
    assert Autoencoder("variational").get_params()["variant__free_bits"] == 0.0
    with pytest.raises(InputError, match="did you mean 'beta'"):
        model.set_params(variant__betta=1)
    with pytest.raises(InputError, match="did you mean 'variant'"):
        model.set_params(varient="plain")


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_corruptions_by_name(asked):
    model = fitted_denoising(asked)
    assert ((model.reconstruct(DIGITS) - DIGITS) ** 2).mean() < 0.1


def fitted_denoising(asked):
    return Autoencoder("denoising", latent_dim=8, epochs=2, random_state=0).set_params(**asked).fit(DIGITS)


@pytest.mark.parametrize("name", ["squared", "absolute", "bernoulli", "gaussian"])
def test_likelihoods_by_name(name):
    model = (
        Autoencoder("plain", latent_dim=8, epochs=2, random_state=0).set_params(variant__likelihood=name).fit(DIGITS)
    )
    assert ((model.reconstruct(DIGITS) - DIGITS) ** 2).mean() < 0.08


def test_sparse_codes_are_sparse():
    l1 = fitted(Sparse("l1", weight=2.0)).transform(DIGITS)
    free = fitted(Sparse("l1", weight=0.0)).transform(DIGITS)
    assert np.abs(l1).sum() < np.abs(free).sum()
    kl = fitted(Sparse("kl", weight=50.0, target=0.1)).transform(DIGITS)
    assert ((kl > 0) & (kl < 1)).all()
    topk = fitted("topk").transform(DIGITS)
    assert ((topk != 0).sum(1) <= 1).all()


def test_variational_models_have_a_posterior_and_a_bound():
    model = fitted("variational")
    mean, variance = model.posterior(DIGITS)
    np.testing.assert_allclose(mean, model.transform(DIGITS), rtol=1e-5)
    assert (variance > 0).all()
    bound, estimate = model.score_samples(DIGITS), model.log_likelihood(DIGITS, draws=64)
    assert bound.mean() < estimate.mean()
    with pytest.raises(InputError, match="variational"):
        fitted("plain").posterior(DIGITS)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sparse("l2"), "l2"),
        (lambda: Sparse(target=1.5), "1.5"),
        (lambda: Variational(beta=-1), "beta=-1"),
        (lambda: Denoising(Masking(0.5), level=0.9), "has its own"),
        (lambda: Autoencoder(Variational(likelihood="absolute")).fit(DIGITS), "no ELBO"),
        (lambda: Autoencoder("denoise").fit(DIGITS), "did you mean 'denoising'"),
        (lambda: Autoencoder("linear", net="mlp").fit(DIGITS), "takes affine nets only"),
        (lambda: Autoencoder(net="mpl").fit(DIGITS), "did you mean 'mlp'"),
        (lambda: Autoencoder(net="conv").fit(DIGITS.reshape(300, 64)), "conv net takes images"),
        (lambda: Autoencoder("topk", 8).set_params(variant__k=9).fit(DIGITS), "k=9"),
    ],
)
def test_wrong_knobs_are_named(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_the_table_of_variants_needs_no_torch():
    code = "import sys, isthmus.variants; print(sorted({'torch', 'numpy', 'sklearn'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
