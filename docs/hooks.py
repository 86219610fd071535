"""Puts pages of the repository's root into the site; their links to `docs/` point beside them there."""

from pathlib import Path

from mkdocs.structure.files import File


def on_files(files, config):
    root = Path(config.config_file_path).parent
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        text = (root / name).read_text().replace("](docs/", "](")
        files.append(File.generated(config, name.lower(), content=text))
    return files
