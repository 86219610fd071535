"""Detectors of images that differ in size, and the sample of rows that scores are fitted on."""

import numpy as np
import pytest
import torch

from isthmus import AnomalyDetector, Autoencoder, Images, InputError, load
from isthmus.parts.scores.joined import Joined
from isthmus.tasks.anomaly import reservoir
from isthmus.tasks.anomaly.reservoir import Reservoir

RNG = np.random.default_rng(0)
SIZES = [(16, 24), (24, 16), (16, 24), (17, 19)] * 3
IMAGES = [RNG.random((*size, 3)).astype(np.float32) for size in SIZES]


@pytest.fixture(scope="module", params=[None, 0.25])
def detector(request):
    data = Images(crop=16, crops_per_image=1)
    model = Autoencoder("denoising", 4, data=data, epochs=1, verbose=False)
    return AnomalyDetector(model, "error", contamination=request.param, random_state=0).fit(IMAGES)


@pytest.mark.filterwarnings("ignore:false_alarm_rate")
def test_each_image_has_the_score_that_it_has_alone(detector):
    scores = detector.anomaly_score(IMAGES)
    alone = [detector.anomaly_score([image])[0] for image in IMAGES]
    np.testing.assert_allclose(scores, alone, rtol=1e-4)
    assert detector.score_.per_channel and detector.score_.low.shape == (3,)


@pytest.mark.filterwarnings("ignore:false_alarm_rate")
def test_contributions_have_the_sizes_of_the_images(detector):
    assert [one.shape for one in detector.explain(IMAGES)] == [image.shape for image in IMAGES]
    assert detector.explain(IMAGES[:1]).shape == (1, 16, 24, 3)


@pytest.mark.filterwarnings("ignore:false_alarm_rate")
def test_the_file_scores_alike(detector, tmp_path):
    detector.save(tmp_path / "d.safetensors")
    again = load(tmp_path / "d.safetensors")
    np.testing.assert_array_equal(again.anomaly_score(IMAGES), detector.anomaly_score(IMAGES))
    summary = detector.detect_file(IMAGES, tmp_path / "scores.csv")
    assert summary.rows == 12 and [row["contributors"] for row in summary.worst[:2]] == [[], []]


def test_images_are_not_read_to_learn_that_folds_train_apart(monkeypatch):
    monkeypatch.setattr(Images, "learn", None)  # to call it would be an error
    model = Autoencoder("denoising", 4, data=Images(crop=16), validation_fraction=0.0)
    assert AnomalyDetector(model).trainings(IMAGES) == 6


def test_a_reservoir_keeps_the_rows_with_the_smallest_keys(monkeypatch):
    monkeypatch.setattr(reservoir, "FIT_ROWS", 3)
    kept = Reservoir()
    kept.add({"x": torch.tensor([[0.0], [1.0], [2.0]])}, np.array([0.5, 0.1, 0.9]))
    kept.add({"x": torch.tensor([[3.0, 3.0]])}, np.array([0.2]))
    kept.add({"x": torch.tensor([[4.0], [5.0]])}, np.array([0.3, 0.8]))
    assert [sample["x"].tolist() for sample in kept.samples] == [[[1.0], [4.0]], [[3.0, 3.0]]]


def test_a_reservoir_keeps_no_more_numbers_than_it_may(monkeypatch):
    monkeypatch.setattr(reservoir, "FIT_NUMBERS", 10)
    kept = Reservoir()
    kept.add({"x": torch.zeros(6, 4)}, np.arange(6) / 6)
    kept.add({"x": torch.zeros(1, 50)}, np.array([0.99]))
    assert [tuple(sample["x"].shape) for sample in kept.samples] == [(2, 4)]


@pytest.mark.parametrize("scorer", ["neighbours", "residual", "tails", Joined()])
def test_a_score_that_needs_one_size_is_refused_before_training(scorer):
    trained = []
    model = Autoencoder("plain", 4, data=Images(crop=16), epochs=1, verbose=False, callbacks=[trained.append])
    with pytest.raises(
        InputError, match=r"needs rows of one size.*scores for any size: channel, defects, error.*; or bring .*resize"
    ):
        AnomalyDetector(model, scorer=scorer).fit(IMAGES)
    assert not trained


def test_known_anomalies_of_several_sizes_set_the_threshold_alone():
    model = Autoencoder("plain", 4, data=Images(crop=16), epochs=1, verbose=False)
    made = AnomalyDetector(model, false_alarm_rate=0.2).fit(IMAGES, np.arange(12) < 4)
    assert type(made.score_).__name__ == "Defects" and len(made.decision_scores_) == 8
    assert made.set_threshold(recall=0.5).thresholds_.known_flagged == 2
