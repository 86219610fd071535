"""The report: every section for every variant, one file that needs nothing else, and no row where none is wanted."""

import re
import sys
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits, load_wine
from sklearn.exceptions import NotFittedError

from isthmus import Autoencoder, Denoising, InputError, MissingExtraError, Variational
from isthmus.apps.report import pages
from isthmus.variants import variants

X, Y = (load_digits().images / 16).astype(np.float32)[:300], load_digits().target[:300]
SECTIONS = {"training", "originals", "errors", "latent", "samples", "units", "activity", "model"}
WITHOUT_EXAMPLES = SECTIONS - {"originals"}
OPEN = {"meta", "img"}
SHARP, GAP = 48, 2


class Page(HTMLParser):
    """What a page holds; tags that are not closed in order are an error."""

    def __init__(self, text):
        super().__init__()
        self.text, self.ids, self.links, self.pictures, self.sections = text, [], [], [], set()
        self.stack = []
        self.feed(text)
        self.close()
        assert not self.stack

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs["href"]] if "href" in attrs else []
        self.pictures += [(attrs["src"], attrs["alt"])] if tag == "img" else []
        self.sections |= {attrs["id"]} if tag == "section" else set()
        if tag not in OPEN:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag == "path"

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def tiles(self):
        """Return the digits of all grey images, as bytes."""
        found = set()
        for uri, _ in self.pictures:
            pixels = np.asarray(Image.open(BytesIO(b64decode(uri.partition(",")[2]))))
            step = SHARP + GAP
            if pixels.shape[-1] != 2 or (pixels.shape[0] + GAP) % step:
                continue
            for top in range(0, pixels.shape[0], step):
                for left in range(0, pixels.shape[1], step):
                    found.add(pixels[top : top + SHARP : 6, left : left + SHARP : 6, 0].tobytes())
        return found


ROWS = {np.rint(255 * row).astype(np.uint8).tobytes() for row in X}


@pytest.fixture(scope="module")
def models():
    return {name: Autoencoder(name, latent_dim=6, epochs=2, random_state=0).fit(X) for name in variants()}


@pytest.fixture
def page(tmp_path):
    def written(model, X, write=pages.write, **given):
        write(model, X, tmp_path / "report.html", **given)
        return Page((tmp_path / "report.html").read_text(encoding="utf-8"))

    return written


@pytest.fixture(scope="module")
def wine():
    bunch = load_wine(as_frame=True)
    frame = bunch.data.assign(
        region=np.array(["north", "south", "coast"])[bunch.target],
        organic=bunch.target == 1,
        bottled=pd.Timestamp("2020-01-01") + pd.to_timedelta(bunch.data.proline.astype(int), unit="D"),
    )
    frame.loc[3, "alcohol"] = np.nan
    return frame


# -- every variant -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", variants())
def test_every_section_is_there_for_every_variant(name, models, page):
    found = page(models[name], X, y=Y)
    assert found.sections == SECTIONS
    assert name in found.text
    assert len(set(found.ids)) == len(found.ids)
    assert {link[1:] for link in found.links} <= set(found.ids)
    assert all(alt and uri.startswith("data:image/png;base64,") for uri, alt in found.pictures)
    assert found.tiles() & ROWS


@pytest.mark.parametrize("name", variants())
def test_without_examples_no_row_is_in_the_page(name, models, page):
    found = page(models[name], X, y=Y, examples=False)
    assert found.sections == WITHOUT_EXAMPLES
    assert "Made without examples" in found.text
    assert found.tiles()
    assert not found.tiles() & ROWS
    assert not re.search(r"worst reconstruction</h|activate it most|class=\"dots", found.text)


def test_the_page_loads_nothing(models, page):
    found = page(models["plain"], X)
    assert not re.search(r"https?:|<script|<link|@import|url\(", found.text)
    assert all(link.startswith("#") for link in found.links)
    assert "prefers-color-scheme: dark" in found.text
    assert 'name="viewport"' in found.text


def test_what_a_denoising_model_sees_is_shown(models, page):
    assert "Restored from the corrupted" in page(models["denoising"], X).text
    assert "Restored from the corrupted" not in page(models["plain"], X).text


def test_sparse_codes_show_how_often_units_are_used(models, page):
    assert "Fraction of rows in which a unit is not zero" in page(models["topk"], X).text
    assert "Fraction of rows in which a unit is not zero" not in page(models["plain"], X).text


# -- codes ---------------------------------------------------------------------------------------------------------


def test_a_collapsed_posterior_is_warned_of(page):
    def fitted(beta):
        return Autoencoder(Variational(beta=beta), latent_dim=4, epochs=6, random_state=0).fit(X)

    collapsed = page(fitted(1000.0), X).text
    assert "Posterior collapse" in collapsed
    for remedy in ("lower beta", "KL warm-up", "free bits", "smaller decoder"):
        assert remedy in collapsed
    healthy = page(fitted(0.001), X).text
    assert "Posterior collapse" not in healthy
    assert "KL of q(z|x) to the prior" in healthy


def test_a_code_wider_than_is_shown_says_so(page):
    with pytest.warns(UserWarning, match="latent_dim"):
        model = Autoencoder("plain", latent_dim=70, epochs=1, random_state=0).fit(X)
    found = page(model, X)
    assert "64 of 70 units, the most active first" in found.text
    assert len(re.findall(r">unit \d+</h", found.text)) == 64


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("examples", [True, False])
def test_codes_of_one_and_two_units_are_shown_as_they_are(width, examples, page):
    model = Autoencoder("plain", latent_dim=width, epochs=1, random_state=0).fit(X)
    found = page(model, X, y=Y, examples=examples)
    assert "The code itself" in found.text
    assert f">unit {width - 1}</text>" in found.text


# -- labels and conditions -----------------------------------------------------------------------------------------


def test_labels_are_the_legend(models, page):
    found = page(models["plain"], X, y=np.array(["even", "odd"])[Y % 2])
    assert re.search(r"<span class=\"c1\"></span>odd</li>", found.text)
    assert "coloured by its label" not in page(models["plain"], X).text


def test_many_numbers_are_coloured_by_steps(models, page):
    assert '<span class="s4">' in page(models["plain"], X, y=X.mean((1, 2))).text


def test_one_label_for_each_row_is_needed(models, tmp_path):
    with pytest.raises(InputError, match=r"y has shape \(299,\), but there are 300 rows"):
        pages.write(models["plain"], X, tmp_path / "r.html", y=Y[1:])


@pytest.mark.parametrize("variant", ["plain", "variational"])
def test_a_condition_on_labels(variant, page):
    model = Autoencoder(variant, latent_dim=3, epochs=1, condition="y", random_state=0).fit(X, Y)
    assert page(model, X, y=Y).sections == SECTIONS


def test_a_condition_on_columns(wine, page):
    model = Autoencoder("denoising", latent_dim=3, epochs=1, condition=["region"], random_state=0).fit(wine)
    assert page(model, wine).sections == SECTIONS
    assert page(model, wine, examples=False).sections == WITHOUT_EXAMPLES


# -- kinds of data -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [lambda frame: frame, pl.from_pandas], ids=["pandas", "polars"])
def test_a_table_of_every_kind_of_column(form, wine, page):
    frame = form(wine)
    model = Autoencoder("plain", latent_dim=3, epochs=3, random_state=0).fit(frame)
    found = page(model, frame, y=wine["region"])
    assert found.sections == SECTIONS
    assert not found.pictures
    for column in wine:
        assert column in found.text
    for sign in ("Mean error of each column", "highest rows", "traversal", "--heat", "<strong>"):
        assert sign in found.text


def test_without_examples_no_cell_of_a_table_is_in_the_page(wine, page):
    frame = wine.assign(alcohol=wine.alcohol.fillna(13))
    frame.loc[7, "alcohol"] = 98.7654
    model = Autoencoder("plain", latent_dim=3, epochs=3, random_state=0).fit(frame)
    assert ">98.77<" in page(model, frame).text
    found = page(model, frame, examples=False)
    assert found.sections == WITHOUT_EXAMPLES
    assert ">98.77<" not in found.text
    assert "highest rows" not in found.text


def test_an_unnamed_array(page):
    array = load_wine().data
    model = Autoencoder("linear", latent_dim=2, epochs=1, random_state=0).fit(array)
    assert ">x12<" in page(model, array).text


def test_images_in_colour_with_channels_first(page):
    colour = torch.rand(40, 3, 12, 10, generator=torch.Generator().manual_seed(0))
    from isthmus import Images

    model = Autoencoder("plain", latent_dim=3, epochs=1, data=Images(channels_first=True), random_state=0).fit(colour)
    assert page(model, colour).sections == SECTIONS


def test_large_images_are_reduced(page):
    large = np.random.default_rng(0).integers(0, 255, (30, 130, 100), dtype=np.uint8)
    model = Autoencoder("plain", latent_dim=3, epochs=1, net="mlp", random_state=0).fit(large)
    assert len(page(model, large).text) < 1_500_000


def test_a_stream_is_drawn_from(models, page, monkeypatch):
    from isthmus.apps.report.kinds import base

    class Stream:
        shape = X.shape

        def __len__(self):
            return len(X)

        def chunks(self):
            yield from (X[:100], X[100:])

        def source(self):
            raise NotImplementedError  # it is not trained on

    monkeypatch.setattr(base, "ROWS", 120)
    assert "120 rows of 300, drawn at random" in page(models["plain"], Stream(), y=Y).text


# -- the file ------------------------------------------------------------------------------------------------------


def test_the_title_is_text(models, page):
    assert "<h1>a &lt;b&gt; &amp; c</h1>" in page(models["plain"], X, title="a <b> & c").text


def test_a_report_on_digits_is_small(models, tmp_path):
    pages.write(models["plain"], X, tmp_path / "r.html", y=Y)
    assert (tmp_path / "r.html").stat().st_size < 3_000_000


def test_a_place_that_cannot_be_written_is_named(models, tmp_path):
    with pytest.raises(InputError, match="there is no folder"):
        pages.write(models["plain"], X, tmp_path / "nowhere" / "r.html")


def test_what_stood_there_stays_when_the_rows_do_not_suit(models, tmp_path):
    (tmp_path / "r.html").write_text("old")
    with pytest.raises(InputError, match="shape"):
        pages.write(models["plain"], X[:, :4], tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text() == "old"


def test_a_missing_library_is_named_with_its_extra(models, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"isthmus\[report\]"):
        pages.write(models["plain"], X, tmp_path / "r.html")


def test_a_model_must_be_fitted_and_rows_be_there(models, tmp_path):
    with pytest.raises(NotFittedError):
        pages.write(Autoencoder(), X, tmp_path / "r.html")
    with pytest.raises(InputError, match="X has 1 row \\(n_samples = 1\\), but a report needs at least 2"):
        pages.write(models["plain"], X[:1], tmp_path / "r.html")


# -- side by side --------------------------------------------------------------------------------------------------


def test_models_side_by_side(models, page):
    found = page(models, X, pages.write_comparison, y=Y)
    assert {"table", "reconstructions", "maps"} <= found.sections
    for name in models:
        assert {f"model-{name}-{section}" for section in SECTIONS} <= found.sections
    assert len(set(found.ids)) == len(found.ids)
    assert {link[1:] for link in found.links} <= set(found.ids)
    assert "probe" in found.text
    assert len(found.text) < 15_000_000


def test_models_side_by_side_without_examples(models, page):
    found = page(models, X, pages.write_comparison, y=Y, examples=False)
    assert "reconstructions" not in found.sections
    assert found.tiles()
    assert not found.tiles() & ROWS


def test_the_best_of_a_column_is_bold(models, page):
    found = page({"a": models["plain"], "b": models["topk"]}, X, pages.write_comparison)
    assert found.text.count("<td><strong>") == 2  # squared error and explained
    assert ">variant<" in found.text


def test_nothing_cannot_be_compared(tmp_path):
    with pytest.raises(InputError, match="no models"):
        pages.write_comparison({}, X, tmp_path / "r.html")


def test_notebooks_show_the_knobs_of_a_variant():
    shown = Autoencoder(Denoising(level=0.3))._repr_html_()
    assert "variant__level" in shown
    assert "0.3" in shown
