"""Tables with fewer digits: no number is off by more than the bound."""

import csv
import io
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus import InputError
from isthmus.tasks.compression import text_tables
from isthmus.tasks.compression.bounded_cells import bounded, largest_error
from isthmus.tasks.compression.chunks import read
from isthmus.tasks.compression.text_tables import packed


def rows_of(content):
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def log(n=400):
    random = np.random.default_rng(0)
    walk = np.cumsum(random.normal(0, 0.05, (n, 2)), 0)
    lines = [f"{at},{a:.6f},{b!r},x{at % 3}" for at, (a, b) in enumerate(walk.tolist())]
    return "\n".join(["time,a,b,name", *lines, ""]).encode()


@pytest.mark.parametrize("bound", [0.01, 0.0137, 0.3, 1e-4])
def test_numbers_are_near_and_other_cells_the_same(bound):
    before = log()
    after = bounded(before, bound)
    one, other = rows_of(before), rows_of(after)
    assert [row[0] for row in one] == [row[0] for row in other] and [row[3] for row in one] == [row[3] for row in other]
    both = zip(*([float(cell) for row in rows[1:] for cell in row[1:3]] for rows in (one, other)), strict=True)
    off = [abs(a - b) for a, b in both]
    assert 0.8 * bound < max(off) <= bound
    assert largest_error(before, after) == max(off)
    assert len(packed(after)) < 0.7 * len(packed(before))


def test_bounds_of_columns():
    after = rows_of(bounded(log(), {"b": 0.1}))
    assert [row[1] for row in after] == [row[1] for row in rows_of(log())]
    assert max(len(row[2]) for row in after[1:]) < 7
    with pytest.raises(InputError, match="column 'c'"):
        bounded(log(), {"c": 0.1})
    for wrong in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(InputError, match="expected a number above 0"):
            bounded(log(), wrong)
    with pytest.raises(InputError, match="this is none"):
        bounded(b"a,b\n1\n", 0.1)


def test_digits_that_are_fewer_already_and_gaps_are_left():
    before = b"a,b\n" + b"".join(f"{n / 10:.1f},{'' if n % 20 == 0 else n * 1.2345}\n".encode() for n in range(100))
    after = rows_of(bounded(before, 0.04))
    assert [row[0] for row in after] == [row[0] for row in rows_of(before)]
    assert all(after[1 + n][1] == "" for n in range(0, 100, 20))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), min_size=3, max_size=30),
    st.floats(1e-9, 1e6),
)
def test_any_numbers(numbers, bound):
    before = ("x\n" + "".join(f"{number!r}\n" for number in numbers)).encode()
    after = rows_of(bounded(before, bound))[1:]
    for number, (cell,) in zip(numbers, after, strict=True):
        assert cell == repr(number) or abs(float(cell) - number) <= bound


@pytest.mark.parametrize("bound", [0.01, {"b": 0.01}])
def test_names_and_words_in_quotes_are_those_within(bound):
    lines = log().decode().splitlines()
    quoted = ['"time","a","b","say ""name"""', *(re.sub(r"(x\d)$", r'"\1"', line) for line in lines[1:]), ""]
    before = "\r\n".join(quoted).encode()
    after = bounded(before, bound)
    assert after.splitlines()[0] == before.splitlines()[0]
    assert 0.008 < largest_error(before, after) <= 0.01
    assert text_tables.unpacked(read(packed(before))) == before
    assert len(packed(before)) < 1.05 * len(packed(log()))
    with pytest.raises(InputError, match="did you mean 'a'|unknown column"):
        bounded(before, {'"a"': 0.01})


def test_cells_in_quotes_may_hold_delimiters_line_ends_and_quotes():
    lines = ['"a","b"', *(f'{at / 7:.6f},"x, ""{at}""\ny"' for at in range(100)), '3,"x"', '4,""', ""]
    before = "\n".join(lines).encode()
    after = bounded(before, {"a": 0.01})
    assert 0.005 < largest_error(before, after) <= 0.01
    assert [row[1] for row in rows_of(after)] == [row[1] for row in rows_of(before)]
    assert text_tables.unpacked(read(packed(before))) == before


def test_one_column_with_its_name_in_quotes():
    before = "\n".join(['"flow"', *(f"{math.sin(at / 5):.15f}" for at in range(300)), ""]).encode()
    assert 0 < largest_error(before, bounded(before, 0.01)) <= 0.01
