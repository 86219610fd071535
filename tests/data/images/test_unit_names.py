"""What images are of, as far as their names say."""

import pytest

from isthmus.data.images.unit_names import units_of


def names(units, endings, form="{}_{}.png"):
    return [form.format(unit, ending) for unit in units for ending in endings]


@pytest.mark.parametrize(
    ("files", "units"),
    [
        (names(range(3), range(8)), 3),
        (names(range(40), "abcdefghijklm"), 40),
        ([*names(["IM-0115", "IM-0117", "NORMAL2-IM-0381"], ["0001"], "{}-{}.jpeg"), "IM-0115-0002.jpeg"], 3),
        (names(["part 1", "part 2", "part 3"], ["top", "side"], "{} {}.tif"), 3),
        (names(["a/1", "b/1", "c/1"], range(2)), 3),
    ],
)
def test_endings_that_come_back_tell_images_of_one_unit_apart(files, units):
    found = units_of(files)
    assert len(found) == len(files) and len(set(found)) == units


@pytest.mark.parametrize(
    "files",
    [
        [],
        [f"{number:03d}.png" for number in range(30)],
        names(["good"], range(30)),
        names(range(2), range(4)),
        names(["cam1", "cam2", "cam3"], range(100)),
        names(range(30), ["x"]),
        [f"exp{1 + number % 6}_num_{7919 * number}.jpg" for number in range(55)],
        [*names(range(5), range(3)), "other.png"],
    ],
)
def test_other_names_do_not_say_it(files):
    assert units_of(files) is None
