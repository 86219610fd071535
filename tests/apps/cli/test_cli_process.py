"""The command in a process of its own: exit codes, Ctrl-C, what goes where."""

import errno
import json
import os
import signal
import threading
import time

import pytest

from isthmus import load

EPOCHS = 40


@pytest.fixture
def training(tmp_path):
    quick = ["--net", "linear", "--batch-size", 8]
    where = ["--checkpoint", tmp_path / "c", "-o", tmp_path / "m.safetensors"]
    return ["train", "digits", "--rows", "0:600", "--epochs", EPOCHS, *quick, *where]


def interrupt(process, word):
    """Send Ctrl-C at the first line on stderr with a word in it; return what came after it."""
    for line in process.stderr:
        if word in line:
            break
    rest = []
    reader = threading.Thread(target=lambda: rest.extend(process.stderr))
    reader.start()  # so that the writer never waits for a reader
    process.send_signal(signal.SIGINT)
    reader.join(timeout=60)
    return "".join(rest)


def test_ctrl_c_writes_the_best_weights_and_resuming_goes_on(spawn, training, tmp_path):
    process = spawn(*training, "--json")
    said = interrupt(process, f"epoch 2/{EPOCHS}")
    document = json.loads(process.stdout.read())
    assert process.wait(timeout=60) == 130
    assert document["interrupted"] is True
    assert "interrupted" in said and "Traceback" not in said
    model = load(tmp_path / "m.safetensors")
    assert model.interrupted_ and 2 <= len(model.history_) < EPOCHS

    process = spawn(*training, "--resume", "-q")
    assert process.communicate(timeout=120) == ("", "") and process.returncode == 0
    resumed = load(tmp_path / "m.safetensors")
    assert len(resumed.history_) == EPOCHS and not resumed.interrupted_
    assert [epoch["loss"] for epoch in resumed.history_[:2]] == [epoch["loss"] for epoch in model.history_[:2]]


def opened_for_writing(fifo, process):
    """Wait until the process reads the file; fail if it ends before."""
    while process.poll() is None:
        try:
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:  # there is no reader yet
                raise
            time.sleep(0.02)
    raise AssertionError(process.stderr.read())


def test_ctrl_c_while_data_are_read_ends_with_130(spawn, tmp_path):
    os.mkfifo(tmp_path / "x.csv")
    process = spawn("train", tmp_path / "x.csv", "-o", tmp_path / "m")
    writer = opened_for_writing(tmp_path / "x.csv", process)  # nothing is written: reading never ends
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    os.close(writer)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted" and "Traceback" not in said
    assert not (tmp_path / "m").exists()


def test_ctrl_c_while_arguments_are_read_ends_with_130(isthmus, monkeypatch, tmp_path):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("isthmus.data.io.files.is_data", interrupted)
    assert isthmus("train", "digits", "-o", tmp_path / "m", code=130).err == "interrupted\n"


def test_json_stands_alone_on_stdout(spawn, models):
    process = spawn("evaluate", models["plain"], "digits", "--rows", "0:50", "--json")
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0 and json.loads(out)["rows"] == 50


def test_exit_codes(spawn, tmp_path):
    for code, process in {1: spawn("info", tmp_path / "none"), 2: spawn("train"), 0: spawn("--version")}.items():
        _, said = process.communicate(timeout=120)
        assert process.returncode == code
        assert "Traceback" not in said


def test_widths_of_an_mlp_in_a_fresh_process(spawn, tmp_path):
    process = spawn("train", "digits", "--rows", "0:60", "--net", "24,12", "--epochs", 1, "-o", tmp_path / "m", "-q")
    assert process.communicate(timeout=120) == ("", "")
    assert load(tmp_path / "m").net == (24, 12)
