"""The page as one file: what is on it, and decoders that run in plain steps."""

import json
import math
import re
from base64 import b64decode
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from isthmus import AnomalyDetector, Autoencoder, InputError, Signals
from isthmus.apps.explorer import page
from isthmus.apps.explorer.decoder import decoder
from isthmus.apps.explorer.session import open_session
from isthmus.data.io import files

from .api.conftest import table as rows_of

QUICK = {"epochs": 2, "random_state": 0, "verbose": False}
BUILT = """<!doctype html>
<html>
  <head>
    <meta charset="utf-8" />
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="static/explorer.css" />
    <script src="static/explorer.js" defer></script>
  </head>
  <body>
    <div id="page"></div>
  </body>
</html>"""


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A page as `web/` builds it, in place of the real one."""
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "index.html").write_text(BUILT)
    (folder / "explorer.css").write_text("body { color: red }")
    (folder / "explorer.js").write_text("const closing = '</script>'; // \\1 $&")
    monkeypatch.setattr(page, "STATIC", folder)
    return folder


def array(held):
    """Return an ARRAY of the page as float64."""
    raw = np.frombuffer(b64decode(held["data"]), np.dtype(held["dtype"]).newbyteorder("<")).reshape(held["shape"])
    return raw * np.asarray(held.get("scale", 1.0)) + held.get("offset", 0.0)


def _norm(op, x):
    found = (x - x.mean()) / np.sqrt(x.var() + op["eps"])
    found = found if op["weight"] is None else found * array(op["weight"])
    return found if op["bias"] is None else found + array(op["bias"])


def _softmax(op, x):
    raised = np.exp(x - x.max())
    return raised / raised.sum()


OPS = {
    "linear": lambda op, x: array(op["weight"]) @ x + (0 if op["bias"] is None else array(op["bias"])),
    "layernorm": _norm,
    "gelu": lambda op, x: x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2,
    "relu": lambda op, x: np.maximum(x, 0),
    "tanh": lambda op, x: np.tanh(x),
    "sigmoid": lambda op, x: 1 / (1 + np.exp(-x)),
    "silu": lambda op, x: x / (1 + np.exp(-x)),
    "add": lambda op, a, b: a + b,
    "mul": lambda op, a, b: a * b,
    "affine": lambda op, x: x * op["scale"] + op["offset"],
    "concat": lambda op, *parts: np.concatenate(parts),
    "slice": lambda op, x: x[op["start"] : op["stop"]],
    "softmax": _softmax,
    "clip": lambda op, x: np.clip(x, op["low"], op["high"]),
    "const": lambda op: array(op["values"]),
}
"""What a page does for each operation, in NumPy."""


def run(held, z):
    registers = [np.asarray(z, dtype=np.float64)]
    for op in held["ops"]:
        registers.append(OPS[op["op"]](op, *(registers[at] for at in op["of"])))
    return registers[held["result"]]


def cell(column, x):
    """Return a cell of a table from x̂, as the page does."""
    if column["kind"] == "category":
        return column["categories"][int(np.argmax(x[column["start"] : column["stop"]]))]
    if column["kind"] == "empty":
        return None
    value = _unbinned(column["bins"], x[column["at"]]) if "bins" in column else None
    value = x[column["at"]] * column["scale"] + column["offset"] if value is None else value
    if column["kind"] == "boolean":
        return bool(value >= 0.5)
    if column["kind"] == "date":
        return pd.Timestamp(value, unit="s")
    return round(value) if column["kind"] == "integer" else value


def _unbinned(held, x):
    at = min(max(x, 0), 1) * held["count"]
    bin = min(math.floor(at), held["count"] - 1)
    along = min(max((at - bin - held["rim"]) / (1 - 2 * held["rim"]), 0), 1) * held["parts"]
    part = min(math.floor(along), held["parts"] - 1)
    low, high = held["knots"][bin][part : part + 2]
    value, unit = low + (high - low) * (along - part), held["units"][bin]
    if unit is None:
        return value
    return round(value / unit) * unit if unit >= 1 else round(value * round(1 / unit)) / round(1 / unit)


def table():
    return rows_of("</script>").assign(none=np.nan)


def signal():
    moments = np.arange(400)
    return np.stack([100 * np.sin(moments / 9), np.cos(moments / 7)], 1)


def given(what):
    if what == "table":
        return table(), {}
    return (files.read("digits").X[:200], {}) if what == "digits" else (signal(), {"data": Signals(window=16)})


@pytest.mark.filterwarnings("ignore:the columns .* are empty")
@pytest.mark.parametrize("what", ["table", "digits", "signal"])
@pytest.mark.parametrize("variant", ["plain", "variational", "linear", "sparse", "topk", "denoising"])
def test_a_decoder_in_plain_steps_gives_the_same(what, variant):
    X, options = given(what)
    ae = Autoencoder(variant, 5, **options, **QUICK).fit(X)
    held = json.loads(json.dumps(decoder(open_session({"model": ae}, X).views[0])))
    for z, x, value in zip(*held["test"].values(), strict=True):
        found = run(held, z)
        assert found == pytest.approx(np.array(x), abs=1e-4)
        whole = ae.inverse_transform([z])
        if what == "table":
            row = whole.iloc[0]
            cells = [cell(column, found) for column in held["value"]["columns"]]
            assert cells[1:4] == [row["count"], row["town"], row["open"]] == value["cells"][1:4]
            assert cells[0] == pytest.approx(row["size"], abs=1e-3) and cells[5] is None
            assert abs(cells[4] - row["since"]) < pd.Timedelta(minutes=10)  # of years, in single precision
        elif what == "digits":
            assert np.clip(found, 0, 1).reshape(8, 8) == pytest.approx(whole[0], abs=1e-3)
            assert value["pixels"] == pytest.approx(whole[0].ravel(), abs=1e-6)
        else:
            scale, offset = (np.array(held["value"][name])[:, None] for name in ("scale", "offset"))
            curve = found.reshape(2, 16) * scale + offset
            assert curve == pytest.approx(whole[0].T, abs=1e-2, rel=1e-3)
            assert np.array(value["curve"]) == pytest.approx(whole[0].T, rel=1e-5, abs=1e-5)


def test_other_nets_need_the_server():
    X = files.read("digits").X[:60]
    ae = Autoencoder("plain", 4, net="conv", epochs=1, random_state=0, verbose=False).fit(X)
    session = open_session({"model": ae}, X)
    assert decoder(session.views[0]) is None
    told = page.content(session)["state"]["models"][0]
    assert not told["decodes"] and not told["samples"]


def test_a_condition_stands_beside_the_code():
    frame = table().dropna(axis=1, how="all").dropna()
    ae = Autoencoder("plain", 3, condition="town", **QUICK).fit(frame)
    held = decoder(open_session({"model": ae}, frame).views[0])
    assert run(held, held["test"]["z"][0]) == pytest.approx(np.array(held["test"]["x"][0]), abs=1e-4)


def read(text):
    """Return the JSON of a page."""
    return json.loads(re.search(r'<script type="application/json" id="ISTHMUS_PAGE">(.*?)</script>', text, re.S)[1])


def test_a_page_holds_all_it_needs(built):
    frame = table().drop(columns="none")
    detector = AnomalyDetector(Autoencoder("plain", 4, **QUICK), random_state=0).fit(frame)
    text = page.html(open_session({"detector": detector}, frame, frame["town"].fillna("?").to_numpy(), limit=50))
    assert "static/" not in text and "<style>body { color: red }</style>" in text
    assert text.count("</script>") == text.count("<script") == 2  # neither data nor script end early
    assert text.index("ISTHMUS_PAGE") < text.index("const closing") and "// \\1 $&" in text
    held = read(text)
    state, model = held["state"], held["models"][0]
    assert state["n"] == 50 and state["limited"] == 300 and len(held["values"]["cells"]) == 50
    assert set(held["colours"]) == {colour["id"] for colour in state["colours"]} >= {"label", "error:0", "score:0"}
    assert all(colour.get("low", 0) is not None for colour in state["colours"])
    assert array(model["codes"]).shape == (50, 4) and array(model["errors"]).shape == (50,)
    pca = model["maps"]["pca"]
    places = (array(model["codes"]) - pca["mean"]) @ np.transpose(pca["axes"])
    assert array(pca["positions"]) == pytest.approx((places - pca["offset"]) * pca["scale"], abs=1e-4)
    assert model["threshold"] == detector.threshold_ and sum(model["hist"]["counts"]) == 50
    assert np.array(model["prior"]["factor"]).shape == (4, 4)
    assert [one["id"] for one in state["models"][0]["maps"]] == ["pca", "codes"]


def test_a_page_keeps_the_rows_and_their_own_thresholds(built):
    frame = table().drop(columns="none")
    known = Autoencoder("plain", 4, **QUICK)
    detector = AnomalyDetector(known, groups="open", false_alarm_rate=0.2, random_state=0).fit(frame)
    held = page.content(open_session({"detector": detector}, frame, limit=50))
    model, rows = held["models"][0], frame.iloc[held["rows"]]
    assert array(model["scores"]) == pytest.approx(detector.anomaly_score(rows), rel=1e-3)
    assert array(model["excess"]) == pytest.approx(-detector.decision_function(rows), abs=1e-3)
    assert model["threshold"] == 0 and model["hist"]["what"] == "excess" and "excess:0" in held["colours"]
    assert page.content(open_session({"detector": detector}, frame))["rows"] is None  # they are 0, 1, 2 …


def test_images_stand_on_one_sheet(built):
    X = files.read("digits").X[:50]
    ae = Autoencoder("variational", 2, **QUICK).fit(X)
    held = read(page.html(open_session({"vae": ae}, X)))
    sprite = held["values"]["sprite"]
    sheet = np.asarray(Image.open(BytesIO(b64decode(sprite["png"].partition(",")[2]))))
    row, column = divmod(33, sprite["columns"])
    tile = sheet[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8]
    assert np.array_equal(tile, np.rint(255 * X[33]))
    assert held["models"][0]["prior"] == {"mean": [0, 0], "factor": [[1, 0], [0, 1]]}


def test_large_images_are_made_small(built):
    X = np.random.default_rng(0).random((9, 520, 400, 3), dtype=np.float32)
    ae = Autoencoder("plain", 2, net="linear", epochs=1, random_state=0, verbose=False).fit(X)
    sprite = page.content(open_session({"model": ae}, X))["values"]["sprite"]
    assert (sprite["height"], sprite["width"], sprite["columns"]) == (173, 133, 3)


def test_no_examples_leaves_rows_out(built):
    frame = table()[["size", "town"]].dropna(how="all")
    ae = Autoencoder("plain", 2, **QUICK).fit(frame)
    text = page.html(open_session({"model": ae}, frame, visible=False))
    held = read(text)
    assert held["values"] is None and not held["state"]["examples"]
    assert set(held["colours"]) == {"error:0", "cluster:0"}


def test_a_page_is_written_whole_or_not_at_all(built, tmp_path):
    X = files.read("digits").X[:30]
    session = open_session({"model": Autoencoder("plain", 2, **QUICK).fit(X)}, X)
    page.write(session, tmp_path / "page.html")
    assert read((tmp_path / "page.html").read_text(encoding="utf-8"))["version"] == 2
    with pytest.raises(InputError, match="no folder"):
        page.write(session, tmp_path / "none" / "page.html")
    (built / "index.html").unlink()
    with pytest.raises(InputError, match="was not built"):
        page.html(session)
