"""Export of heat maps: images of any size to multiples of a threshold, which is an input with a default."""

import numpy as np
import onnxruntime
import pytest
import torch

from isthmus import AnomalyDetector, Autoencoder, Images, InputError
from isthmus.apps.export.export import export
from isthmus.apps.export.metadata import read
from isthmus.core.part import lookup
from isthmus.parts.catalogue import load_all
from isthmus.parts.nets.feature_map import FeatureMap

load_all()
SIZES = ((37, 53), (8, 8), (65, 64), (5, 30))


def pictures(height, width, n=2):
    return np.random.default_rng(height).integers(0, 256, (n, height, width, 3)).astype("uint8")


def pixels():
    """Return the score of defects without a network, whose export takes long."""
    return lookup("score/defects")("pixels")


@pytest.fixture(scope="module", params=["error", pixels])
def detector(request):
    net = FeatureMap(4, width=8, blocks=1)
    model = Autoencoder("denoising", 4, net=net, data=Images(crop=16, crops_per_image=1), epochs=1, verbose=False)
    score = request.param if isinstance(request.param, str) else request.param()
    return AnomalyDetector(model, score, false_alarm_rate=0.1, random_state=0).fit(list(pictures(20, 33, 12)))


def test_one_file_serves_all_sizes_and_thresholds(detector, tmp_path):
    exported = export(detector, tmp_path / "m.onnx", "heat_map")
    assert exported.inputs[1]["name"] == "threshold" and exported.inputs[1]["default"] == detector.threshold_
    assert exported.outputs[0]["shape"] == ["height", "width"]
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    assert [port.name for port in session.get_inputs()] == ["pixels"]
    assert [port.name for port in session.get_overridable_initializers()] == ["threshold"]
    for size in SIZES:
        if min(size) < detector.score_.smallest:
            continue
        X = pictures(*size)
        expected = detector.heat_map(X)
        for n in (2, 1):
            [heat] = session.run(["heat"], {"pixels": X[:n]})
            np.testing.assert_allclose(heat, expected[:n], rtol=1e-4, atol=1e-4)
        [half] = session.run(["heat"], {"pixels": X, "threshold": np.array([2 * detector.threshold_], np.float32)})
        np.testing.assert_allclose(half, expected / 2, rtol=1e-4, atol=1e-4)
    assert read(tmp_path / "m.onnx")["threshold"] == detector.threshold_


@pytest.mark.parametrize(
    ("net", "score"),
    [pytest.param(FeatureMap(4, width=8, blocks=1), None, marks=pytest.mark.slow), (None, pixels)],
)
def test_a_detector_in_even_light_takes_pixels_alone(net, score, tmp_path):
    data = Images(crop=16, crops_per_image=1, light="even")
    model = Autoencoder("repairing", 4, net=net, data=data, epochs=1, verbose=False)
    made = AnomalyDetector(model, score() if score else "defects", false_alarm_rate=0.1, random_state=0)
    export(made.fit(list(pictures(20, 33, 12))), tmp_path / "m.onnx", "heat_map")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    assert [port.name for port in session.get_inputs()] == ["pixels"]
    for size in ((37, 53), (20, 33), (64, 41)):
        X = pictures(*size)
        [heat] = session.run(["heat"], {"pixels": X})
        np.testing.assert_allclose(heat, made.heat_map(X), rtol=1e-3, atol=1e-4)


def test_a_score_that_is_the_peak_of_a_map_comes_beside_it(detector, tmp_path):
    exported = export(detector, tmp_path / "m.onnx", "heat_map")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    if detector.score_.peaks:
        X = pictures(37, 53)
        [score] = session.run(["score"], {"pixels": X})
        np.testing.assert_allclose(score, detector.anomaly_score(X), rtol=1e-4)
    assert [port["name"] for port in exported.outputs] == ["heat", "score"][: 1 + detector.score_.peaks]


def test_a_program_takes_a_threshold_too(detector, tmp_path):
    exported = export(detector, tmp_path / "m.pt2", "heat_map")
    assert [port["name"] for port in exported.inputs] == ["pixels", "threshold"]
    program = torch.export.load(tmp_path / "m.pt2").module()
    X = pictures(37, 53)
    columns = {**detector.autoencoder_.data_.read(X), "threshold": torch.tensor([detector.threshold_])}
    with torch.no_grad():
        np.testing.assert_allclose(program(columns)["heat"], detector.heat_map(X), rtol=1e-4, atol=1e-4)


def test_images_of_one_size(tmp_path):
    X = pictures(12, 16, 20)[..., 0]
    model = Autoencoder("plain", 4, epochs=1, verbose=False)
    made = AnomalyDetector(model, "error", false_alarm_rate=0.1, random_state=0).fit(X)
    export(made, tmp_path / "m.onnx", "heat_map")
    [heat] = onnxruntime.InferenceSession(tmp_path / "m.onnx").run(None, {"pixels": X[:3]})
    np.testing.assert_allclose(heat, made.heat_map(X[:3]), rtol=1e-4, atol=1e-4)
    other = AnomalyDetector(model, "neighbours", false_alarm_rate=0.1, random_state=0).fit(X)
    with pytest.raises(InputError, match="has no part 'heat_map'"):
        export(other, tmp_path / "n.onnx", "heat_map")
