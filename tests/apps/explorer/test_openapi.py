"""Nothing that is made up from the OpenAPI document breaks the explorer."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from isthmus import AnomalyDetector, Autoencoder
from isthmus.apps.explorer.api.app import explorer_app
from isthmus.apps.explorer.maps import umap
from isthmus.apps.explorer.session import open_session
from isthmus.data.io import files

from .photographs import PHOTOGRAPHS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    schemathesis = pytest.importorskip("schemathesis")

QUICK = {"net": "linear", "epochs": 1, "random_state": 0, "verbose": False}


@pytest.fixture(scope="module")
def sessions(compressor):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"size": draw.normal(size=80), "town": draw.choice(["Ulm", "Bonn"], 80)})
    X = files.read("digits").X[:80]
    return {
        "table": open_session(
            {"m": AnomalyDetector(Autoencoder("plain", 3, **QUICK), random_state=0).fit(frame)}, frame
        ),
        "images": open_session({"m": Autoencoder("variational", 3, **QUICK).fit(X)}, X, np.arange(80) % 3),
        "photographs": open_session({"m": compressor}, PHOTOGRAPHS),
        "noisy images": open_session({"m": Autoencoder("denoising", 3, **QUICK).fit(X)}, X),
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["table", "images", "photographs", "noisy images"])
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_nothing_that_is_made_up_breaks_it(sessions, kind, mode, monkeypatch):
    monkeypatch.setattr(umap, "laid_out", lambda codes, tell: codes[:, :2])
    schema = schemathesis.openapi.from_asgi("/openapi.json", explorer_app(sessions[kind], host="testserver"))
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 15
    schemathesis.checks.load_all_checks()
    checks = [schemathesis.checks.CHECKS.get_one("not_a_server_error")]
    for operation in operations:
        if mode is schemathesis.GenerationMode.POSITIVE or operation.body:
            _try(operation.as_strategy(generation_mode=mode), checks)


def _try(strategy, checks):
    @given(case=strategy)
    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case):
        case.path_parameters = {
            **(case.path_parameters or {}),
            **({"m": 0} if "m" in (case.path_parameters or {}) else {}),
        }
        case.call_and_validate(checks=checks)

    call()
