"""Brain MRI with the noise of its magnitudes (Rician, σ 15 of 255), and X-rays with Gaussian noise (σ 25).

A denoiser learns from clean images of other patients, ten minutes of one core at most, and is tried on a fifth of the
MRI slices and on the test part of the X-rays, beside BM3D and non-local means that know the strength, and PCA of
the clean training images.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from sklearn.decomposition import PCA

from benchmarks.support.bm3d_peer import bm3d_psnr, psnr
from benchmarks.support.data import found, quietly
from benchmarks.support.figures import Figure, Result, Skip
from benchmarks.support.rows import ours
from benchmarks.support.timing import say, timed
from isthmus import Autoencoder, Denoiser, Denoising, Images
from isthmus.core.part import lookup

TESTED = 45
Case = tuple[np.ndarray, np.ndarray, object, float, Callable[..., np.ndarray]]
"""Clean images to learn from, clean images to try, the corruption, its strength, and what adds the noise."""
COMPONENTS = (8, 16, 32, 64, 128)
MINUTES = 10


def run(quick: bool) -> Result:
    figures, table = [], [["images", "noisy", "BM3D, σ known", "non-local means, σ known", "PCA", "isthmus", "minutes"]]
    for name, case in cases().items():
        row = ours(name, partial(restored, case, quick), *case[:2])
        say(f"{name}: {row}")
        table.append([name, *row])
        *peers, after, minutes = row[1:]
        figures += [
            Figure(f"{name}: gain over {peer}", after - value, "dB", least=0.0)
            for peer, value in zip(("BM3D", "non-local means", "PCA"), peers, strict=True)
        ]
        figures.append(Figure(f"{name}: training", minutes, "min", most=MINUTES))
    return Result(figures, table)


def restored(case: Case, quick: bool) -> list[float]:
    """Return the mean PSNR of noisy images, of what each peer and ours make of them, and the minutes of training."""
    train, test, corruption, sigma, noisy = case
    train, test = train[: 40 if quick else None], test[: 2 if quick else TESTED]
    y = noisy(np.random.default_rng(0), test).astype(np.float32)
    denoiser = untrained(corruption, min(64, train.shape[1]), 1 if quick else 100, len(train))
    seconds, _ = timed(lambda: denoiser.fit(train))
    return [
        mean_psnr(y, test),
        float(np.mean([bm3d_psnr(one, clean, sigma) for one, clean in zip(y, test, strict=True)])),
        mean_psnr([means(one, sigma) for one in y], test),
        max(mean_psnr(projected(train, y, n), test) for n in COMPONENTS if n < len(train)),
        mean_psnr(quietly(denoiser.transform, y), test),
        seconds / 60,
    ]


def cases() -> dict[str, Case]:
    mri = np.load(found("medical/brain_mri_96.npz"))["images"].astype(np.float32) / 255
    order = np.random.default_rng(0).permutation(len(mri))
    rays = np.load(found("medical/pneumoniamnist_balanced.npz"))
    train, test = (rays[f"{part}_images"].astype(np.float32) / 255 for part in ("train", "test"))
    rician = lookup("corruption/rician")(15 / 255)
    return {
        "MRI": (mri[order[TESTED:]], mri[order[:TESTED]], rician, 15 / 255, magnitudes),
        "X-rays": (train, test, lookup("corruption/gaussian")(25 / 255), 25 / 255, gaussian),
    }


def magnitudes(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    real, imaginary = rng.normal(0, 15 / 255, (2, *x.shape))
    magnitude: np.ndarray = np.hypot(x + real, imaginary)
    return magnitude


def gaussian(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    return x + rng.normal(0, 25 / 255, x.shape)


def untrained(corruption: object, crop: int, epochs: int, images: int) -> Denoiser:
    """Return a denoiser of the default net, which learns for about 1,200 steps."""
    data = Images(crop=crop, crops_per_image=4, flips=True)
    epochs = min(epochs, max(1, 1200 * 16 // (4 * images)))
    ae = Autoencoder(Denoising(corruption), 128, net="lapped", data=data, epochs=epochs, batch_size=16, average=0.999)
    return Denoiser(ae.set_params(random_state=0, verbose=False))


def mean_psnr(images: np.ndarray | list[np.ndarray], clean: np.ndarray) -> float:
    return float(np.mean([psnr(np.asarray(one), x) for one, x in zip(images, clean, strict=True)]))


def projected(train: np.ndarray, y: np.ndarray, components: int) -> np.ndarray:
    pca = PCA(components, random_state=0).fit(train.reshape(len(train), -1))
    restored: np.ndarray = pca.inverse_transform(pca.transform(y.reshape(len(y), -1))).reshape(y.shape)
    return restored


def means(y: np.ndarray, sigma: float) -> np.ndarray:
    try:
        from skimage.restoration import denoise_nl_means
    except ImportError as error:
        raise Skip("scikit-image is not installed: pip install 'isthmus[bench]'") from error
    best: np.ndarray = denoise_nl_means(y, 5, 6, h=0.8 * sigma, sigma=sigma, fast_mode=True)
    return best
