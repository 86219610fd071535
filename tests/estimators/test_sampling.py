"""New rows: Autoencoder.sample on tables, and what stays as it was on images."""

import numpy as np
import pandas as pd
import pytest
import torch

import isthmus
from isthmus import Autoencoder
from isthmus.variants import Variational

N = 1500


def made(seed, n=N):
    """Return rows whose columns hang together: pay on job and age, two gaps on each other."""
    rng = np.random.default_rng(seed)
    job = rng.choice(["baker", "clerk", "retired"], n, p=[0.3, 0.5, 0.2])
    age = np.where(job == "retired", rng.integers(60, 90, n), rng.integers(18, 60, n))
    pay = np.where(job == "retired", 0, 1000 + 50 * age + rng.normal(0, 100, n)).round()
    gone = rng.random(n) < 0.25
    town, phone = pd.Series(rng.choice(["Brno", "Oslo"], n)), pd.Series(rng.integers(100, 999, n).astype(float))
    return pd.DataFrame({"job": job, "age": age, "pay": pay, "town": town.mask(gone), "phone": phone.mask(gone)})


@pytest.fixture(scope="module")
def people():
    return made(0)


@pytest.fixture(scope="module")
def model(people):
    return Autoencoder("variational", latent_dim=8, epochs=30, random_state=0).fit(people)


@pytest.fixture(scope="module")
def rows(model):
    return model.sample(2000, random_state=0)


def test_columns_types_and_ranges_are_those_learnt(people, rows):
    assert list(rows.columns) == list(people.columns)
    assert (rows.dtypes == people.dtypes).all()
    for name in ("age", "pay", "phone"):
        assert people[name].min() <= rows[name].min() and rows[name].max() <= people[name].max()
    assert (rows["pay"] % 1 == 0).all()


def test_columns_hang_together(people, rows):
    retired = rows["job"] == "retired"
    assert retired.mean() == pytest.approx(0.2, abs=0.04)
    assert (rows["pay"][retired] == 0).mean() > 0.95
    assert (rows["age"][retired] >= 58).mean() > 0.95
    working = rows[~retired]
    real = people[people["job"] != "retired"]
    assert np.corrcoef(working["age"], working["pay"])[0, 1] > np.corrcoef(real["age"], real["pay"])[0, 1] - 0.1


def test_gaps_come_at_their_rate_and_together(rows):
    gone = rows[["town", "phone"]].isna()
    assert gone["town"].mean() == pytest.approx(0.25, abs=0.05)
    assert (gone["town"] == gone["phone"]).mean() > 0.97


def test_rows_are_no_copies(people, rows):
    known = people.drop_duplicates()
    copies, of_fresh = (len(some.merge(known)) / len(some) for some in (rows, made(1, 20_000)))
    assert copies <= of_fresh + 0.01


def test_a_seed_and_a_file_give_the_same_rows(model, rows, tmp_path):
    torch.manual_seed(5)
    state = torch.get_rng_state()
    pd.testing.assert_frame_equal(model.sample(2000, random_state=0), rows)
    assert torch.equal(torch.get_rng_state(), state)
    assert not model.sample(2000, random_state=1).equals(rows)
    model.save(tmp_path / "m.safetensors")
    again = isthmus.load(tmp_path / "m.safetensors")
    pd.testing.assert_frame_equal(again.sample(2000, random_state=0), rows)
    assert again.prior_.part_name == "prior/mixture"


def test_a_condition_is_kept_to(people):
    model = Autoencoder("variational", 4, epochs=20, condition="job", random_state=0).fit(people)
    drawn = model.sample(300, condition=pd.DataFrame({"job": ["retired"]}), random_state=0)
    assert "job" not in drawn
    assert (drawn["age"] >= 58).mean() > 0.9
    assert model.prior_.part_name == "prior/standard-normal"


def test_every_variant_keeps_to_the_range(people):
    rows = Autoencoder("plain", latent_dim=3, epochs=2, random_state=0).fit(people).sample(500, random_state=0)
    assert rows["pay"].min() >= people["pay"].min() and rows["age"].max() <= people["age"].max()
    assert set(rows["job"]) <= {"baker", "clerk", "retired"}


def test_the_pull_is_weak_for_data_frames_only(people):
    def pull(variant, X, **given):
        return Autoencoder(variant, 2, epochs=1, random_state=0, **given).fit(X).objective_.weights["kl"]

    numbers = people[["age", "pay"]].to_numpy(dtype=float)
    assert pull("variational", people) == 0.1
    assert pull("variational", people, condition="job") == 1.0
    assert pull("variational", numbers) == 1.0
    assert pull(Variational(beta=3.0), people) == 3.0
    assert Autoencoder("variational", 2, epochs=1).fit(numbers).data_.scale == "column"


def test_a_likelihood_of_ones_own_takes_the_place_of_the_histogram(people):
    model = Autoencoder(Variational(likelihood="gaussian"), 2, epochs=1, random_state=0).fit(people)
    assert "histogram" not in str(model.objective_.model.likelihood).lower()
    assert model.sample(50, random_state=0)["age"].between(18, 90).all()


def test_images_show_the_mean():
    X = np.random.default_rng(0).random((60, 6, 6)).astype(np.float32)
    model = Autoencoder("variational", 2, epochs=1, random_state=0).fit(X)
    with torch.random.fork_rng():
        torch.manual_seed(int(np.random.RandomState(3).randint(2**31 - 1)))
        codes = model.prior_.sample(5)
    np.testing.assert_array_equal(model.sample(5, random_state=3), model.inverse_transform(codes.numpy()))


@pytest.mark.parametrize("name", ["titanic_train", "horse_colic"])
def test_real_tables_are_drawn(real_data, name):
    frame = pd.read_csv(real_data(f"tabular_missing/{name}.csv"), na_values=["?"])
    rows = Autoencoder("variational", epochs=5, random_state=0).fit(frame).sample(500, random_state=0)
    assert (rows.dtypes == frame.dtypes).all()
    numbers = frame.select_dtypes("number").columns
    assert (rows[numbers].min() >= frame[numbers].min()).all()
    assert (rows[numbers].max() <= frame[numbers].max()).all()
    assert (rows.isna().mean() - frame.isna().mean()).abs().max() < 0.15
