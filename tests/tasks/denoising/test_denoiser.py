"""Denoiser: what it learns from, and what it does to arrays."""

import copy
from itertools import product

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import isthmus
from isthmus import Autoencoder, Denoiser, Denoising, Images, InputError, Variational
from isthmus.core.interfaces import Net
from isthmus.core.part import PARTS, lookup, part

RNG = np.random.default_rng(0)
SIDE = 6
SMOOTH = np.add.outer(np.arange(SIDE), np.arange(SIDE)) / (4 * SIDE)
CLEAN = (0.3 + SMOOTH * RNG.random((400, 1, 1)) + 0.2 * RNG.random((400, 1, 1))).astype(np.float32)
NOISY = (CLEAN + 0.05 * RNG.normal(size=CLEAN.shape)).astype(np.float32)
FIT = {"random_state": 0, "verbose": False}


def linear(**settings):
    fitted = {"epochs": 60, "batch_size": 100, "learning_rate": 1e-3, "validation_fraction": 0, **FIT, **settings}
    return Autoencoder("linear", latent_dim=SIDE**2, **fitted)


def small(variant="denoising", crop=6):
    net = lookup("net/feature-map")(stride=2, width=8, blocks=1)
    data = Images(crop=crop, crops_per_image=2)
    return Autoencoder(variant, 4, net=net, data=data, epochs=2, batch_size=64, **FIT)


@pytest.fixture(scope="module")
def pairs():
    return Denoiser(linear()).fit(NOISY[:300], CLEAN[:300])


@pytest.fixture(scope="module")
def any_size():
    return Denoiser(small(Denoising(level=0.1))).fit(list(CLEAN[:20]) + [np.tile(one, (3, 2)) for one in CLEAN[:9]])


# -- what it learns ----------------------------------------------------------------------------------------------


def test_a_linear_model_of_pairs_is_the_least_squares_restoration(pairs):
    x, y = (np.hstack([side.reshape(len(side), -1), np.ones((len(side), 1))]) for side in (NOISY, CLEAN))
    restoration, *_ = np.linalg.lstsq(x[:300], y[:300, :-1], rcond=None)
    expected = (x[300:] @ restoration).reshape(-1, SIDE, SIDE)
    restored = pairs.transform(NOISY[300:])
    assert np.abs(restored - expected).mean() < 0.1 * np.abs(NOISY[300:] - expected).mean()
    errors = [np.square(one - CLEAN[300:]).mean() for one in (restored, expected, NOISY[300:])]
    assert errors[0] < 1.1 * errors[1] < 0.4 * errors[2]


def test_a_warm_start_goes_on_from_what_was_learnt(any_size):
    further = copy.deepcopy(any_size).set_params(warm_start=True)
    further.autoencoder_.set_params(epochs=1, learning_rate=1e-9)
    before = further.transform(NOISY[:9])
    fitted = further.fit(NOISY[:40], CLEAN[:40])
    np.testing.assert_allclose(fitted.transform(NOISY[:9]), before, atol=1e-4)  # not anew
    assert fitted.learnt_from_ == "pairs" and not fitted.adds_noise
    assert fitted.autoencoder_.objective_.corruption is None and not fitted.autoencoder_.warm_start
    assert len(fitted.autoencoder_.history_) == len(any_size.autoencoder_.history_) + 1


def test_a_warm_start_learns_from_pairs(any_size):
    biased = CLEAN - 0.2  # which no denoiser of noise takes away
    further = copy.deepcopy(any_size).set_params(warm_start=True)
    further.autoencoder_.set_params(epochs=20, batch_size=16)
    further.fit(biased[:200], CLEAN[:200])
    errors = [np.square(one.transform(biased[300:]) - CLEAN[300:]).mean() for one in (any_size, further)]
    assert errors[1] < 0.3 * errors[0]


def test_a_warm_start_that_fails_changes_nothing(any_size):
    further = copy.deepcopy(any_size).set_params(warm_start=True)
    with pytest.raises(InputError, match="not pairs"):
        further.fit(NOISY[:5], CLEAN[:4])
    with pytest.raises(InputError, match="keeps the noise that it has learnt"):
        further.fit(NOISY[:5], noise="clip.wav")
    assert further.learnt_from_ == "clean"
    np.testing.assert_array_equal(further.transform(NOISY[:3]), any_size.transform(NOISY[:3]))


def test_clean_images_are_restored_from_noise_that_was_added():
    noise = 0.05
    model = Autoencoder(Denoising(level=noise), latent_dim=8, net="linear", epochs=30, batch_size=100, **FIT)
    restored = Denoiser(model).fit(CLEAN[:300]).transform(NOISY[300:])
    assert np.square(restored - CLEAN[300:]).mean() < 0.3 * noise**2


def test_noisy_images_alone_teach_to_restore_them():
    flat = np.broadcast_to(CLEAN[:60].mean((1, 2), keepdims=True), (60, 24, 24)).astype(np.float32)
    noisy = flat + 0.1 * RNG.normal(size=flat.shape).astype(np.float32)
    denoiser = Denoiser(small(crop=24), learn_from="noisy").fit(noisy)
    assert denoiser.learnt_from_ == "noisy"
    assert np.square(denoiser.transform(noisy) - flat).mean() < 0.25 * np.square(noisy - flat).mean()


def test_what_it_learnt_from_is_known(pairs, any_size):
    assert (pairs.learnt_from_, any_size.learnt_from_) == ("pairs", "clean")
    assert pairs.autoencoder_.corrupt(NOISY[:2]) is None and pairs.autoencoder.variant == "linear"


def test_noise_of_the_variant_is_left_out_for_pairs():
    denoiser = Denoiser(Autoencoder(Denoising(level=0.4, balance=1.5), 4, epochs=1, **FIT)).fit(NOISY, CLEAN)
    assert denoiser.autoencoder_.variant_.corruption is None and denoiser.autoencoder_.variant_.denoises
    assert denoiser.autoencoder.variant.level == 0.4


def test_labels_that_a_pipeline_passes_on_are_ignored():
    pipeline = make_pipeline(Denoiser(Autoencoder("denoising", 4, epochs=1, **FIT)), Flat(), LogisticRegression())
    assert pipeline.fit(CLEAN[:50], np.arange(50) % 2).predict(NOISY[:3]).shape == (3,)


class Flat:
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X.reshape(len(X), -1)


def test_the_same_seed_gives_the_same_denoiser():
    one, other = (
        Denoiser(random_state=0).set_params(autoencoder=small()).fit(NOISY[:40], CLEAN[:40]) for _ in range(2)
    )
    np.testing.assert_array_equal(one.transform(NOISY[:2]), other.transform(NOISY[:2]))


def test_a_training_goes_on_from_its_checkpoint(tmp_path):
    path, steps = tmp_path / "c.safetensors", []
    whole = Denoiser(linear(epochs=2)).fit(NOISY, CLEAN, checkpoint=path)
    again = Denoiser(linear(epochs=2)).fit(NOISY, CLEAN, checkpoint=path, resume=True, callbacks=[steps.append])
    assert not any(event.kind == "step" for event in steps)
    np.testing.assert_array_equal(again.transform(NOISY), whole.transform(NOISY))


def test_the_default_suits_small_images():
    watched = []

    def stop(event):
        watched.append(event.kind)
        if event.kind == "step":
            raise isthmus.StopTraining

    denoiser = Denoiser(random_state=0).fit(np.tile(CLEAN[:8], (1, 3, 3)), callbacks=[stop])
    fitted = denoiser.autoencoder_
    assert fitted.data_.crop == 3 * SIDE and watched
    assert fitted.model_.net.estimates_noise and fitted.variant_.balance == 1.5 and fitted.info_["epochs"] == 100
    assert denoiser.transform([np.tile(NOISY[0], (7, 5))])[0].shape == (7 * SIDE, 5 * SIDE)


# -- what it does ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strength", [0.25, 0.5, 0.9])
def test_strength_goes_from_the_image_to_what_the_model_gives(pairs, strength):
    x, y = NOISY[300:], pairs.transform(NOISY[300:])
    np.testing.assert_allclose(pairs.transform(x, strength), x + strength * (y - x), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "dtype"), [*product(["numpy", "torch"], ["float32", "float64", "uint8", "bool"]), ("numpy", "float16")]
)
def test_no_strength_changes_no_bit(pairs, any_size, kind, dtype):
    x = (
        (CLEAN[:5] * 255).astype(dtype)
        if dtype == "uint8"
        else (NOISY[:5] + (0.5 if dtype == "bool" else 0)).astype(dtype)
    )
    x = torch.from_numpy(x) if kind == "torch" else x
    for denoiser in (pairs, any_size):
        same, full = denoiser.transform(x, strength=0), denoiser.transform(x)
        assert type(same) is type(full) is type(x) and same.dtype == full.dtype == x.dtype
        assert bytes(np.asarray(same)) == bytes(np.asarray(x)) and same is not x


def test_full_strength_is_the_model(pairs, any_size):
    for denoiser in (pairs, any_size):
        x = np.clip(NOISY[:5], 0, 1)
        np.testing.assert_array_equal(denoiser.transform(x), denoiser.autoencoder_.reconstruct(x))
        assert denoiser.graphs()["denoise"].strength == 1


def test_bytes_come_back_as_bytes(any_size):
    x = (CLEAN[:5] * 255).astype(np.uint8)
    restored = any_size.transform(x)
    np.testing.assert_array_equal(restored, np.rint(255 * any_size.autoencoder_.reconstruct(x)).astype(np.uint8))


def test_several_sizes_come_back_in_their_order(any_size):
    x = [NOISY[0], np.tile(NOISY[1], (2, 3)), NOISY[2]]
    restored = any_size.transform(x)
    assert [one.shape for one in restored] == [one.shape for one in x]
    for one, image in zip(restored, x, strict=True):
        np.testing.assert_allclose(one, any_size.transform([image])[0], atol=1e-5)


def test_tiles_are_like_the_whole(any_size, monkeypatch):
    x = np.tile(NOISY[0], (12, 9))[None]
    for strength in (0.7, 1.0):
        whole = any_size.transform(x, strength)
        with monkeypatch.context() as patch:
            patch.setattr(type(any_size.autoencoder_.model_.net), "at_once", 400)
            np.testing.assert_allclose(any_size.transform(x, strength), whole, atol=1e-5)


def test_it_is_saved_copied_and_cloned(pairs, tmp_path):
    pairs.save(tmp_path / "d.safetensors")
    again = isthmus.load(tmp_path / "d.safetensors")
    assert isinstance(again, Denoiser) and again.learnt_from_ == "pairs" and again.card().estimator == "Denoiser"
    for other in (again, copy.deepcopy(pairs)):
        np.testing.assert_array_equal(other.transform(NOISY[:3]), pairs.transform(NOISY[:3]))
    assert clone(pairs).get_params()["autoencoder__latent_dim"] == SIDE**2


def test_a_trained_autoencoder_becomes_a_denoiser(any_size):
    denoiser = Denoiser.of(any_size.autoencoder_)
    assert denoiser.learnt_from_ is None
    np.testing.assert_array_equal(denoiser.transform(NOISY[:3]), any_size.transform(NOISY[:3]))


# -- a noise level -----------------------------------------------------------------------------------------------


class NoiseLevelNet(Net):
    """Adds the noise level to each pixel."""

    any_size, estimates_noise, reach = True, True, 0

    def build(self, sizes):
        self.gain = torch.nn.Parameter(torch.ones(1))

    def positions(self, x_shape):
        return tuple(x_shape[1:])

    def encode(self, batch):
        level = batch.x.new_zeros(len(batch)) if batch.noise is None else batch.noise
        return (self.gain * batch.corrupted + level.view(-1, 1, 1, 1)).movedim(1, -1)

    def decode(self, z, batch=None, *skips):
        return self.gain * z.movedim(-1, 1)


def test_a_known_noise_level_reaches_the_net(any_size, monkeypatch):
    monkeypatch.setattr("isthmus.core.part.PARTS", dict(PARTS))  # other tests list the nets that there are
    net = part("net/toy-noise-level")(NoiseLevelNet)()
    model = Autoencoder("denoising", 1, net=net, data=Images(crop=6), epochs=1, **FIT)
    denoiser = Denoiser(model).fit(CLEAN[:20])
    gain = denoiser.autoencoder_.model_.net.gain.item()
    x = [0.5 * CLEAN[0], 0.5 * np.tile(CLEAN[1], (2, 3))]
    for whole, known in zip(denoiser.transform(x), denoiser.transform(x, sigma=0.1), strict=True):
        np.testing.assert_allclose(known, whole + 0.1 * gain, atol=1e-5)
    monkeypatch.setattr(NoiseLevelNet, "at_once", 10)
    np.testing.assert_allclose(denoiser.transform(x, sigma=0.1)[0], known_of(denoiser, x[0], gain), atol=1e-5)
    with pytest.raises(InputError, match="25 of 255 is 0.098"):
        denoiser.transform(x, sigma=25)
    with pytest.raises(InputError, match="does not depend on the level of the noise"):
        any_size.transform(x, sigma=0.1)


def known_of(denoiser, image, gain):
    return gain * (gain * image + 0.1)


# -- one image ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["clean", "noisy", "pairs"])
def test_crops_of_a_single_image_are_enough_to_learn_from(how):
    clean = np.tile(CLEAN[0], (8, 8))[None]
    noisy = clean + np.random.default_rng(1).normal(0, 0.2, clean.shape).astype(np.float32)
    taught = {"clean": (clean,), "noisy": (noisy,), "pairs": (noisy, clean)}[how]
    denoiser = Denoiser(small(crop=24), learn_from="noisy" if how == "noisy" else "clean").fit(*taught)
    assert denoiser.learnt_from_ == how and denoiser.transform(noisy).shape == noisy.shape


# -- a mask ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def filling():
    net = lookup("net/unet")((8,), (1,), fill=True)
    model = Autoencoder(Denoising("masking", 0.3), 8, net=net, data=Images(crop=6), epochs=2, **FIT)
    return Denoiser(model).fit(CLEAN)


def test_a_mask_says_what_is_to_be_filled_and_all_else_stays(filling):
    mask = np.zeros(CLEAN[:3].shape, dtype=bool)
    mask[:, 2:4, 3] = True
    x = np.where(mask, 0.0, CLEAN[:3])
    y = filling.transform(x, mask=mask)
    np.testing.assert_array_equal(y[~mask], x[~mask].astype(np.float32))
    assert np.abs(y - CLEAN[:3])[mask].mean() < 0.5 * np.abs(x - CLEAN[:3])[mask].mean()
    larger = [x[0], np.tile(x[1], (2, 3)), x[2]]
    several = filling.transform(larger, mask=[mask[0], np.tile(mask[1], (2, 3)), mask[2]])
    np.testing.assert_allclose(several[2], y[2], atol=1e-5)
    assert several[1].shape == larger[1].shape
    pixels = (255 * x).astype(np.uint8)
    np.testing.assert_array_equal(filling.transform(pixels, mask=mask)[~mask], pixels[~mask])


def test_a_mask_that_does_not_fit_is_refused(filling, any_size):
    with pytest.raises(InputError, match="fills what a mask marks: give mask"):
        filling.transform(CLEAN[:3])
    with pytest.raises(InputError, match="does not fill"):
        any_size.transform(CLEAN[:3], mask=np.zeros(CLEAN[:3].shape))
    with pytest.raises(InputError, match=r"mask 0 has the shape \(2, 2\), but its image is 6 x 6"):
        filling.transform(CLEAN[:3], mask=np.zeros((3, 2, 2)))
    with pytest.raises(InputError, match=r"\(6, 6\) is one mask: give one for each image, \[mask\]"):
        filling.transform(CLEAN[:1], mask=np.zeros((6, 6)))
    with pytest.raises(InputError, match="mask is the path 'a.png'"):
        filling.transform(CLEAN[:1], mask="a.png")
    with pytest.raises(InputError, match="mask 0 holds 35 values beside 0, such as 1 and 35: give bools"):
        filling.transform(CLEAN[:1], mask=np.arange(36).reshape(1, 6, 6))
    with pytest.raises(InputError, match="mask 1 marks every pixel of its image, so that nothing is left to fill from"):
        filling.transform(CLEAN[:2], mask=np.stack([np.zeros((6, 6)), np.ones((6, 6))]))
    with pytest.raises(InputError, match="2 masks for 3 images"):
        filling.transform(CLEAN[:3], mask=np.zeros((2, 6, 6)))
    with pytest.raises(InputError, match="3 masks for 2 images"):
        filling.transform([CLEAN[0], np.tile(CLEAN[1], (2, 3))], mask=[np.zeros((6, 6))] * 3)


# -- bad input ---------------------------------------------------------------------------------------------------

NAN = np.where(np.arange(SIDE**2).reshape(SIDE, SIDE) == 7, np.nan, CLEAN[0])[None].repeat(4, 0)
BAD = {
    "a table": (lambda: Denoiser().fit(RNG.normal(size=(20, 5))), "is no images"),
    "a single image": (lambda: Denoiser().fit(CLEAN[0]), r"\[image\]"),
    "nothing": (lambda: Denoiser().fit(CLEAN[:0]), "X is empty"),
    "a signal": (
        lambda: Denoiser(Autoencoder(data="signals")).fit(RNG.normal(size=(9, 16, 2))),
        "takes images as they are.*'signals'",
    ),
    "resized images": (lambda: Denoiser(Autoencoder("denoising", data=Images(resize=4))).fit(CLEAN), "no resize"),
    "NaN": (lambda: Denoiser(small()).fit(NAN), "is nan"),
    "NaN in pairs": (lambda: Denoiser(small()).fit(NAN, CLEAN[:4]), "is nan"),
    "NaN in noisy images": (lambda: Denoiser(small(), "noisy").fit(NAN), "is nan"),
    "an unknown source": (lambda: Denoiser(learn_from="pairs").fit(CLEAN), r"fit\(noisy, clean\)"),
    "no autoencoder": (lambda: Denoiser(autoencoder="denoising").fit(CLEAN), "expected an Autoencoder"),
    "a condition": (lambda: Denoiser(Autoencoder(condition="y")).fit(CLEAN), "condition='y'"),
    "a balance of no noise": (lambda: Denoising(None, balance=1.5), "leave balance out"),
    "no noise": (lambda: Denoiser(Autoencoder("plain")).fit(CLEAN), "'plain' adds no noise"),
    "noise twice": (lambda: Denoiser(Autoencoder(Variational(binarize=True))).fit(NOISY, CLEAN), "noisy already"),
    "noisy images of one size": (lambda: Denoiser(linear(), "noisy").fit(NOISY), "take any size"),
    "pairs that differ in number": (lambda: Denoiser().fit(NOISY[:4], CLEAN[:5]), "4 noisy images and 5 clean"),
    "pairs that differ in size": (
        lambda: Denoiser().fit([*NOISY[:3], NOISY[3][:4]], list(CLEAN[:4])),
        r"image 3 is noisy and has the shape \(4, 6\)",
    ),
    "pairs that differ in type": (lambda: Denoiser().fit(NOISY, (255 * CLEAN).astype(np.uint8)), "convert both"),
    "a folder and an array": (lambda: Denoiser().fit(CLEAN, "folder"), "there is no file or folder 'folder'"),
    "no folder": (lambda: Denoiser().fit("nowhere"), "there is no file or folder 'nowhere'"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_learnt_from_is_refused(name):
    call, said = BAD[name]
    with pytest.raises(InputError, match=said):
        call()


@pytest.mark.parametrize(
    ("x", "settings", "said"),
    [
        (NAN, {}, "is nan"),
        (NAN, {"strength": 0}, "is nan"),
        (CLEAN, {"strength": 1.5}, r"strength=1.5 is no number in \[0, 1\]"),
        (CLEAN, {"strength": -1}, "strength=-1"),
        (CLEAN, {"strength": "a"}, "strength='a'"),
        (CLEAN, {"sigma": [0.1]}, "sigma="),
        (CLEAN[:0], {}, "X is empty"),
        (np.zeros((9, 8, 3)), {}, r"9 grey images of 8 x 3 pixels: give a single image in colour as \[X\]"),
        (np.zeros((2, 6, 6, 3)), {}, "grey"),
        ([], {}, "no images|is no images"),
        (CLEAN[:, 0], {}, "is no images"),
    ],
)
def test_what_cannot_be_restored_is_refused(any_size, x, settings, said):
    with pytest.raises(InputError, match=said):
        any_size.transform(x, **settings)


def test_a_failed_training_leaves_the_denoiser_as_it_was(pairs):
    denoiser = copy.deepcopy(pairs)
    with pytest.raises(InputError):
        denoiser.fit(NAN)
    np.testing.assert_array_equal(denoiser.transform(NOISY[:2]), pairs.transform(NOISY[:2]))
