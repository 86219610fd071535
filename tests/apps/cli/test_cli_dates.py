"""Dates that commands write stand as they were read."""

import re

import numpy as np
import pandas as pd
import pytest

from isthmus import load


@pytest.fixture(scope="module")
def work(isthmus, tmp_path_factory):
    folder, draw = tmp_path_factory.mktemp("dates"), np.random.default_rng(0)
    days = pd.date_range("2024-01-05", periods=60)
    rows = pd.DataFrame({"day": days.strftime("%d.%m.%Y"), "iso": days.strftime("%Y-%m-%d"), "x": draw.normal(size=60)})
    rows["at"] = (days + pd.Timedelta("10:30:00")).strftime("%Y-%m-%d %H:%M")
    rows.to_csv(folder / "whole.csv", index=False, sep=";", decimal=",")
    rows.loc[3:5, ["day", "at"]] = None
    rows.to_csv(folder / "gaps.csv", index=False, sep=";", decimal=",")
    isthmus("train", folder / "whole.csv", "-o", folder / "m", "--epochs", 1, "--latent-dim", 2, "-q")
    return folder


FORMS = {"day": r"\d\d\.\d\d\.2024", "iso": r"2024-\d\d-\d\d", "at": r"2024-\d\d-\d\d \d\d:\d\d:\d\d"}


def check(path, forms):
    found = pd.read_csv(path, dtype=str)
    for name, form in forms.items():
        assert found[name].str.fullmatch(form).all(), found[name].head()
    return found


def test_reconstructed_dates(isthmus, work, tmp_path):
    isthmus("reconstruct", work / "m", work / "whole.csv", "-o", tmp_path / "r.csv")
    check(tmp_path / "r.csv", FORMS)
    isthmus("reconstruct", work / "m", work / "whole.csv", "--beside", "-o", tmp_path / "b.csv")
    beside = {**FORMS, **{f"{name} reconstructed": form for name, form in FORMS.items()}}
    found = check(tmp_path / "b.csv", beside)
    assert found["day"].tolist() == pd.read_csv(work / "whole.csv", sep=";")["day"].tolist()


def test_filled_dates(isthmus, work, tmp_path):
    isthmus("impute", work / "gaps.csv", "-o", tmp_path / "f.csv", "--epochs", 1, "-q")
    found, before = check(tmp_path / "f.csv", FORMS), pd.read_csv(work / "gaps.csv", sep=";")
    assert found["day"][before["day"].notna()].tolist() == before["day"].dropna().tolist()
    assert found["x"].map(lambda text: bool(re.fullmatch(r"-?\d+\.\d+(e-\d+)?", text))).all()  # a decimal point


def test_made_up_and_carried_dates(isthmus, work, tmp_path):
    isthmus("sample", work / "m", "-o", tmp_path / "s.csv")
    isthmus("interpolate", work / "m", work / "whole.csv", "--from", 1, "--to", 2, "-o", tmp_path / "i.csv")
    isthmus("encode", work / "m", work / "whole.csv", "--keep", "day", "--keep", "iso", "-o", tmp_path / "z.csv")
    isthmus("decode", work / "m", tmp_path / "z.csv", "-o", tmp_path / "d.csv")
    for name, columns in {"s": ["day"], "i": [*FORMS], "z": ["day", "iso"], "d": ["day"]}.items():
        check(tmp_path / f"{name}.csv", {column: FORMS[column] for column in columns})


@pytest.mark.parametrize("scale", [1, 1000])
def test_counts_of_seconds_come_back_as_such(isthmus, tmp_path, scale):
    form = "epoch" if scale == 1 else "epoch-ms"
    seconds = 1_700_000_000 * scale + 3600 * scale * np.arange(40)
    frame = pd.DataFrame({"ts": seconds, "x": np.random.default_rng(0).normal(size=40)})
    frame.loc[3:5, "x"] = None
    frame.to_csv(tmp_path / "e.csv", index=False)
    how = ["--dates", f"ts={form}", "-q"]
    isthmus("impute", tmp_path / "e.csv", *how, "--epochs", 1, "-o", tmp_path / "o.csv", "--save", tmp_path / "i")
    assert pd.read_csv(tmp_path / "o.csv")["ts"].tolist() == seconds.tolist()
    whole = frame.dropna()
    whole.to_csv(tmp_path / "w.csv", index=False)
    isthmus("train", tmp_path / "w.csv", *how, "--epochs", 1, "--latent-dim", 1, "-o", tmp_path / "m")
    isthmus("reconstruct", tmp_path / "m", tmp_path / "w.csv", "-o", tmp_path / "r.csv")
    isthmus("reconstruct", tmp_path / "m", tmp_path / "w.csv", "--beside", "-o", tmp_path / "b.csv")
    isthmus("sample", tmp_path / "m", "-n", 5, "-o", tmp_path / "s.csv")
    assert pd.read_csv(tmp_path / "b.csv")["ts"].tolist() == whole["ts"].tolist()
    for name, column in (("r", "ts"), ("s", "ts"), ("b", "ts reconstructed")):
        made = pd.read_csv(tmp_path / f"{name}.csv")[column]
        assert (abs(made.astype(float) / scale - 1.7e9) < 1e7).all(), name


def test_pieces_of_a_column_have_one_format(isthmus, tmp_path, monkeypatch):
    monkeypatch.setattr("isthmus.data.io.csv_stream.PIECE_ROWS", 30)
    days = pd.Series(pd.date_range("2020-01-01", periods=60))
    days[30:] += pd.Timedelta("12:30:00")
    frame = pd.DataFrame({"day": days.astype(str), "x": np.random.default_rng(0).normal(size=60)})
    frame.loc[40, "x"] = None
    frame.to_csv(tmp_path / "g.csv", index=False)
    isthmus("impute", tmp_path / "g.csv", "--epochs", 1, "-q", "-o", tmp_path / "f.csv")
    found = pd.read_csv(tmp_path / "f.csv")["day"]
    assert found[0] == "2020-01-01 00:00:00" and found.str.len().nunique() == 1


def test_detect_writes_kept_dates_as_they_stand_in_the_file(isthmus, tmp_path):
    days = pd.date_range("2024-03-01", periods=40, freq="7h").strftime("%d.%m.%Y %H:%M")
    frame = pd.DataFrame({"t": days, "a": np.arange(40) % 7, "b": np.arange(40) ** 2 % 11})
    frame.to_csv(tmp_path / "d.csv", index=False, sep=";")
    how = ("--epochs", 1, "--latent-dim", 1)
    isthmus("detect", tmp_path / "d.csv", *how, "--save", tmp_path / "m", "-o", tmp_path / "o.csv")
    isthmus("detect", tmp_path / "d.csv", "--model", tmp_path / "m", "--keep", "t", "-o", tmp_path / "k.csv")
    isthmus("detect", tmp_path / "d.csv", "--model", tmp_path / "m", "--keep", "t", "-o", tmp_path / "k.parquet")
    load(tmp_path / "m").detect_file(tmp_path / "d.csv", tmp_path / "python.csv", kept_columns=["t"])
    isthmus(
        *("detect", tmp_path / "d.csv", "--window", 4, "--scorer", "residual", "--keep", "t", *how),
        *("--train-rows", "0:20", "-o", tmp_path / "steps.csv"),
    )
    for name in ("k", "python", "steps"):
        assert pd.read_csv(tmp_path / f"{name}.csv")["t"].tolist() == [*days]
    assert pd.read_parquet(tmp_path / "k.parquet")["t"].dt.strftime("%d.%m.%Y %H:%M").tolist() == [*days]
