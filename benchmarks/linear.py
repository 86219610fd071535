"""The linear variant beside scikit-learn's PCA, 32 dimensions, on MNIST as rows in [0, 1].

The atoms of the decoder are what unit codes decode to, less what the code zero decodes to. The angle is the largest
principal angle between their span and that of PCA's components. Neither output is clipped to [0, 1].
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from benchmarks.support.data import images, mse, unit
from benchmarks.support.figures import Figure, Result
from benchmarks.support.timing import timed
from isthmus import Autoencoder

K = 32


def run(quick: bool) -> Result:
    X, T = images(quick)
    ae = Autoencoder("linear", latent_dim=K, epochs=1 if quick else None, validation_fraction=0, random_state=0)
    seconds, _ = timed(lambda: ae.fit(unit(X)))
    pca = PCA(K).fit(unit(X))
    error, best = mse(T, ae.reconstruct(unit(T))), mse(T, pca.inverse_transform(pca.transform(unit(T))))
    angle = np.degrees(subspace_angles(atoms(ae).T, pca.components_.T.astype(np.float64)).max())
    figures = [
        Figure("largest principal angle to PCA", angle, "°", most=1),
        Figure("test MSE as a fraction of PCA's", error / best, most=1.005),
        Figure("test MSE", error),
        Figure("test MSE of PCA", best),
        Figure("training", seconds, "s"),
    ]
    return Result(figures, details={"info": ae.info_})


def atoms(ae: Autoencoder) -> np.ndarray:
    """Return what each unit of the code adds to the output, (units, columns)."""
    return ae.inverse_transform(np.eye(K)) - ae.inverse_transform(np.zeros((1, K)))
