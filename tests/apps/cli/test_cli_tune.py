"""``isthmus tune``: what is typed, what it prints and what it leaves."""

import csv

import click
import pytest

from isthmus import load
from isthmus.apps.cli import tune
from isthmus.apps.cli.over import Over, spaces
from isthmus.apps.cli.train import train
from isthmus.tasks.tuning import measures

PARAMS = {str(param.name): param for param in train.params}
QUICK = ["--epochs", 2, "--batch-size", 64]


def typed(text):
    """Return the kind of each space, and its ends or labels."""
    made = spaces(Over().convert(text, None, None), PARAMS)
    return {name: (space.low, space.high) if hasattr(space, "low") else space.values() for name, space in made.items()}


def test_ranges_and_choices_are_read_as_options_are():
    text = "latent_dim=2..64,learning-rate=1e-4..1e-2,variant=plain|denoising,net=64,32|128,64|conv,beta=1..4"
    assert typed(text) == {
        "latent_dim": (2, 64),
        "learning_rate": (1e-4, 1e-2),
        "variant": ["plain", "denoising"],
        "net": ["64,32", "128,64", "conv"],
        "variant__beta": (1.0, 4.0),
    }
    assert typed("level=0.1,0.5|0.2,0.6, k=3") == {"variant__level": ["0.1,0.5", "0.2,0.6"], "variant__k": ["3"]}
    assert typed("scale=column|none,weight_decay=.001...1") == {
        "data__scale": ["column", "none"],
        "weight_decay": (0.001, 0.1),
    }


def test_the_metrics_are_those_of_the_task():
    assert ("auto", *measures.METRICS) == tune.METRICS


def test_widths_are_nets():
    space = spaces({"net": "64,32|conv"}, PARAMS)["net"]
    assert space.options[0] == (64, 32) and space.options[1] == "conv"


WRONG = {
    "latent_dim=2..many": "'many' is no INTEGER",
    "latent_dim": "such as latent_dim=2..64",
    "lr=1..2": "did you mean 'learning_rate'",
    "variant=plain|vae": "did you mean 'variational'",
    "variant=plain..sparse": "a range is one of numbers",
    "net=64..32,16": "a range is one of numbers",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_typed_wrong_is_said(text):
    with pytest.raises(click.UsageError) as caught:
        typed(text)
    assert WRONG[text] in caught.value.format_message()


def test_tune_prints_writes_and_draws(isthmus, wine, tmp_path):
    over = "latent_dim=1..3,variant=plain|sparse,weight=0.01..1"
    names = [tmp_path / name for name in ("best.safetensors", "trials.csv", "tune.svg")]
    how = ["-o", names[0], "--table", names[1], "--plot", names[2]]
    done = isthmus("tune", wine, "--label", "kind", "--over", over, "--trials", 4, *how, "--net", "24", *QUICK)
    assert (
        "trial 4/4" in done.err
        and "The losses of trials cannot be compared: they depend on variant, weight" in done.out
    )
    assert "A wider code always holds more of a row" in done.out and f"{names[0]}: trial " in done.out
    lines = list(csv.DictReader(names[1].read_text().splitlines()))
    assert len(lines) == 4 and list(lines[0])[:3] == ["trial", "variant", "latent_dim"]
    model = load(names[0])
    assert str(model.latent_dim) == lines[0]["latent_dim"] and model.net == (24,)
    assert names[2].read_text().count("<circle") == 4 + 4 + sum(line["weight"] != "" for line in lines)


def test_tune_as_json_and_png(isthmus, tmp_path):
    rows = [
        "--rows",
        "0:80",
        "--over",
        "latent_dim=2|3",
        "-o",
        tmp_path / "m",
        "--plot",
        tmp_path / "t.png",
        "--no-refit",
    ]
    said = isthmus("tune", "digits", *rows, "--net", "linear", *QUICK, "--json").json
    assert said["metric"] == "validation_loss" and said["refitted"] is False
    assert [line["latent_dim"] for line in said["by_latent_dim"]] == ["2", "3"]
    assert said["best"] == {"latent_dim": 3} and len(said["trials"]) == 2
    assert (tmp_path / "t.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_command_gives_the_same_model(isthmus, tmp_path):
    for name in ("a", "b"):
        over = ["--over", "learning_rate=1e-3..1e-2", "--trials", 2, "--net", "linear", *QUICK, "-q"]
        isthmus("tune", "digits", "--rows", "0:80", "-o", tmp_path / name, *over)
    assert (tmp_path / "a").read_bytes()[-1000:] == (tmp_path / "b").read_bytes()[-1000:]


UNUSABLE = {
    "a set and tuned parameter": (["--over", "latent_dim=1..3", "--latent-dim", 3], "is tuned and set", 2),
    "a figure of another kind": (["--over", "latent_dim=1..3", "--plot", "t.pdf"], "unknown kind of figure '.pdf'", 1),
    "a probe without labels": (["--over", "latent_dim=1..3", "--metric", "probe"], "--label", 1),
    "a knob of no variant that is tried": (["--over", "beta=1..3"], "it is of: variational", 1),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_cannot_be_used_is_said_before_training(isthmus, wine, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    options, said, code = UNUSABLE[case]
    done = isthmus("tune", wine, "-o", "m", *options, code=code)
    assert said in done.err and "trial 1" not in done.err and not list(tmp_path.iterdir())
