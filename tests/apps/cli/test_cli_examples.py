"""The examples in the help of all commands run, on files of the names that they have there."""

import shlex

import numpy as np
import pandas as pd
import pytest

from isthmus import AnomalyDetector, Autoencoder, Images, Sound
from isthmus.apps.cli.main import MODULES, main
from isthmus.data.io.files import read, write

RNG = np.random.default_rng(0)
TABLES = {
    "cells.csv": "kind",
    "new-cells.csv": "kind",
    "people.csv": "city",
    "all.csv": "attack",
    "new.csv": "attack",
    "normal.csv": "attack",
    "anomalies.csv": None,
    "january.csv": "kind",
    "february.csv": "kind",
    "march.csv": "kind",
    "old.csv": None,
    "today.csv": None,
    "table.csv": None,
    "faces.parquet": None,
    "huge.parquet": None,
}
"""Files, and the column of labels that they have."""
FOLDERS = ("photos", "new-photos", "holiday-photos", "scans", "noisy-scans", "clean-scans", "new-scans")
FIRST = ("train", "detect", "impute", "encode", "export", "compress", "info")
"""Commands whose outputs other examples read."""
NOT_RUN = ("serve", "explore", "tune", "completion")
"""What serves until it is ended, takes half an hour, or writes into the user's home; all have tests of their own."""


def examples():
    """Return what is typed in the help of each command: those first whose files others take."""
    found = [line for name in MODULES for line in main.get_command(None, name).examples]
    ran = [line.partition("     ")[0] for line in found if line.split()[0] == "isthmus"]
    ran = [line for line in ran if line.split()[1] not in NOT_RUN or "--export" in line]
    return sorted(ran, key=lambda line: [*FIRST, line.split()[1]].index(line.split()[1]))


def inspected():
    """Write images with a spot, their masks, and a detector of such."""
    good = [RNG.normal(0.5, 0.05, (72, 72)).clip(0, 1) for _ in range(6)]
    masks = [np.zeros((72, 72)) for _ in range(3)]
    for mask in masks:
        mask[20:30, 30:44] = 1
    write("test/good/", good[3:])
    write("test/spot/", [image * (1 - mask) for image, mask in zip(good, masks, strict=False)])
    write("ground_truth/spot/", masks)
    model = Autoencoder("repairing", 4, data=Images(crop=32), epochs=1, random_state=0, verbose=False)
    AnomalyDetector(model, false_alarm_rate=0.2, random_state=0).fit(good).save("line3.safetensors")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Stand in a folder with all files that the examples name and none of them writes."""
    monkeypatch.chdir(tmp_path)
    for name, label in TABLES.items():
        frame = pd.DataFrame(RNG.normal(size=(120, 1)) @ [[1.0, 2.0, -1.0]], columns=["a", "b", "c"])
        write(name, frame if label is None else frame.assign(**{label: np.where(frame["a"] < 1, "none", "dos")}))
    waves = {name: np.sin(np.arange(2_100) / length) for name, length in (("flow", 5), ("speed", 7), ("weight", 11))}
    write("log.csv", pd.DataFrame(waves))
    for name in FOLDERS:
        one_size = name == "photos" or name.endswith("scans")
        write(f"{name}/", [RNG.random((70 if one_size else 70 + 8 * i, 72)) for i in range(4)])
    write("photo.png", RNG.random((1, 70, 72)))
    write("recordings/", [Sound(RNG.uniform(-0.5, 0.5, 4000), 8000) for _ in range(4)])
    write("talk.wav", [Sound(RNG.uniform(-0.5, 0.5, 18_000), 8000)])
    inspected()
    digits = read("digits").X
    for name in ("plain", "topk", "vae"):
        variant = {"vae": "variational"}.get(name, name)
        Autoencoder(variant, 8, epochs=1, random_state=0, verbose=False).fit(digits).save(f"{name}.safetensors")
    return tmp_path


@pytest.mark.slow
def test_the_examples_of_the_help_run(isthmus, folder):
    for line in examples():
        words = shlex.split(line)[1:]
        learns = {"train": True, "denoise": not {"--model", "--kind"} & {*words}, "compress": "--train" in words}
        trains = learns.get(words[0], False)
        quick = ["--epochs", "1"] if trains else []
        again = ["--overwrite"] if words[0] in ("compress", "decompress") else []  # several examples write one file
        isthmus(*words, *quick, *again)
