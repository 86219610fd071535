"""Whatever form data have in Python, each public method answers as for a DataFrame or array with NaN."""

import inspect

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from scipy import sparse
from torch.utils.data import DataLoader, TensorDataset

import isthmus
from isthmus import AnomalyDetector, Autoencoder, Imputer, InputError, Signals
from isthmus.apps.explorer.session import open_session
from isthmus.apps.report.pages import page_of
from isthmus.apps.report.render import html
from isthmus.core.training.loop import Training
from isthmus.data import inputs
from isthmus.data.sources import loaders
from isthmus.data.sources.parquet import ParquetStream
from isthmus.estimators.run import prepare

N = 40
NAMES = ["g", "a", "b"]
RANDOM = np.random.default_rng(0)
CELLS = RANDOM.normal(size=(N, 3)).astype(np.float32)
CELLS[:, 0] = np.arange(N) % 2
GAPS = np.zeros((N, 3), bool)
GAPS[::7, 1] = True
CELLS[GAPS] = np.nan
UNDER = np.where(GAPS, np.float32(1e6), CELLS)
Y = np.arange(N) // 2 % 2
TABLE = pd.DataFrame(CELLS, columns=NAMES)

FORMS = {
    "records": (TABLE, TABLE.to_dict("records")),
    "dict of columns": (TABLE, {name: CELLS[:, at] for at, name in enumerate(NAMES)}),
    "masked": (CELLS, np.ma.masked_array(UNDER, GAPS)),
    "sparse": (CELLS, sparse.csr_matrix(CELLS)),
    "DataLoader": (CELLS, DataLoader(TensorDataset(torch.from_numpy(CELLS)), batch_size=16)),
}
LABELLED = DataLoader(TensorDataset(torch.from_numpy(CELLS), torch.from_numpy(Y)), batch_size=16)


def small(variant="denoising", **knobs):
    knobs = {"net": "linear", "epochs": 1, "batch_size": 64, "random_state": 0, "verbose": False} | knobs
    return Autoencoder(variant, 2, **knobs)


def detecting(groups, contamination=0.1):
    return AnomalyDetector(
        small(), scorer="residual", contamination=contamination, groups=groups, keep_rows=False, random_state=0
    )


class Fitted:
    """Estimators, fitted on a DataFrame or on an array."""

    def __init__(self, X, groups):
        self.groups = groups
        self.variational = small("variational").fit(X)
        self.detector = detecting(groups).fit(X)
        self.imputer = Imputer(small("masked")).fit(X)
        self.signals = AnomalyDetector(
            small(data=Signals(window=4)), scorer="residual", contamination=0.1, random_state=0
        ).fit(X)


@pytest.fixture(scope="module")
def fitted():
    return {id(X): Fitted(X, groups) for X, groups in ((TABLE, "g"), (CELLS, 0))}


def moved(detector, X):
    """Return the threshold after a recalibration, and set the former one."""
    former = detector.thresholds_
    with pytest.warns(UserWarning, match="asks for 99 calibration rows"):
        answer = detector.recalibrate(X).threshold_
    detector.thresholds_ = former
    return answer


def adopted(models, X):
    run = prepare(estimator := small(), X)
    training = Training(run.objective, run.settings, [])
    training.run(run.source)
    return estimator.adopt(run, training, X).feature_names_in_.tolist() if models.groups == "g" else None


def rows_only(figures):
    return {name: value for name, value in figures.items() if name != "rows_per_second"}


def tuned(X, y, metric):
    found = isthmus.tune(
        X, y, over={"latent_dim": [1]}, autoencoder=small(), trials=1, metric=metric, refit=False, random_state=0
    )
    return found.value


ENTRANCES = {
    "Autoencoder": {
        "fit": lambda f, X: small().fit(X).transform(UNDER if f.groups == 0 else TABLE.fillna(0)),
        "partial_fit": lambda f, X: small().partial_fit(X).transform(UNDER if f.groups == 0 else TABLE.fillna(0)),
        "fit_transform": lambda f, X: small().fit_transform(X),
        "transform": lambda f, X: f.variational.transform(X),
        "reconstruct": lambda f, X: f.variational.reconstruct(X),
        "corrupt": lambda f, X: f.detector.autoencoder_.corrupt(X, random_state=0),
        "posterior": lambda f, X: f.variational.posterior(X),
        "reconstruction_error": lambda f, X: f.variational.reconstruction_error(X, per="feature"),
        "score_samples": lambda f, X: f.variational.score_samples(X),
        "log_likelihood": lambda f, X: f.variational.log_likelihood(X, draws=2),
        "score": lambda f, X: f.variational.score(X),
        "run": lambda f, X: f.variational.run("encode", X)["z"],
        "columns": lambda f, X: [columns["numbers"].numpy() for columns in f.variational.columns(X)],
        "groups": lambda f, X: [group.columns["numbers"].numpy() for group in f.variational.groups(X)],
        "adopt": adopted,
    },
    "AnomalyDetector": {
        "fit": lambda f, X: detecting(f.groups).fit(X).training_scores_,
        "fit_predict": lambda f, X: detecting(f.groups).fit_predict(X),
        "trainings": lambda f, X: f.detector.trainings(X),
        "anomaly_score": lambda f, X: f.detector.anomaly_score(X),
        "score_samples": lambda f, X: f.detector.score_samples(X),
        "decision_function": lambda f, X: f.detector.decision_function(X),
        "predict": lambda f, X: f.detector.predict(X),
        "p_values": lambda f, X: f.detector.p_values(X),
        "explain": lambda f, X: f.detector.explain(X),
        "expected": lambda f, X: f.detector.expected(X).values,
        "score_rows": lambda f, X: f.detector.score_rows(X),
        "detect": lambda f, X: f.detector.detect(X, explain=True)["score"],
        "detect_file": lambda f, X: f.detector.detect_file(X, keep_scores=True).scores,
        "evaluate": lambda f, X: f.detector.evaluate(X, Y),
        "limits": lambda f, X: f.detector.limits(X),
        "recalibrate": lambda f, X: moved(f.detector, X),
        "monitor": lambda f, X: [block["flagged"] for block in f.detector.monitor(X, blocks=2)],
        "intervals": lambda f, X: [(one.start, one.end, one.score) for one in f.signals.intervals(X)],
        "score_time_steps": lambda f, X: f.signals.score_time_steps(X).columns["score"],
    },
    "Imputer": {
        "fit": lambda f, X: Imputer(small("masked"), random_state=0).fit(X).transform(X),
        "fit_transform": lambda f, X: Imputer(small("masked"), random_state=0).fit_transform(X),
        "transform": lambda f, X: f.imputer.transform(X),
    },
    "functions": {
        "prepare": lambda f, X: prepare(small(), X).source.rows,
        "evaluate": lambda f, X: rows_only(isthmus.evaluate(f.variational, X, Y)),
        "tune": lambda f, X: [tuned(X, Y, metric) for metric in ("reconstruction", "probe")],
        "open_session": lambda f, X: open_session({"model": f.variational}, X, Y).state(),
        "report": lambda f, X: page_of(f.variational, X, Y).figures,
        "report of a detector": lambda f, X: page_of(f.detector, X, Y).figures,
    },
}
CASES = [(kind, name) for kind, methods in ENTRANCES.items() for name in methods]


def same(answer, expected):
    """Compare answers: what is in them as numbers or text, not the type that carries it."""
    if isinstance(expected, dict):
        assert answer.keys() == expected.keys()
        for name in expected:
            same(answer[name], expected[name])
    elif isinstance(expected, (list, tuple)):
        assert len(answer) == len(expected)
        for one, other in zip(answer, expected, strict=True):
            same(one, other)
    elif isinstance(expected, (str, type(None))):
        assert answer == expected
    else:
        np.testing.assert_allclose(np.asarray(answer, float), np.asarray(expected, float), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_each_form_is_answered_as_the_plain_one(kind, name, fitted):
    use = ENTRANCES[kind][name]
    plain = {id(X): use(fitted[id(X)], X) for X in (TABLE, CELLS)}
    for form, (X, other) in FORMS.items():
        try:
            same(use(fitted[id(X)], other), plain[id(X)])
        except Exception as error:
            raise AssertionError(f"{name} of {form}: {error}") from error


OF_IMAGES = {"heat_map", "regions", "score_images"}
"""Methods for images, which have other forms: see tests/tasks/anomaly/test_heat.py."""


@pytest.mark.parametrize("estimator", [Autoencoder, AnomalyDetector, Imputer])
def test_the_table_names_each_method_that_takes_rows(estimator):
    methods = inspect.getmembers(estimator, inspect.isfunction)
    taking = {name for name, method in methods if {"X", "X_normal"} & set(inspect.signature(method).parameters)}
    assert {name for name in taking - OF_IMAGES if not name.startswith("_")} == set(ENTRANCES[estimator.__name__])


def test_one_row_is_interpolated_in_each_form(fitted):
    models = fitted[id(CELLS)].variational
    expected = models.interpolate(CELLS[:1], CELLS[1:2], steps=3)
    masked = np.ma.masked_array(UNDER, GAPS)
    cells = sparse.csr_matrix(CELLS)
    for one, other in [(masked[0], masked[1]), (masked[:1], masked[1:2]), (cells[0], cells[1])]:
        same(models.interpolate(one, other, steps=3), expected)
    frame = fitted[id(TABLE)].variational
    records = TABLE.to_dict("records")
    same(frame.interpolate(records[:1], records[1:2], 3), frame.interpolate(TABLE[:1], TABLE[1:2], 3))


def test_labels_of_a_loader_are_taken(fitted):
    models = fitted[id(CELLS)]
    same(rows_only(isthmus.evaluate(models.variational, LABELLED)), ENTRANCES["functions"]["evaluate"](models, CELLS))
    same(models.detector.evaluate(LABELLED), models.detector.evaluate(CELLS, Y))
    with pytest.raises(InputError, match="evaluate needs y"):
        models.detector.evaluate(CELLS)
    assert tuned(LABELLED, None, "probe") == tuned(CELLS, Y, "probe")
    labels = [open_session({"m": models.variational}, *rows).state()["colours"] for rows in ((LABELLED,), (CELLS, Y))]
    assert labels[0] == labels[1]
    pages = [html(page_of(models.variational, *rows)) for rows in ((LABELLED,), (CELLS, Y))]
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("kind", "name"), [("AnomalyDetector", "recalibrate"), *(("functions", name) for name in ENTRANCES["functions"])]
)
def test_a_loader_is_read_once(kind, name, fitted, monkeypatch):
    read = []
    monkeypatch.setattr(inputs, "gathered", lambda X: read.append(X) or loaders.gathered(X))
    one = ENTRANCES[kind][name] if name != "tune" else lambda f, X: tuned(X, Y, "probe")
    one(fitted[id(CELLS)], LABELLED)
    assert len(read) == 1


def test_streams_are_not_gathered(fitted, tmp_path):
    pq.write_table(pa.Table.from_pandas(TABLE.fillna(0)), tmp_path / "rows.parquet")
    stream = ParquetStream(tmp_path / "rows.parquet")
    assert inputs.taken(stream) is stream
    models = fitted[id(TABLE)]
    same(models.detector.limits(stream), models.detector.limits(TABLE.fillna(0)))
