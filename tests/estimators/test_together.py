import numpy as np
import pandas as pd
import pytest

from isthmus import Autoencoder, DivergenceError, InputError, load
from isthmus.estimators.run import prepare
from isthmus.estimators.together import can_train_together, fit_together

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(90, 3)) @ RNG.normal(size=(3, 6)), columns=list("abcdef"))
PARTS = [np.arange(0, 60), np.arange(30, 90), np.arange(90)]


def autoencoders(**settings):
    chosen = {"latent_dim": 3, "epochs": 40, "validation_fraction": 0.0, "verbose": False, **settings}
    return [Autoencoder("denoising", random_state=seed, **chosen) for seed in range(3)]


def together(rows=PARTS, **settings):
    made = autoencoders(**settings)
    fit_together(prepare(made[0], X), made, X, rows)
    return made


def test_each_is_fitted_to_its_rows_as_if_alone(tmp_path):
    made = together()
    for one, rows in zip(made, PARTS, strict=True):
        alone = autoencoders()[0].fit(X.iloc[rows])
        assert one.score(X.iloc[rows]) > 1.3 * alone.score(X.iloc[rows])  # scores are minus the error
        assert list(one.feature_names_in_) == list("abcdef") and one.info_["rows"] == len(rows)
        one.save(tmp_path / "one.safetensors")
        assert np.array_equal(load(tmp_path / "one.safetensors").transform(X), one.transform(X))
    assert not np.allclose(made[0].transform(X), made[1].transform(X))


def test_a_seed_gives_the_same_result_twice():
    for one, other in zip(together(), together(), strict=True):
        assert np.array_equal(one.transform(X), other.transform(X))


def test_a_training_that_diverges_changes_none():
    made = autoencoders(learning_rate=1e20)
    with pytest.raises(DivergenceError):
        fit_together(prepare(made[0], X), made, X, PARTS)
    assert not any(hasattr(one, "data_") for one in made)


def test_an_unknown_prior_is_named_before_training():
    with pytest.raises(InputError, match="unknown prior 'gausian'"):
        prepare(autoencoders(prior="gausian")[0], X)


def test_callbacks_see_one_training():
    seen = []
    together(callbacks=[lambda event: seen.append(event.kind)])
    assert seen.count("begin") == seen.count("end") == 1 and seen.count("epoch") == 40


@pytest.mark.parametrize(
    ("settings", "can"),
    [({}, True), ({"validation_fraction": 0.1}, False), ({"variant": "variational"}, False)],
)
def test_what_is_validated_or_cannot_be_batched_trains_alone(settings, can):
    settings = {"validation_fraction": 0.0, **settings}
    assert can_train_together(prepare(Autoencoder(**settings), X)) is can
