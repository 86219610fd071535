"""Nets that restore, as users have them: noisy images of any size in, clean ones out."""

import numpy as np
import pytest

import isthmus
from isthmus import Autoencoder, Denoising, Images, InputError
from isthmus.parts.nets.lapped import Lapped
from isthmus.parts.nets.unet import UNet

SIZES = ((40, 50), (37, 61), (40, 50), (64, 33))
NETS = {"lapped": Lapped(4, (4, 6), (1, 1)), "unet": UNet((4, 6), (1, 1))}
KNOBS = {"latent_dim": 3, "epochs": 20, "batch_size": 4, "random_state": 0, "verbose": False}
SIGNALS = {**KNOBS, "epochs": 6, "batch_size": 16}


def images(channels):
    made = [np.sin(np.arange(h)[:, None] / 9 + k) + np.cos(np.arange(w) / 7) for k, (h, w) in enumerate(SIZES)]
    grey = [np.clip(128 + 55 * image, 0, 255).astype(np.uint8) for image in made]
    return grey if channels == 1 else [np.stack([image, 255 - image, image // 2], -1) for image in grey]


def noisy(images):
    random = np.random.default_rng(0)
    return [np.clip(image + random.normal(0, 25, image.shape), 0, 255).round().astype(np.uint8) for image in images]


def error(a, b):
    return np.mean([((one - other / 255.0) ** 2).mean() for one, other in zip(a, b, strict=True)])


@pytest.fixture(scope="module", params=[("lapped", 3), ("unet", 1)], ids=str)
def model(request):
    net, channels = request.param
    variant, data = Denoising(level=(0.0, 0.2), balance=1.5), Images(crop=32, crops_per_image=4)
    return Autoencoder(variant, net=NETS[net], data=data, **KNOBS).fit(images(channels)), channels


def test_images_keep_their_sizes_and_lose_noise(model):
    ae, channels = model
    clean = images(channels)
    restored = ae.reconstruct(noisy(clean))
    assert [image.shape for image in restored] == [image.shape for image in clean]
    before = error([image / 255.0 for image in noisy(clean)], clean)
    assert error(restored, clean) < (0.2 if "lapped" in ae.info_["net"] else 0.7) * before
    assert [code.shape[-1] for code in ae.transform(clean)] == [3] * len(clean)


def test_the_file_gives_the_same_images(model, tmp_path):
    ae, channels = model
    ae.save(tmp_path / "m.safetensors")
    X = noisy(images(channels))
    for one, other in zip(isthmus.load(tmp_path / "m.safetensors").reconstruct(X), ae.reconstruct(X), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_code_alone_is_not_decoded(model):
    ae, channels = model
    codes = ae.transform(images(channels))[0][None]
    for ask in (lambda: ae.inverse_transform(codes), lambda: ae.sample(2)):
        with pytest.raises(InputError, match="has skip connections, so a code alone cannot be decoded"):
            ask()
    assert "statistics of codes" in ae.card().keeps


@pytest.mark.parametrize("net", NETS)
def test_windows_of_signals_are_restored_too(net):
    random, steps = np.random.default_rng(0), np.arange(400)
    clean = np.stack([np.sin(steps / 11), np.cos(steps / 23)], -1)
    ae = Autoencoder(Denoising(level=0.3), net=NETS[net], data=isthmus.Signals(window=64), **SIGNALS).fit(clean)
    X = clean + random.normal(0, 0.3, clean.shape)
    restored = ae.reconstruct(X)
    assert restored.shape == X.shape
    assert ((restored - clean) ** 2).mean() < ((X - clean) ** 2).mean()
