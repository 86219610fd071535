"""Metrics of heat maps on images with masks: how well the pixels of anomalies stand out from all others."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from isthmus.support.errors import InputError
from isthmus.tasks.evaluation.counts import Counts

LIMIT = 0.3
"""Fraction of normal pixels above a threshold up to which AUPRO is integrated."""
NEIGHBOURS = np.ones((3, 3), bool)
"""Pixels that touch at a side or a corner belong to one region."""


class Localisation:
    """The two metrics of heat maps beside masks, from images that are added one by one, in bounded memory.

    Both are areas under a curve of the fraction of normal pixels above a threshold, for all thresholds. Over it stands,
    for ``pixel_auroc``, the fraction of the marked pixels above the threshold; for ``aupro`` the overlap per region: of
    each connected region of a mask the fraction above the threshold, as a mean over regions, so that small regions
    count as much as large ones (Bergmann et al. 2020, 2021). This curve is integrated up to 30 % of the normal pixels,
    and divided by 0.3. Between thresholds both curves are straight.

    The values are exact up to a million different ones; where there are more, neighbours are joined.

    Parameters
    ----------
    limit : float, default 0.3
        The fraction of normal pixels up to which ``aupro`` is integrated.

    Notes
    -----
    P. Bergmann, M. Fauser, D. Sattlegger, C. Steger, "Uninformed Students: Student-Teacher Anomaly Detection with
    Discriminative Latent Embeddings", CVPR 2020; P. Bergmann, K. Batzner, M. Fauser, D. Sattlegger, C. Steger, "The
    MVTec Anomaly Detection Dataset", IJCV 2021.

    Examples
    --------
    >>> measured = Localisation()
    >>> measured.add(np.array([[0.1, 0.9], [0.2, 0.3]]), np.array([[False, True], [False, False]]))
    >>> measured.metrics()
    {'pixel_auroc': 1.0, 'aupro': 1.0}
    """

    def __init__(self, limit: float = LIMIT) -> None:
        self.limit, self.regions = limit, 0
        self.counts = Counts(kinds=3)  # normal pixels, marked ones, and marked ones by the size of their region

    def add(self, heat: np.ndarray, mask: np.ndarray) -> None:
        """Add an image: its heat map, and its mask of the same shape, True where it is abnormal.

        Raises
        ------
        InputError
            The shapes differ, or a number is NaN.
        """
        if heat.shape != mask.shape:
            raise InputError(
                f"a mask of shape {mask.shape} beside a heat map of shape {heat.shape}: each image needs a mask of its "
                "height and width"
            )
        if np.isnan(heat).any():
            raise InputError("a heat map holds NaN: its pixels cannot be ranked")
        labels, regions = regions_of(mask)
        self.regions += regions
        sizes = np.bincount(labels.ravel())
        weight = np.where(labels > 0, 1 / sizes[labels], 0.0)
        self.counts.add(heat.ravel(), np.stack([labels == 0, labels > 0, weight], axis=-1).reshape(-1, 3))

    def metrics(self) -> dict[str, float]:
        """Return ``pixel_auroc`` and ``aupro`` of the images that were added.

        Raises
        ------
        InputError
            No pixel is marked, or all are.
        """
        normal, marked, _ = self.counts.weights.sum(0)
        if not normal or not marked:
            which = "no pixel is" if normal else "all pixels are"
            raise InputError(f"{which} marked in the masks: heat maps are measured by normal and marked pixels")
        rates = self._rates()
        return {"pixel_auroc": area(rates[:, 0], rates[:, 1]), "aupro": area(rates[:, 0], rates[:, 2], self.limit)}

    def _rates(self) -> np.ndarray:
        """Return the fractions of normal pixels, of marked ones, and of regions above each threshold, from the top."""
        above = np.cumsum(self.counts.weights[::-1], axis=0)
        return np.concatenate([np.zeros((1, 3)), above / above[-1]])


def localisation_metrics(maps: Iterable[np.ndarray], masks: Iterable[np.ndarray]) -> dict[str, float]:
    """Return ``pixel_auroc`` and ``aupro`` of heat maps, see `Localisation`.

    Parameters
    ----------
    maps : iterable of ndarray of shape (height, width)
        Higher is more abnormal; sizes may differ.
    masks : iterable of bool ndarray of shape (height, width)
        One for each map, True where the image is abnormal; all False for a normal image.

    Raises
    ------
    InputError
        Masks and maps differ in number or shape; a number is NaN; no pixel is marked, or all are.

    Examples
    --------
    >>> mask = np.array([[True, False, False, True]])
    >>> metrics = localisation_metrics([np.array([[0.9, 0.8, 0.1, 0.7]])], [mask])
    >>> round(metrics["pixel_auroc"], 2), round(metrics["aupro"], 2)
    (0.75, 0.5)
    """
    measured = Localisation()
    try:
        for heat, mask in zip(maps, masks, strict=True):
            measured.add(np.asarray(heat), np.asarray(mask, bool))
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"one mask is needed for each heat map: {error}") from error
    return measured.metrics()


def regions_of(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the number of the region of each pixel, 0 outside regions, and how many there are.

    Pixels that touch at a side or a corner are of one region.

    Examples
    --------
    >>> regions_of(np.array([[True, False, False], [False, True, False], [False, False, False]]))[1]
    1
    """
    from scipy.ndimage import label

    labels, count = label(mask, NEIGHBOURS)
    return labels, int(count)


def area(x: np.ndarray, y: np.ndarray, limit: float = 1.0) -> float:
    """Return the mean height of a curve of straight lines over x from 0 to `limit`.

    Examples
    --------
    >>> x, y = np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0, 1.0])
    >>> area(x, y), area(x, y, 0.5)
    (0.75, 0.5)
    """
    inside = x <= limit
    if x[inside][-1] < limit:
        x, y = np.append(x[inside], limit), np.append(y[inside], np.interp(limit, x, y))
        return float(np.trapezoid(y, x) / limit)
    return float(np.trapezoid(y[inside], x[inside]) / limit)
