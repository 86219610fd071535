"""CSV files to small ones and back: every byte."""

import bz2
import csv
import io
import lzma
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus import InputError
from isthmus.tasks.compression.chunks import read
from isthmus.tasks.compression.coder import constriction, uniform_of
from isthmus.tasks.compression.mixing import Reader, Writer, chosen_parents, coded, contexts_of
from isthmus.tasks.compression.text_columns import cells_of, column_of, whole, written
from isthmus.tasks.compression.text_tables import packed, unpacked

CELLS = st.one_of(
    st.text(max_size=6),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False).map(str),
    st.sampled_from(["", "?", "NA", "01", "1.50", "-0", "1e5", "café", 'a"b', "a,b", "x\ny"]),
)


def table(rows, seed=0):
    random = np.random.default_rng(seed)
    kind = random.choice(["red", "green", "blue, dark"], rows, p=[0.7, 0.2, 0.1])
    size = np.where(kind == "red", random.integers(0, 3, rows), random.integers(0, 9, rows))
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["kind", "size", "weight", "price", "id"])
    weight = random.integers(10_000, 900_000, rows)
    price = np.round(random.lognormal(size=rows), 2)
    for row in range(rows):
        gap = "?" if row % 31 == 7 else str(weight[row])
        writer.writerow([kind[row], size[row], gap, price[row], f"item-{row}"])
    return stream.getvalue().encode()


def test_a_table_is_smaller_than_by_general_methods():
    import bz2
    import lzma

    content = table(3000)
    small = packed(content)
    assert unpacked(read(small)) == content
    assert len(small) < 0.9 * min(len(bz2.compress(content, 9)), len(lzma.compress(content, preset=9)))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=30)),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_table_comes_back(rows, delimiter, end):
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=end).writerows(rows)
    content = stream.getvalue().encode() or b"\n"
    assert unpacked(read(packed(content))) == content


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=300))
def test_what_is_no_table_comes_back(content):
    assert unpacked(read(packed(content))) == content


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2",
        b"a,b\r\n1,2\r\n",
        b'a,b\n"1",2\n',
        b"a,b\n1\n",
        b"a\n\n\n",
        b"\xef\xbb\xbfa,b\n1,2\n",
        b"a,b\n" + b"1,2\n" * 5000,
        b"only a header\n",
    ],
    ids=["no last end", "CRLF", "needless quotes", "ragged", "empty lines", "mark", "constant", "no rows"],
)
def test_odd_files_come_back(content):
    assert unpacked(read(packed(content))) == content


def test_an_empty_file_is_refused():
    with pytest.raises(InputError, match="empty"):
        packed(b"")


def test_words_that_follow_no_rule_are_no_longer_than_by_general_methods():
    random = np.random.default_rng(0)
    words = ["".join(random.choice(list("etaoinshrdlu"), random.integers(2, 9))) for _ in range(150)]
    content = "\n".join(["text", *(" ".join(random.choice(words, 12)) for _ in range(300)), ""]).encode()
    small = packed(content)
    assert unpacked(read(small)) == content
    assert len(small) < min(len(bz2.compress(content)), len(lzma.compress(content))) + 100
    spoilt = bytearray(small)
    spoilt[200] ^= 1
    with pytest.raises(ValueError, match="damaged"):
        unpacked(read(bytes(spoilt)))


@cache
def damageable():
    return packed(table(60))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_is_said(data):
    content = bytearray(damageable())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="damaged|truncated|not a compressed"):
        unpacked(read(bytes(content)))


@given(st.lists(CELLS, min_size=1, max_size=60))
def test_cells_come_back(cells):
    assert cells_of(column_of(cells)) == cells
    assert cells_of(column_of(cells * 9)) == cells * 9


def test_columns_are_predicted_from_those_that_tell_of_them():
    random = np.random.default_rng(0)
    parent, other = random.integers(0, 5, 4000), random.integers(0, 5, 4000)
    column = (parent + (random.random(4000) < 0.1)) % 5
    assert chosen_parents(column, 5, [other, parent]) == [1]
    sizes = []
    for parents in ([], [parent]):
        coder = constriction().stream.queue.RangeEncoder()
        coded(5, contexts_of(parents, 4000), 4000, Writer(column, coder))
        words = coder.get_compressed()
        sizes.append(4 * len(words))
        read_back = coded(5, contexts_of(parents, 4000), 4000, Reader(constriction().stream.queue.RangeDecoder(words)))
        np.testing.assert_array_equal(read_back, column)
    entropy = -(0.9 * np.log2(0.9) + 0.1 * np.log2(0.1)) * 4000 / 8
    assert entropy < sizes[1] < 1.15 * entropy < 0.4 * sizes[0]


@pytest.mark.parametrize("size", [1, 2, 3, 65535, 65536, 65537, 2**40 + 5])
def test_digits_of_numbers_below_a_size(size):
    random = np.random.default_rng(0)
    numbers = random.integers(0, size, 200)
    numbers[0] = size - 1
    digits = [digit for digit, _ in uniform_of(size)]
    assert all((numbers // digit.above % digit.size < digit.size).all() for digit in digits)
    back = sum((numbers // digit.above % digit.size) * digit.above for digit in digits)
    np.testing.assert_array_equal(back, numbers)


@pytest.mark.parametrize(
    ("cell", "decimals", "value"),
    [("12.50", 2, 1250), ("-0.05", 2, -5), ("0.00", 2, 0), ("7", 0, 7), ("-7", 0, -7)],
)
def test_numbers_with_so_many_digits_behind_the_point_are_whole(cell, decimals, value):
    assert whole(cell, decimals) == value
    assert written(value, decimals) == cell


@pytest.mark.parametrize("cell", ["-0.00", "12.5", "+1.50", "01.50", ".50", "1.5e", "", "-", "1_0.00", "12", "٣.50"])
def test_what_is_written_otherwise_is_kept_as_text(cell):
    assert whole(cell, 2) is None


def test_columns_with_digits_behind_the_point_take_few_bytes():
    walk = np.cumsum(np.random.default_rng(0).integers(-3, 4, 3000))
    content = ("t\n" + "".join(f"{n / 100:.2f}\n" for n in walk)).encode()
    small = packed(content)
    assert unpacked(read(small)) == content
    assert len(small) < 1600  # 4.3 bits each, of which 2.8 are needed, and what tells how


@pytest.mark.parametrize(
    "cells",
    [
        ["2014-04-01 00:00:00", "2014-04-01 00:05:00"],
        ["2014-04-01T00:00:00.250Z", "1969-12-31T23:59:59.999Z"],
        ["2014-04-01T00:05", "2014-04-01T00:10"],
        ["2014-04-01", "2024-02-29"],
        ["2014-04-01 00:00:00.123456", "2014-04-01 00:00:01.000000"],
    ],
)
def test_times_are_numbers(cells):
    column = column_of(cells)
    assert column.kind == "times" and cells_of(column) == cells


@pytest.mark.parametrize(
    "cells",
    [["2014-04-01", "2014-04-31"], ["2014-04-01", ""], ["2014-04-01 00:00", "2014-04-01T00:00"], ["01.04.2014"]],
)
def test_other_times_are_text(cells):
    column = column_of(cells)
    assert column.kind == "text" and cells_of(column) == cells
