"""The page in a real browser, on a server of its own: what a person does with images, and then sees."""

from urllib.parse import parse_qs, urlsplit

import pytest

from .conftest import Tab, changes, drag, number, pictures, slide

pytestmark = pytest.mark.slow


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
    page.get_by_label("Decoded grid behind the points").check()
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


def test_without_webgl_the_page_says_so_and_goes_on(tab, digits):
    page = tab.page
    page.add_init_script(
        """const real = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
            return kind.startsWith("webgl") ? null : real.call(this, kind, ...more);
        };"""
    )
    page.goto(digits)
    assert "needs WebGL" in page.get_by_role("alert").inner_text()
    page.get_by_label("Zoom in").click()
    page.get_by_label("Search").fill("7")
    page.get_by_label("Search").press("Enter")
    page.wait_for_function("document.querySelector('#panel').innerText.includes('#7')")
