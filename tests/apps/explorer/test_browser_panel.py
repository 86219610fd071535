"""The page in a real browser: what is shown is named rightly, legible, and of the right shape."""

import re

import numpy as np
import pandas as pd
import pytest

from isthmus import AnomalyDetector, Autoencoder

from .conftest import Tab, changes, drag, pictures, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seen(chromium):
    """One tab for all tests of this module; nothing may have gone wrong in it at the end."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    context.set_default_timeout(15_000)
    made = Tab(context.new_page())
    yield made
    context.close()
    assert not [each for each in made.wrong if "ERR_ABORTED" not in each]  # what the next test no longer waits for


@pytest.fixture(scope="module")
def oblong(isthmus, folder):
    """The address of a page on images of 12 x 20 pixels, with forty labels."""
    classes = np.arange(160) % 40
    X = np.zeros((160, 12, 20), np.uint8)
    for image, at in zip(X, classes, strict=True):
        image[at // 8 * 2 : at // 8 * 2 + 4, at % 8 * 2 : at % 8 * 2 + 5] = 200
    data, model = folder / "explored-oblong.npz", folder / "explored-oblong.safetensors"
    np.savez(data, X=X, y=np.array([f"class {at:02}" for at in classes]))
    isthmus("train", data, "--latent-dim", 2, "--epochs", 2, "--net", "linear", "-o", model, "-q")
    with serving(model, data) as address:
        yield address


@pytest.fixture(scope="module")
def scored(folder, wine):
    """The address of a page on a detector of a table."""
    model, rows = folder / "explored-scored.safetensors", pd.read_csv(wine).drop(columns="kind")
    ae = Autoencoder("plain", 3, net="linear", epochs=2, random_state=0, verbose=False)
    AnomalyDetector(ae, random_state=0).fit(rows).save(model)
    with serving(model, wine, "--label", "kind") as address:
        yield address


CONTRAST = """button => {
    const { color, backgroundColor } = getComputedStyle(button);
    const context = document.createElement("canvas").getContext("2d");
    const light = colour => {
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        const parts = [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)].map(each => each / 255);
        const [r, g, b] = parts.map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    };
    const [a, b] = [light(backgroundColor), light(color)];
    return Math.max(a, b) / Math.min(a, b);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_word_on_a_pressed_button_can_be_read_under_the_mouse(seen, digits, scheme):
    seen.page.emulate_media(color_scheme=scheme)
    page = seen.open(digits)
    button = page.get_by_role("button", name="Look", exact=True)
    button.hover()
    page.wait_for_timeout(200)  # of its transition
    assert button.get_attribute("aria-pressed") == "true"
    assert button.evaluate(CONTRAST) > 4.5
    seen.page.emulate_media(color_scheme="light")


def test_the_decoded_grid_is_not_faded(seen, digits):
    page = seen.open(f"{digits}/#grid=true&tab=walk")
    page.wait_for_function(
        """() => {
            const canvas = document.querySelector("canvas.under");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return data.some((each, at) => at % 4 === 3 && each === 255);
        }"""
    )


def test_no_tooltip_stays_during_a_walk(seen, digits, places, lonely):
    page = seen.open(f"{digits}/#tool=walk&tab=walk")
    start = seen.spot(places[lonely])
    page.mouse.move(*start)
    page.wait_for_selector(".tooltip")
    page.mouse.down()
    page.mouse.move(start[0] + 40, start[1] + 40, steps=3)
    assert page.locator(".tooltip").count() == 0
    page.mouse.up()
    page.mouse.move(*start)
    page.wait_for_selector(".tooltip")
    page.locator(".map").focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator(".tooltip").count() == 0


def test_both_of_two_maps_can_be_walked(seen, digits):
    page = seen.open(f"{digits}/#versus=1&tool=walk&tab=walk")
    boxes = [page.locator(f".map[data-side='{side}']").bounding_box() for side in (0, 1)]
    for box, name in zip(boxes, ("walked", "walked-beside"), strict=True):
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.click(*middle)
        end = (middle[0] + 90, middle[1] + 60)
        changes(page, f"[data-testid={name}]", lambda a=middle, b=end: drag(page, a, b))
    beside = pictures(page, "[data-testid=walked-beside]")
    page.locator(".map[data-side='1']").focus()
    changes(page, "[data-testid=walked-beside]", lambda: [page.keyboard.press("ArrowLeft") for _ in range(9)])
    assert pictures(page, "[data-testid=walked-beside]") != beside
    page.wait_for_function("() => location.hash.includes('cursorBeside')")
    assert [each.inner_text() for each in page.locator(".walked figcaption").all()] == [
        "explored-variational",
        "explored-plain",
    ]


def test_what_is_said_of_a_drawing_is_one_sentence_after_the_other(seen, digits):
    page = seen.open(f"{digits}/#tab=draw")
    box = page.locator(".easel").bounding_box()
    page.mouse.click(box["x"] + 50, box["y"] + 50)
    line = page.locator("#draw > .hint")
    line.wait_for()
    assert re.fullmatch(r"−log p −?[\d.e−]+\. The diamond on the map shows where it lies\.", line.inner_text())
    assert line.locator(":scope > *").count() == 1


def test_small_images_show_their_pixels(seen, digits):
    page = seen.open(f"{digits}/#point=3")
    page.wait_for_selector("#neighbours img")
    shown = page.locator("#panel img").evaluate_all("all => all.map(each => getComputedStyle(each).imageRendering)")
    assert set(shown) == {"pixelated"}


def test_an_oblong_image_is_drawn_on_a_canvas_of_its_shape(seen, oblong):
    page = seen.open(f"{oblong}/#tab=draw")
    box = page.locator(".easel").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(20 / 12, rel=0.02)
    page.wait_for_selector("figure:nth-child(2) img")
    right, below = box["x"] + box["width"] * 19.5 / 20, box["y"] + box["height"] * 11.5 / 12
    changes(page, ".studio figure:nth-child(2)", lambda: page.mouse.click(right, below))
    pixels = page.evaluate(
        """async () => {
            const image = document.querySelector(".studio figure:nth-child(2) img");
            await image.decode();
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0);
            return [...context.getImageData(0, 0, canvas.width, canvas.height).data].filter((_, at) => at % 4 === 0);
        }"""
    )
    assert np.argmax(pixels) == 239  # the last of 12 x 20


def test_forty_labels_have_forty_colours_and_a_legend_that_scrolls(seen, oblong):
    page = seen.open(oblong)
    names = page.locator(".legend button")
    dots = names.locator("i").evaluate_all("all => all.map(each => each.style.background)")
    assert len(dots) == len(set(dots)) == 40
    assert page.locator(".legend").evaluate("legend => legend.scrollHeight > legend.clientHeight")
    colours = """() => {
        const canvas = document.querySelector("canvas.points");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Set();
        for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 250) seen.add(data.slice(at, at + 3).join());
        return seen.size;
    }"""
    before = page.evaluate(colours)
    names.nth(12).hover()
    page.wait_for_function(f"before => ({colours})() < before / 2", arg=before)  # one colour among grey ones
    assert names.nth(12).get_attribute("title") == "Hide class 12"


def test_a_row_shows_differences_in_deviations_and_contributions_by_their_name(seen, scored):
    page = seen.open(f"{scored}/#point=20")
    page.wait_for_selector(".row meter")
    heads = [each.inner_text().replace("\xad", "") for each in page.locator("#panel .row thead th").all()]
    assert heads == ["column", "original", "reconstruction", "difference", "contribution"]
    assert "contributes to the score" in page.locator(".row .off").first.get_attribute("title")
    api = seen.page.request
    state, example = (api.get(f"{scored}/api/{path}").json() for path in ("state", "models/0/examples/20"))
    at = [field["name"] for field in state["fields"]].index("sugar")
    line = page.locator("#panel .row tbody tr").nth(at)
    off = example["reconstruction"]["cells"][at] - example["original"]["cells"][at]
    shown = float(line.locator("td").nth(2).inner_text().replace("−", "-").removesuffix(" σ"))
    assert shown == pytest.approx(off / state["deviation"][at], abs=0.006)
    low, high = next((each["low"], each["high"]) for each in state["colours"] if each["id"] == "column:sugar")
    written = line.locator("th small").inner_text().split(" to ")
    assert [float(each) for each in written] == pytest.approx([low, high], rel=0.01)
    region = [field["name"] for field in state["fields"]].index("region")
    assert page.locator("#panel .row tbody tr").nth(region).locator("td").nth(2).inner_text() in ("same", "differs")


def test_photographs_are_smooth_and_an_exported_page_has_their_reconstructions(seen, photographs, isthmus, folder):
    page = seen.open(f"{photographs}/#point=2")  # 90 x 60 pixels
    page.wait_for_selector(".trio img")
    shown = page.locator(".trio img").evaluate_all("all => all.map(each => getComputedStyle(each).imageRendering)")
    assert shown == ["auto"] * 3
    out = folder / "explored-photographs.html"
    isthmus("explore", folder / "explored-photographs.safetensors", folder / "explored-photographs", "--export", out)
    page = seen.open(f"file://{out}#point=2")
    page.wait_for_selector(".trio img")
    original, reconstruction, difference = pictures(page, ".trio")
    assert len({original, reconstruction, difference}) == 3
    assert [each.inner_text() for each in page.locator(".trio figcaption").all()] == [
        "original",
        "reconstruction",
        "difference",
    ]
