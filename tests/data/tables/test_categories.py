"""Categories are counted in bounded memory; in columns with many, the rare ones are joined."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from isthmus import Autoencoder, Imputer
from isthmus.core.part import build, describe, lookup
from isthmus.data.tables import categories
from isthmus.data.tables.categories import Categories
from isthmus.data.tables.table import Table
from isthmus.parts.nets.masked_ensemble import MaskedEnsemble
from isthmus.support.errors import DataWarning, InputError

RNG = np.random.default_rng(0)
TOWNS = pd.DataFrame({"town": [*"aaaaabbbbcccdde", None], "size": np.arange(16) ** 2})
JOINED = r"column 'town' has 5 distinct values: the 2 most frequent are kept, and the others, 40% of its cells"


def table(X=TOWNS, most=2):
    with pytest.warns(DataWarning, match=JOINED):
        return Table(max_categories=most).learn([X])


def test_the_most_frequent_are_kept_and_the_others_are_said_and_joined():
    learnt = table()
    assert learnt.schema.categories == (("a", "b"),)
    assert (learnt.schema.counts, learnt.schema.joined) == (((5, 4),), (3,))
    codes = learnt.read(TOWNS)["codes"][:, 0].tolist()  # without a warning of unseen categories
    assert codes == [0] * 5 + [1] * 4 + [2] * 6 + [-1]
    new = learnt.read(pd.DataFrame({"town": ["c", "never seen"], "size": [1, 2]}))
    assert new["codes"].tolist() == [[2], [2]]
    again = build(describe(learnt))
    assert again.schema == learnt.schema and again.read(TOWNS)["codes"].tolist() == learnt.read(TOWNS)["codes"].tolist()


def test_a_joined_category_comes_back_as_a_known_one():
    learnt = table()
    back = learnt.write(learnt.invert(learnt.batch(learnt.read(TOWNS)).x))["town"]
    assert set(back) == {"a", "b"} and back[:9].tolist() == TOWNS["town"][:9].tolist()


def test_draws_of_joined_categories_are_known_ones_by_their_probability():
    learnt, y = table(), torch.zeros(4000, 4)
    y[:, 1:] = torch.tensor([0.0, 1.0, 5.0])  # e times as many b as a, and mostly others
    torch.manual_seed(0)
    drawn = learnt.write(learnt.draw(y, lookup("likelihood/mixed")((("squared", 1), ("categorical", 3)))))["town"]
    assert set(drawn) == {"a", "b"} and (drawn == "b").mean() == pytest.approx(np.e / (1 + np.e), abs=0.03)


@pytest.mark.parametrize(
    "X", [pl.from_pandas(TOWNS), TOWNS.to_numpy(dtype=object).tolist()], ids=["polars", "rows of a list"]
)
def test_other_forms_join_the_same(X):
    with pytest.warns(DataWarning, match="5 distinct values: the 2 most frequent"):
        learnt = Table(max_categories=2).learn([X])
    assert learnt.schema.categories == (("a", "b"),)


@pytest.mark.filterwarnings("ignore::isthmus.support.errors.DataWarning")
def test_declared_categories_stay_where_they_fit():
    typed = TOWNS.assign(town=pd.Categorical(TOWNS["town"], categories=[*"edcbaz"]))
    assert Table(max_categories=6).learn([typed]).schema.categories == (tuple("edcbaz"),)
    assert Table(max_categories=3).learn([typed]).schema.categories == (tuple("abc"),)
    some = [typed.assign(town=typed["town"].cat.set_categories([*"ez"])), TOWNS]
    learnt = Table(max_categories=4).learn(some)
    assert learnt.schema.categories == (("e", "z", "a", "b"),) and learnt.schema.joined == (2,)


@pytest.mark.filterwarnings("ignore::isthmus.support.errors.DataWarning")
@pytest.mark.parametrize("step", [7, 100])
def test_pieces_join_what_the_whole_joins(step):
    X = pd.DataFrame({"user": RNG.zipf(1.5, 1000).clip(max=500).astype(str)})
    pieces = Table(max_categories=20).learn(X[at : at + step] for at in range(0, 1000, step))
    assert pieces.schema == Table(max_categories=20).learn([X]).schema


def test_counts_are_bounded_and_nearly_exact_whatever_the_order(monkeypatch):
    monkeypatch.setattr(categories, "ENTRIES", 50)
    often, rare = np.repeat(np.arange(10), np.arange(10, 110, 10)), np.arange(1000, 3000)
    cells = np.concatenate([often, rare])
    for order in (np.arange(len(cells)), np.arange(len(cells))[::-1], RNG.permutation(len(cells))):
        parts = [Categories(5), Categories(5)]
        for at in range(0, len(cells), 37):
            part = parts[at % 2]
            part.see((), [str(cell) for cell in cells[order[at : at + 37]]], "x")
            assert len(part.counts) <= 2 * 50
        parts[0].merge(parts[1])
        kept = parts[0].kept()
        assert kept.values == ("5", "6", "7", "8", "9") and kept.joined >= 45 and parts[0].forgotten
        wrong = np.arange(60, 110, 10) - kept.counts
        assert (wrong >= 0).all() and (wrong <= len(cells) / 50).all()


def test_more_names_than_are_counted_still_leave_categories(monkeypatch):
    monkeypatch.setattr(categories, "ENTRIES", 8)
    X = pd.DataFrame({"id": [f"row {n}" for n in range(100)], "n": np.arange(100.0)})
    with pytest.warns(DataWarning, match="'id' has more than [0-9]+ distinct values: the 1 most frequent"):
        learnt = Table(max_categories=1).learn(X[at : at + 10] for at in range(0, 100, 10))
    assert len(learnt.schema.categories[0]) == 1
    assert learnt.write(learnt.invert(learnt.batch(learnt.read(X)).x)).shape == (100, 2)


@pytest.mark.filterwarnings("ignore::isthmus.support.errors.DataWarning")
def test_models_train_on_joined_categories_and_fill_gaps_with_known_ones():
    X = pd.DataFrame({"user": RNG.zipf(1.6, 100).clip(max=80).astype(str), "n": RNG.normal(size=100)})
    X.loc[:20, "user"] = None
    small = Table(max_categories=5)
    model = Autoencoder("denoising", data=small, epochs=1, random_state=0, verbose=False).fit(X)
    known = set(model.data_.schema.categories[0])
    assert len(known) == 5 and set(model.reconstruct(X)["user"]) <= known
    masked = Autoencoder(
        "masked", 2, net=MaskedEnsemble(width=4, members=1), data=small, epochs=1, random_state=0, verbose=False
    )
    for filled in Imputer(masked, draws=2, random_state=0).fit_transform(X):
        assert set(filled["user"][:21]) <= known and filled["user"][21:].equals(X["user"][21:])


@pytest.mark.parametrize("most", [0, 2.5, True])
def test_a_number_of_categories_that_makes_no_sense(most):
    with pytest.raises(InputError, match=f"max_categories={most}: expected a whole number"):
        Table(max_categories=most)


@pytest.mark.filterwarnings("ignore::isthmus.support.errors.DataWarning")
def test_a_table_with_another_limit_is_scaled_as_the_variant_says():
    X = pd.DataFrame({"user": RNG.zipf(1.6, 100).astype(str), "n": RNG.normal(size=100)})
    scales = [
        Autoencoder("variational", 2, data=data, epochs=1, random_state=0, verbose=False).fit(X).data_.scale
        for data in ("table", Table(max_categories=5), Table("centre"))
    ]
    assert scales == ["bins", "bins", "centre"]
