"""The explorer's page in headless Chromium with software rendering: frames of 100,000 points, and drags that decode.

The map is panned, zoomed and hovered for five seconds each, in three turns, of which the middle one counts. JavaScript
is what listeners, timers and frames of the page take between two frames. A drag is 200 moves of the cursor: from the
event until the decoded image has changed and can be drawn. Chromium is found by ISTHMUS_CHROMIUM or on the path.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.explorer import EXAMPLES, rows
from benchmarks.serving import process
from benchmarks.support.figures import Figure, Result, Skip
from benchmarks.support.peers import needs
from benchmarks.support.rows import ours

FLAGS = ["--no-sandbox", "--disable-background-networking", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
SIZE, SECONDS = {"width": 1400, "height": 900}, 5.0
MOVES, TURNS = ("pan", "zoom", "hover"), 3
CLOCK = """
let spent = 0, last = 0; window.frames_ = [];
const timed = f => function (...a) {
  const began = performance.now();
  try { return f.apply(this, a) } finally { spent += performance.now() - began }
};
const raf = window.requestAnimationFrame.bind(window), later = window.setTimeout.bind(window);
const listen = EventTarget.prototype.addEventListener;
window.requestAnimationFrame = f => raf(timed(f));
window.setTimeout = (f, ...rest) => later(typeof f === 'function' ? timed(f) : f, ...rest);
EventTarget.prototype.addEventListener = function (name, f, ...rest) {
  return listen.call(this, name, typeof f === 'function' && /pointer|wheel|mouse/.test(name) ? timed(f) : f, ...rest)
};
(function tick(now) { if (last) window.frames_.push([now - last, spent]); last = now; spent = 0; raf(tick) })(0);
"""
DRAG = """async moves => {
  const map = document.querySelector('.map'), box = map.getBoundingClientRect(), spent = [];
  const shown = () => document.querySelector('[data-testid=walked] img');
  const fire = (name, x, y) => map.dispatchEvent(new PointerEvent(name,
    { bubbles: true, pointerId: 1, isPrimary: true, buttons: 1, clientX: box.x + x, clientY: box.y + y }));
  const changed = old => new Promise(done => {
    const watch = new MutationObserver(() => {
      const now = shown();
      if (now && now.src !== old) { watch.disconnect(); now.decode().then(done) }
    });
    watch.observe(document.body, { subtree: true, childList: true, attributes: true });
    setTimeout(() => { watch.disconnect(); done() }, 2000);
  });
  map.setPointerCapture = () => {};
  fire('pointerdown', 300, 300);
  for (let i = 0; i < moves; i++) {
    const old = shown().src, began = performance.now();
    fire('pointermove', 480 + 260 * Math.sin(i / 7), 400 + 260 * Math.cos(i / 9));
    await changed(old);
    spent.push(performance.now() - began);
    await new Promise(requestAnimationFrame);
  }
  fire('pointerup', 300, 300);
  return spent;
}"""


def run(quick: bool) -> Result:
    needs("playwright")
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("ISTHMUS_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise Skip("there is no Chromium: set ISTHMUS_CHROMIUM to one")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        examples, seconds, moves = (5_000, 0.5, 10) if quick else (EXAMPLES, SECONDS, 200)
        ready, turns = ours("points", lambda: served(many_points, browser, seconds, *rows(Path(folder), examples)))
        dragged = ours("drag", lambda: served(drag, browser, moves, "--demo"))
        browser.close()
    figures = [Figure("100,000 points: until they are drawn", ready, "s", most=3.0)]
    for what, (frames, script) in zip(MOVES, np.median(turns, 0), strict=True):
        figures += [
            Figure(f"{what}: JavaScript of a frame, 95 of 100 within", script, "ms", most=8.0),
            Figure(f"{what}: a frame, 95 of 100 within", frames, "ms", most=100.0),
        ]
    slowest = np.max(turns, (0, 1))[0]
    figures.append(Figure("any of these in its slowest turn: a frame, 95 of 100 within", slowest, "ms"))
    figures.append(Figure("from a drag to the decoded image, 95 of 100 within", dragged, "ms", most=50.0))
    return Result(figures)


def served(measure: Callable[..., Any], browser: Any, size: float, *arguments: str) -> Any:
    """Return what is measured on the page of a command."""
    with process("-m", "isthmus", "explore", *arguments, "--port", "0", "--no-browser") as url:
        return measure(browser, url, size)


def many_points(browser: Any, url: str, seconds: float) -> tuple[float, list[Any]]:
    """Return seconds until the points are drawn, and 95 % quantiles in ms: (turns, movements, frame and script)."""
    page = browser.new_page(viewport=SIZE)
    page.add_init_script(CLOCK)
    began = time.perf_counter()
    page.goto(url)
    page.wait_for_selector(".map[data-drawn]", timeout=60_000)
    ready = time.perf_counter() - began
    page.wait_for_timeout(1500)
    box = page.locator(".map").bounding_box()
    centre = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    turns = [[movement(page, what, centre, seconds) for what in MOVES] for _ in range(TURNS)]
    page.close()
    return ready, turns


def movement(page: Any, what: str, centre: tuple[float, float], seconds: float) -> tuple[float, float]:
    page.mouse.move(*centre)
    page.evaluate("window.frames_ = []")
    if what == "pan":
        page.mouse.down()
    ends, step = time.perf_counter() + seconds, 0
    while time.perf_counter() < ends:
        step += 1
        if what == "zoom":
            page.mouse.wheel(0, -20 if step % 40 < 20 else 20)
        else:
            page.mouse.move(centre[0] + 200 * np.sin(step / 15), centre[1] + 150 * np.cos(step / 11))
    if what == "pan":
        page.mouse.up()
    frames, script = np.quantile(np.array(page.evaluate("window.frames_")), 0.95, axis=0)
    return float(frames), float(script)


def drag(browser: Any, url: str, moves: int) -> float:
    """Return the 95 % quantile of the milliseconds from a move to the decoded image."""
    page = browser.new_page(viewport=SIZE)
    page.goto(f"{url}#tool=walk&tab=walk&cursor=0.1,0.1")
    page.wait_for_selector("[data-testid=walked] img", timeout=60_000)
    page.wait_for_timeout(800)
    spent = page.evaluate(DRAG, moves)
    page.close()
    return float(np.quantile(spent, 0.95))
