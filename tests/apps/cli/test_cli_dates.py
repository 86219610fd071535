"""Dates that commands write stand as they were read."""

import re

import numpy as np
import pandas as pd
import pytest


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
