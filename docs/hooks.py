"""Puts into the site what stands elsewhere: pages of the repository's root, and the API reference.

Links of the former to `docs/` point beside them there.
"""

import sys
from pathlib import Path

from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import api  # it stands beside this file, which mkdocs loads by its path


def on_config(config):
    config.nav.append({"API reference": api.menu()})


def on_files(files, config):
    root = Path(config.config_file_path).parent
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        text = (root / name).read_text().replace("](docs/", "](")
        files.append(File.generated(config, name.lower(), content=text))
    for name, text in api.pages().items():
        files.append(File.generated(config, name, content=text))
    return files
