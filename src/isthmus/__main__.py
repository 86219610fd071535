"""``python -m isthmus`` is the command ``isthmus``."""

from isthmus.apps.cli.main import main

if __name__ == "__main__":
    main(prog_name="isthmus")
