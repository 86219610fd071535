"""What is said when something cannot be done: the value, the place, the remedy; and nothing is changed."""

import numpy as np
import pandas as pd
import pytest

DIGITS = ["train", "digits", "--rows", "0:60", "--epochs", 1, "--net", "linear"]

TYPED_WRONG = {
    "an unknown command": (["trian"], "did you mean 'train'?"),
    "no output": (["train", "digits"], "--output"),
    "an unknown variant": ([*DIGITS, "-o", "m", "--variant", "denoise"], "did you mean 'denoising'?"),
    "an unknown option": ([*DIGITS, "-o", "m", "--latentdim", 3], "--latent-dim"),
    "a knob of another variant": (
        [*DIGITS, "-o", "m", "--variant", "sparse", "--beta", 2],
        "it has --likelihood, --weight",
    ),
    "a knob that plain has not": ([*DIGITS, "-o", "m", "--k", 2], "is of: topk"),
    "an unknown schedule": (
        [*DIGITS, "-o", "m", "--variant", "variational", "--beta", "wamup:1"],
        "did you mean 'warmup'?",
    ),
    "a schedule out of range": ([*DIGITS, "-o", "m", "--variant", "variational", "--beta", "warmup:1,7"], "fraction=7"),
    "no number": ([*DIGITS, "-o", "m", "--latent-dim", "many"], "'many' is no INTEGER: give a whole number"),
    "no number with a point": (
        [*DIGITS, "-o", "m", "--learning-rate", "x"],
        "'x' is no NUMBER: give a number, such as 0.1",
    ),
    "a level of three numbers": ([*DIGITS, "-o", "m", "--variant", "denoising", "--level", "1,2,3"], "LOW,HIGH"),
    "an unknown precision": ([*DIGITS, "-o", "m", "--precision", "float3"], "did you mean 'float32'?"),
    "an unknown scale": (["train", "{wine}", "--scale", "comon", "-o", "m"], "did you mean 'common'?"),
    "rows that are no span": (["encode", "{plain}", "digits", "--rows", "7", "-o", "z.npy"], "such as 0:16"),
    "one step": (["interpolate", "{plain}", "digits", "--from", 0, "--to", 1, "--steps", 1, "-o", "i.npy"], "--steps"),
}

UNUSABLE = {
    "no such file": (["train", "digts", "-o", "m"], "did you mean 'digits'?"),
    "no such model": (["evaluate", "nope.safetensors", "digits"], "no model file 'nope.safetensors'"),
    "data for a model": (["evaluate", "{wine}", "digits"], "MODEL comes first and DATA after it"),
    "a data set for a model": (["encode", "digits", "{plain}", "-o", "z.npy"], "'digits' is named as data are"),
    "a model for data": (["evaluate", "{plain}", "{plain}"], "is a model file, where DATA is needed"),
    "a model that is named as data are": ([*DIGITS, "-o", "m.csv"], "end it in .safetensors"),
    "a model that is named as a figure is": ([*DIGITS, "-o", "m.svg"], "end it in .safetensors"),
    "a page that is named as a model is": (["report", "{plain}", "digits", "-o", "m.safetensors"], "end it in .html"),
    "an imputer that is named as its table is": (
        ["impute", "{wine}", "-o", "f.csv", "--save", "f.csv"],
        "cannot write a model to 'f.csv'",
    ),
    "a folder that is not there": ([*DIGITS, "-o", "nowhere/m"], "make it first"),
    "a log in no folder": ([*DIGITS, "-o", "m", "--log", "nowhere/x.csv"], "make it first"),
    "a checkpoint in no folder": ([*DIGITS, "-o", "m", "--checkpoint", "nowhere/c"], "make it first"),
    "a folder for a model": ([*DIGITS, "-o", "."], "a folder stands there"),
    "a kind of file that is not known": (["encode", "{plain}", "digits", "-o", "z.xls"], ".csv"),
    "an unknown label": (["train", "{wine}", "--label", "knd", "-o", "m"], "did you mean 'kind'?"),
    "an unknown condition": (["train", "{wine}", "--condition", "regoin", "-o", "m"], "regoin"),
    "labels that are not there": (["train", "{wine}", "--condition", "y", "-o", "m"], "--label"),
    "an unknown net": ([*DIGITS[:-1], "mpl", "-o", "m"], "did you mean 'mlp'?"),
    "images for a table": (["evaluate", "{table}", "digits"], "'digits' holds images"),
    "a table for images": (["evaluate", "{plain}", "{wine}", "--label", "kind"], "holds a table"),
    "labels among the columns": (["evaluate", "{table}", "{wine}"], "--label kind"),
    "rows that are not there": (["encode", "{plain}", "digits", "--rows", "9000:", "-o", "z.npy"], "has 1797"),
    "a row that is not there": (
        ["interpolate", "{plain}", "digits", "--from", 0, "--to", 1797, "-o", "i.npy"],
        "--to 1797: the data has 1,797 rows",
    ),
    "one row": (["train", "digits", "--rows", "0:1", "-o", "m"], "at least 2"),
    "no epochs": (["train", "digits", "--epochs", 0, "-o", "m"], "epochs=0"),
    "a level above 1": (
        [*DIGITS, "-o", "m", "--variant", "denoising", "--corruption", "masking", "--level", 2],
        "level=2",
    ),
    "a table as an image": (["sample", "{table}", "-o", "s.png"], "cannot be drawn"),
}


@pytest.fixture
def typed(models, wine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda arguments: [str(a).format(wine=wine, **models) for a in arguments]


@pytest.mark.parametrize("case", TYPED_WRONG)
def test_what_is_typed_wrong_ends_with_2(isthmus, typed, tmp_path, case):
    arguments, said = TYPED_WRONG[case]
    done = isthmus(*typed(arguments), code=2)
    assert said in done.err and "Usage:" in done.err and done.out == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_cannot_be_used_ends_with_1_and_a_line(isthmus, typed, tmp_path, case):
    arguments, said = UNUSABLE[case]
    done = isthmus(*typed(arguments), code=1)
    (line,) = [line for line in done.err.splitlines() if not line.startswith("warning: ")]
    assert line.startswith("error: ") and said in line and done.out == ""
    assert not list(tmp_path.iterdir())


def test_an_error_leaves_what_stood_there(isthmus, models, tmp_path):
    (tmp_path / "z.npy").write_text("mine")
    isthmus("encode", models["plain"], "digits", "--rows", "9000:", "-o", tmp_path / "z.npy", code=1)
    assert (tmp_path / "z.npy").read_text() == "mine"


def test_debug_shows_where(isthmus, tmp_path):
    with pytest.raises(ValueError, match="digts"):
        isthmus("train", "digts", "-o", tmp_path / "m", "--debug")


def test_warnings_are_lines(isthmus, models, wine, tmp_path):
    frame = pd.read_csv(wine).drop(columns="kind").assign(region="elsewhere")
    frame.to_csv(tmp_path / "new.csv", index=False)
    done = isthmus("evaluate", models["table"], tmp_path / "new.csv", "--json")
    assert done.err.startswith("warning: ") and "120" in done.err
    assert done.json["rows"] == 120


def test_when_the_loss_explodes_the_best_weights_are_written(isthmus, tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(200, 5)))
    wild = ["--learning-rate", 1e18, "--net", "linear", "--epochs", 3, "-q"]
    done = isthmus("train", tmp_path / "x.npy", "-o", tmp_path / "m", *wild, code=1)
    assert "learning_rate" in done.err and "They stand in" in done.err
    isthmus("evaluate", tmp_path / "m", tmp_path / "x.npy")


AHEAD = {
    "a file that is not there": (["nowhere.csv"], "there is no file 'nowhere.csv'"),
    "a column to keep that is not there": (["{wine}", "--keep", "knd"], "unknown column 'knd'; did you mean 'kind'?"),
    "a column that the model will not know": (["{more}"], "has the column 'extra', which the model does not know"),
    "a Parquet file that lacks one": (["{less}"], "lacks 'kind', which the model was trained on"),
    "a line that is cut off": (["{broken}"], "it is the last one: complete it"),
}


@pytest.fixture(scope="module")
def ahead(wine, tmp_path_factory):
    """Files that a model of the wines cannot take."""
    folder, rows = tmp_path_factory.mktemp("ahead"), pd.read_csv(wine)
    rows.assign(extra=1.5).to_csv(folder / "more.csv", index=False)
    rows.drop(columns="kind").to_parquet(folder / "less.parquet")
    (folder / "broken.csv").write_text(wine.read_text() + "1.5\n")
    return {"wine": wine, **{path.stem: path for path in folder.iterdir()}}


@pytest.mark.parametrize("command", ["detect", "impute"])
@pytest.mark.parametrize("case", AHEAD)
def test_what_cannot_be_done_after_the_training_is_said_before_it(isthmus, ahead, tmp_path, command, case):
    typed, said = AHEAD[case]
    arguments = [argument.format(**ahead) for argument in typed]
    done = isthmus(command, *arguments, "--train", ahead["wine"], "-o", tmp_path / "s.csv", code=1)
    assert said in done.err and "training on" not in done.err and not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["detect", "impute"])
def test_a_column_to_keep_is_looked_for_before_the_training_on_data_themselves(isthmus, wine, tmp_path, command):
    done = isthmus(command, wine, "--keep", "knd", "-o", tmp_path / "s.csv", code=1)
    assert "did you mean 'kind'?" in done.err and "training on" not in done.err
