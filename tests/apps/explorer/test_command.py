"""``isthmus explore``, in this process and in one of its own."""

import json
import re
import signal
import time
from urllib.request import Request, urlopen

import pytest

from isthmus.apps.cli import explore
from isthmus.apps.explorer import page

from .photographs import PHOTOGRAPHS


@pytest.fixture
def served(isthmus, monkeypatch):
    """Give ``served(…) -> Session``: the session that the command would serve."""
    held = []
    monkeypatch.setattr(explore, "_serve", lambda *arguments: held.append(arguments))

    def run(*arguments):
        isthmus("explore", *arguments, "--no-browser", "-q")
        return held[-1][0]

    return run


def test_a_table_with_labels(served, models, wine):
    session = served(models["table"], wine, "--label", "kind", "--rows", "0:50", "--limit", 20)
    state = session.state()
    assert (state["n"], state["limited"], state["title"]) == (20, 50, "table")
    assert state["colours"][0]["names"] == ["0", "1", "2"]
    assert [field["name"] for field in state["fields"]][:2] == ["acid", "sugar"]


def test_two_models_side_by_side(served, models):
    session = served(models["variational"], "digits", "--compare", models["plain"], "--rows", "0:40")
    assert [view.name for view in session.views] == ["variational", "plain"] and not session.demo


def test_models_with_a_condition(served, models, wine):
    [condition] = served(models["labelled"], "digits", "--rows", "0:40").views[0].condition.values()
    assert condition.shape == (1, 11) and condition.sum() == 1  # one for labels that were not learnt
    assert len(served(models["region"], wine, "--label", "kind").state()["fields"]) == 3


def test_a_detector(isthmus, served, folder, wine):
    path = folder / "explored-detector.safetensors"
    isthmus("detect", wine, "--label", "kind", "--save", path, "-o", folder / "explored.csv", "-q")
    assert served(path, wine, "--label", "kind").state()["models"][0]["scores"]


def test_a_compressor_that_comes_with_isthmus_by_its_name(served, compressor, monkeypatch, tmp_path):
    from isthmus.data.io.files import write
    from isthmus.tasks.compression import shipped

    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    monkeypatch.setattr(compressor, "name_", "photo-9")
    compressor.save(tmp_path / "photo-9.safetensors")
    write(f"{tmp_path}/pictures/", PHOTOGRAPHS)
    [view] = served("photo-9", tmp_path / "pictures").views
    assert view.model.name_ == view.name == "photo-9" and view.about(0)["compresses"]


def test_the_demo_trains_once(served, monkeypatch, tmp_path):
    from isthmus.apps.explorer import digits

    monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path))
    quick = {name: {**settings, "epochs": 1} for name, settings in digits.MODELS.items()}
    monkeypatch.setattr(digits, "MODELS", quick)
    session = served("--demo")
    assert session.demo and [view.name for view in session.views] == ["variational", "plain"]
    assert session.views[0].latent_dim == 2 and session.state()["n"] == 1797
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")}
    served("--demo")
    assert len(written) == 2 and written == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")}
    next(iter(written)).write_bytes(b"broken")
    assert served("--demo").demo


def test_an_export(isthmus, models, tmp_path, monkeypatch):
    (tmp_path / "index.html").write_text("<head></head><body></body>")
    monkeypatch.setattr(page, "STATIC", tmp_path)
    done = isthmus("explore", models["plain"], "digits", "--export", tmp_path / "page.html", "--limit", 30)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "open it in a browser" in done.out
    assert json.loads(re.search(r"ISTHMUS_PAGE\">(.*?)</script>", text, re.S)[1])["state"]["n"] == 30
    done = isthmus("explore", models["plain"], "digits", "--export", tmp_path / "none" / "page.html", code=1)
    assert "there is no folder" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "give MODEL and DATA, or --demo"),
        (["MODEL"], 2, "give MODEL and DATA, or --demo"),
        (["MODEL", "digits", "--demo"], 2, "give MODEL and DATA, or --demo"),
        (["MODEL", "WINE"], 1, "trained on images"),
        (["WINE", "digits"], 1, "a model file is needed there"),
        (["MODEL", "nowhere.csv"], 1, "there is no file"),
        (["MODEL", "digits", "--label", "kind"], 1, "does not apply to"),
        (["MODEL", "digits", "--host", "0.0.0.0"], 1, "set a token"),
        (["MODEL", "digits", "--host", "0.0.0.0", "--token", "a b"], 1, "printable"),
        (["MODEL", "digits", "--compare", "MODEL"], 1, "give another one"),
        (["TABLE", "WINE"], 1, "--label kind"),
    ],
)
def test_what_cannot_be_explored(isthmus, models, wine, arguments, code, message, monkeypatch):
    monkeypatch.setattr(explore, "_serve", lambda *_: pytest.fail("it was served"))
    known = {"MODEL": models["plain"], "WINE": wine, "TABLE": models["table"]}
    done = isthmus("explore", *(known.get(argument, argument) for argument in arguments), "--no-browser", code=code)
    assert message in done.err and "Traceback" not in done.err


def test_it_serves_until_it_is_ended(spawn, models):
    process = spawn("explore", models["plain"], "digits", "--no-browser", "--port", 0, "--token", "s3cret")
    address = process.stdout.readline().strip()
    base = re.fullmatch(r"(http://127\.0\.0\.1:\d+)/\?token=s3cret", address)[1]
    request = Request(f"{base}/api/state", headers={"Authorization": "Bearer s3cret"})
    with urlopen(request, timeout=30) as answer:
        assert json.load(answer)["n"] == 1797
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert process.wait(30) in (0, 130) and time.monotonic() - began < 10
