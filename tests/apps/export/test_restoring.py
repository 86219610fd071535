"""Export of nets that restore: one file serves all sizes, and estimates the noise level of each image."""

import numpy as np
import onnxruntime
import pytest
import torch

from isthmus import Autoencoder, Denoiser, Denoising, Images, InputError, Sound, Waveforms
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


def test_what_needs_a_mask_is_refused(tmp_path):
    with pytest.raises(InputError, match="fills what a mask marks, and a mask is no input of an exported file"):
        export(Denoiser.shipped("inpaint"), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_denoiser_of_images_gives_the_same_as_transform(tmp_path, monkeypatch):
    monkeypatch.setattr(verify, "ROWS", 10)
    data = Images(crop=16, crops_per_image=2)
    ae = Autoencoder(
        Denoising(level=(0.0, 0.2)), 4, net=NETS["unet"], data=data, epochs=1, random_state=0, verbose=False
    )
    denoiser = Denoiser(ae).fit([*images(20, 33), *images(40, 24)])
    assert export(denoiser, tmp_path / "m.onnx").part == "denoise"
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    for size in ((37, 53), (40, 24)):
        X = images(*size)
        [answer] = session.run(None, {"pixels": X})
        np.testing.assert_allclose(255 * answer, denoiser.transform(X), atol=0.51)  # which gives bytes for bytes
        floats = X.astype(np.float32) / 255
        np.testing.assert_allclose(answer, denoiser.transform(floats), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_a_denoiser_of_recordings_gives_the_same_as_transform(tmp_path, monkeypatch):
    monkeypatch.setattr(verify, "ROWS", 10)
    talks = [Sound(0.3 * np.sin(np.arange(n) / 5).astype(np.float32), 1000) for n in (600, 700)]
    ae = Autoencoder(
        Denoising("coloured-noise"), 4, data=Waveforms(window=0.1), epochs=1, random_state=0, verbose=False
    )
    denoiser = Denoiser(ae).fit(talks)
    assert export(denoiser, tmp_path / "m.onnx").part == "denoise"
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    for one in talks:
        [[answer]] = session.run(None, {"samples": one.samples[None]})
        np.testing.assert_allclose(answer, denoiser.transform([one])[0].samples, rtol=1e-4, atol=1e-5)
