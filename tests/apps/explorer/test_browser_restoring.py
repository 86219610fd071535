"""The page in a real browser: images and recordings before and after noise was removed."""

import numpy as np
import pytest

from isthmus import Autoencoder, Denoiser, Denoising, Images, Waveforms
from isthmus.parts.nets.unet import UNet

from .conftest import Tab, serving, slide

pytestmark = pytest.mark.slow
QUICK = {"epochs": 1, "random_state": 0, "verbose": False}


@pytest.fixture(scope="module")
def images(folder):
    """The address of a page on a denoiser of images, and one of its images."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    photos, model = folder / "restored-photos", folder / "restored-photos.safetensors"
    photos.mkdir()
    for number, size in enumerate(((60, 90, 3), (96, 64, 3), (60, 90, 3))):
        waves = 127 + 90 * np.sin(np.add.outer(np.arange(size[0]), np.arange(size[1])) / (5 + number))
        image.fromarray(np.repeat(waves[..., None], 3, 2).astype(np.uint8)).save(photos / f"{number}.png")
    data, net = Images(crop=16, crops_per_image=2), UNet((4, 6), (1, 1), noise=True)
    Denoiser(Autoencoder(Denoising(level=(0.0, 0.2)), 4, net=net, data=data, **QUICK)).fit(str(photos)).save(model)
    with serving(model, photos) as address:
        yield address, photos / "1.png"


@pytest.fixture(scope="module")
def recordings(folder):
    """The address of a page on a denoiser of recordings, and one of its recordings."""
    soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")
    talks, model = folder / "restored-talks", folder / "restored-talks.safetensors"
    talks.mkdir()
    for number in range(3):
        soundfile.write(talks / f"{number}.wav", 0.3 * np.sin(np.arange(9000) / (3 + number)), 4000)
    ae = Autoencoder(Denoising("coloured-noise"), 4, data=Waveforms(window=0.1), **QUICK)
    Denoiser(ae).fit(str(talks)).save(model)
    with serving(model, talks) as address:
        yield address, talks / "2.wav"


def source(page, what):
    return page.get_by_test_id(what).get_attribute("src")


def settled(page):
    """Wait until what is shown is what was asked for."""
    page.wait_for_selector("#restore [aria-busy=false]")
    page.wait_for_function("() => document.querySelector('#restore .busy').innerText === ''")


def test_an_edge_wipes_between_before_and_after(tab, images):
    page = tab.open(f"{images[0]}/#point=1")  # which is what is shown first of a model with skip connections
    settled(page)
    assert page.get_by_role("tab", name="Before and after").get_attribute("aria-selected") == "true"
    assert page.get_by_test_id("note").inner_text().strip() == "64 x 96 pixels."
    window = page.get_by_label("Before and after", exact=True).last
    box = window.bounding_box()
    assert box["width"] / box["height"] == pytest.approx(64 / 96, rel=0.02)
    for fraction in (0.25, 0.8):
        page.mouse.click(box["x"] + fraction * box["width"], box["y"] + 20)
        edge_comes_to(page, box["x"] + fraction * box["width"])
    slide(page, "#wipe", ["Home", "ArrowRight"])
    edge_comes_to(page, box["x"] + 0.01 * box["width"])


def edge_comes_to(page, x):
    """Wait for the middle of the edge to be at x: the page is drawn after the click."""
    page.wait_for_function(
        """x => {
            const edge = document.querySelector(".edge").getBoundingClientRect();
            return Math.abs(edge.left + edge.width / 2 - x) < 3;
        }""",
        arg=x,
    )


def test_noise_is_added_and_a_strength_chosen(tab, images):
    page = tab.open(f"{images[0]}/#point=0")
    settled(page)
    clean = source(page, "before")
    slide(page, "#noise", ["ArrowRight"] * 10)
    settled(page)
    page.wait_for_selector("[data-testid=quality]")
    assert "26 of 255" in page.locator(".knobs").inner_text()
    noisy, after = source(page, "before"), source(page, "after")
    assert noisy != clean
    slide(page, "#amount", ["Home"])
    settled(page)
    page.wait_for_function("old => document.querySelector('[data-testid=after]').src !== old", arg=after)
    assert source(page, "after") == source(page, "before") == noisy  # nothing is taken away
    page.get_by_role("button", name="Other noise").click()
    page.wait_for_function("old => document.querySelector('[data-testid=before]').src !== old", arg=noisy)
    with page.expect_download() as got:
        page.get_by_role("button", name="Save after").click()
    assert got.value.suggested_filename == "0-after.png" and got.value.path().read_bytes().startswith(b"\x89PNG")


def test_a_shared_address_shows_the_same(tab, images):
    page = tab.open(f"{images[0]}/#point=2&noise=0.1&amount=0.5&wipe=0.3&zoom=2&tab=restore")
    settled(page)
    seen = source(page, "after")
    window, layers = (page.locator(f".sides .{name}").first.bounding_box() for name in ("window", "layers"))
    assert layers["width"] == 180 and layers["height"] == 120
    edge = page.locator(".edge").bounding_box()
    assert edge["x"] + 1 == pytest.approx(window["x"] + 0.3 * window["width"], abs=3)
    page = tab.open(page.url)
    settled(page)
    assert source(page, "after") == seen


DROP = """([name, bytes]) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(bytes)], name));
    for (const kind of ["dragover", "drop"])
        document.querySelector(".map").dispatchEvent(
            new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
}"""


def test_a_file_of_ones_own_is_opened_or_dropped(tab, images):
    page = tab.open(f"{images[0]}/#point=0")
    settled(page)
    page.set_input_files("input[type=file]", images[1])
    page.locator(".named", has_text="1.png").wait_for()
    settled(page)
    assert page.get_by_test_id("note").inner_text().startswith("64 x 96 pixels")
    page.get_by_role("button", name="Back to #0").click()
    page.locator(".named", has_text="#0").wait_for()
    page.evaluate(DROP, ["mine.png", list(images[1].read_bytes())])
    page.locator(".named", has_text="mine.png").wait_for()
    page.locator(".map").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator(".named", has_text="#").wait_for()  # an example again
    settled(page)


def test_what_cannot_be_opened_is_said(chromium, images):
    context = chromium.new_context()
    page = Tab(context.new_page()).open(f"{images[0]}/#point=0")
    settled(page)
    page.evaluate(DROP, ["notes.txt", [104, 105]])
    page.get_by_role("alert").wait_for()
    assert "cannot read the image 'notes.txt'" in page.get_by_role("alert").inner_text()
    assert page.locator(".named").inner_text() == "#0"
    context.close()


def test_recordings_have_spectrograms_and_players(tab, recordings):
    page = tab.open(f"{recordings[0]}/#point=1&noise=0.2")
    settled(page)
    heads = [each.inner_text() for each in page.locator(".tracks figcaption").all()]
    assert heads == ["before", "after", "taken away"]
    assert page.locator(".tracks img").evaluate_all("all => all.every(each => each.naturalWidth > 100)")
    page.wait_for_function("() => [...document.querySelectorAll('audio')].every(each => each.duration === 2.25)")
    assert "14 dB" in page.locator(".knobs").inner_text() and "SI-SDR" in page.get_by_test_id("quality").inner_text()
    both = """async () => {
        const [before, after] = document.querySelectorAll("audio");
        before.muted = after.muted = true;
        before.currentTime = 1;
        await before.play();
        await after.play();
        return [before.paused, after.currentTime >= 1];
    }"""
    assert page.evaluate(both) == [True, True]  # one at a time, from the same time step on
    page.set_input_files("input[type=file]", recordings[1])
    page.locator(".named", has_text="2.wav").wait_for()
    settled(page)
    with page.expect_download() as got:
        page.get_by_role("button", name="Save after").click()
    assert got.value.suggested_filename == "2-after.wav" and got.value.path().read_bytes().startswith(b"RIFF")


def test_everything_has_a_name_and_fits_on_a_phone(chromium, images, recordings):
    for address, _ in (images, recordings):
        context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
        tab = Tab(context.new_page())
        page = tab.open(f"{address}/#point=1&noise=0.1")
        settled(page)
        assert page.evaluate("() => document.documentElement.scrollWidth") == 390
        unnamed = page.evaluate(
            """() => [...document.querySelectorAll("button, input, audio, img, [tabindex='0']")]
                .filter((each) => !(each.innerText || each.alt || each.ariaLabel || each.labels?.[0]?.innerText))
                .map((each) => each.outerHTML.slice(0, 200))"""
        )
        assert unnamed == []
        context.close()
        assert not tab.wrong


def test_models_of_another_kind_have_no_such_tab(tab, table):
    page = tab.open(table)
    assert page.get_by_role("tab", name="Before and after").count() == 0
