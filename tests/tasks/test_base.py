"""Task: a new one says what it does with its autoencoder; graphs, file, parameters and tags follow."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import isthmus
from isthmus import Autoencoder, InputError
from isthmus.core.graphs import Error
from isthmus.core.part import part
from isthmus.tasks.base import Task

X = np.random.default_rng(0).normal(size=(60, 4))


@part("estimator/width-finder")
class WidthFinder(Task):
    """A task for this test: it keeps the widest of some columns."""

    def __init__(self, autoencoder=None, quantile=0.5):
        self.autoencoder = autoencoder
        self.quantile = quantile

    def fit(self, X, y=None):
        self._check_autoencoder()
        fitted = self._untrained(len(X)).fit(X)
        self._adopt(fitted)
        self.width_ = float(np.quantile(fitted.reconstruction_error(X), self.quantile))
        return self

    def _default_autoencoder(self, rows):
        return Autoencoder(latent_dim=2, epochs=1, batch_size=rows, random_state=0, verbose=False)

    def _task_graphs(self):
        return {"width": Error(self.autoencoder_.data_, self.autoencoder_.objective_.model).eval()}

    def _task_state(self):
        return {"width": self.width_}

    def _restore_task(self, state):
        self.width_ = state["width"]


@pytest.fixture(scope="module")
def fitted():
    return WidthFinder().fit(X)


def test_it_is_saved_with_its_autoencoder(fitted, tmp_path):
    fitted.save(tmp_path / "t.safetensors")
    again = isthmus.load(tmp_path / "t.safetensors")
    assert isinstance(again, WidthFinder) and again.width_ == fitted.width_
    np.testing.assert_array_equal(again.autoencoder_.transform(X), fitted.autoencoder_.transform(X))
    assert again.n_features_in_ == 4


def test_its_graphs_stand_beside_those_of_the_autoencoder(fitted):
    assert fitted.graphs().keys() == {*fitted.autoencoder_.graphs(), "width"}


def test_unfitted_it_has_neither(tmp_path):
    for call in (lambda: WidthFinder().graphs(), lambda: WidthFinder().save(tmp_path / "t.safetensors")):
        with pytest.raises(NotFittedError):
            call()


def test_the_autoencoder_of_the_user_is_cloned():
    own = Autoencoder(latent_dim=3, epochs=1, random_state=0, verbose=False)
    made = clone(WidthFinder(own)).set_params(autoencoder__latent_dim=1).fit(X)
    assert made.autoencoder_.latent_dim == 1 and own.latent_dim == 3 and not hasattr(own, "data_")
    with pytest.raises(InputError, match="expected an Autoencoder"):
        WidthFinder("plain").fit(X)
