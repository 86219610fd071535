"""A compressor for the tests of this folder."""

import pytest

from tests.compressors import random_compressor

pytest.importorskip("constriction")


@pytest.fixture(scope="session")
def compressor():
    return random_compressor()
