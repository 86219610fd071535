"""Servers of the explorer, each a process of its own, and a browser that looks at them."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from urllib.request import urlopen

import numpy as np
import pandas as pd
import pytest

from isthmus import AnomalyDetector, Autoencoder, Compressive, Compressor, Images

from .photographs import PHOTOGRAPHS

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


@contextmanager
def serving(*arguments):
    """Run ``isthmus explore`` on a free port; gives its address."""
    command = [sys.executable, "-m", "isthmus", "explore", *map(str, arguments), "--no-browser", "--port", "0"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            said = []
            for line in process.stdout:
                said.append(line)
                if line.startswith("http"):
                    break
            else:
                pytest.fail("".join(said))
            yield line.strip()
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def trained(isthmus, folder):
    """Two models of the digits with two code numbers: ``variational`` and ``plain``."""
    quick = ["--rows", "0:600", "--latent-dim", 2, "--epochs", 4, "--batch-size", 64, "-q"]
    found = {}
    for variant in ("variational", "plain"):
        found[variant] = folder / f"explored-{variant}.safetensors"
        isthmus("train", "digits", "--variant", variant, "-o", found[variant], *quick)
    return found


@pytest.fixture(scope="session")
def digits(trained):
    """The address of a page on two models of the digits."""
    with serving(trained["variational"], "digits", "--rows", "0:600", "--compare", trained["plain"]) as address:
        yield address


@pytest.fixture(scope="module")
def table(isthmus, folder, wine):
    """The address of a page on a table with words, truths and gaps."""
    model = folder / "explored-table.safetensors"
    isthmus("train", wine, "--label", "kind", "-o", model, "--latent-dim", 4, "--epochs", 2, "--net", "linear", "-q")
    with serving(model, wine, "--label", "kind") as address:
        yield address


@pytest.fixture(scope="module")
def groups(folder, wine):
    """The address of a page on a detector with a threshold for each region."""
    model, rows = folder / "explored-groups.safetensors", pd.read_csv(wine).drop(columns="kind")
    known = Autoencoder("plain", 4, net="linear", epochs=2, random_state=0, verbose=False)
    made = AnomalyDetector(known, groups="region", false_alarm_rate=0.3, random_state=0).fit(rows)
    made.set_threshold(value={"north": 0.0, "south": 1e6}).save(model)
    with serving(model, wine, "--label", "kind") as address:
        yield address


@pytest.fixture(scope="module")
def signal(isthmus, folder):
    """The address of a page on a detector of a signal of two channels, with a gap and a spike."""
    moments = np.arange(400)
    waves = pd.DataFrame({"slow": np.sin(moments / 9), "fast": 100 + 20 * np.cos(moments / 7)})
    waves.loc[30:35, "slow"], waves.loc[350, "fast"] = np.nan, 400
    data, model = folder / "explored-waves.csv", folder / "explored-waves.safetensors"
    waves.to_csv(data, index=False)
    settings = ["--train-rows", "0:300", "--window", 16, "--save", model, "-o", folder / "explored-moments.csv", "-q"]
    isthmus("detect", data, *settings)
    with serving(model, data) as address:
        yield address


@pytest.fixture(scope="session")
def photographs(isthmus, folder):
    """The address of a page on a model of images of any size."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    photos, model = folder / "explored-photographs", folder / "explored-photographs.safetensors"
    photos.mkdir()
    for number in range(12):
        size = [(20, 33, 3), (40, 24, 3), (90, 60, 3)][number % 3]
        pixels = np.random.default_rng(number).integers(0, 256, size).astype(np.uint8)
        image.fromarray(pixels).save(photos / f"{number:02}.png")
    isthmus("train", photos, "--crop", 16, "--latent-dim", 4, "--epochs", 2, "-o", model, "-q")
    with serving(model, photos) as address:
        yield address


@pytest.fixture(scope="session")
def photographs_of_a_detector(isthmus, folder, photographs):
    """The address of a page on a detector of the same images, whose score has a map."""
    photos, model = folder / "explored-photographs", folder / "explored-photographs-detector.safetensors"
    options = ["--crop", 16, "--epochs", 1, "--false-alarm-rate", 0.1, "--save", model, "-q"]
    isthmus("detect", photos, "--train", photos, *options, "-o", folder / "explored-photographs.csv")
    with serving(model, photos) as address:
        yield address


@pytest.fixture(scope="session")
def compressor():
    """A compressor that has learnt next to nothing."""
    pytest.importorskip("constriction", reason="constriction is not installed")
    data, quick = Images(crop=64, crops_per_image=2), {"epochs": 1, "random_state": 0, "verbose": False}
    return Compressor(Autoencoder(Compressive(width=16), data=data, **quick)).fit(PHOTOGRAPHS)


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("ISTHMUS_CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.skip("no Chromium: set ISTHMUS_CHROMIUM to one")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Tab:
    """A page in the browser, with what went wrong in it."""

    def __init__(self, page):
        self.page, self.wrong = page, []
        page.on("console", lambda said: said.type == "error" and self.wrong.append(said.text))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("requestfailed", lambda request: self.wrong.append(f"{request.url}: {request.failure}"))
        page.on("response", lambda reply: reply.status >= 400 and self.wrong.append(f"{reply.status} {reply.url}"))

    def open(self, address):
        self.page.goto("about:blank")  # another hash alone would not load the page again
        self.page.goto(address)
        self.page.wait_for_selector(".map[data-drawn]")
        return self.page

    def spot(self, xy, side=0):
        """Where a point of the map is in the window, at the first view."""
        box = self.page.locator(f'.map[data-side="{side}"]').bounding_box()
        unit = 0.45 * min(box["width"], box["height"])
        x, y = map(float, xy)
        return box["x"] + box["width"] / 2 + x * unit, box["y"] + box["height"] / 2 - y * unit


@pytest.fixture
def tab(chromium):
    """A tab of its own for a test; nothing may have gone wrong in it at the end."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(15_000)
    made = Tab(context.new_page())
    yield made
    context.close()
    assert not made.wrong


@pytest.fixture(scope="module")
def places(digits):
    """Where the digits are on their map: (600, 2)."""
    with urlopen(f"{digits}/api/models/0/map/codes?x=0&y=1") as reply:
        return np.frombuffer(reply.read(), "<f4").reshape(-1, 2)


@pytest.fixture(scope="module")
def lonely(places):
    """The digit that is farthest from its nearest neighbour: what is pointed at there is surely it."""
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return int(apart.min(axis=1).argmax())


def pictures(page, place):
    """The addresses of the images at a place."""
    return [image.get_attribute("src") for image in page.locator(f"{place} img").all()]


def changes(page, place, act):
    """Do something, and wait until the first image at a place is another one."""
    page.wait_for_selector(f"{place} img")
    before = pictures(page, place)[0]
    act()
    page.wait_for_function("([place, old]) => document.querySelector(`${place} img`)?.src !== old", arg=[place, before])
    assert pictures(page, place)[0].startswith("data:image/png")


def drag(page, start, *stops):
    page.mouse.move(*start)
    page.mouse.down()
    for stop in stops:
        page.mouse.move(*stop, steps=6)
    page.mouse.up()


def slide(page, where, keys):
    """Move a slider by keys."""
    page.locator(where).focus()
    for key in keys:
        page.keyboard.press(key)


def number(page, test_id):
    return int(page.get_by_test_id(test_id).inner_text().replace(",", ""))
