"""Golden files, which earlier versions wrote, are read as they were: under every setting, in processes of their own."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

pytest.importorskip("constriction")

from tests.tasks.compression.golden.read import SYMBOLS, content_of, names, symbols_of

CAPABILITIES = ("default", "avx2", "avx512")


def capabilities():
    """Return those that this processor has; torch takes another at its word, and crashes."""
    known = torch.backends.cpu.get_cpu_capability().lower()
    return CAPABILITIES[: CAPABILITIES.index(known) + 1] if known in CAPABILITIES else CAPABILITIES[:1]


def test_there_are_files_of_every_kind():
    assert {"colour", "grey-16-bit", "alpha", "tiles", "floats", "drawing", "own-model", "bound", "table"} <= set(
        names()
    )
    assert set(json.loads(SYMBOLS.read_text())) == set(names())


@pytest.mark.parametrize("name", names())
def test_a_golden_file_is_read_as_it_was(name):
    assert symbols_of(name) == json.loads(SYMBOLS.read_text())[name]
    with np.load(SYMBOLS.parent / f"{name}.npz") as expected:
        found = content_of(name)
        assert set(found) == set(expected)
        for key, values in found.items():
            known = expected[key]
            assert values.dtype == known.dtype and values.shape == known.shape
            if key == "pixels":
                one = 1 / 255 if known.dtype.kind == "f" else np.iinfo(known.dtype).max / 255
                assert np.abs(values.astype(float) - known).max() <= one
            else:
                assert values.tobytes() == known.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("mkldnn", ["0", "1"])
@pytest.mark.parametrize("capability", capabilities())
def test_symbols_are_the_same_under_every_setting(threads, mkldnn, capability):
    settings = {"OMP_NUM_THREADS": threads, "GOLDEN_MKLDNN": mkldnn, "ATEN_CPU_CAPABILITY": capability}
    command = [sys.executable, "-W", "ignore", "-m", "tests.tasks.compression.golden.read"]
    said = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == json.loads(SYMBOLS.read_text())
