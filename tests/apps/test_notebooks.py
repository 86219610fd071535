"""Looking at a model from Python and in notebooks: figures, pages and the explorer inline; the bar without widgets."""

import io
import re
import sys
import urllib.request
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import isthmus as package
from isthmus import AnomalyDetector, Autoencoder, InputError
from isthmus.core.training import callbacks

X = np.random.default_rng(0).normal(size=(60, 2)) @ np.random.default_rng(1).normal(size=(2, 5))


@pytest.fixture(scope="module")
def model():
    return Autoencoder("variational", latent_dim=2, epochs=4, net="linear", random_state=0, verbose=False).fit(X)


# -- the history ------------------------------------------------------------------------------------------------------


def test_the_history_is_drawn(model, tmp_path):
    figure = package.plot_history(model)
    root = ElementTree.fromstring(figure._repr_svg_())
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"training", "validation", "term: kl", "term: error", "epoch"} <= set(texts)
    assert f"kept: epoch {model.info_['best_epoch']}" in texts
    figure.save(tmp_path / "history.svg")
    figure.save(tmp_path / "history.png")
    assert (tmp_path / "history.svg").read_text() == figure.svg()
    assert (tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")


def test_a_line_of_the_figure_is_where_the_loss_is(model):
    path = re.search(r'<path d="M([^"]*)" fill="none" stroke="#2367ad"', package.plot_history(model).svg())[1]
    heights = [float(point.split()[1]) for point in path.split("L")]
    losses = [record["loss"] for record in model.history_]
    assert np.corrcoef(heights, losses)[0, 1] == pytest.approx(-1, abs=1e-3)


def test_a_history_without_validation_and_that_of_a_detector():
    plain = Autoencoder(latent_dim=1, epochs=1, net="linear", validation_fraction=0, verbose=False).fit(X)
    assert "kept" not in package.plot_history(plain).svg() and "<circle" in package.plot_history(plain).svg()
    detector = AnomalyDetector(Autoencoder(latent_dim=1, epochs=1, net="linear", verbose=False), contamination=0.1).fit(
        X
    )
    assert "the plain autoencoder" in package.plot_history(detector).description


def test_what_cannot_be_drawn_is_refused(model, tmp_path):
    with pytest.raises(NotFittedError):
        package.plot_history(Autoencoder())
    with pytest.raises(InputError, match=r"unknown kind of figure '.pdf'.* Known: .svg, .png"):
        package.plot_history(model).save(tmp_path / "history.pdf")
    assert not list(tmp_path.iterdir())


# -- the report and the explorer --------------------------------------------------------------------------------------


def test_the_report_is_shown_inline_and_saved(model, tmp_path):
    page = package.report(model, X, title="My rows & me")
    assert "<h1>My rows &amp; me</h1>" in page.html and 'srcdoc="' in page._repr_html_()
    assert page._repr_html_().count("<") == 2  # the page stands in the frame as text
    page.save(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text() == page.html
    assert "My rows" in repr(page)


def test_the_explorer_is_served_inline_until_it_is_closed(model):
    with package.explore(model, X, np.arange(60) % 3, title="Rows", limit=50) as explorer:
        assert f'src="{explorer.url}"' in explorer._repr_html_() and explorer.url in repr(explorer)
        with urllib.request.urlopen(f"{explorer.url}/") as page:
            assert "frame-ancestors http://localhost:*" in page.headers["Content-Security-Policy"]
        with urllib.request.urlopen(f"{explorer.url}/api/state") as state:
            assert b'"title":"Rows","n":50' in state.read()
    assert not explorer.running and "closed" in explorer._repr_html_() and "closed" in repr(explorer)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(explorer.url)


def test_rows_that_do_not_fit_are_refused(model):
    for look in (package.report, package.explore):
        with pytest.raises(InputError):
            look(model, X[:, :3])


# -- the bar ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def notebook(monkeypatch):
    """Make this process look like a notebook; ipywidgets are not installed here."""
    shell = SimpleNamespace(config={"IPKernelApp": {}})
    for name in ("IPython", "ipykernel"):
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        module.get_ipython = lambda: shell
        monkeypatch.setitem(sys.modules, name, module)
    for name in [name for name in sys.modules if name in ("tqdm.auto", "tqdm.autonotebook", "tqdm.notebook")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    monkeypatch.setattr(callbacks, "find_spec", lambda name: None)


def test_a_notebook_without_widgets_shows_a_line_that_is_updated(notebook, monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    Autoencoder(latent_dim=1, epochs=3, net="linear").fit(X)
    shown = out.getvalue()
    assert shown.count("\n") == 1 and "\repoch 3/3: 100%" in shown and "validation_loss" in shown
    assert "Warning" not in shown
