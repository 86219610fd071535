"""The tables whose gaps are filled: which columns, which rows, and which cells are taken away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.support.data import found

INTERCEPT, SLOPE = -1.0, 1.0
"""A cell is missing at random with probability 1 / (1 + exp(1 - z)), z the standardised rank of the driver."""

SETTINGS = {"MCAR 10 %": 0.1, "MCAR 30 %": 0.3, "MCAR 50 %": 0.5, "MAR 30 %": None}
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Table:
    """One file: how many rows are taken of it, which column drives MAR gaps, and what its columns are.

    Attributes
    ----------
    file : str
    rows : int
        Most rows; drawn anew for each seed.
    driver : str
        Never missing in the file; keeps all its cells under MAR.
    categories : tuple of str
        Columns of numbers that are names of categories; columns of text are categories anyway.
    left_out : tuple of str
        Columns that name rows or are free text.
    """

    file: str
    rows: int
    driver: str
    categories: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def read(self) -> pd.DataFrame:
        """Return numbers as float64 and categories as text, gaps as NaN and None."""
        frame = pd.read_csv(found(f"tabular_missing/{self.file}.csv"), na_values=["?"], skipinitialspace=True)
        frame = frame.drop(columns=list(self.left_out))
        for name in frame:
            if name in self.categories or not pd.api.types.is_numeric_dtype(frame[name]):
                frame[name] = frame[name].map(str, na_action="ignore").astype(object).where(frame[name].notna(), None)
            else:
                frame[name] = frame[name].astype(np.float64)
        return frame


TABLES = {
    "adult": Table("adult_train", 1000, "age"),
    "california": Table("california_housing", 1500, "housing_median_age"),
    "titanic": Table("titanic_train", 891, "Fare", ("Survived", "Pclass"), ("PassengerId", "Name", "Ticket", "Cabin")),
    "horse colic": Table(
        "horse_colic",
        300,
        "surgical_lesion",
        (
            "surgery",
            "age",
            "temperature_of_extremities",
            "peripheral_pulse",
            "mucous_membranes",
            "capillary_refill_time",
            "pain",
            "peristalsis",
            "abdominal_distension",
            "nasogastric_tube",
            "nasogastric_reflux",
            "rectal_examination",
            "abdomen",
            "abdominocentesis_appearance",
            "outcome",
            "surgical_lesion",
            "cp_data",
        ),
        ("hospital_number", "lesion_1", "lesion_2", "lesion_3"),
    ),
    "breast cancer": Table("breast_cancer_wisconsin_original", 699, "clump_thickness", ("class",), ("id",)),
    "wine red": Table("winequality_red", 1000, "alcohol"),
    "wine white": Table("winequality_white", 1000, "alcohol"),
    "spambase": Table("spambase", 600, "CAP_long", ("Spam",)),
}


@dataclass(frozen=True)
class Case:
    """A table with gaps punched into it.

    Attributes
    ----------
    table, setting : str
    seed : int
    truth, holed : DataFrame
    punched : bool array of the shape of the tables
        Where a cell that was there is taken away.
    """

    table: str
    setting: str
    seed: int
    truth: pd.DataFrame
    holed: pd.DataFrame
    punched: np.ndarray


def cases(names: tuple[str, ...], seeds: tuple[int, ...], most: int | None = None) -> Iterator[Case]:
    """Yield each table under each setting and seed; `most`: rows, for a quick run."""
    for name in names:
        frame = TABLES[name].read()
        for setting in SETTINGS:
            for seed in seeds:
                yield case(frame, name, setting, seed, most)


def case(frame: pd.DataFrame, name: str, setting: str, seed: int, most: int | None = None) -> Case:
    """Draw rows of a table, and punch gaps into them."""
    rng, table = np.random.default_rng([seed, *setting.encode()]), TABLES[name]
    rows = np.sort(rng.permutation(len(frame))[: min(table.rows, most or table.rows)])
    truth = frame.iloc[rows].reset_index(drop=True)
    there = truth.notna().to_numpy()
    gone = rng.random(truth.shape) < chances(truth, table.driver, SETTINGS[setting])
    kept = rng.integers(0, truth.shape[1], len(truth))
    bare = ~(there & ~gone).any(1)
    gone[bare, np.where(there[np.arange(len(truth)), kept], kept, there.argmax(1))[bare]] = False
    punched = there & gone
    return Case(name, setting, seed, truth, truth.mask(punched).astype(truth.dtypes), punched)


def chances(truth: pd.DataFrame, driver: str, rate: float | None) -> np.ndarray:
    """Return the probability that each cell goes: the rate, or a logistic function of the driver's rank."""
    if rate is not None:
        return np.full(truth.shape, rate)
    z = pd.factorize(truth[driver], sort=True)[0] if truth[driver].dtype == object else truth[driver].rank().to_numpy()
    z = (z - z.mean()) / z.std()
    chance = np.repeat(1 / (1 + np.exp(-INTERCEPT - SLOPE * z))[:, None], truth.shape[1], axis=1)
    chance[:, list(truth.columns).index(driver)] = 0.0
    return chance


def numeric(frame: pd.DataFrame) -> list[str]:
    """Return the names of the columns of numbers."""
    return [name for name in frame if frame[name].dtype != object]


def errors(case: Case, filled: pd.DataFrame) -> dict[str, float]:
    """Return the RMSE of standardised numbers and the error rate of categories, on the punched cells."""
    numbers = np.isin(case.truth.columns, numeric(case.truth))
    found = {}
    if numbers.any():
        truth = case.truth.loc[:, numbers].to_numpy(dtype=float)
        gaps = (filled.loc[:, numbers].to_numpy(dtype=float) - truth) / np.nanstd(truth, axis=0).clip(1e-12)
        found["rmse"] = float(np.sqrt(np.mean(gaps[case.punched[:, numbers]] ** 2)))
    if not numbers.all():
        wrong = filled.loc[:, ~numbers].to_numpy() != case.truth.loc[:, ~numbers].to_numpy()
        found["error rate"] = float(np.mean(wrong[case.punched[:, ~numbers]]))
    return found
