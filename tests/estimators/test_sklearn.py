"""What scikit-learn expects of an estimator."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from isthmus import Autoencoder, Variational

X, Y = load_digits(return_X_y=True)
X, Y = X[:400] / 16, Y[:400]


@pytest.mark.parametrize("variant", ["plain", "variational"])
def test_methods_do_not_depend_on_the_other_rows(variant):
    model = Autoencoder(variant, 4, epochs=1, random_state=0).fit(X)
    for method in ("transform", "reconstruct", "score_samples", "reconstruction_error"):
        call = getattr(model, method)
        np.testing.assert_allclose(call(X)[3:5], call(X[3:5]), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(call(X)[::-1], call(X[::-1]), rtol=1e-4, atol=1e-5)


def expected_failures(estimator):
    return {
        "check_methods_subset_invariance": "float32 products of other batch sizes differ in the seventh digit",
        "check_sample_weight_equivalence_on_dense_data": "rows are drawn in batches: twice is not a weight of two",
        "check_sample_weight_equivalence_on_sparse_data": "rows are drawn in batches: twice is not a weight of two",
    }


@parametrize_with_checks(
    [Autoencoder(latent_dim=2, epochs=2, random_state=0), Autoencoder("variational", 2, epochs=1, random_state=0)],
    expected_failed_checks=expected_failures,
    xfail_strict=False,
)
def test_check_estimator(estimator, check):
    check(estimator)


def test_in_a_pipeline_before_a_classifier():
    pipeline = make_pipeline(
        StandardScaler(), Autoencoder(latent_dim=16, epochs=5, random_state=0), LogisticRegression(max_iter=500)
    )
    assert pipeline.fit(X[:300], Y[:300]).score(X[300:], Y[300:]) > 0.8


@pytest.mark.parametrize("variant", ["variational", Variational(free_bits=0.1)], ids=["name", "object"])
def test_grid_search_sees_through_variants(variant):
    search = GridSearchCV(
        Autoencoder(variant, 4, epochs=2, random_state=0), {"variant__beta": [0.1, 10.0], "latent_dim": [2, 4]}, cv=2
    )
    search.fit(X)
    assert search.best_params_["variant__beta"] == 0.1
    assert search.best_estimator_.variant.beta == 0.1


def test_grid_search_over_variants():
    search = GridSearchCV(Autoencoder(latent_dim=4, epochs=2, random_state=0), {"variant": ["plain", "linear"]}, cv=2)
    assert set(search.fit(X).cv_results_["param_variant"]) == {"plain", "linear"}


def test_names_and_frames_of_codes():
    model = Autoencoder(latent_dim=3, epochs=1, random_state=0).fit(X)
    assert list(model.get_feature_names_out()) == ["autoencoder0", "autoencoder1", "autoencoder2"]
    frame = model.set_output(transform="pandas").transform(X)
    assert list(frame.columns) == list(model.get_feature_names_out())
    assert model.set_output(transform="polars").transform(X).shape == (400, 3)


def test_float_types_come_back():
    for dtype in (np.float32, np.float64):
        model = Autoencoder(latent_dim=3, epochs=1, random_state=0).fit(X.astype(dtype))
        assert model.transform(X.astype(dtype)).dtype == dtype
        assert model.reconstruct(X.astype(dtype)).dtype == dtype
        assert model.score_samples(X.astype(dtype)).dtype == dtype


def test_a_clone_is_unfitted_and_equal():
    model = Autoencoder(Variational(beta=3.0), 5, epochs=1, net="mlp", random_state=0).fit(X)
    copy = clone(model)
    assert not hasattr(copy, "objective_")
    assert copy.get_params(deep=False) == model.get_params(deep=False)
    np.testing.assert_array_equal(copy.fit(X).transform(X), model.transform(X))


def test_the_html_of_a_notebook_shows_the_estimator():
    assert "variational" in Autoencoder("variational")._repr_html_()


def test_y_is_ignored_unless_asked_for():
    a = Autoencoder(latent_dim=3, epochs=1, random_state=0).fit(X)
    b = Autoencoder(latent_dim=3, epochs=1, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(a.transform(X), b.transform(X))
    assert a.score(X) == pytest.approx(-a.reconstruction_error(X).mean())
