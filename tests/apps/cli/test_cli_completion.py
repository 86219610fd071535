"""What a shell completes."""

import os
import shlex
import subprocess
import sys
from shutil import which

import pytest
from click.testing import CliRunner

from isthmus.apps.cli.main import main
from isthmus.apps.cli.settings import NETS
from isthmus.variants import variants

COMPLETED = {
    "isthmus tr": ["plain,train"],
    "isthmus train --latent-d": ["plain,--latent-dim"],
    "isthmus train --variant ": [f"plain,{name}" for name in variants()],
    "isthmus train --variant v": ["plain,variational"],
    "isthmus train --net ": [f"plain,{name}" for name in NETS],
    "isthmus train --net c": ["plain,conv"],
    "isthmus train sensors": ["file,sensors"],
    "isthmus train sensors.csv -o mod": ["file,mod"],
    "isthmus compare a.safetensors b": ["file,b"],
    "isthmus detect new.csv --train nor": ["file,nor"],
    "isthmus completion ": ["plain,bash", "plain,zsh", "plain,fish"],
    "isthmus no-such-command x": [],
}


def completed(line):
    """Return what click answers to the script of bash, as it does to `_ISTHMUS_COMPLETE=bash_complete isthmus`."""
    words = len(shlex.split(line)) - (not line.endswith(" "))
    asked = {"_ISTHMUS_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(words)}
    return CliRunner().invoke(main, prog_name="isthmus", env=asked).stdout.split()


@pytest.mark.parametrize("line", COMPLETED)
def test_a_line_is_completed(line):
    assert completed(line) == COMPLETED[line]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_says_how_it_is_installed(isthmus, shell):
    *_, last = isthmus("completion", shell).out.splitlines()
    assert last.startswith(f"# To install: isthmus completion {shell} > ~/.")


@pytest.mark.skipif(which("bash") is None, reason="there is no bash")
def test_bash_completes_with_the_script(isthmus, tmp_path):
    script = isthmus("completion", "bash").out
    (tmp_path / "isthmus").write_text(f'#!/bin/sh\nexec {sys.executable} -m isthmus "$@"\n')
    (tmp_path / "isthmus").chmod(0o755)
    asked = 'COMP_WORDS=(isthmus train --variant d); COMP_CWORD=3; _isthmus_completion isthmus; echo "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\n{asked}"],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    assert (done.stdout.strip(), done.stderr) == ("denoising", "")


def test_an_unknown_shell_is_refused(isthmus):
    assert "'bash', 'zsh', 'fish'" in isthmus("completion", "tcsh", code=2).err
