"""Image files that tests read."""

import numpy as np
import pytest

GREY = np.arange(40, dtype=np.uint8).reshape(5, 8) * 6
COLOUR = np.arange(120, dtype=np.uint8).reshape(5, 8, 3) * 2


@pytest.fixture
def saved(tmp_path):
    """Give ``saved(name, array, mode, **how) -> Path``: an image file that Pillow wrote."""
    Image = pytest.importorskip("PIL.Image")

    def save(name, array=GREY, mode=None, **how):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(array)
        (image.convert(mode) if mode else image).save(path, **how)
        return path

    return save
