"""The page in Firefox, driven by WebDriver BiDi: a smoke test."""

import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from itertools import count

import pytest

pytestmark = pytest.mark.slow

SETTINGS = {"webgl.force-enabled": True, "browser.shell.checkDefaultBrowser": False}
ENTER = "\ue007"


class Tab:
    """A tab of a browser at the end of a web socket."""

    def __init__(self, socket):
        self.socket, self.numbers, self.said = socket, count(), []
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded"])
        self.context = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method, **params):
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv(timeout=60))).get("id") != number:
            self.said.append(answer["params"])
        assert answer["type"] == "success", answer
        return answer["result"]

    def here(self, method, **params):
        return self.ask(method, context=self.context, **params)

    def value(self, expression):
        target = {"context": self.context}
        answer = self.ask("script.evaluate", expression=expression, target=target, awaitPromise=True)
        return answer["result"].get("value")

    def wait(self, expression):
        until = time.monotonic() + 60
        while not (found := self.value(expression)):
            assert time.monotonic() < until, (expression, self.value("document.body.innerText"), self.said)
            time.sleep(0.1)
        return found

    def press(self, where, keys):
        """Focus an element, and press keys there."""
        self.wait(f"document.querySelector({where!r}).focus() ?? true")
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.here("input.performActions", actions=[{"type": "key", "id": "keys", "actions": actions}])


@contextmanager
def process(*command, line, **more):
    """Run a command; gives the last word of the first line that it says with `line` in it."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more) as running:
        try:
            yield next(said for said in running.stdout if line in said).split()[-1]
        finally:
            running.kill()


@pytest.fixture
def tab(tmp_path):
    """A tab of Firefox on a screen of its own: without any screen it has no WebGL."""
    # what the page does is tested in Chromium; this one needs a second browser and a display server, which few have
    if not (shutil.which("firefox-esr") and shutil.which("Xvfb")):
        pytest.skip("Firefox (firefox-esr) or Xvfb is not installed")
    from websockets.sync.client import connect

    settings = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in SETTINGS.items()]
    (tmp_path / "user.js").write_text("\n".join(settings))
    screen = process("Xvfb", "-displayfd", "1", "-screen", "0", "1400x900x24", line="")
    with screen as display:
        environment = {**os.environ, "DISPLAY": f":{display}", "MOZ_CRASHREPORTER_DISABLE": "1"}
        options = ["--no-remote", "--remote-debugging-port", "0", "--profile", str(tmp_path)]
        with (
            process("firefox-esr", *options, line="BiDi listening on", env=environment) as address,
            connect(f"{address}/session", max_size=None) as socket,
        ):
            yield Tab(socket)


def test_points_appear_one_is_opened_and_its_code_decodes(tab, digits):
    tab.here("browsingContext.setViewport", viewport={"width": 1300, "height": 800})
    tab.here("browsingContext.navigate", url=digits, wait="complete")
    assert tab.wait("document.querySelector('.map')?.dataset.drawn") == "600"
    tab.press("input[type=search]", ["7", ENTER])
    tab.wait("document.querySelector('#panel')?.innerText.includes('#7')")
    before = tab.wait("document.querySelector('#panel img')?.src")
    assert before.startswith("data:image/png")
    tab.press("#panel input[type=range]", ["\ue014"] * 5)  # to the right
    tab.wait("document.querySelector('[data-testid=decoded] img')?.src")
    assert [said for said in tab.said if said["level"] == "error"] == []
