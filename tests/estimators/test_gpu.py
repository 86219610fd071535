"""On a GPU, where there is one: every variant trains there, and answers as the same model does on the CPU."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import isthmus
from isthmus import AnomalyDetector, Autoencoder, Images, Imputer, Signals
from isthmus.parts.nets.feature_map import FeatureMap
from isthmus.variants import variants

DEVICE = "cuda"
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here")

DIGITS = (load_digits().images / 16).astype(np.float32)[:300]
WITH_NETS = [(name, net) for name, cls in variants().items() for net in ([cls.net] if cls.net else ["mlp", "conv"])]


def fitted(variant="plain", X=DIGITS, **changes):
    return Autoencoder(
        variant, **{"latent_dim": 4, "epochs": 2, "batch_size": 64, "random_state": 0, "device": DEVICE} | changes
    ).fit(X)


def answers(model, X):
    return [model.transform(X), model.reconstruct(X), model.score_samples(X)]


@pytest.mark.parametrize(("variant", "net"), WITH_NETS)
def test_variants_train_there_and_answer_as_on_the_cpu(variant, net, tmp_path):
    model = fitted(variant, net=net)
    there = answers(model, DIGITS)
    model.save(tmp_path / "m.safetensors")
    here = answers(isthmus.load(tmp_path / "m.safetensors").set_params(device="cpu"), DIGITS)
    for one, other in zip(there, here, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-2 * np.abs(other).mean())
    assert model.sample(3, random_state=0).shape == (3, 8, 8)
    assert {weight.device.type for weight in model.model_.parameters()} == {"cpu"}


def test_the_same_seed_gives_the_same_model():
    np.testing.assert_allclose(fitted().transform(DIGITS), fitted().transform(DIGITS), rtol=1e-4, atol=1e-4)


def test_images_of_several_sizes():
    rng = np.random.default_rng(0)
    pictures = [rng.random((side, side + 3, 3), dtype=np.float32) for side in (20, 33, 27, 40)]
    model = fitted(X=pictures, net=FeatureMap(), data=Images(crop=16))
    assert [y.shape for y in model.reconstruct(pictures)] == [x.shape for x in pictures]
    there = model.score_samples(pictures)
    np.testing.assert_allclose(model.set_params(device="cpu").score_samples(pictures), there, rtol=1e-2)


def test_gaps_are_filled():
    X = np.random.default_rng(0).normal(size=(400, 2)) @ np.random.default_rng(1).normal(size=(2, 6))
    holes = np.random.default_rng(2).random(X.shape) < 0.1
    imputer = Imputer(Autoencoder("denoising", 4, epochs=20, device=DEVICE), random_state=0)
    filled = imputer.fit_transform(np.where(holes, np.nan, X))
    assert np.square(filled - X)[holes].mean() < 0.5 * X[holes].var()


@pytest.mark.parametrize("X", [np.random.default_rng(0).normal(size=(400, 6)), np.sin(np.arange(4000) / 7)[:, None]])
def test_detectors_flag_as_they_do_on_the_cpu(X, tmp_path):
    data = Signals(window=32) if X.shape[1] == 1 else None
    detector = AnomalyDetector(Autoencoder("plain", 3, data=data, epochs=2, device=DEVICE), random_state=0).fit(X)
    detector.save(tmp_path / "d.safetensors")
    here = isthmus.load(tmp_path / "d.safetensors")
    here.autoencoder_.set_params(device="cpu")
    np.testing.assert_allclose(here.score_samples(X), detector.score_samples(X), rtol=1e-2, atol=1e-2)


def test_training_goes_on_where_it_was_ended(tmp_path):
    checkpoint = tmp_path / "c.safetensors"
    whole = fitted(epochs=4).transform(DIGITS)

    def stop(event):
        if event.kind == "step" and (event.epoch, event.step) == (3, 1):
            raise KeyboardInterrupt

    settings = {"latent_dim": 4, "epochs": 4, "batch_size": 64, "random_state": 0, "device": DEVICE}
    with pytest.warns(UserWarning, match="interrupted"):
        Autoencoder("plain", callbacks=[stop], **settings).fit(DIGITS, checkpoint=checkpoint)
    again = Autoencoder("plain", **settings).fit(DIGITS, checkpoint=checkpoint, resume=True)
    np.testing.assert_allclose(again.transform(DIGITS), whole, rtol=1e-3, atol=1e-3)
