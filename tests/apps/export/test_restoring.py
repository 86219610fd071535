"""Export of nets that restore: one file serves all sizes, and estimates the noise level of each image."""

import numpy as np
import onnxruntime
import pytest
import torch

from isthmus import Autoencoder, Denoising, Images
from isthmus.apps.export import verify
from isthmus.apps.export.export import export
from isthmus.parts.nets.lapped import Lapped
from isthmus.parts.nets.unet import UNet

NETS = {"lapped": Lapped(4, (4, 6), (1, 1)), "unet": UNet((4, 6), (1, 1), noise=True)}


def images(height, width, n=2):
    return np.random.default_rng(height).integers(0, 256, (n, height, width, 3)).astype("uint8")


@pytest.mark.slow
@pytest.mark.parametrize("net", NETS)
def test_one_file_restores_images_of_all_sizes(net, tmp_path, monkeypatch):
    monkeypatch.setattr(verify, "ROWS", 10)
    data = Images(crop=16, crops_per_image=2)
    photos = [image for size in ((20, 33), (40, 24)) for image in images(*size)]
    variant = Denoising(level=(0.0, 0.2))
    ae = Autoencoder(variant, 4, net=NETS[net], data=data, epochs=1, random_state=0, verbose=False).fit(photos)
    export(ae, tmp_path / "m.onnx", "reconstruct")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    for size in ((37, 53), (8, 8), (65, 64), (5, 30)):
        X = images(*size)
        for n in (2, 1):
            [answer] = session.run(None, {"pixels": X[:n]})
            np.testing.assert_allclose(answer, ae.reconstruct(X[:n]), rtol=1e-4, atol=1e-4)
    export(ae, tmp_path / "m.pt2", "reconstruct")
    program = torch.export.load(tmp_path / "m.pt2").module()
    with torch.no_grad():
        pixels = program(ae.data_.read(images(37, 53)))["pixels"]
    np.testing.assert_allclose(ae.data_.write({"pixels": pixels}), ae.reconstruct(images(37, 53)), atol=1e-4)
