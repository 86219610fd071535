"""Metrics of heat maps beside masks, against scikit-learn, a brute-force version and closed forms."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from isthmus import InputError
from isthmus.tasks.evaluation.counts import Counts
from isthmus.tasks.evaluation.localisation import Localisation, area, localisation_metrics, regions_of


def images(seed: int, count: int = 4, rounded: int = 9) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return heat maps of different sizes and their masks; the first image is normal."""
    rng = np.random.default_rng(seed)
    sizes = [(12 + 3 * index, 20 - 2 * index) for index in range(count)]
    masks = [np.zeros(size, bool) for size in sizes]
    for mask in masks[1:]:
        mask[2:5, 3:7] = mask[8, 1:3] = mask[9, 3] = True  # of the last two, one region: they touch at a corner
    maps = [(rng.normal(size=mask.shape) + mask).round(rounded).astype(np.float32) for mask in masks]
    return maps, masks


def brute_force_aupro(maps, masks, limit=0.3):
    """Go through all thresholds, and through the regions at each."""
    regions = []
    for heat, mask in zip(maps, masks, strict=True):
        labels, count = regions_of(mask)
        regions.extend(heat[labels == number] for number in range(1, count + 1))
    normal = np.concatenate([heat[~mask] for heat, mask in zip(maps, masks, strict=True)])
    x, y = [0.0], [0.0]
    for threshold in sorted(set(np.concatenate([heat.ravel() for heat in maps]).tolist()), reverse=True):
        x.append(float((normal >= threshold).mean()))
        y.append(float(np.mean([(region >= threshold).mean() for region in regions])))
    total = 0.0
    for left, right, low, high in zip(x, x[1:], y, y[1:], strict=False):
        if left < limit and right > left:
            end = min(right, limit)
            total += (end - left) * (low + (low + (high - low) * (end - left) / (right - left))) / 2
    return total / limit


@pytest.mark.parametrize("rounded", [9, 1, 0])
def test_equals_scikit_learn_and_brute_force(rounded):
    maps, masks = images(seed=rounded, rounded=rounded)
    metrics = localisation_metrics(maps, masks)
    pixels, labels = (np.concatenate([one.ravel() for one in kind]) for kind in (maps, masks))
    assert metrics["pixel_auroc"] == pytest.approx(roc_auc_score(labels, pixels), abs=1e-12)
    assert metrics["aupro"] == pytest.approx(brute_force_aupro(maps, masks), abs=1e-12)


def test_the_overlap_of_linear_maps_has_a_closed_form():
    """Normal pixels are uniform in [0, 1], regions in [0, 1] and in [½, 1]: the overlap is the mean of two lines."""
    n = 4096
    grid = (np.arange(n) + 0.5) / n
    heat = np.stack([grid, np.full(n, -1.0), grid, np.full(n, -1.0), 0.5 + grid / 2])
    mask = np.zeros(heat.shape, bool)
    mask[2] = mask[4] = True
    normal = np.concatenate([heat[0], heat[1], heat[3]])
    assert (normal >= 0).mean() == pytest.approx(1 / 3)
    # up to the fraction f of all normal pixels, those of the first row above 1 − 3f: regions overlap by 3f and by 6f
    slope = np.minimum(3 * np.linspace(0, 0.3, 100_001), 1), np.minimum(6 * np.linspace(0, 0.3, 100_001), 1)
    assert localisation_metrics([heat], [mask])["aupro"] == pytest.approx(np.mean(slope), abs=1e-4)


@pytest.mark.parametrize(("sign", "value"), [(1, 1.0), (-1, 0.0)])
def test_perfect_and_reversed_maps(sign, value):
    _, masks = images(seed=0)
    maps = [sign * mask.astype(np.float32) for mask in masks]
    assert localisation_metrics(maps, masks) == {"pixel_auroc": value, "aupro": value}


def test_a_constant_map_knows_nothing():
    maps, masks = images(seed=0)
    metrics = localisation_metrics([np.ones_like(heat) for heat in maps], masks)
    assert metrics == {"pixel_auroc": 0.5, "aupro": pytest.approx(0.15)}


def test_small_regions_count_as_much_as_large_ones():
    mask = np.zeros((20, 20), bool)
    mask[:10, :10] = mask[15, 15] = True
    heat = mask.astype(np.float32)
    heat[15, 15] = -1
    metrics = localisation_metrics([heat], [mask])
    assert metrics["pixel_auroc"] > 0.98
    assert metrics["aupro"] == pytest.approx(0.5)


def test_neighbouring_values_are_joined_where_there_are_too_many():
    maps, masks = images(seed=3)
    measured, exact = Localisation(), localisation_metrics(maps, masks)
    measured.counts = Counts(kinds=3, largest=64)
    for heat, mask in zip(maps, masks, strict=True):
        measured.add(heat, mask)
    assert len(measured.counts.keys) <= 64
    assert measured.metrics() == {name: pytest.approx(value, abs=0.02) for name, value in exact.items()}
    assert measured.counts.weights[:, :2].sum() == sum(heat.size for heat in maps)


def test_a_curve_that_rises_at_the_limit_ends_before_it():
    assert area(np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.0, 1.0])) == 0
    assert area(np.array([0.0, 0.3, 0.3, 1.0]), np.array([0.0, 0.0, 1.0, 1.0]), 0.3) == 0


@pytest.mark.parametrize(
    ("heat", "mask", "said"),
    [
        (np.zeros((3, 4)), np.zeros((4, 3), bool), r"mask of shape \(4, 3\) beside a heat map of shape \(3, 4\)"),
        (np.zeros((3, 4)), np.zeros((3, 4), bool), "no pixel is marked"),
        (np.zeros((3, 4)), np.ones((3, 4), bool), "all pixels are marked"),
        (np.full((3, 4), np.nan), np.eye(3, 4, dtype=bool), "NaN"),
    ],
)
def test_bad_maps_and_masks_are_refused(heat, mask, said):
    with pytest.raises(InputError, match=said):
        localisation_metrics([heat], [mask])


def test_a_mask_too_few_is_refused():
    maps, masks = images(seed=0)
    with pytest.raises(InputError, match="one mask is needed for each heat map"):
        localisation_metrics(maps, masks[:-1])
