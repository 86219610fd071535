"""The page in a real browser: images at any rate, beside other codecs."""

import re

import pytest

from .conftest import Tab, serving, slide
from .photographs import PHOTOGRAPHS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def photos(folder, compressor):
    """The address of a page on a compressor, and one of its images."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    images, model = folder / "compressed-photos", folder / "codec.safetensors"
    images.mkdir()
    for number, pixels in enumerate(PHOTOGRAPHS):
        image.fromarray(pixels).save(images / f"{number}.png")
    compressor.save(model)
    with serving(model, images) as address:
        yield address, images / "1.png"


def settled(page):
    """Wait until all lines of the table are about the quality that was asked for."""
    page.wait_for_selector("#compress [aria-busy=false] img")
    page.wait_for_function("() => document.querySelector('#compress .busy').innerText === ''")
    page.wait_for_function(
        """() => [...document.querySelectorAll(".rates tbody tr")].every(
            (each) => each.className !== "stale" && each.cells[1].innerText)"""
    )


def table(page):
    """Bytes and quality by the name of what is compared."""
    rows = [row.locator("th, td").all_inner_texts() for row in page.locator(".rates tbody tr").all()]
    return {name: (int(length.replace(",", "")), quality) for name, length, _, _, quality in rows}


def source(page, what):
    return page.get_by_test_id(what).get_attribute("src")


def test_a_quality_is_chosen_and_other_codecs_stand_beside_it(tab, photos):
    page = tab.open(f"{photos[0]}/#point=1")  # which is what is there first
    settled(page)
    assert page.get_by_role("tab", name="Compression").get_attribute("aria-selected") == "true"
    fine, after = table(page), source(page, "own")
    assert list(fine) == ["original", "codec", "JPEG", "WebP"] and fine["codec"][1] == "75"
    assert max(fine["JPEG"][0], fine["WebP"][0]) <= fine["codec"][0] < fine["original"][0]
    slide(page, "#quality", ["Home", *["PageUp"] * 5])
    page.wait_for_function("old => document.querySelector('[data-testid=own]').src !== old", arg=after)
    settled(page)
    coarse = table(page)
    assert int(coarse["codec"][1]) < 75 and coarse["codec"][0] < fine["codec"][0]
    beside = {source(page, "other")}
    for name in ("original", "WebP"):
        page.get_by_role("button", name=name).click()
        settled(page)
        page.wait_for_function("name => document.querySelector('[data-testid=other]').alt === name", arg=name)
        beside.add(source(page, "other"))
    assert len(beside) == 3
    with page.expect_download() as got:
        page.get_by_role("button", name="Save image").click()
    assert got.value.suggested_filename == f"1-{coarse['codec'][1]}.png"


def test_a_shared_address_shows_the_same_and_files_are_opened(tab, photos):
    page = tab.open(f"{photos[0]}/#point=2&quality=30&codec=WebP&zoom=4&wipe=0.25")
    settled(page)
    assert page.locator(".layers").bounding_box()["width"] == 4 * 96
    assert page.get_by_test_id("other").get_attribute("alt") == "WebP"
    page.set_input_files("input[type=file]", photos[1])
    page.locator(".named", has_text="1.png").wait_for()
    settled(page)
    assert page.get_by_test_id("note").inner_text().startswith("128 x 96 pixels")
    page.get_by_role("button", name="Back to #2").click()
    page.locator(".named", has_text="#2").wait_for()
    settled(page)


def test_a_drag_asks_as_fast_as_answers_come(tab, photos):
    page = tab.open(f"{photos[0]}/#point=0")
    settled(page)
    asked = []
    page.on("request", lambda request: request.url.endswith("/compress") and asked.append(request.post_data_json))
    page.evaluate(
        """() => {
            const slider = document.querySelector("#quality");
            for (let quality = 74; quality >= 20; quality--) {
                slider.value = quality;
                slider.dispatchEvent(new Event("input", { bubbles: true }));
            }
        }"""
    )
    page.wait_for_function("() => document.querySelector('.rates .own').cells[4].innerText === '20'")
    settled(page)
    assert table(page)["codec"][1] == "20" and asked[-1]["quality"] == 20
    assert len(asked) < 20


def test_where_another_codec_needs_more_that_is_said(tab, photos, tmp_path):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    image.new("RGB", (40, 40), (90, 100, 110)).save(tmp_path / "flat.png")
    page = tab.open(f"{photos[0]}/#quality=0&tab=compress")
    page.set_input_files("input[type=file]", tmp_path / "flat.png")
    page.locator(".named", has_text="flat.png").wait_for()
    settled(page)
    assert re.search(r"JPEG takes [\d,]+ bytes even at quality 1", page.locator("#compress").inner_text())


def test_everything_has_a_name_and_fits_on_a_phone(chromium, photos):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    tab = Tab(context.new_page())
    page = tab.open(f"{photos[0]}/#point=1")
    settled(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    box = page.locator(".rates").bounding_box()
    assert box["x"] + box["width"] <= 380
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, input, img, [tabindex='0']")]
            .filter((each) => !(each.innerText || each.alt || each.ariaLabel || each.labels?.[0]?.innerText))
            .map((each) => each.outerHTML.slice(0, 200))"""
    )
    assert unnamed == []
    page.get_by_role("tab", name="Example").click()
    page.get_by_text("Nothing is decoded here").wait_for()
    context.close()
    assert not tab.wrong
