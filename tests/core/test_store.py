import json
import struct
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file
from sklearn.datasets import load_digits

import isthmus
from isthmus import Autoencoder, FileFormatError, InputError
from isthmus.core import store


@pytest.fixture(scope="module")
def digits():
    return load_digits().data[:300] / 16


@pytest.fixture(scope="module")
def saved(tmp_path_factory, digits):
    path = tmp_path_factory.mktemp("store") / "model.safetensors"
    Autoencoder("plain", latent_dim=4, net="mlp", epochs=1, random_state=0).fit(digits).save(path)
    return path


def rewrite(source, target, change):
    """Copy a model file with its description changed."""
    root, tensors = store.read(source)
    change(root)
    store.write(target, root, tensors)
    return target


def test_tensors_and_description_come_back(tmp_path):
    tensors = {"a": torch.randn(3, 4), "b": torch.arange(5), "c": torch.zeros(())}
    store.write(tmp_path / "f.safetensors", {"x": [1, "ü", None]}, tensors)
    root, again = store.read(tmp_path / "f.safetensors")
    assert root == {"x": [1, "ü", None]}
    assert all(torch.equal(again[name], tensor) for name, tensor in tensors.items())


def test_weights_may_be_written_in_half_the_space(saved, digits, tmp_path):
    model = isthmus.load(saved)
    model.save(tmp_path / "half.safetensors", half=True)
    assert (tmp_path / "half.safetensors").stat().st_size < 0.7 * saved.stat().st_size
    again = isthmus.load(tmp_path / "half.safetensors")
    assert {tensor.dtype for tensor in again.model_.parameters()} == {torch.float32}
    codes = model.transform(digits)
    np.testing.assert_allclose(again.transform(digits), codes, atol=2e-3 * np.abs(codes).max())
    for path, version in ((saved, "1"), (tmp_path / "half.safetensors", "2")):
        with safe_open(path, framework="pt") as file:
            assert file.metadata()["version"] == version


def test_what_float16_cannot_hold_stays_float32():
    large = {"a": torch.full((20, 20), 1e6), "b": torch.zeros(20, 20), "c": torch.zeros(400), "d": torch.zeros(2, 2)}
    assert [tensor.dtype for tensor in store.halved(large).values()] == [
        torch.float32,
        torch.float16,
        *[torch.float32] * 2,
    ]


def test_a_fresh_process_gives_identical_outputs(saved, digits, tmp_path):
    np.save(tmp_path / "x.npy", digits)
    code = (
        "import numpy, isthmus, sys; m = isthmus.load(sys.argv[1]); x = numpy.load(sys.argv[2]);"
        "numpy.save(sys.argv[3], numpy.hstack([m.transform(x), m.reconstruct(x), m.sample(len(x), random_state=1)]))"
    )
    subprocess.run([sys.executable, "-c", code, saved, tmp_path / "x.npy", tmp_path / "y.npy"], check=True)
    model = isthmus.load(saved)
    here = np.hstack([model.transform(digits), model.reconstruct(digits), model.sample(len(digits), random_state=1)])
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), here)


def test_a_model_file_has_the_permissions_of_any_other(saved, tmp_path):
    (tmp_path / "other").touch()
    assert saved.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_load_gives_the_class_that_was_saved(saved):
    assert type(isthmus.load(saved)) is Autoencoder
    assert type(Autoencoder.load(saved)) is Autoencoder


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.safetensors"):
        isthmus.load(tmp_path / "none.safetensors")


@pytest.mark.parametrize("keep", [0, 4, 8, 100, 0.5, 0.999])
def test_a_truncated_file_is_refused(saved, tmp_path, keep):
    content = saved.read_bytes()
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(content[: keep if isinstance(keep, int) else int(len(content) * keep)])
    with pytest.raises(FileFormatError, match="cut.safetensors"):
        isthmus.load(cut)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_changed_header_never_does_more_than_raise(saved, tmp_path_factory, data):
    content = bytearray(saved.read_bytes())
    size = struct.unpack("<Q", content[:8])[0]
    for at in data.draw(st.lists(st.integers(0, size + 7), min_size=1, max_size=4)):
        content[at] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / "m.safetensors"
    path.write_bytes(content)
    try:
        isthmus.load(path)
    except FileFormatError:
        return


def test_foreign_files_are_refused(tmp_path):
    save_file({"a": torch.zeros(2)}, tmp_path / "foreign.safetensors")
    (tmp_path / "text.safetensors").write_text("not a model")
    for name in ("foreign", "text"):
        with pytest.raises(FileFormatError, match=name):
            isthmus.load(tmp_path / f"{name}.safetensors")


def test_a_newer_format_asks_for_an_update(tmp_path):
    header = {"format": "isthmus", "version": "99", "root": "{}"}
    save_file({"a": torch.zeros(2)}, tmp_path / "new.safetensors", metadata=header)
    with pytest.raises(FileFormatError, match="99.*update"):
        isthmus.load(tmp_path / "new.safetensors")


def model_of(root):
    return root["state"]["objective"]["arguments"]["model"]["arguments"]


def test_a_header_that_asks_for_more_than_the_file_holds_is_refused(saved, tmp_path):
    def grow(root):
        model_of(root)["net"]["arguments"]["widths"] = [10**9, 10**9]

    with pytest.raises(FileFormatError, match="tampered"):
        isthmus.load(rewrite(saved, tmp_path / "big.safetensors", grow))


def test_an_unknown_part_is_named(saved, tmp_path):
    def rename(root):
        model_of(root)["net"]["part"] = "net/of-mine"

    with pytest.raises(FileFormatError, match="of-mine"):
        isthmus.load(rewrite(saved, tmp_path / "unknown.safetensors", rename))


def test_a_root_that_is_no_estimator_is_refused(saved, tmp_path):
    def rename(root):
        root["part"] = "net/mlp"

    with pytest.raises(FileFormatError, match="net/mlp"):
        isthmus.load(rewrite(saved, tmp_path / "root.safetensors", rename))


def test_a_missing_tensor_is_named(saved, tmp_path):
    root, tensors = store.read(saved)
    name = next(n for n in tensors if n.startswith("objective."))
    del tensors[name]
    store.write(tmp_path / "less.safetensors", root, tensors)
    with pytest.raises(FileFormatError, match=name):
        isthmus.load(tmp_path / "less.safetensors")


def test_a_path_that_cannot_be_written_changes_nothing(saved, tmp_path):
    model = isthmus.load(saved)
    with pytest.raises(InputError, match="no folder"):
        model.save(tmp_path / "none" / "m.safetensors")
    with pytest.raises(InputError, match="folder"):
        model.save(tmp_path)


def test_the_header_is_plain_json(saved):
    content = saved.read_bytes()
    header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
    assert header["__metadata__"]["format"] == "isthmus"
    assert json.loads(header["__metadata__"]["root"])["part"] == "estimator/autoencoder"
    assert b"pickle" not in content[:2000]
