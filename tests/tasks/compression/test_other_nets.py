"""Codes of other nets, which the other predictors tell: they are written and read as well."""

import numpy as np
import pytest

from isthmus import Autoencoder, Compressive, Compressor, Images, InputError
from tests.compressors import scene

pytest.importorskip("constriction")


def own(net, entropy, data=None):
    data = data or Images(crop=32, crops_per_image=8)
    variant = Compressive(entropy=entropy, width=8)
    knobs = {"latent_dim": 24, "epochs": 3, "batch_size": 8, "random_state": 0, "verbose": False}
    return Autoencoder(variant, net=net, data=data, **knobs)


@pytest.mark.parametrize("entropy", ["factorized", "hyperprior"])
def test_a_feature_map_compresses(entropy, tmp_path):
    compressor = Compressor(own("feature-map", entropy)).fit([scene(64, 96, seed) for seed in range(4)])
    image = scene(70, 101, 9)
    files = [compressor.compress(image, quality) for quality in (20, 80)]
    assert len(files[0]) < len(files[1]) < image.nbytes / 4
    back = compressor.decompress(files[1])
    assert np.square(back / 255.0 - image / 255.0).mean() < np.square(image / 255.0 - image.mean() / 255).mean() / 2
    compressor.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(Compressor.load(tmp_path / "m.safetensors").decompress(files[1]), back)


def test_nets_and_variants_without_such_codes_are_refused():
    images = np.stack([scene(32, 32, seed) for seed in range(4)])
    with pytest.raises(InputError, match="use 'lapped-transform' or 'feature-map'"):
        Compressor(own("mlp", "factorized", Images())).fit(images)
    with pytest.raises(InputError, match="codes that are not rounded"):
        Compressor(Autoencoder(epochs=1, verbose=False)).fit(images)
