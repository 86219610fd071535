"""The page in a real browser: tables, groups, signals, maps that take long, and pages without a server."""

import re

import numpy as np
import pytest

from .conftest import changes, drag, number, pictures, slide

pytestmark = pytest.mark.slow


def test_a_table(tab, table):
    page = tab.open(f"{table}/#point=7")
    page.wait_for_selector(".row meter")
    assert page.locator(".row tbody tr").count() == 5
    meter, panel = (page.locator(where).first.bounding_box() for where in (".row meter", ".content"))
    assert meter["width"] > 20 and meter["x"] + meter["width"] < panel["x"] + panel["width"]  # nothing is cut off
    page.locator(".map").focus()
    page.keyboard.press("ArrowUp")
    page.wait_for_selector(".tooltip .row meter")
    slide(page, "#code-0", ["End"])
    before = page.locator("[data-testid=decoded]").inner_text()
    assert re.search(r"region\s+(north|south)", before)
    slide(page, "#code-1", ["Home"])
    page.wait_for_function("old => document.querySelector('[data-testid=decoded]').innerText !== old", arg=before)
    page.get_by_role("searchbox").fill("sugar>110")
    page.wait_for_selector("text=/[1-9]\\d* found/")
    page.get_by_role("combobox", name="Colour").select_option("column:region")
    page.wait_for_selector(".legend button:has-text('north')")
    assert page.get_by_role("tab", name="Draw").count() == 0


def test_groups_are_held_against_their_own_thresholds(tab, groups):
    page = tab.open(f"{groups}/#tab=anomalies&colour=column:region")
    page.wait_for_selector(".flagged li")
    assert "Each group has a threshold of its own" in page.locator("#anomalies").inner_text()
    page.get_by_role("searchbox").fill("region=north")
    page.wait_for_selector("text=/[1-9]\\d* found/")
    assert number(page, "count") == int(page.locator(".search output").inner_text().split()[0])
    page.get_by_role("button", name="Colour by it").click()
    page.wait_for_selector(".ramp")
    page.locator(".flagged button").first.click()
    page.wait_for_selector(".facts .flag")
    assert re.search(r"threshold 0$", page.locator(".facts").inner_text(), re.M)


def test_a_signal(tab, signal):
    page = tab.open(f"{signal}/#point=25")
    page.wait_for_selector(".content .curves text")
    words = page.locator(".content .curves").first.locator("text").all_text_contents()
    assert [words[0], words[3]] == ["slow", "fast"] and float(words[1]) < 2 < 50 < float(words[4])
    drawn = page.locator(".content .curves").first.locator("path[stroke-dasharray='5 3']")
    assert drawn.count() == 2  # reconstructed, in each lane
    caption = page.locator(".content figcaption").first.inner_text()
    assert caption == "original · dashed: reconstruction · filled: contribution to the score"
    largest = page.locator(".content figcaption").nth(1).inner_text()
    assert re.fullmatch(r"largest difference: (slow|fast), [+−][\d.]+ σ at time step \d+", largest)
    broken = page.locator(".content .curves").first.locator("path[vector-effect]").first.get_attribute("d")
    assert broken.count("M") == 2  # a gap where values are missing
    page.locator(".content .curves").first.hover()
    with page.expect_download() as got:
        page.get_by_role("button", name="Save original and reconstruction as PNG").click()
    assert got.value.path().read_bytes().startswith(b"\x89PNG")
    page.get_by_role("tab", name="Anomalies").click()
    page.wait_for_selector(".flagged li")
    assert "its most abnormal time step" in page.locator("#anomalies").inner_text()
    first = int(page.locator(".flagged b").first.inner_text().strip("#").replace(",", ""))
    assert first <= 350 < first + 16  # the spike is in it


def test_photographs_of_many_sizes(tab, photographs):
    page = tab.open(f"{photographs}/#point=1")
    page.wait_for_selector(".trio img")
    sizes = page.locator(".trio img").evaluate_all(
        "images => images.map(each => [each.naturalHeight, each.naturalWidth])"
    )
    assert sizes == [[40, 24]] * 3
    boxes = page.locator("#neighbours .thumb").evaluate_all(
        "all => all.map(each => each.clientWidth / each.clientHeight)"
    )
    assert boxes and all(abs(ratio - 1) < 0.05 for ratio in boxes)  # of any size, each in a square tile
    assert [each.inner_text() for each in page.locator("[role=tab]").all()] == ["Example", "Anomalies"]
    assert "a vector for each position" in page.locator(".hint").first.inner_text()
    assert page.get_by_role("button", name="Walk").count() == 0 and page.locator("#code-0").count() == 0


def test_photographs_of_a_detector_have_their_heat_map_beside(tab, photographs_of_a_detector):
    page = tab.open(f"{photographs_of_a_detector}/#point=1&tab=example")
    page.wait_for_selector(".trio img >> nth=3")
    sizes = page.locator(".trio img").evaluate_all(
        "images => images.map(each => [each.naturalHeight, each.naturalWidth])"
    )
    assert sizes == [[40, 24]] * 4
    assert page.locator(".trio figcaption").last.inner_text() == "heat, above the threshold outlined"
    tops = page.locator(".trio figure").evaluate_all("all => all.map(each => each.getBoundingClientRect().top)")
    assert tops[0] == tops[1] < tops[2] == tops[3]  # two by two


def test_how_far_a_map_is_can_be_seen(tab, digits):
    told = {"progress": {"stage": "UMAP: laying out", "done": 30, "total": 200, "seconds": 12.3}}
    tab.page.route("**/map/pca**", lambda route: route.fulfill(status=202, json=told))
    tab.page.goto(f"{digits}/#map=pca")
    waiting = tab.page.locator(".waiting")
    waiting.get_by_text("UMAP: laying out").wait_for()
    assert "30 of 200 · 12 s so far" in waiting.inner_text()
    assert tab.page.locator("progress").evaluate("bar => bar.position") == 0.15


def test_an_exported_page_decodes_from_disk(tab, isthmus, trained, folder):
    out = folder / "explored.html"
    isthmus("explore", trained["variational"], "digits", "--rows", "0:600", "--export", out)
    page = tab.open(f"file://{out}#point=3")
    page.wait_for_selector("#neighbours img")
    assert len(pictures(page, ".trio")) == 3
    slide(page, "#code-0", ["ArrowRight"] * 5)
    changes(page, "[data-testid=decoded]", lambda: slide(page, "#code-1", ["End"]))
    page.get_by_role("button", name="Walk", exact=True).first.click()
    page.mouse.click(*tab.spot((-0.9, -0.9)))
    changes(page, "[data-testid=walked]", lambda: drag(page, tab.spot((-0.9, -0.9)), tab.spot((0.8, 0.8))))


def test_the_exported_decoder_gives_the_models_numbers(tab, isthmus, trained, folder):
    """What the page's JavaScript decodes is what the model decodes, to the 8 bits of an image."""
    from isthmus import load

    out = folder / "decoded.html"
    isthmus("explore", trained["plain"], "digits", "--rows", "0:600", "--export", out)
    page = tab.open(f"file://{out}#point=3&edits=0.5,-1.25")
    page.wait_for_selector("[data-testid=decoded] img")
    shown = page.evaluate(
        """async () => {
            const image = document.querySelector("[data-testid=decoded] img");
            await image.decode();
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0);
            const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
            return Array.from(data).filter((_, at) => at % 4 === 0);
        }"""
    )
    wanted = np.asarray(load(trained["plain"]).inverse_transform(np.array([[0.5, -1.25]])), dtype=float).reshape(-1)
    assert np.abs(np.array(shown) / 255 - np.clip(wanted / wanted_top(wanted), 0, 1)).max() < 0.02


def wanted_top(pixels):
    """The digits are given from 0 to 1 or from 0 to 16."""
    return 16 if pixels.max() > 2 else 1
