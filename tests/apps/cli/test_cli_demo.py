"""``isthmus demo``: what it leaves, says and shows, and what Ctrl-C leaves of it."""

import re

import numpy as np
import pytest

from isthmus.apps import demo
from isthmus.variants import variants


def test_the_demo_leaves_models_a_report_with_its_figures_and_what_to_do_next(isthmus, tmp_path):
    done = isthmus("demo", "-o", tmp_path / "demo", "--epochs", 1)
    left = {path.name for path in (tmp_path / "demo").iterdir()}
    assert left == {"report.html", "test-digits.npy", *(f"{name}.safetensors" for name in variants())}
    assert "isthmus interpolate" in done.out and f"[{len(variants())}/{len(variants())}]" in done.err
    assert "about 40 seconds" in done.err
    said = isthmus("compare", tmp_path / "demo/plain.safetensors", tmp_path / "demo/test-digits.npy", "--json").json
    printed = [line.split() for line in done.out.splitlines() if line.startswith(tuple(variants()))]
    assert float(printed[0][5]) == pytest.approx(said["models"][0]["mse"], rel=0.01)
    report = (tmp_path / "demo/report.html").read_text()
    rows = [re.findall(r"<t[dh].*?>(.*?)</t[dh]>", row, re.S) for row in re.findall(r"<tr>.*?</tr>", report, re.S)]
    shown = [[re.sub(r"<.*?>", "", cell).strip() for cell in row] for row in rows]
    assert [row for row in shown if row and row[0] in variants()][: len(printed)] == printed


def test_the_demo_says_what_is_missing_after_ctrl_c(isthmus, tmp_path, monkeypatch):
    train = demo.train

    def interrupted(name, *arguments):
        if name == "denoising":
            raise KeyboardInterrupt
        return train(name, *arguments)

    monkeypatch.setattr(demo, "train", interrupted)
    done = isthmus("demo", "-o", tmp_path / "demo", "--epochs", 1, code=130)
    assert {path.stem for path in (tmp_path / "demo").iterdir()} == {"plain", "linear"}
    assert "plain, linear; missing: denoising, repairing, sparse" in done.err and done.err.rstrip().endswith(
        "the report"
    )


def test_a_training_of_the_demo_that_is_interrupted_counts_for_nothing():
    def interrupt(event):
        if event.kind == "epoch":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demo.train("plain", np.random.default_rng(0).random((40, 8, 8)), 2, interrupt)
