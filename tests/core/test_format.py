"""Old files keep loading: one model file of each format version is kept in tests/files and never written again."""

from pathlib import Path

import numpy as np
import pytest

import isthmus
from isthmus.core.store import VERSION

FILES = Path(__file__).parents[1] / "files"


def test_there_is_a_file_of_every_version():
    assert {path.stem for path in FILES.glob("*.safetensors")} == {f"v{n}" for n in range(1, VERSION + 1)}


@pytest.mark.parametrize("path", sorted(FILES.glob("*.safetensors")), ids=lambda path: path.stem)
def test_it_loads_and_gives_what_it_gave(path):
    given = np.load(path.with_suffix(".npz"))
    model = isthmus.load(path)
    assert [entry["epoch"] for entry in model.history_] == list(range(1, len(model.history_) + 1))
    assert 0 <= model.info_["best_epoch"] <= len(model.history_)
    np.testing.assert_allclose(model.transform(given["X"]), given["codes"], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.reconstruct(given["X"]), given["rebuilt"], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.sample(3, random_state=0), given["drawn"], rtol=1e-4, atol=1e-5)


def test_layers_have_had_other_names():
    known = np.load(FILES / "layers" / "condition-v1.npz")
    former = isthmus.load(FILES / "layers" / "condition-v1.safetensors")
    np.testing.assert_allclose(former.transform(known["X"], known["y"]), known["codes"], rtol=1e-5, atol=1e-6)
