"""A detector of images is measured beside masks: metrics of its heat maps, and masks that cannot be right."""

import numpy as np
import pytest

from isthmus import AnomalyDetector, Autoencoder, Images, InputError
from isthmus.support.errors import DataWarning
from isthmus.tasks.evaluation.localisation import localisation_metrics
from isthmus.tasks.evaluation.masked import Masks, false_regions

RNG = np.random.default_rng(0)
SIZES = [(16, 24), (24, 16), (16, 24), (33, 19)] * 3
NORMAL = [(0.5 + 0.05 * RNG.standard_normal(size)).clip(0, 1).astype(np.float32) for size in SIZES]
pytestmark = pytest.mark.filterwarnings("ignore:false_alarm_rate")


@pytest.fixture(scope="module")
def detector():
    model = Autoencoder("denoising", 4, data=Images(crop=16, crops_per_image=1), epochs=1, verbose=False)
    return AnomalyDetector(model, false_alarm_rate=0.1, random_state=0).fit(NORMAL)


@pytest.fixture(scope="module")
def stained():
    """Give images of which the last four have a stain, and their masks."""
    images, masks = [image.copy() for image in NORMAL[:8]], [np.zeros(image.shape, bool) for image in NORMAL[:8]]
    for image, mask in zip(images[4:], masks[4:], strict=True):
        image[4:10, 5:11], mask[4:10, 5:11] = 0, True
    return images, masks


LABELS = np.repeat([0, 1], 4)


def test_masks_add_metrics_of_the_heat_maps(detector, stained):
    images, masks = stained
    plain, measured = detector.evaluate(images, LABELS), detector.evaluate(images, LABELS, masks)
    maps = detector.heat_map(images)
    of_pixels = localisation_metrics(maps, masks)
    false_alarms = np.mean([false_regions(heat > 1, mask) for heat, mask in zip(maps, masks, strict=True)])
    assert measured == {**plain, **of_pixels, "false_alarms_per_image": false_alarms}
    assert measured["pixel_auroc"] > 0.99 and measured["aupro"] > 0.9
    assert detector.evaluate(images, masks=masks) == measured  # without labels, images with marked pixels are abnormal


def test_masks_may_be_files_and_missing_ones_mark_nothing(detector, stained, tmp_path):
    Image = pytest.importorskip("PIL.Image")
    images, masks = stained
    files = [None] * 4
    for index, mask in enumerate(masks[4:]):
        Image.fromarray(mask.astype(np.uint8) * 255).save(tmp_path / f"{index}.png")
        files.append(tmp_path / f"{index}.png")
    measured = detector.evaluate(images, LABELS, files)
    assert measured == detector.evaluate(images, LABELS, masks)
    assert detector.evaluate(images, LABELS, [str(file) if file else None for file in files]) == measured
    Image.fromarray(np.zeros((5, 7), np.uint8)).save(tmp_path / "0.png")
    with pytest.warns(DataWarning), pytest.raises(InputError, match=r"0\.png' is 7 x 5 pixels \(width x height\), but"):
        detector.evaluate(images, LABELS, files)


def test_inverted_masks_are_refused_unless_it_is_said(detector, stained):
    images, masks = stained
    inverted = [~mask for mask in masks]
    with pytest.raises(InputError, match=r"in 8 of 8 masks.*inverted_masks=True \(--inverted-masks\)"):
        detector.evaluate(images, LABELS, inverted)
    with pytest.raises(InputError, match="in 4 of 4 masks"):
        detector.evaluate(images, LABELS, [None] * 4 + inverted[4:])
    said = detector.evaluate(images, LABELS, inverted, inverted_masks=True)
    assert said == detector.evaluate(images, LABELS, masks)
    with pytest.raises(InputError, match="the mask of image 0 marks something.*4 of 4 normal"):
        detector.evaluate(images, LABELS, inverted, inverted_masks=False)


def test_labels_and_masks_must_agree(detector, stained):
    images, masks = stained
    with pytest.raises(InputError, match="the mask of image 5 marks something, but the image is normal by its label"):
        detector.evaluate(images, [0, 0, 0, 0, 1, 0, 1, 1], masks)
    with pytest.warns(DataWarning, match="1 of 5 abnormal images have no marked pixel, such as image 3"):
        detector.evaluate(images, [0, 0, 0, 1, 1, 1, 1, 1], masks)


def flawed(masks, index, mask):
    return [*masks[:index], mask, *masks[index + 1 :]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda masks: masks[:7], "7 masks for 8 images: give one for each, None where nothing is marked"),
        (lambda masks: flawed(masks, 4, masks[4].T), r"mask of image 4 is 16 x 24 pixels .* its image is 24 x 16"),
        (lambda masks: flawed(masks, 4, masks[4][..., None]), r"shape \(16, 24, 1\): a mask is \(height, width\)"),
        (
            lambda masks: flawed(masks, 4, np.arange(384).reshape(16, 24)),
            "mask of image 4 holds 383 values beside 0, such as 1 and 383: give bools",
        ),
        (lambda masks: [None] * 8, "y calls all rows alike|no pixel is marked"),
    ],
)
@pytest.mark.filterwarnings("ignore:4 of 4 abnormal images have no marked pixel")
def test_masks_that_cannot_be_right_are_refused(detector, stained, change, said):
    images, masks = stained
    with pytest.raises(InputError, match=said):
        detector.evaluate(images, LABELS, change(masks))


def test_labels_of_another_number_are_refused(detector, stained):
    with pytest.raises(InputError, match="y has 3 labels, but there are 8 images"):
        detector.evaluate(stained[0], [0, 1, 1], stained[1])


def test_numbers_of_two_values_are_masks():
    assert Masks([np.array([[0, 255], [0, 0]], np.uint8)]).at(0).tolist() == [[False, True], [False, False]]


def test_a_score_without_a_map_is_refused():
    images = RNG.random((12, 8, 8))
    model = Autoencoder("plain", 2, data=Images(), epochs=1, verbose=False)
    blind = AnomalyDetector(model, scorer="neighbours", false_alarm_rate=0.1, random_state=0).fit(images)
    with pytest.raises(InputError, match="'neighbours'.*has no map.*evaluate with masks needs"):
        blind.evaluate(images, masks=np.zeros((12, 8, 8), bool))
