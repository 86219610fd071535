"""The card says what a model is, the same before it is saved and after it is loaded."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError

import isthmus
from isthmus import AnomalyDetector, Autoencoder, Imputer, Signals
from isthmus.core.part import describe

RNG = np.random.default_rng(0)
DIGITS = (load_digits().images / 16).astype(np.float32)[:200]
FRAME = pd.DataFrame({"a": RNG.normal(size=120), "b": RNG.normal(size=120), "c": list("xyz") * 40})
SMALL = {"latent_dim": 2, "epochs": 1, "random_state": 0}


def fitted(name):
    return {
        "autoencoder": lambda: Autoencoder("sparse", net="mlp", **SMALL).fit(DIGITS),
        "conditional": lambda: Autoencoder("variational", condition="c", **SMALL).fit(FRAME),
        "signals": lambda: Autoencoder(data=Signals(window=8), **SMALL).fit(RNG.normal(size=(90, 2))),
        "detector": lambda: AnomalyDetector(Autoencoder(**SMALL), scorer="neighbours", random_state=0).fit(
            FRAME[["a", "b"]]
        ),
        "imputer": lambda: Imputer(Autoencoder("masked", **SMALL), draws=2, random_state=0).fit(FRAME),
    }[name]()


@pytest.mark.parametrize("name", ["autoencoder", "conditional", "signals", "detector", "imputer"])
def test_a_loaded_model_has_the_card_of_the_saved_one(tmp_path, name):
    model = fitted(name)
    model.save(tmp_path / "m.safetensors")
    card, again = model.card(), isthmus.load(tmp_path / "m.safetensors").card()
    assert describe(asdict(card)) == describe(asdict(again))
    json.dumps(describe(asdict(card)), allow_nan=False)
    assert card.holds == again.holds


def test_the_card_of_an_autoencoder():
    card = fitted("autoencoder").card()
    assert (card.estimator, card.variant, card.rows, card.row) == ("Autoencoder", "sparse", 200, (1, 8, 8))
    assert (card.positions, card.latent_dim, card.code) == ((), 2, "2 numbers")
    assert card.knobs["penalty"] == "l1"
    assert card.parts["net"].startswith("mlp(") and card.parts["penalties"] == "sparsity=l1"
    assert card.parts["prior"].startswith("gaussian(")
    assert card.condition is None and card.threshold is None and card.guarantees == {}
    assert set(card.graphs) >= {"encode", "decode"}
    assert card.holds[0] == "no training row"
    assert card.parameters == card.training["parameters"] > 0


def test_the_card_of_a_detector_says_how_many_rows_its_file_holds():
    detector = fitted("detector")
    card = detector.card()
    assert card.estimator == "AnomalyDetector" and "score" in card.graphs
    assert card.threshold == detector.threshold_
    assert card.guarantees["method"] == detector.calibration_["method"]
    assert card.kept_rows == len(detector.score_.references) > 0
    assert card.holds[0] == f"{card.kept_rows} training rows, as the model sees them"
    assert any("the scores of" in text for text in card.holds)
    errors = AnomalyDetector(Autoencoder(**SMALL), scorer="error", random_state=0).fit(FRAME[["a", "b"]]).card()
    assert errors.holds[0] == "no training row"


def test_the_card_of_an_imputer_and_of_a_condition():
    assert any("what cells are drawn from" in text for text in fitted("imputer").card().holds)
    conditional = fitted("conditional").card()
    assert conditional.condition == "c"
    assert any("the values of its labels" in text for text in conditional.holds)
    assert any("names and types of 2 columns" in text for text in conditional.holds)


def test_positions_stand_in_the_code(monkeypatch):
    model = fitted("autoencoder")
    monkeypatch.setattr(type(model.model_), "positions", lambda self, x_shape=None: (4, 6))
    assert model.card().code == "4 x 6 positions of 2 numbers"


def test_there_is_no_card_before_fit():
    with pytest.raises(NotFittedError):
        Autoencoder().card()
