"""The Imputer: what it fills, what it leaves alone, and what it refuses."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import isthmus
from isthmus import Autoencoder, Denoising, Imputer, InputError, Table
from isthmus.tasks.imputation import imputer


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(imputer, "STEPS", 100)


def small(**changes):
    return Imputer(random_state=0, **changes)


def line(n=200, seed=0):
    """Return numbers that all follow from one, and which of their cells to take away."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 1)) * [1.0, -2.0, 30.0] + [0, 5, 100]
    return X, rng.random(X.shape) < [0.3, 0.2, 0.0]


def mixed(n=240):
    """Return a DataFrame whose columns all follow from a group."""
    group = np.arange(n) % 3
    frame = pd.DataFrame(
        {
            "text": np.array(["red", "green", "blue"], dtype=object)[group],
            "count": pd.array(group * 10, dtype="Int64"),
            "size": group * 1.5,
            "flag": pd.array(group == 1, dtype="boolean"),
            "kind": pd.Categorical(np.array(["a", "b", "c"])[group]),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(group * 40, "D"),
            "whole": group,
        }
    )
    holed, rng = frame.copy(), np.random.default_rng(0)
    for name in frame.columns[:-1]:
        holed.loc[rng.random(n) < 0.2, name] = None
    return frame, holed


@pytest.fixture(scope="module")
def filled():
    frame, holed = mixed()
    imputer.STEPS, before = 300, imputer.STEPS
    model = small().fit(holed)
    imputer.STEPS = before
    return frame, holed, model, model.transform(holed)


def test_what_follows_from_the_rest_is_found():
    X, gone = line()
    found = Imputer(random_state=0).fit_transform(np.where(gone, np.nan, X))
    error = (found - X) / X.std(0)
    assert np.sqrt((error[gone] ** 2).mean()) < 0.3  # the mean of the column has 1
    np.testing.assert_array_equal(found[~gone], X[~gone])


def test_rows_that_were_not_in_training():
    X, gone = line(400)
    holed = np.where(gone, np.nan, X)
    model = small().fit(holed[:200])
    error = ((model.transform(holed[200:]) - X[200:]) / X.std(0))[gone[200:]]
    assert np.sqrt((error**2).mean()) < 0.4


def test_cells_of_every_kind_are_filled(filled):
    frame, holed, _, found = filled
    gaps = holed.isna()
    assert not found.isna().to_numpy().any()
    assert (found["count"] - frame["count"])[gaps["count"]].abs().mean() < 2
    for name in ("text", "flag", "kind"):
        right = (found[name] == frame[name])[gaps[name]].mean()
        assert right > 0.95, name
    assert (found["size"] - frame["size"])[gaps["size"]].abs().mean() < 0.3
    assert (found["when"] - frame["when"])[gaps["when"]].abs().mean() < pd.Timedelta(8, "D")


def test_types_labels_and_cells_that_are_there_stay(filled):
    _, holed, model, found = filled
    assert dict(found.dtypes) == dict(holed.dtypes)
    pd.testing.assert_frame_equal(found.where(holed.notna()), holed)
    shuffled = holed.set_axis(np.arange(len(holed))[::-1] + 7)
    again = model.transform(shuffled)
    assert list(again.index) == list(shuffled.index)
    pd.testing.assert_frame_equal(again.reset_index(drop=True), found)


def test_what_is_given_is_not_changed(filled):
    _, holed, model, _ = filled
    before = holed.copy(deep=True)
    model.transform(holed)
    pd.testing.assert_frame_equal(holed, before)


def test_polars():
    frame, holed = mixed()
    names = ["text", "count", "size", "flag", "when", "whole"]
    table = pl.DataFrame(
        {
            name: pl.Series([None if pd.isna(cell) else cell for cell in holed[name]], dtype=dtype)
            for name, dtype in zip(
                names, [pl.String, pl.Int64, pl.Float64, pl.Boolean, pl.Datetime, pl.Int64], strict=True
            )
        }
    )
    found = small().fit_transform(table)
    assert isinstance(found, pl.DataFrame)
    assert found.schema == table.schema
    assert sum(found.null_count().row(0)) == 0
    for name in names:
        there = table[name].is_not_null()
        assert found[name].filter(there).equals(table[name].filter(there))
    assert (found["text"].to_numpy() == frame["text"].to_numpy()).mean() > 0.95


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_keep_their_type(dtype):
    X, gone = line()
    holed = np.where(gone, np.nan, X).astype(dtype)
    found = small().fit_transform(holed)
    assert found.dtype == dtype
    assert found[~gone].tobytes() == holed[~gone].tobytes()
    tensor = small().fit_transform(torch.from_numpy(holed))
    assert torch.is_tensor(tensor)
    np.testing.assert_array_equal(tensor.numpy(), found)


def test_lists_of_rows_with_text():
    rows = [["a", 1.0, True], ["b", 2.0, False]] * 40
    rows[0] = [None, 1.0, True]
    rows[3] = ["b", None, None]
    found = small().fit_transform(rows)
    assert found.dtype == object
    assert found[0, 0] == "a"
    assert found[3, 1] == pytest.approx(2, abs=0.3)
    assert found[5].tolist() == ["b", 2.0, False]


def test_an_autoencoder_that_does_not_see_gaps_refines_what_it_said():
    X, gone = line()
    holed = np.where(gone, np.nan, X)
    errors = {}
    for passes in (1, 10):
        ae = Autoencoder("linear", latent_dim=1, epochs=5, data=Table("column"), random_state=0)
        found = Imputer(ae, passes=passes).fit_transform(holed)
        errors[passes] = np.abs((found - X) / X.std(0))[gone].mean()
    assert errors[10] < 0.7 * errors[1]


# -- draws ----------------------------------------------------------------------------------------------------


def test_draws_differ_as_much_as_is_unknown():
    rng = np.random.default_rng(0)
    x = rng.normal(size=600)
    X = np.stack([x, x + rng.normal(size=600), 2 * x], axis=1)
    gone = rng.random(600) < 0.3
    holed = X.copy()
    holed[gone, 1] = np.nan
    tables = Imputer(draws=30, random_state=0).fit_transform(holed)
    assert len(tables) == 30
    drawn = np.stack([table[gone, 1] for table in tables])
    assert all(np.array_equal(table[~gone], X[~gone]) for table in tables)
    assert drawn.std(0).mean() == pytest.approx(1, abs=0.3)  # what x does not say
    assert np.sqrt(((drawn.mean(0) - x[gone]) ** 2).mean()) < 0.6


def test_drawn_cells_of_one_row_go_together(filled):
    _, holed, _, _ = filled
    model = Imputer(draws=3, random_state=0).fit(holed)
    tables = model.transform(holed)
    both = holed["text"].isna() & holed["kind"].isna()
    names = dict(zip(["red", "green", "blue"], "abc", strict=True))
    for table in tables:
        assert dict(table.dtypes) == dict(holed.dtypes)
        assert (table["text"].map(names) == table["kind"].astype(object))[both].mean() > 0.9


def test_draws_survive_the_file(tmp_path):
    X, gone = line()
    holed = np.where(gone, np.nan, X)
    model = Imputer(draws=2, random_state=0).fit(holed)
    model.save(tmp_path / "m.safetensors")
    again = isthmus.load(tmp_path / "m.safetensors").set_params(random_state=0)
    for a, b in zip(model.transform(holed), again.transform(holed), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("scale", ["column", None])
def test_a_variational_model_draws_what_is_possible(scale, tmp_path):
    """x, x + noise, 2 x: what is unknown of the second has a deviation of one."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=1000)
    frame = pd.DataFrame({"x": x, "y": x + rng.normal(size=1000), "z": 2 * x, "up": np.where(x > 0, "yes", "no")})
    gone = rng.random(1000) < 0.3
    holed = frame.assign(y=frame["y"].mask(gone), up=frame["up"].where(~gone, None))
    data = None if scale is None else Table(scale)
    model = Autoencoder("variational", 2, data=data, epochs=60, batch_size=64, random_state=0, verbose=False)
    imputer = Imputer(model, draws=20, random_state=0).fit(holed)
    tables = imputer.transform(holed)
    drawn = np.stack([table["y"][gone] for table in tables])
    assert drawn.std(0).mean() == pytest.approx(1, abs=0.35)
    assert np.sqrt(((drawn.mean(0) - x[gone]) ** 2).mean()) < 0.9  # the mean of the column has 1.4
    assert np.mean([(table["up"] == frame["up"])[gone].mean() for table in tables]) > 0.75
    assert all(table[~gone].equals(holed[~gone]) for table in tables)
    imputer.save(tmp_path / "i.safetensors")
    again = isthmus.load(tmp_path / "i.safetensors").set_params(random_state=0).transform(holed)
    assert all(table.equals(other) for table, other in zip(tables, again, strict=True))


def test_any_model_that_was_trained_to_fill_gaps_draws():
    X, gone = line()
    holed = np.where(gone, np.nan, X)
    variant = Denoising(corruption="masking", level=(0.1, 0.6))
    model = Autoencoder(variant, 2, epochs=30, batch_size=64, random_state=0, verbose=False)
    made = Imputer(model, draws=2, random_state=0).fit(holed)
    first, second = made.transform(holed)
    assert made.donors_ and made._passes == 1
    assert np.isfinite(first).all() and (first != second)[gone].mean() > 0.5
    np.testing.assert_array_equal(first[~gone], X[~gone])


def test_an_exception_leaves_the_imputer_as_it_was():
    X, gone = line()
    made = small().fit(np.where(gone, np.nan, X))
    known = dict(vars(made))
    with pytest.raises(InputError, match="are empty: they are ignored|are empty, so nothing"):
        made.fit(np.c_[X, np.full(len(X), np.nan)])
    assert vars(made) == known


def test_draws_need_a_model_that_draws_and_rows_held_out():
    with pytest.raises(InputError, match="'masked' or 'variational', not 'plain'"):
        Imputer(Autoencoder(), draws=2).fit(line()[0])
    with pytest.raises(InputError, match="draws=2, but the Imputer was fitted with draws=1"):
        small().fit(line()[0]).set_params(draws=2).transform(line()[0])


# -- what goes wrong ---------------------------------------------------------------------------------------------


def test_a_column_with_nothing_in_it_is_refused():
    X, _ = line()
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(none=np.nan)
    with pytest.raises(InputError, match=r"columns \['none'\].*leave them out"):
        small().fit(frame)


def test_a_row_with_nothing_in_it_is_told_and_filled():
    X, gone = line()
    holed = np.where(gone, np.nan, X)
    model = small().fit(holed)
    holed[7] = np.nan
    with pytest.warns(UserWarning, match="without any cell .* 1 row, such as row 7"):
        found = model.transform(holed)
    assert (np.abs(found[7] - np.nanmean(holed, 0)) < 1.5 * X.std(0)).all()


def test_a_category_that_was_never_seen_stays(filled):
    _, holed, model, _ = filled
    row = holed[holed.notna().all(axis=1)].head(1).assign(text="violet", count=pd.NA)
    with pytest.warns(UserWarning, match="'violet'"):
        found = model.transform(row)
    assert found["text"].tolist() == ["violet"]
    assert found["count"].notna().all()


def test_other_columns_and_text_among_numbers_are_refused():
    X, _ = line()
    model = small().fit(X)
    with pytest.raises(ValueError, match="2 features"):
        model.transform(X[:, :2])
    with pytest.raises(InputError, match="text in a column of numbers"):
        model.transform(np.array([[1.0, 2.0, "x"]], dtype=object))


def test_images_are_refused():
    with pytest.raises(InputError, match="fills tables"):
        small(autoencoder=Autoencoder(latent_dim=2, epochs=1)).fit(np.random.default_rng(0).random((20, 8, 8)))


@pytest.mark.parametrize("setting", [{"passes": 0}, {"passes": 1.5}, {"draws": 0}, {"draws": None}])
def test_settings_are_checked(setting):
    with pytest.raises(InputError, match=f"{next(iter(setting))}="):
        small(**setting).fit(line()[0])


# -- the estimator -----------------------------------------------------------------------------------------------


def test_the_file_fills_alike(filled, tmp_path):
    _, holed, model, found = filled
    model.save(tmp_path / "imputer.safetensors")
    again = isthmus.load(tmp_path / "imputer.safetensors")
    assert isinstance(again, Imputer)
    pd.testing.assert_frame_equal(again.transform(holed), found)
    assert list(again.get_feature_names_out()) == list(holed.columns)


def test_the_graph_fills_columns(filled):
    _, holed, model, found = filled
    graph, data = model.graphs()["impute"], model.autoencoder_.data_
    columns = data.read(holed)
    out = graph(columns)
    assert out.keys() == columns.keys()
    assert not torch.isnan(out["numbers"]).any()
    assert (out["codes"] >= 0).all()
    alone = [graph({name: tensor[i : i + 1] for name, tensor in columns.items()})["numbers"] for i in range(5)]
    torch.testing.assert_close(torch.cat(alone), out["numbers"][:5], rtol=1e-4, atol=1e-3)
    exported = torch.export.export(graph, (columns,), strict=False)
    torch.testing.assert_close(exported.module()(columns)["numbers"], out["numbers"])
    assert found["text"].tolist() == [data.schema.categories[0][code] for code in out["codes"][:, 0]]


def test_the_same_seed_gives_the_same_cells():
    X, gone = line()
    holed = np.where(gone, np.nan, X)
    np.testing.assert_array_equal(small().fit_transform(holed), small().fit_transform(holed))
    assert not hasattr(clone(small().fit(holed)), "autoencoder_")


def test_in_a_pipeline_and_with_named_output():
    X, gone = line()
    frame = pd.DataFrame(np.where(gone, np.nan, X), columns=["a", "b", "c"])
    scaled = make_pipeline(small(), StandardScaler()).fit_transform(frame)
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-6)
    named = small().set_output(transform="polars").fit(frame).transform(frame)
    assert named.columns == ["a", "b", "c"]


EXPECTED = {"check_methods_subset_invariance": "float32 products of other batch sizes differ in the seventh digit"}


@parametrize_with_checks([Imputer(random_state=0)], expected_failed_checks=lambda _: EXPECTED, xfail_strict=False)
def test_check_estimator(estimator, check, monkeypatch):
    monkeypatch.setattr(imputer, "STEPS", 3)
    check(estimator)


def test_real_gaps_and_punched_ones(real_data):
    frame = pd.read_csv(real_data("tabular_missing/winequality_red.csv")).head(500)
    gone = np.random.default_rng(0).random(frame.shape) < 0.3
    found = Imputer(random_state=0).fit_transform(frame.mask(gone))
    error = ((found - frame) / frame.std()).to_numpy()[gone]
    assert np.sqrt((error**2).mean()) < 0.9  # the mean of the column has about 1


def test_an_autoencoder_with_a_condition_is_refused():
    X = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0), "town": ["Ulm", "Bonn"] * 10})
    with pytest.raises(InputError, match=r"condition=\('town',\): an Imputer takes no"):
        Imputer(Autoencoder(condition=("town",), epochs=1, verbose=False)).fit(X)
