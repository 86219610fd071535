"""Files of one row or none, by each command: done where it can be, else the file, its rows and what is needed."""

import pytest

from isthmus.apps.cli.main import main

FEW = "one.csv' holds 1 row: {} needs at least 2"


@pytest.fixture(scope="module")
def files(tmp_path_factory, request):
    """A folder with a file of each number of rows."""
    folder = tmp_path_factory.mktemp("few")
    rows = [f"{number % 7},{number * number % 11}" for number in range(40)]
    for name, count in {"zero": 0, "one": 1, "two": 2, "many": 40}.items():
        (folder / f"{name}.csv").write_text("\n".join(["a,b", *rows[:count], ""]))
    (folder / "gap.csv").write_text("\n".join(["a,b", *rows[:20], ",3", ""]))
    (folder / "empty.csv").write_text("")
    main(["train", str(folder / "many.csv"), "--epochs", "1", "-o", str(folder / "m")], standalone_mode=False)
    return folder


def ask(isthmus, folder, command, code=1):
    return " ".join(isthmus(*command.replace("{", f"{folder}/").replace("}", "").split(), code=code).err.split())


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("train {one.csv} -o {x}", FEW.format("training")),
        ("train {one.csv} --from {m} -o {x}", FEW.format("training")),
        ("tune {one.csv} --over latent_dim=1..2 --trials 1 -o {x}", FEW.format("training")),
        (
            "tune {two.csv} --over latent_dim=1..2 --metric reconstruction --trials 1 -o {x}",
            "X has 2 rows, of which 1 to measure on: at",
        ),
        ("detect {one.csv} -o {o.csv}", FEW.format("training")),
        ("detect {many.csv} --train {one.csv} -o {o.csv}", FEW.format("training")),
        ("detect {many.csv} --train-rows 3:4 -o {o.csv}", "--train-rows 3:4 picks 1 row of"),
        ("detect {one.csv} --train {two.csv} --label b --normal 1 -o {o.csv}", "--normal 1 picks 1 row of"),
        ("impute {one.csv} -o {o.csv}", FEW.format("training")),
        ("impute {gap.csv} --train {one.csv} -o {o.csv}", FEW.format("training")),
        ("report {m} {one.csv} -o {r.html}", FEW.format("a report")),
        ("explore {m} {one.csv} --export {e.html}", FEW.format("a map")),
    ],
)
def test_one_row_where_two_are_needed_is_said_of_its_file(isthmus, files, command, message):
    assert message in ask(isthmus, files, command)


@pytest.mark.parametrize(("name", "message"), [("zero", "zero.csv' holds no rows"), ("empty", "empty.csv' is empty")])
@pytest.mark.parametrize(
    "command",
    [
        "train {X} -o {x}",
        "tune {X} --over latent_dim=1..2 -o {x}",
        "detect {X} -o {o.csv}",
        "detect {many.csv} --train {X} -o {o.csv}",
        "impute {X} -o {o.csv}",
        "encode {m} {X} -o {o.csv}",
        "decode {m} {X} -o {o.csv}",
        "reconstruct {m} {X} -o {o.csv}",
        "interpolate {m} {X} --from 0 --to 1 -o {o.csv}",
        "evaluate {m} {X}",
        "compare {m} {m} {X}",
        "report {m} {X} -o {r.html}",
        "explore {m} {X} --export {e.html}",
        "info {X}",
    ],
)
def test_a_file_without_rows_is_named_by_each_command(isthmus, files, command, name, message):
    assert message in ask(isthmus, files, command.replace("{X}", f"{{{name}.csv}}"))


@pytest.mark.parametrize(
    "command",
    [
        "encode {m} {one.csv} -o {o.csv}",
        "encode {m} {one.csv} -o {o.svg}",
        "reconstruct {m} {one.csv} -o {o.csv}",
        "evaluate {m} {one.csv}",
        "compare {m} {m} {one.csv}",
        "info {one.csv}",
    ],
)
def test_one_row_is_enough_for_a_trained_model(isthmus, files, command):
    assert "error" not in ask(isthmus, files, command, code=0)
