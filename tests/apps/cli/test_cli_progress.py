"""How far a command is, where nobody looks at a terminal."""

import time

import click
import pytest

from isthmus.apps.cli import progress
from isthmus.core.training.callbacks import Event


@pytest.fixture
def now(monkeypatch):
    """A clock that the test sets."""
    clock = {"now": 0.0}
    monkeypatch.setattr("time.monotonic", lambda: clock["now"])
    with click.Context(click.Command("x")) as context:
        clock["context"] = context
        yield clock


def test_a_line_now_and_then_says_what_is_left(now, capsys):
    with progress.rows_done(1000, "scored") as done:
        for now["now"] in (5.0, 20.0, 22.0, 40.0):
            done(250)
    assert capsys.readouterr().err.splitlines() == ["scored 500 of 1,000 rows, 20 s left"]


def test_nothing_is_said_to_those_who_want_quiet(now, capsys):
    now["context"].meta["quiet"] = True
    assert progress.training_progress(3) == ()
    with progress.rows_done(100, "scored") as done:
        now["now"] = 50.0
        done(10)
    assert capsys.readouterr().err == ""


def test_the_last_epoch_of_each_training_and_one_now_and_then_are_said(now, capsys):
    (show,) = progress.training_progress(2)
    for _ in range(2):
        show(Event("begin", 1, 3))
        for epoch in (1, 2, 3):
            now["now"] += 6
            show(Event("epoch", epoch, 3, record={"loss": 0.5, "rate": 1.0}))
    said = capsys.readouterr().err.splitlines()
    assert said == [f"model {n} of 2, epoch {epoch}/3  loss 0.5" for n in (1, 2) for epoch in (2, 3)]


def test_a_large_file_is_said_to_be_read(now, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "LARGE", 10)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n3,4\n")
    with progress.while_reading(str(tmp_path / "x.csv")):
        pass
    assert capsys.readouterr().err.splitlines() == [f"reading {tmp_path / 'x.csv'} (0 MB) …"]
    monkeypatch.setattr(progress, "LARGE", 100)
    with progress.while_reading(str(tmp_path / "x.csv")):
        pass
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("terminal", [False, True])
def test_how_long_a_large_file_takes_is_said_meanwhile(capsys, tmp_path, monkeypatch, terminal):
    monkeypatch.setattr(progress, "LARGE", 10)
    monkeypatch.setattr(progress, "SECONDS", 0.05)
    monkeypatch.setattr(progress, "watched", lambda: terminal)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n3,4\n")
    with click.Context(click.Command("x")), progress.while_reading(str(tmp_path / "x.csv")):
        time.sleep(0.2)
    said = capsys.readouterr().err
    assert ("x.csv (0 MB) … 00:0" if terminal else "x.csv (0 MB): 0 s so far") in said
