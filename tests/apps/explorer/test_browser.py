"""The page in a real browser, on a server of its own: what a person does, and what they then see."""

import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def pictures(page, place):
    """The addresses of the pictures at a place."""
    return [image.get_attribute("src") for image in page.locator(f"{place} img").all()]


def changes(page, place, act):
    """Do something, and wait until the first picture at a place is another one."""
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


def test_points_appear(tab, digits):
    page = tab.open(digits)
    assert page.locator(".map").get_attribute("data-drawn") == "600"
    shades = page.evaluate(
        """() => {
            const canvas = document.querySelector("canvas.points");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const found = new Set();
            for (let at = 0; at < data.length; at += 4)
                if (data[at + 3] > 200) found.add(data.slice(at, at + 3).join());
            return found.size;
        }"""
    )
    assert shades >= 10  # a colour for every digit
    assert page.locator(".legend button").count() == 10


def test_hover_shows_the_example_and_click_opens_it(tab, digits, places, lonely):
    page = tab.open(digits)
    page.mouse.move(*tab.spot(places[lonely]))
    page.wait_for_selector(".tooltip dd")
    assert f"#{lonely}" in page.locator(".tooltip").inner_text()
    assert len(pictures(page, ".tooltip")) == 2  # original and rebuilt
    page.mouse.click(*tab.spot(places[lonely]))
    page.wait_for_selector("#neighbours img")
    assert page.locator(".title h2").inner_text() == f"#{lonely}"
    assert len(pictures(page, ".trio")) == 3 and len(pictures(page, "#neighbours")) == 8
    page.locator("#neighbours button").first.click()
    page.wait_for_function("old => document.querySelector('.title h2')?.innerText !== old", arg=f"#{lonely}")


def test_sliders_decode(tab, digits):
    page = tab.open(f"{digits}/#point=3")
    page.wait_for_selector("#code-0")
    slide(page, "#code-0", ["ArrowRight"] * 5)
    changes(page, "[data-testid=decoded]", lambda: slide(page, "#code-1", ["End"]))


def test_walk_decodes_where_no_point_is(tab, digits):
    page = tab.open(digits)
    page.get_by_role("button", name="Walk", exact=True).first.click()
    page.mouse.click(*tab.spot((-0.9, -0.9)))
    changes(page, "[data-testid=walked]", lambda: drag(page, tab.spot((-0.9, -0.9)), tab.spot((0.8, 0.8))))


def test_the_decoded_grid_lies_on_the_map(tab, digits):
    page = tab.open(digits)
    inked = """() => {
        const canvas = document.querySelector("canvas.under");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.reduce((sum, each, at) => sum + (at % 4 === 3 && each > 0), 0) / (data.length / 4);
    }"""
    assert page.evaluate(inked) == 0
    page.get_by_role("tab", name="Walk").click()
    page.get_by_label("Decoded grid over the map").check()
    page.wait_for_function(f"() => ({inked})() > 0.4")


def test_a_line_is_played(tab, digits):
    page = tab.open(f"{digits}/#tab=walk&point=0&to=1")
    changes(page, "[data-testid=line]", lambda: page.get_by_role("button", name="Play").click())
    page.get_by_role("button", name="Stop").click()


def test_lasso_selects_and_groups_make_a_direction(tab, digits, places):
    page = tab.open(digits)
    page.get_by_role("button", name="Lasso", exact=True).click()
    for name, low, high in (("A", (-1, -1), (0, 1)), ("B", (0, -1), (1, 1))):
        a, b, c, d = (tab.spot(corner) for corner in (low, (high[0], low[1]), high, (low[0], high[1])))
        drag(page, a, b, c, d, a)
        inside = ((places > low) & (places < high)).all(axis=1).sum()
        page.wait_for_function("() => Number(document.querySelector('[data-testid=selected]')?.innerText) > 0")
        assert abs(number(page, "selected") - inside) <= 3  # those on the edge
        page.get_by_role("tab", name="Walk").click()
        page.get_by_role("button", name=f"Lasso is {name}").click()
    changes(page, "[data-testid=added]", lambda: page.get_by_label("strength").focus() or page.keyboard.press("End"))


def test_samples_follow_their_seed(tab, digits):
    page = tab.open(f"{digits}/#tab=generate")
    changes(page, "[data-testid=samples]", lambda: page.get_by_role("button", name="Others").click())
    first = pictures(page, "[data-testid=samples]")
    assert len(first) == 16
    tab.open(f"{digits}/#tab=generate&seed=1")
    page.wait_for_selector("[data-testid=samples] img")
    assert pictures(page, "[data-testid=samples]") == first


def test_drawing_is_rebuilt_and_noise_is_mended(tab, digits):
    page = tab.open(f"{digits}/#tab=draw")
    easel = page.locator(".easel").bounding_box()
    x, y, side = easel["x"], easel["y"], easel["width"]
    stroke = [(x + 0.5 * side, y + 0.1 * side), (x + 0.5 * side, y + 0.9 * side)]
    changes(page, "[data-testid=drawn]", lambda: drag(page, *stroke))
    page.wait_for_selector(".near img")  # its nearest examples
    changes(page, "figure:nth-child(2)", lambda: slide(page, "#noise", ["ArrowRight"] * 20))


def test_the_threshold_changes_the_count(tab, digits):
    page = tab.open(f"{digits}/#tab=anomalies")
    page.wait_for_selector(".flagged li")
    before = number(page, "count")
    slide(page, "#threshold", ["PageDown"] * 3)
    page.wait_for_function(
        "old => Number(document.querySelector('[data-testid=count]').innerText.replace(',', '')) > old", arg=before
    )
    with page.expect_download() as got:
        page.get_by_role("button", name="CSV").click()
    assert len(got.value.path().read_text().splitlines()) > before


def test_search_finds_and_opens(tab, digits):
    page = tab.open(digits)
    page.get_by_role("searchbox").fill("17")
    page.wait_for_selector(".title h2")
    assert page.locator(".title h2").inner_text() == "#17"
    page.get_by_role("searchbox").fill("label=3")
    page.wait_for_function("() => /^[2-9]\\d found$/.test(document.querySelector('.search output').innerText)")


def test_two_models_side_by_side(tab, digits, places, lonely):
    page = tab.open(digits)
    page.get_by_label("Beside").select_option("1")
    page.wait_for_selector('.map[data-side="1"][data-drawn]')
    page.mouse.move(*tab.spot(places[lonely]))
    page.wait_for_selector(".tooltip dd")
    assert len(pictures(page, ".tooltip")) == 3  # original, and rebuilt by each
    marked = """() => {
        const canvas = document.querySelectorAll("canvas.over")[1];
        return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((each) => each > 0);
    }"""
    page.wait_for_function(marked)  # the same example on the other map


def shown(page):
    """Which example, what was decoded of its changed code, and the legend."""
    texts = [page.locator(where).inner_text() for where in (".title h2", ".ramp")]
    return texts + pictures(page, "[data-testid=decoded]")


def test_a_shared_address_restores_the_view(tab, digits):
    page = tab.open(digits)
    page.get_by_role("combobox", name="Colour").select_option("error:0")
    page.locator(".map").focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("#code-0")
    slide(page, "#code-0", ["End"])
    page.wait_for_selector("[data-testid=decoded] img")
    page.wait_for_function("() => location.hash.includes('edits')")
    seen = shown(page)
    address = page.url
    assert float(parse_qs(urlsplit(address).fragment)["at"][0].split(",")[2]) == pytest.approx(1.4)
    page = tab.open(address)
    page.wait_for_selector("[data-testid=decoded] img")
    page.wait_for_selector(".ramp")
    assert shown(page) == seen


def test_by_keyboard_alone(tab, digits):
    page = tab.open(digits)
    page.locator(".map").focus()
    page.keyboard.press("ArrowUp")
    first = page.locator(".tooltip b").inner_text()
    page.keyboard.press("ArrowUp")
    assert page.locator(".tooltip b").inner_text() != first
    focused = page.locator(".tooltip b").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_selector(".title h2")
    assert page.locator(".title h2").inner_text() == focused
    page.keyboard.press("Escape")
    page.wait_for_selector(".welcome")
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, canvas[role], [tabindex='0']")]
            .filter((each) => !(each.innerText || each.ariaLabel || each.labels?.[0]?.innerText))
            .map((each) => each.outerHTML)"""
    )
    assert unnamed == []


def test_the_map_is_saved_as_png(tab, digits):
    page = tab.open(digits)
    with page.expect_download() as got:
        page.get_by_role("button", name="PNG").click()
    assert got.value.suggested_filename == "map.png"
    assert got.value.path().read_bytes().startswith(b"\x89PNG")


def test_a_phone(chromium, digits):
    from .conftest import Tab

    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, color_scheme="dark")
    tab = Tab(context.new_page())
    page = tab.open(f"{digits}/#point=5")
    page.wait_for_selector("#neighbours img")
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390  # nothing beyond the edge
    assert page.locator(".panel").bounding_box()["y"] >= page.locator(".maps").bounding_box()["y"] + 300  # one column
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    box = page.locator(".map").bounding_box()
    touch = context.new_cdp_session(page)
    for kind, x in (("touchStart", 100), ("touchMove", 160), ("touchMove", 200)):
        point = {"x": box["x"] + x, "y": box["y"] + 150}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function("() => location.hash.includes('at=')")  # the map moved
    context.close()
    assert not tab.wrong


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
    assert drawn.count() == 2  # rebuilt, in each lane
    broken = page.locator(".content .curves").first.locator("path[vector-effect]").first.get_attribute("d")
    assert broken.count("M") == 2  # a gap where values are missing
    page.locator(".content .curves").first.hover()
    with page.expect_download() as got:
        page.get_by_role("button", name="Save original and rebuilt as PNG").click()
    assert got.value.path().read_bytes().startswith(b"\x89PNG")
    page.get_by_role("tab", name="Anomalies").click()
    page.wait_for_selector(".flagged li")
    assert "its most abnormal moment" in page.locator("#anomalies").inner_text()
    first = int(page.locator(".flagged b").first.inner_text().strip("#").replace(",", ""))
    assert first <= 350 < first + 16  # the spike is in it


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
    """What the page's JavaScript decodes is what the model decodes, to the 8 bits of a picture."""
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
