"""Types a page as a reader would: `python tests/walk.py docs/tables.md` in an empty folder.

Blocks of ``python`` share one namespace, and run in this process; each line of a ``console`` block that begins with
``$`` is a command of its own. They run in the order of the page. What cannot run is said with its reason, which stands
in a comment before the block:

    <!-- skip: it downloads MNIST -->
    <!-- needs: fraud -->                  runs where ISTHMUS_DATA has a folder `fraud`

`<!-- files: paper -->` copies the folder `paper` beside the page to where the reader is.

`isthmus serve` and `isthmus explore` run until the page ends; lines after them that name port 8000 find them there.
"""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

BLOCK = re.compile(r"(?:^<!-- (skip|needs): (.*?) -->\n+)?^```(python|console)\n(.*?)^```", re.M | re.S)
FILES = re.compile(r"^<!-- files: (.*?) -->$", re.M)
INSTALLS = ("make", "pip")
SECONDS = 120
"""Until a server answers."""


class Step(NamedTuple):
    """What is typed, as what, and why it does not run; empty: it does."""

    language: str
    text: str
    skipped: str = ""


def steps(text):
    """Return the steps of a page in their order."""
    data, found = os.environ.get("ISTHMUS_DATA"), []
    for marker, about, language, block in BLOCK.findall(text):
        why = about if marker == "skip" else ""
        if marker == "needs" and not (data and Path(data, about).exists()):
            why = f"ISTHMUS_DATA has no {about}"
        typed = [block] if language == "python" else commands(block)
        found += [Step(language, one, why or installing(language, one)) for one in typed]
    return found


def commands(block):
    """Return the lines behind a ``$``, each with those that continue it."""
    joined = re.sub(r"\\\n\s*", "", block)
    return [line[2:] for line in joined.splitlines() if line.startswith("$ ")]


def installing(language, text):
    return "it installs" if language == "console" and text.split()[0] in INSTALLS else ""


def serves(text):
    words = shlex.split(text)
    return words[0] == "isthmus" and words[1] in ("serve", "explore") and not {"--export", "--help"} & {*words}


class Servers:
    """The servers of a page, each on a free port."""

    def __init__(self):
        self.running, self.port = [], 8000

    def start(self, text, environment):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        quiet = ["--no-browser"] if " explore " in text else []
        command = [*shlex.split(text), *quiet, "--port", str(self.port)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        self.running.append(process)
        signal.alarm(SECONDS)
        address = next((found[0] for line in process.stdout if (found := re.search(r"http://[\d.:]+", line))), None)
        signal.alarm(0)
        assert address, f"{text}: it ended with {process.wait()}"
        assert urlopen(f"{address}/{'v1/models' if ' serve ' in text else ''}").status == 200

    def stop(self):
        for process in self.running:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=SECONDS)
            assert process.returncode in (0, -signal.SIGTERM), process.args


def walk(text):
    """Run the steps of a page; an error ends it."""
    names, servers = {"__name__": "page"}, Servers()
    with tempfile.TemporaryDirectory() as programs:
        program(programs, "isthmus", sys.executable, "-m", "isthmus")
        program(programs, "curl", shutil.which("curl") or "curl", "--fail-with-body", "--silent", "--show-error")
        environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
        try:
            for step in steps(text):
                run(step, names, servers, environment)
        finally:
            servers.stop()


def program(folder, name, *words):
    """Write a program that runs these words with its arguments behind them."""
    path = Path(folder, name)
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    path.chmod(0o755)


def run(step, names, servers, environment):
    print(f"skipped, {step.skipped}: {step.text}" if step.skipped else f"$ {step.text}", flush=True)
    if step.skipped:
        return
    if step.language == "python":
        exec(compile(step.text, "page", "exec"), names)
    elif serves(step.text):
        servers.start(step.text, environment)
    else:
        text = re.sub(r"(127\.0\.0\.1|localhost):8000", f"127.0.0.1:{servers.port}", step.text)
        subprocess.run(["bash", "-ec", text], env=environment, check=True)


if __name__ == "__main__":
    page = Path(sys.argv[1])
    for folder in FILES.findall(page.read_text(encoding="utf-8")):
        shutil.copytree(page.parent / folder, folder)
    walk(page.read_text(encoding="utf-8"))
