"""Export of models whose codes have positions, and of images of any size: one file serves all sizes."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from isthmus import Autoencoder, Denoiser, Images
from isthmus.apps.export.export import export
from isthmus.apps.export.metadata import read
from isthmus.parts.nets.feature_map import FeatureMap

SIZES = ((37, 53), (8, 8), (65, 64), (5, 30))
QUICK = {"epochs": 2, "random_state": 0, "verbose": False}


def pictures(height, width, n=2, channels_first=False):
    shape = (n, 3, height, width) if channels_first else (n, height, width, 3)
    return np.random.default_rng(height).integers(0, 256, shape).astype("uint8")


def trained(channels_first=False):
    data = Images(crop=16, crops_per_image=2, channels_first=channels_first)
    photos = [picture for size in ((20, 33), (40, 24)) for picture in pictures(*size, 4, channels_first)]
    return Autoencoder("plain", 4, net=FeatureMap(4, width=8, blocks=1), data=data, **QUICK).fit(photos)


@pytest.fixture(scope="module")
def ae():
    return trained()


def expected(ae, part, X):
    if part == "encode":
        return ae.transform(X)
    if part == "reconstruct":
        return ae.reconstruct(X)
    return ae.reconstruction_error(X, "element" if part == "error_map" else "sample")


@pytest.mark.parametrize("part", ["encode", "reconstruct", "error", "error_map"])
def test_one_file_serves_all_sizes(ae, part, tmp_path):
    exported = export(ae, tmp_path / "m.onnx", part)
    assert exported.inputs[0]["shape"] == ["height", "width", 3]
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    for size in SIZES:
        X = pictures(*size)
        for n in (2, 1):
            [answer] = session.run(None, {"pixels": X[:n]})
            np.testing.assert_allclose(answer, expected(ae, part, X[:n]), rtol=1e-4, atol=1e-5)


def test_codes_of_any_number_of_positions_are_decoded(ae, tmp_path):
    exported = export(ae, tmp_path / "m.onnx", "decode")
    assert exported.inputs[0]["shape"] == ["z_height", "z_width", 4]
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    for height, width in ((4, 4), (1, 3), (7, 1)):
        z = np.random.default_rng(0).normal(size=(2, height, width, 4)).astype("float32")
        [answer] = session.run(None, {"z": z})
        assert answer.shape == (2, 4 * height, 4 * width, 3)
        np.testing.assert_allclose(answer, ae.inverse_transform(z), atol=1e-5)


def test_free_axes_have_names_in_the_file(ae, tmp_path):
    export(ae, tmp_path / "m.onnx", "encode")
    graph = onnx.load(tmp_path / "m.onnx").graph
    axes = [[axis.dim_param or axis.dim_value for axis in port.type.tensor_type.shape.dim] for port in graph.input]
    assert axes == [["rows", "height", "width", 3]]
    assert read(tmp_path / "m.onnx")["outputs"][0]["shape"] == ["z_height", "z_width", 4]


def test_channels_may_come_first(tmp_path):
    ae, X = trained(channels_first=True), pictures(9, 14, channels_first=True)
    exported = export(ae, tmp_path / "m.onnx", "reconstruct")
    assert exported.outputs[0]["shape"] == [3, "height", "width"]
    [answer] = onnxruntime.InferenceSession(tmp_path / "m.onnx").run(None, {"pixels": X})
    np.testing.assert_allclose(answer, ae.reconstruct(X), atol=1e-5)


def test_a_program_takes_all_sizes_above_one_patch(ae, tmp_path):
    exported = export(ae, tmp_path / "m.pt2", "encode")
    assert exported.inputs[0]["shape"] == [3, "height", "width"]
    assert exported.outputs[0]["shape"] == ["z_height", "z_width", 4]
    program = torch.export.load(tmp_path / "m.pt2").module()
    for size in ((37, 53), (65, 64), (5, 30)):
        X = pictures(*size)
        with torch.no_grad():
            z = program(ae.data_.read(X))["z"]
        np.testing.assert_allclose(z, ae.transform(X), atol=1e-5)


@pytest.mark.parametrize("part", ["encode", "decode", "reconstruct"])
def test_codes_with_positions_of_one_size_are_flat(part, tmp_path):
    X = pictures(8, 12, 30)
    ae = Autoencoder("plain", 4, net=FeatureMap(4, width=8, blocks=1), **QUICK).fit(X)
    exported = export(ae, tmp_path / "m.onnx", part)
    z = ae.transform(X)
    assert z.shape == (30, 2 * 3 * 4)
    wide = exported.outputs if part == "encode" else exported.inputs if part == "decode" else []
    assert [port["shape"] for port in wide] == [[24] for _ in wide]
    given = z if part == "decode" else X
    [answer] = onnxruntime.InferenceSession(tmp_path / "m.onnx").run(None, {exported.inputs[0]["name"]: given})
    made = ae.inverse_transform(z) if part == "decode" else expected(ae, part, X)
    np.testing.assert_allclose(answer, made, rtol=1e-4, atol=1e-5)


def test_a_denoiser_is_exported_as_what_it_is_for(ae, tmp_path):
    exported = export(Denoiser.of(ae), tmp_path / "m.onnx")
    assert exported.part == "denoise"
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    for size in SIZES[:2]:
        [answer] = session.run(None, {"pixels": pictures(*size)})
        np.testing.assert_allclose(answer, ae.reconstruct(pictures(*size)), rtol=1e-4, atol=1e-5)
