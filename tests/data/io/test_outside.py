"""Tables as people have them: each is read rightly, or refused with a line that says what to do."""

import gzip
import json
import re

import numpy as np
import pandas as pd
import pytest

from isthmus.data.io import csv_stream, tabular
from isthmus.data.io.csv_stream import CSVStream
from isthmus.data.io.files import open_as_read, read
from isthmus.data.io.reading import Reading
from isthmus.data.sources.parquet import ParquetStream
from isthmus.support.errors import FileFormatError, InputError

pa = pytest.importorskip("pyarrow")
WRITERS = {
    ".parquet": pytest.importorskip("pyarrow.parquet").write_table,
    ".feather": pytest.importorskip("pyarrow.feather").write_feather,
}
NAN = float("nan")
SEVERAL = [f"{i}.5" for i in range(30)]


def stamps(*texts):
    return [pd.Timestamp(text) for text in texts]


def table(*lines, sep=","):
    return "\n".join(line.replace(",", sep) for line in lines) + "\n"


def column(name, cells, sep=","):
    return "\n".join([f"row{sep}{name}", *(f"{i}{sep}{cell}" for i, cell in enumerate(cells))]) + "\n"


# name, content, columns (kind, values) or the words of the refusal, words of the notes, options
READ = {
    # separators x decimals
    "semicolons and decimal commas": (
        "a;b;c\n540,0;4.128,96;x\n1,5;12;y\n",
        {"a": ("f", [540.0, 1.5]), "b": ("f", [4128.96, 12.0]), "c": ("t", ["x", "y"])},
        "decimal comma, as in '540,0'.*thousands separators, '4.128,96' is read as 4128.96",
    ),
    "points that may separate thousands": (
        "a;b\n70.409;x\n12.125;y\n",
        {"a": ("f", [70.409, 12.125])},
        "decimal point, as in '70.409' .--decimal , if it separates thousands",
    ),
    "decimal commas in every cell": (
        "a;b;c\n0,5;-1,25;3,1\n1,5;2,5;-0,3\n2,25;0,1;0,2\n",
        {"a": ("f", [0.5, 1.5, 2.25]), "c": ("f", [3.1, -0.3, 0.2])},
        "decimal comma",
    ),
    "commas inside texts between bars": (
        "a|b\nred, round|1\nblue, square|2\n",
        {"a": ("t", ["red, round", "blue, square"]), "b": ("i", [1, 2])},
        None,
    ),
    "semicolons inside texts between commas": (
        "a,b,c\nx;y,1,2\nz;w,3,4\n",
        {"a": ("t", ["x;y", "z;w"]), "c": ("i", [2, 4])},
        None,
    ),
    "tabs and decimal commas": (
        "a\tb\n0,5\t1\n1,25\t2\n",
        {"a": ("f", [0.5, 1.25]), "b": ("i", [1, 2])},
        "decimal comma",
    ),
    "bars and decimal commas": ("a|b\n-0,5|1\n1,25|2\n", {"a": ("f", [-0.5, 1.25])}, "decimal comma"),
    "semicolons and points": ("a;b\n0.202394;1\n0.5;2\n", {"a": ("f", [0.202394, 0.5])}, None),
    "tabs and points": ("a\tb\n0.5\tx\n1.5\ty\n", {"a": ("f", [0.5, 1.5]), "b": ("t", ["x", "y"])}, None),
    "commas and points": ("a,b\n0.5,1e3\n1.5,2E-1\n", {"a": ("f", [0.5, 1.5]), "b": ("f", [1000.0, 0.2])}, None),
    "a comma of three digits behind semicolons": (
        "a;b\n1,234;x\n2,500;y\n",
        {"a": ("f", [1.234, 2.5])},
        "decimal comma",
    ),
    "whole thousands beside decimal commas": ("a;b\n4.128;0,5\n12;1,5\n", {"a": ("i", [4128, 12])}, "thousands"),
    "points and commas in two columns": (
        "a;b\n0,5;0.25\n1,5;1.75\n",
        {"a": ("f", [0.5, 1.5]), "b": ("f", [0.25, 1.75])},
        "column 'a': decimal comma, '0,5' is read as 0.5",
    ),
    "thousands in quotes": ('a,b\n"1,234.50",1\n"12.5",2\n', {"a": ("f", [1234.5, 12.5])}, "thousands separators"),
    "whole thousands in quotes": ('a,b\n"1,234,567",1\n"12",2\n', {"a": ("i", [1234567, 12])}, "thousands separators"),
    "thousands with spaces": ("a;b\n1 234,5;1\n12,5;2\n", {"a": ("f", [1234.5, 12.5])}, "thousands"),
    "thousands with apostrophes": ("a;b\n1'234.5;1\n12.5;2\n", {"a": ("f", [1234.5, 12.5])}, "thousands"),
    "negative numbers in brackets": (
        'a,b\n(0.14),1\n0.17,2\n"(1,234.50)",3\n',
        {"a": ("f", [-0.14, 0.17, -1234.5])},
        r"column 'a': negative numbers, '\(0.14\)' is read as -0.14",
    ),
    "percentages in brackets": (column("a", ["(12.5%)", "3%"]), {"a": ("f", [-12.5, 3.0])}, "percentages"),
    "a minus behind": (
        "a;b\n0,77-;1\n1.234,50;2\n2.345,50-;3\n",
        {"a": ("f", [-0.77, 1234.5, -2345.5])},
        "negative numbers, '0,77-' is read as -0.77",
    ),
    "years in brackets": (column("a", ["(1995)", "(1996)"]), {"a": ("t", ["(1995)", "(1996)"])}, None),
    "grades with a minus behind": (column("a", ["2-", "3", "1-"]), {"a": ("t", ["2-", "3", "1-"])}, None),
    "quarters": (column("a", ["2024Q1", "2023Q1"]), {"a": ("t", ["2024Q1", "2023Q1"])}, None),
    "a mark that is named": ("a\tb\n1,234\t1\n2,345\t2\n", {"a": ("f", [1.234, 2.345])}, None, {"decimal": ","}),
    "the other mark that is named": (
        "a\tb\n1,234\t1\n2,345\t2\n",
        {"a": ("i", [1234, 2345])},
        "thousands",
        {"decimal": "."},
    ),
    "a separator that is declared": ("sep=;\na;b\n1;2\n3;4\n", {"a": ("i", [1, 3]), "b": ("i", [2, 4])}, None),
    # gaps
    "gaps as hyphens": (
        column("cement", [*SEVERAL, "-", "-"]),
        {"cement": ("f", [*map(float, SEVERAL), NAN, NAN])},
        "column 'cement': 94 % of the cells are numbers, the others are '-': taken as gaps",
    ),
    "gaps as points": (
        column("a", ["1", ".", "3"]),
        {"a": ("f", [1.0, NAN, 3.0])},
        "the others are '.': taken as gaps",
    ),
    "gaps in words": (
        column("a", ["1.5", "missing", "n. a."]),
        {"a": ("f", [1.5, NAN, NAN])},
        "33 % of the cells are numbers",
    ),
    "gaps of Excel": (column("a", ["1.5", "#DIV/0!", "2"]), {"a": ("f", [1.5, NAN, 2.0])}, "#DIV/0!"),
    "gaps of a German Excel": (
        column("a", ["1.5", "#NV", "2", "#WERT!"]),
        {"a": ("f", [1.5, NAN, 2.0, NAN])},
        "#WERT!",
    ),
    "gaps of databases": (column("a", ["1.5", "\\N", "2"]), {"a": ("f", [1.5, NAN, 2.0])}, None),
    "gaps that pandas knows": (column("a", ["1.5", "", "NA", "?"]), {"a": ("f", [1.5, NAN, NAN, NAN])}, None),
    "gaps among decimal commas": ("a;b\n1,5;x\n--;y\n2,5;z\n", {"a": ("f", [1.5, NAN, 2.5])}, "'--': taken as gaps"),
    "gaps among dates": (
        column("a", ["2003-02-01", "-", "2003-02-03"]),
        {"a": ("d", [pd.Timestamp("2003-02-01"), pd.NaT, pd.Timestamp("2003-02-03")])},
        "67 % of the cells are dates, the others are",
    ),
    "a gap that is named": (
        column("a", ["1.5", "bad", "2"]),
        {"a": ("f", [1.5, NAN, 2.0])},
        None,
        {"missing": ("bad",)},
    ),
    "hyphens in a column of text": (column("a", ["x", "-", "y"]), {"a": ("t", ["x", "-", "y"])}, None),
    # units
    "a line of units": (
        "t,v\ns,m/s\n1,2.5\n2,3.5\n3,4.5\n",
        {"t": ("i", [1, 2, 3]), "v": ("f", [2.5, 3.5, 4.5])},
        "line 2 holds units, and is no row of the table: t in s, v in m/s",
    ),
    "a line of units in brackets": (
        "t;v;w\n[s];[°C];\n1;2,5;x\n2;3,5;y\n3;4,5;z\n",
        {"v": ("f", [2.5, 3.5, 4.5])},
        "units",
    ),
    # numbers with signs
    "dollars": (
        column("a", ['"$5,473.94"', "$12", "-$3.50"]),
        {"a": ("f", [5473.94, 12.0, -3.5])},
        "numbers with a currency, '.5,473.94' is read as 5473.94",
    ),
    "euros behind": ("a;b\n5.473,94 €;1\n12 €;2\n", {"a": ("f", [5473.94, 12.0])}, "currency"),
    "percent": (
        column("a", ["12.5%", "3 %", "0"]),
        {"a": ("f", [12.5, 3.0, 0.0])},
        "percentages, '12.5%' is read as 12.5",
    ),
    "percent with decimal commas": ("a;b\n12,5%;1\n3%;2\n", {"a": ("f", [12.5, 3.0])}, "percentages"),
    # dates
    "ISO dates": (
        column("a", ["2003-02-01", "2003-12-31"]),
        {"a": ("d", stamps("2003-02-01", "2003-12-31"))},
        "ISO 8601",
    ),
    "ISO times": (
        column("a", ["2003-02-01 10:00:30", "2003-12-31T23:59:59.5"]),
        {"a": ("d", stamps("2003-02-01 10:00:30", "2003-12-31 23:59:59.5"))},
        "dates",
    ),
    "ISO times with zones": (
        column("a", ["2003-02-01T10:00:00Z", "2003-02-01T12:00:00+02:00"]),
        {"a": ("d", stamps("2003-02-01 10:00Z", "2003-02-01 10:00Z"))},
        "dates",
    ),
    "times of PostgreSQL": (
        column("a", ["2003-02-01 10:30:00.5+01", "2003-02-01 10:30:00+00"]),
        {"a": ("d", pd.to_datetime(["2003-02-01T09:30:00.5Z", "2003-02-01T10:30:00Z"], format="ISO8601"))},
        "ISO 8601",
    ),
    "days, months and years": (
        column("a", ["31.12.2003", "01.02.2003"]),
        {"a": ("d", stamps("2003-12-31", "2003-02-01"))},
        r"dates, read as %d\.%m\.%Y",
    ),
    "days without zeros": (
        column("a", ["1.2.2003 7:05", "3.4.2003 17:05"]),
        {"a": ("d", stamps("2003-02-01 07:05", "2003-04-03 17:05"))},
        "dates",
    ),
    "American times": (
        column("a", ["02/13/2003 05:30 PM", "03/02/2003 11:00 am"]),
        {"a": ("d", stamps("2003-02-13 17:30", "2003-03-02 11:00"))},
        "%m/%d/%Y %I:%M %p",
    ),
    "slashes with the day first": (
        column("a", ["01/02/2003", "13/02/2003"]),
        {"a": ("d", stamps("2003-02-01", "2003-02-13"))},
        "%d/%m/%Y",
    ),
    "years first": (
        column("a", ["2003/2/1", "2003/12/31"]),
        {"a": ("d", stamps("2003-02-01", "2003-12-31"))},
        "%Y/%m/%d",
    ),
    "months in letters": (
        column("a", ["05-Jan-2020", "17-Dec-2020"]),
        {"a": ("d", stamps("2020-01-05", "2020-12-17"))},
        "%d-%b-%Y",
    ),
    "a format that is named": (
        column("a", ["01/02/2003", "03/02/2003"]),
        {"a": ("d", stamps("2003-01-02", "2003-03-02"))},
        None,
        {"dates": {"a": "%m/%d/%Y"}},
    ),
    "dates as digits, named": (
        column("a", ["20030201", "20031231"]),
        {"a": ("d", stamps("2003-02-01", "2003-12-31"))},
        None,
        {"dates": {"a": "%Y%m%d"}},
    ),
    "dates as digits": (
        column("a", ["20240130", "", "20240131", "20240201"]),
        {"a": ("f", [20240130.0, NAN, 20240131.0, 20240201.0])},
        "column 'a': 20240130 may stand for the date 2024-01-30 00:00:00, but is read as a number: --dates a=%Y%m%d",
    ),
    "dates as digits beside gaps": (
        column("Order Date", ["20240130", "-"]),
        {"Order Date": ("f", [20240130.0, NAN])},
        "--dates 'Order Date=%Y%m%d'.*taken as gaps",
    ),
    "seconds since 1970": (
        column("a", ["1700000000", "1700000060", "1700000120"]),
        {"a": ("i", [1700000000, 1700000060, 1700000120])},
        "1700000000 may stand for the date 2023-11-14 22:13:20, but is read as a number: --dates a=epoch reads",
    ),
    "milliseconds since 1970": (
        column("event_ts", ["1700000060000", "1700000000123"]),
        {"event_ts": ("i", [1700000060000, 1700000000123])},
        "--dates event_ts=epoch-ms",
    ),
    "seconds since 1970, named": (
        column("a", ["1700000000", "-", "1700000060.25"]),
        {"a": ("d", [pd.Timestamp("2023-11-14 22:13:20"), pd.NaT, pd.Timestamp("2023-11-14 22:14:20.25")])},
        "taken as gaps",
        {"dates": {"a": "epoch"}},
    ),
    "milliseconds since 1970, named": (
        column("a", ["1700000000123"]),
        {"a": ("d", stamps("2023-11-14 22:13:20.123"))},
        None,
        {"dates": {"a": "epoch-ms"}},
    ),
    "whole numbers that are no dates": (
        column("a", ["1700000060", "1700000000", "20231301"]),
        {"a": ("i", [1700000060, 1700000000, 20231301])},
        None,
    ),
    "numbers that a model knows": (
        column("a", ["20240130", "20240131", "20240201"]),
        {"a": ("i", [20240130, 20240131, 20240201])},
        None,
        {"numbers": ("a",)},
    ),
    # ids, codes, names, text
    "codes with zeros in front": (
        column("zip", ["01234", "12345"]),
        {"zip": ("t", ["01234", "12345"])},
        "codes with zeros in front",
    ),
    "numbers with zeros in front": (column("a", ["007", "12"]), {"a": ("i", [7, 12])}, None),
    "tickets": (
        column("a", ["11", "12", "13", "PC 17", "A 5"]),
        {"a": ("t", ["11", "12", "13", "PC 17", "A 5"])},
        "60 % of the cells are numbers, others are not, such as 'PC 17': read as text .--drop a leaves it out",
    ),
    "numbers that are to be text": (column("a", ["1", "02"]), {"a": ("t", ["1", "02"])}, None, {"text": ("a",)}),
    "truth values": (column("a", ["True", "False"]), {"a": ("b", [True, False])}, None),
    "columns left out": ("a,b,c\n1,2,3\n4,5,6\n", {"a": ("i", [1, 4]), "c": ("i", [3, 6])}, None, {"drop": ("b",)}),
    "only some columns": ("a,b,c\n1,2,3\n4,5,6\n", {"c": ("i", [3, 6])}, None, {"only": ("c",)}),
    "no line of names": (
        "5.1,3.5,setosa\n4.9,3.0,setosa\n",
        {"column_0": ("f", [5.1, 4.9]), "column_2": ("t", ["setosa"] * 2)},
        "line 1 is a row",
    ),
    "names twice and none": (
        "a,a,\n1,2,3\n4,5,6\n",
        {"a": ("i", [1, 4]), "a.1": ("i", [2, 5]), "Unnamed: 2": ("i", [3, 6])},
        "--drop 'Unnamed: 2'",
    ),
    "line breaks and separators in quotes": (
        'a,b\n"x\ny",2\n"1,z",3\n',
        {"a": ("t", ["x\ny", "1,z"]), "b": ("i", [2, 3])},
        None,
    ),
    "spaces after separators": ("a, b, c\n1, 2, x\n3, ?, y\n", {"b": ("f", [2.0, NAN]), "c": ("t", ["x", "y"])}, None),
    "lines that end as in Windows": ("a,b\r\n1,x\r\n\r\n2,y\r\n", {"a": ("i", [1, 2]), "b": ("t", ["x", "y"])}, None),
    # encodings, lines above
    "UTF-8 with a mark": ("ä,b\n1,ö\n".encode("utf-8-sig"), {"ä": ("i", [1]), "b": ("t", ["ö"])}, None),
    "UTF-16": ("ä;b\n1,5;ö\n2;€\n".encode("utf-16"), {"ä": ("f", [1.5, 2.0]), "b": ("t", ["ö", "€"])}, "decimal comma"),
    "cp1252": (
        "ä,b\n1,€\n".encode("cp1252"),
        {"ä": ("i", [1]), "b": ("t", ["€"])},
        "line 1 is not UTF-8: the file is read as Windows-1252",
    ),
    "an encoding that is named": (
        "ä,b\n1,ш\n".encode("utf-16-le"),
        {"ä": ("i", [1]), "b": ("t", ["ш"])},
        None,
        {"encoding": "utf-16-le"},
    ),
    "comments": (
        "# by x\n#\na,b\n1,2\n",
        {"a": ("i", [1]), "b": ("i", [2])},
        "2 lines such as '# by x' above the table are comments",
    ),
    "names in a comment": (
        "# t v\n# t,v\n1,2\n3,4\n",
        {"t": ("i", [1, 3]), "v": ("i", [2, 4])},
        "line 2 names the columns: t, v",
    ),
    "lines above, counted": (
        "Report\n2020\n\na;b\n1;2\n3;4\n",
        {"a": ("i", [1, 3]), "b": ("i", [2, 4])},
        None,
        {"skip_rows": 2},
    ),
}

REFUSED = {
    "a comma that can be either": (
        "a\tb\n1,234\t1\n2,345\t2\n",
        "column 'a': '1,234' can be 1234 or 1.234: give --decimal . or --decimal ,",
    ),
    "one bad cell": (
        column("a", [*SEVERAL, "bad"]),
        "line 32, column 'a': 'bad' is no number, while 97 % of the cells are numbers; --missing bad takes such cells "
        "as gaps, --text a reads the column as text, --drop a leaves it out",
    ),
    "one bad cell in few rows": (
        column("a", ["1.5", "x y", "2"]),
        "line 3, column 'a': 'x y' is no number.*--missing 'x y'",
    ),
    "one bad cell after a cell of two lines": ('a,b\n1,"x\ny"\n2,z\nbad,z\n3,z\n', "line 5, column 'a': 'bad'"),
    "one bad date": (
        column("a", [f"2003-02-{i:02d}" for i in range(1, 25)] + ["soon"]),
        "line 26, column 'a': 'soon' is no date",
    ),
    "a day that does not exist": (
        column("a", ["01.02.2023", "31.02.2023"]),
        "line 3, column 'a': '31.02.2023' is no date: there is no such day or time; --missing 31.02.2023 takes",
    ),
    "a day that does not exist in a single row": (
        column("a", ["2023-02-31"]),
        "line 2, column 'a': '2023-02-31' is no",
    ),
    "a month that does not exist": (column("a", ["02/31/2023", "31/31/2023"]), "line 2, column 'a': '02/31/2023'"),
    "an hour that does not exist": (
        column("a", ["1.2.2023 10:00", "1.2.2023 25:00"]),
        "line 3, column 'a': '1.2.2023 25",
    ),
    "a day that does not exist where a format is known": (
        column("a", ["31.02.23"]),
        "line 2, column 'a': '31.02.23' is no date of the format %d.%m.%y, which the column had in the rows that",
        {"before": Reading(dates={"a": "%d.%m.%y"})},
    ),
    "infinity": (
        column("a", ["1.5", "inf"]),
        "line 3, column 'a': the cell is no finite number: put one there, or leave",
    ),
    "infinity by its digits": (column("a", ["$1.5", "-1e999"]), "line 3, column 'a': '-1e999' is no finite number"),
    "seconds that are none": (
        column("a", ["1700000000", "soon"]),
        "line 3, column 'a': 'soon' is no date of the format epoch",
        {"dates": {"a": "epoch"}},
    ),
    "dates that can be either": (
        column("a", ["01/02/2003", "03/02/2003"]),
        "column 'a': dates such as '01/02/2003' can be read in two ways: give --dates a=%d/%m/%Y or --dates a=%m/%d/%Y",
    ),
    "times that can be either": (
        column("a b", ["01-02-2003 10:00"]),
        "--dates 'a b=%d-%m-%Y %H:%M' or --dates 'a b=%m-%d-%Y",
    ),
    "a format that does not fit": (
        column("a", ["01/02/2003", "13/02/2003"]),
        "line 3, column 'a': '13/02/2003' is no date of the format",
        {"dates": {"a": "%m/%d/%Y"}},
    ),
    "some cells in percent": (column("a", ["12%", "0.5", "13%"]), "line 3, column 'a': '0.5' has no percent sign"),
    "two currencies": (column("a", ["$12", "€5"]), "'€5' is of another currency than cells with \\$"),
    "a line that is too long": ("a,b\n1,2\n1,2,3,4\n", "line 3 has 4 cells, but line 1 names 2 columns.*--skip-rows"),
    "a line that is too short": ("a,b,c\n1,2,3\n1,2\n1,2,3\n", "line 3 has 2 cells, but line 1 names 3 columns"),
    "short and long lines": ("a,b,c\n1,2,3\n1,2\n1,2,3,4\n", "line 3 has 2 cells, but line 1 names 3 columns"),
    "long and short lines": ("a,b,c\n1,2,3\n1,2,3,4\n1,2\n", "line 3 has 4 cells, but line 1 names 3 columns"),
    "a long line where columns are left out": ("a,b,c\n1,2,3\n1,2,3,4\n1,2\n", "line 3 has 4 cells", {"drop": ("a",)}),
    "lines above": (
        "Report\nof it\n\na;b\n1;2\n3;4\n",
        "line 1 has 1 cell, but line 4 has 2; if the table begins there, give --skip-rows 3",
    ),
    "names that are too few": ("a\n1,2,3\n4,5,6\n", "line 1 has 1 cell"),
    "UTF-16 without a mark": (
        "ä,b\n1,2\n".encode("utf-16-le"),
        "no text: if it is UTF-16 without a mark, --encoding utf-16-le",
    ),
    "two encodings": (
        "ä,b\n1,x\n".encode() + "2,ö\n".encode("cp1252"),
        "line 3: not utf-8; name its encoding with --encoding",
    ),
    "another encoding than is named": (
        "ä,b\n1,2\n".encode("cp1252"),
        "line 1: not UTF-8; name its encoding",
        {"encoding": "UTF-8"},
    ),
    "a quote that is not closed": ('a,b\n1,"x\n2,y\n', "line 2: a quote is opened there, and not closed"),
    "what R writes": (
        '"x" "y" "g"\n"Mazda RX4" 21.5 6 "a b"\n"Fiat 128" NA 4 "c"\n"Lotus" 2.5 5 "c"\n',
        "separated by spaces, 4 in a line: put commas",
    ),
    "spaces between cells": ("1.5  2 3\n2.5 3 4\n", "separated by spaces, 3 in a line: put commas, semicolons, tabs"),
    "an unknown column": ("id,b\n1,2\n", "unknown column 'idd'; did you mean 'id'", {"drop": ("idd",)}),
    "an unknown column of dates": (
        "day,b\n1,2\n",
        "unknown column 'dya'; did you mean 'day'",
        {"dates": {"dya": "%d"}},
    ),
    "nothing left": ("a,b\n1,2\n", "no column is left; its columns are a, b", {"drop": ("a", "b")}),
}


def write(folder, content, name="t.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def check(frame, columns):
    kinds = {"f": "f", "i": "i", "b": "b", "d": "M"}
    for name, (kind, values) in columns.items():
        got = frame[name]
        if kind == "t":
            assert pd.api.types.infer_dtype(got) == "string" and got.tolist() == values, name
        elif kind == "d":
            assert got.dtype.kind == "M" and got.equals(pd.Series(values, name=name).astype(got.dtype)), name
        else:
            assert got.dtype.kind == kinds[kind], (name, got.dtype)
            np.testing.assert_array_equal(got.to_numpy(), values)


def test_there_are_at_least_sixty_files():
    assert len(READ) + len(REFUSED) + len(OTHERS) >= 60


@pytest.mark.parametrize("what", READ)
def test_tables_of_text_are_read(tmp_path, what):
    content, columns, says, *options = READ[what]
    path, reading = write(tmp_path, content), Reading(**(options[0] if options else {}))
    loaded = read(path, reading=reading)
    check(loaded.X, columns)
    notes = "; ".join(loaded.notes)
    assert re.search(says, notes, re.S) if says else not notes, notes
    streamed = CSVStream(path, reading)
    pd.testing.assert_frame_equal(pd.concat(list(streamed.chunks()), ignore_index=True), loaded.X)
    assert tuple(streamed.notes) == loaded.notes and len(streamed) == len(loaded.X)


@pytest.mark.parametrize("what", REFUSED)
def test_tables_of_text_are_refused(tmp_path, what):
    content, words, *options = REFUSED[what]
    with pytest.raises(InputError, match=words.replace("--decimal . or", "--decimal [.] or")):
        read(write(tmp_path, content), reading=Reading(**(options[0] if options else {})))


@pytest.mark.parametrize("longest", ["11981199573117632729", "31981199573117632729"])
def test_whole_numbers_that_no_type_holds_are_text(tmp_path, longest):
    loaded = read(write(tmp_path, table("id,n", "100000000000972406,1", f"{longest},2")))
    assert loaded.X["id"].tolist() == ["100000000000972406", longest]
    assert "column 'id': whole numbers of more than 18 digits are read as text" in loaded.notes


def test_a_long_whole_number_among_amounts_is_no_other_number(tmp_path):
    path = write(tmp_path, table("a,b", *(f"${i},{i}" for i in range(1, 41)), "1180591620717411303524,1"))
    with pytest.raises(InputError, match="line 42, column 'a': '1180591620717411303524' is too long for a whole"):
        list(CSVStream(path, rows=40).chunks())
    model = Reading(numbers=("a",))
    assert read(path, reading=model).X["a"].iloc[-1] == 1180591620717411303524.0


def test_nothing_is_said_of_columns_that_are_not_read(tmp_path):
    path = write(tmp_path, table("id,a", *(f"00{i},{i}" for i in range(1, 10))))
    assert "column 'id': codes" in read(path).notes[0]
    assert not read(path, reading=Reading(drop=("id",))).notes


def test_a_line_of_units_stands_above_numbers_of_any_kind(tmp_path):
    path = write(tmp_path, table("rate,price", "percent,dollars", "10 %,$5", "3 %,$1.50", "-,$2"))
    assert "line 2 holds units, and is no row of the table: rate in percent, price in dollars" in read(path).notes[0]


# -- large files, parsed at once --------------------------------------------------------------------------------------


@pytest.fixture
def all_large(monkeypatch):
    """Files of any size are parsed at once, and by pandas from 3.1 on with several threads."""
    monkeypatch.setattr(tabular, "AT_ONCE", 0)
    monkeypatch.setattr("pandas.io.parsers.readers._PARALLEL_READ_MIN_BYTES", 0, raising=False)


IN_PIECES = {
    *(
        "gaps that pandas knows",
        "gaps of a German Excel",
        "gaps of databases",
        "a gap that is named",
        "dates as digits",
        "columns left out",
        "only some columns",
    ),
    *("spaces after separators", "UTF-16", "cp1252", "an encoding that is named"),
}
"""What leaves a doubt that only a look at each line takes away."""


@pytest.mark.parametrize("what", READ)
def test_large_tables_of_text_are_read_alike(tmp_path, what, all_large):
    test_tables_of_text_are_read(tmp_path, what)
    path, reading = tmp_path / "t.csv", Reading(**(READ[what][3] if len(READ[what]) > 3 else {}))
    assert (tabular._at_once(path, reading) is not None) == (what not in IN_PIECES)


@pytest.mark.parametrize("what", REFUSED)
def test_large_tables_of_text_are_refused_alike(tmp_path, what, all_large):
    test_tables_of_text_are_refused(tmp_path, what)


ABOVE = {
    "nothing": "",
    "a byte order mark": "\ufeff",
    "a comment with a quote": '# 5" tube\n',
    "empty lines": "\n\n",
    "a comment and an empty line": "# a tube\n\n",
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("above", ABOVE)
def test_no_row_of_a_large_file_is_skipped(tmp_path, above, end, all_large):
    content = ABOVE[above] + '"a",b\n' + "".join(f'{i},"x{i}"\n' for i in range(30))
    path = write(tmp_path, content.replace("\n", end).encode())
    assert tabular._at_once(path, Reading()) is not None
    assert read(path).X.values.tolist() == [[i, f"x{i}"] for i in range(30)]


LINES = [f"{i},{i}.5,{'xy'[i % 2]},2003-02-{1 + i % 28:02d},{i % 7}" for i in range(60)]
LATE = {
    "nothing odd": ([], "iftMi", True),
    "a gap in a column of numbers": (["60,,x,2003-02-01,1"], "iftMi", True),
    "a gap in a column of whole numbers": ([",1.5,x,2003-02-01,1"], "fftMi", False),
    "a fraction in a column of whole numbers": (["1.5,1.5,x,2003-02-01,1"], "fftMi", False),
    "a gap in the last column": (["60,1.5,x,2003-02-01,"], "iftMf", False),
    "a space in front of a text": (["60,1.5, x,2003-02-01,1"], "iftMi", False),
    "no UTF-8": ([b"60,1.5,\xe9,2003-02-01,1"], "iftMi", False),
    "a quoted line end": (['60,1.5,"x\ny",2003-02-01,1'], "iftMi", True),
    "a marker that begins as a number does": (["60,-NaN,-nan,1.#IND,1"], "iftMi", False),
    "gaps in all columns but the last": (["60,NaN,NA,null,1"] * 60, "iftMi", True),
}


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("what", LATE)
def test_what_comes_late_is_read_as_in_pieces(tmp_path, what, threads, monkeypatch, request):
    late, kinds, at_once = LATE[what]
    lines = [line if isinstance(line, bytes) else line.encode() for line in ["a,b,c,d,e", *LINES, *late]]
    path = write(tmp_path, b"\n".join(lines))
    monkeypatch.setattr(csv_stream, "PIECE_ROWS", 40)
    expected = read(path)
    monkeypatch.setattr(tabular, "AT_ONCE", 0)
    if threads:
        request.getfixturevalue("all_large")
    found = tabular._at_once(path, Reading())
    assert (found is not None) == at_once
    loaded = read(path)
    assert "".join("t" if str(t) == "str" else t.kind for t in loaded.X.dtypes) == kinds
    pd.testing.assert_frame_equal(loaded.X, expected.X)
    assert loaded.notes == expected.notes


def test_a_late_whole_number_that_no_type_holds_is_refused_in_a_large_file(tmp_path, all_large, monkeypatch):
    monkeypatch.setattr(csv_stream, "PIECE_ROWS", 40)
    for number in ("9223372036854775809", "98765432109876543210"):
        path = write(tmp_path, "\n".join(["a,b,c,d,e", *LINES, f"{number},1.5,x,2003-02-01,1"]))
        for at_once in (0, 2**60):
            monkeypatch.setattr(tabular, "AT_ONCE", at_once)
            with pytest.raises(InputError, match=f"line 62, column 'a': '{number}' is too long for a whole number"):
                read(path)


def test_a_late_short_line_is_named_in_a_large_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tabular, "AT_ONCE", 0)
    monkeypatch.setattr(csv_stream, "PIECE_ROWS", 40)
    for line, cells in (("60,1.5,x", "3 cells"), ("60,1.5,x,2003-02-01,1,2", "6 cells")):
        with pytest.raises(InputError, match=f"line 62 has {cells}"):
            read(write(tmp_path, "\n".join(["a,b,c,d,e", *LINES, line])))


@pytest.mark.parametrize("at_once", [0, 2**22])
def test_a_long_first_line_beside_a_short_one_is_no_index(tmp_path, at_once, monkeypatch):
    monkeypatch.setattr(tabular, "AT_ONCE", at_once)
    rows = [f"{i},{i + 1},{i + 2}" for i in range(30)]
    with pytest.raises(InputError, match="line 2 has 4 cells, but line 1 names 3 columns"):
        read(write(tmp_path, "\n".join(["a,b,c", "1,2,3,4", "5,6", *rows])))


@pytest.mark.parametrize("at_once", [0, 2**22])
def test_a_line_break_in_a_name_takes_no_row(tmp_path, at_once, monkeypatch):
    monkeypatch.setattr(tabular, "AT_ONCE", at_once)
    path = write(tmp_path, '"a\nb",x,y\n' + "".join(f"{i},{i}.5,u\n" for i in range(30)))
    assert (tabular._at_once(path, Reading()) is not None) == (at_once == 0)
    assert read(path).X["a\nb"].tolist() == list(range(30))


# -- pieces ---------------------------------------------------------------------------------------------------------


def piecewise(tmp_path, first, then, **options):
    """Read a column of 40 cells and some more, in pieces of 40."""
    path = write(tmp_path, column("a", [first[i % len(first)] for i in range(40)] + list(then)))
    notes = []
    stream = CSVStream(path, Reading(**options), rows=40, say=notes.append)
    pieces = [piece["a"] for piece in stream.chunks()]
    return pieces, notes


@pytest.mark.parametrize(
    ("first", "then", "kind", "last"),
    [
        (["1", "2"], ["-"], "f", NAN),
        (["1", "2"], ["2.5"], "f", 2.5),
        (["x", "y"], ["12"], "t", "12"),
        (["x", "1"], ["007"], "t", "007"),
        (["2003-02-01"], ["-"], "d", pd.NaT),
        (["01/02/2003"], ["01/02/2003"] * 40 + ["13/02/2003"], "d", pd.Timestamp("2003-02-13")),
        ([""], ["$5"], "i", 5),
        ([""], ["x"], "t", "x"),
        (["-"], ["1.5"], "f", 1.5),
        (["1.5"], ['"1,234.5"'], "f", 1234.5),
    ],
)
def test_the_first_piece_decides_for_all(tmp_path, first, then, kind, last):
    pieces, _ = piecewise(tmp_path, first, then)
    check(pd.DataFrame({"a": pieces[-1][-1:].reset_index(drop=True)}), {"a": (kind, [last])})


@pytest.mark.parametrize(
    ("first", "then", "words"),
    [
        (["1", "2"], ["3", "bad"], "line 43, column 'a': 'bad' is no number, as all cells before are"),
        (["12.5%"], ["3"], "line 42, column 'a': '3' has no percent sign"),
        (["3"], ["12%"], "line 42, column 'a': '12%' has a percent sign"),
        (["13/02/2003"], ["02/13/2003"], "line 42, column 'a': '02/13/2003' is no date of the format"),
        (["True"], ["maybe"], "line 42, column 'a': 'maybe' stands where"),
        (["1"], ["True"], "line 42, column 'a': 'True' is no number"),
        (["01/02/2003"], ["02/01/2003"], "can be read in two ways"),
    ],
)
def test_a_later_contradiction_names_the_line(tmp_path, first, then, words):
    with pytest.raises(InputError, match=words):
        piecewise(tmp_path, first, then)


def test_what_is_converted_later_is_said_once(tmp_path):
    _, notes = piecewise(tmp_path, ["1", "2"], ["-"] * 90)
    assert len(notes) == 1 and "'-': taken as gaps" in notes[0]


# -- other formats --------------------------------------------------------------------------------------------------


def workbook(path, **sheets):
    pytest.importorskip("openpyxl")
    with pd.ExcelWriter(path) as book:
        for name, rows in sheets.items():
            pd.DataFrame(rows).to_excel(book, sheet_name=name, header=False, index=False)


ROWS = [["a", "b", "c", "d"], [1, 2.5, "x", pd.Timestamp("2003-02-01")], [2, None, "y", pd.Timestamp("2003-02-03")]]


def sheets(path, **more):
    workbook(path, First=ROWS, Second=[["z"], [7], [8]])
    return read(path, **more)


def typed_sheet(path):
    workbook(
        path,
        S=[
            ["Report", None],
            [None, None],
            ["v", "when"],
            ["m/s", "day"],
            ["$1,5", "31.12.2003"],
            [2, "-"],
            [3.5, "01.02.2003"],
        ],
    )
    return read(path, reading=Reading(skip_rows=2, decimal=","))


def bad_sheet(path):
    workbook(path, S=[["v"], *[[i] for i in range(20)], ["bad"]])
    return read(path)


def json_file(path, value, **more):
    path.write_text(json.dumps(value))
    return read(path, **more)


def lines_file(path, *lines, **more):
    path.write_text("\n".join(lines))
    return read(path, **more)


def nested(path, budget=None, **options):
    frame = pa.table({"id": [1, 2], "tags": [["x"], ["y", "z"]], "v": [0.5, 1.5]})
    WRITERS[path.suffix](frame, path)
    return read(path, budget=budget, reading=Reading(**options))


TWO = [{"a": 1, "b": "x", "day": "2003-02-01"}, {"a": 2.5, "day": "2003-02-03"}]
OTHERS = {
    "a sheet": (
        "t.xlsx",
        sheets,
        {
            "a": ("i", [1, 2]),
            "b": ("f", [2.5, NAN]),
            "c": ("t", ["x", "y"]),
            "d": ("d", stamps("2003-02-01", "2003-02-03")),
        },
        "the sheet 'First' is read, the first of 2; others are read as 't.xlsx:Second'",
    ),
    "a sheet that is named": ("t.xlsx", lambda path: sheets(path, part="Second"), {"z": ("i", [7, 8])}, None),
    "a sheet with units and text": (
        "t.xlsx",
        typed_sheet,
        {"v": ("f", [1.5, 2.0, 3.5]), "when": ("d", [pd.Timestamp("2003-12-31"), pd.NaT, pd.Timestamp("2003-02-01")])},
        "row 4 holds units",
    ),
    "a sheet that is not there": (
        "t.xlsx",
        lambda path: sheets(path, part="Secnd"),
        "unknown sheet 'Secnd'; did you mean 'Second'",
        None,
    ),
    "a sheet with a bad cell": ("t.xlsx", bad_sheet, "row 22, column 'v': 'bad' is no number", None),
    "records": (
        "t.json",
        lambda path: json_file(path, TWO),
        {"a": ("f", [1.0, 2.5]), "day": ("d", stamps("2003-02-01", "2003-02-03"))},
        "dates",
    ),
    "records with seconds since 1970, named": (
        "t.json",
        lambda path: json_file(path, [{"a": 1700000000}, {"a": None}], reading=Reading(dates={"a": "epoch"})),
        {"a": ("d", [pd.Timestamp("2023-11-14 22:13:20"), pd.NaT])},
        None,
    ),
    "records with days in digits, as in the rows before": (
        "t.json",
        lambda path: json_file(path, [{"a": 20240131}], reading=Reading(before=Reading(dates={"a": "%Y%m%d"}))),
        {"a": ("d", stamps("2024-01-31"))},
        None,
    ),
    "a number for a gap, but not in what is carried along": (
        "t.json",
        lambda path: json_file(
            path,
            [{"a": -1, "id": -1, "b": True}, {"a": 2, "id": 1, "b": False}],
            reading=Reading(missing=("-1", "1"), unchanged=("id",)),
        ),
        {"a": ("f", [NAN, 2.0]), "id": ("i", [-1, 1]), "b": ("b", [True, False])},
        None,
    ),
    "an infinite number in a record": (
        "t.json",
        lambda path: lines_file(path, '[{"a": 1.5}, {"a": -Infinity}]'),
        "t.json', record 2, column 'a': the cell is no finite number",
        None,
    ),
    "records without some columns": (
        "t.json",
        lambda path: json_file(path, TWO, reading=Reading(only=("a",))),
        {"a": ("f", [1.0, 2.5])},
        None,
    ),
    "nested records": (
        "t.json",
        lambda path: json_file(path, [{"a": 1}, {"a": {"b": 2}}]),
        "record 2, column 'a': {\"b\": 2} is no single value.*--drop a",
        None,
    ),
    "no records": ("t.json", lambda path: json_file(path, {"a": [1, 2]}), "where a list of records is needed", None),
    "lines in a .json": (
        "t.json",
        lambda path: lines_file(path, '{"a": 1}', '{"a": 2}'),
        "a record a line, call it .jsonl",
        None,
    ),
    "a record a line": (
        "t.jsonl",
        lambda path: lines_file(path, '{"a": 1, "b": "01"}', "", '{"a": 2}'),
        {"a": ("i", [1, 2])},
        None,
    ),
    "a record a line, called otherwise": (
        "t.ndjson",
        lambda path: lines_file(path, '{"a": "$1.50"}', '{"a": "n/a"}'),
        {"a": ("f", [1.5, NAN])},
        "currency",
    ),
    "a broken line": (
        "t.jsonl",
        lambda path: lines_file(path, '{"a": 1}', '{"a": '),
        "line 2, character 7: a value is missing",
        None,
    ),
    "nested Parquet": (
        "t.parquet",
        nested,
        "column 'tags': the type list<.*> is no single value.*--drop tags",
        None,
    ),
    "nested Parquet without that column": (
        "t.parquet",
        lambda path: nested(path, drop=("tags",)),
        {"id": ("i", [1, 2]), "v": ("f", [0.5, 1.5])},
        None,
    ),
    "nested Feather": ("t.feather", nested, "column 'tags': the type list", None),
    "Feather without columns": ("t.feather", lambda path: nested(path, only=("v",)), {"v": ("f", [0.5, 1.5])}, None),
    "a decimal mark for Parquet": (
        "t.parquet",
        lambda path: nested(path, decimal=","),
        "decimal=',' does not apply to",
        None,
    ),
}


@pytest.mark.parametrize("what", OTHERS)
def test_other_tables(tmp_path, what):
    name, make, columns, says = OTHERS[what]
    if isinstance(columns, str):
        with pytest.raises(InputError, match=columns):
            make(tmp_path / name)
        return
    loaded = make(tmp_path / name)
    check(loaded.X, columns)
    assert list(loaded.X.columns) == list(columns) or "without" not in what
    assert re.search(says, "; ".join(loaded.notes)) if says else not loaded.notes


NUMBERS = [
    ([1.234, 2.375, "3,5", 4.125], {}, ("f", [1.234, 2.375, 3.5, 4.125])),
    ([1.234, 2.375, 3, "-"], {}, ("f", [1.234, 2.375, 3.0, NAN])),
    ([1.234, 1e-7, -0.5, "$2"], {"decimal": ","}, ("f", [1.234, 1e-7, -0.5, 2.0])),
    ([1.234, 2.375, "1,234.5", 1234], {}, ("f", [1.234, 2.375, 1234.5, 1234.0])),
    ([1.5, "a", "b", "c"], {}, ("t", ["1.5", "a", "b", "c"])),
    ([1.234, 2.375, "3,500"], {}, "'3,500' can be 3500 or 3.5: give --decimal"),
    ([0.5, "12%", "13%", "14%"], {}, "row 2, column 'v': '0.5' has no percent sign"),
]


@pytest.mark.parametrize(("cells", "options", "expected"), NUMBERS)
def test_numbers_of_sheets_and_records_stay_the_numbers_that_they_are(tmp_path, cells, options, expected):
    workbook(tmp_path / "t.xlsx", First=[["v"], *([cell] for cell in cells)])
    (tmp_path / "t.json").write_text(json.dumps([{"v": cell} for cell in cells]))
    for name in ("t.xlsx", "t.json"):
        if isinstance(expected, str):
            with pytest.raises(InputError, match=expected.replace("row 2", "(row 2|record 1)")):
                read(tmp_path / name, reading=Reading(**options))
        else:
            check(read(tmp_path / name, reading=Reading(**options)).X, {"v": expected})


def test_columns_are_left_out_of_streamed_parquet(tmp_path):
    stream = nested(tmp_path / "t.parquet", budget=0, drop=("tags",)).X
    assert isinstance(stream, ParquetStream) and stream.columns == ["id", "v"]
    assert stream.without(["id"]).columns == ["v"]
    assert open_as_read(str(tmp_path / "t.parquet"), Reading(only=("v",)))[0].columns == ["v"]


def test_options_of_tables_do_not_apply_to_arrays(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 2)))
    with pytest.raises(InputError, match="reading=.*'drop': .*'a'.* does not apply to"):
        read(tmp_path / "a.npy", reading=Reading(drop=("a",)))
    assert read(tmp_path / "a.npy", reading=Reading(before=Reading(drop=("a",)))).X.shape == (3, 2)


def test_missing_cells_of_excel_and_databases_are_gaps_in_text_too(tmp_path):
    (tmp_path / "t.csv").write_text(column("a", ["x", "#NV", "#N/D", "\\N", "y"]))
    assert read(tmp_path / "t.csv").X["a"].isna().tolist() == [False, True, True, True, False]


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_columns_with_umlauts_are_named_in_any_encoding(tmp_path, name):
    opener = gzip.open if name.endswith("gz") else open
    with opener(tmp_path / name, "wb") as stream:
        stream.write("a;Größe\n1;2\n3;4\n".encode("cp1252"))
    assert list(read(tmp_path / name, reading=Reading(drop=("Größe",))).X.columns) == ["a"]
    with pytest.raises(InputError, match="unknown column 'Grösse'; did you mean 'Größe'"):
        read(tmp_path / name, reading=Reading(drop=("Grösse",)))


def test_gzipped_text(tmp_path):
    path = tmp_path / "t.tsv.gz"
    path.write_bytes(gzip.compress("a\tb\n1,5\t-\n2,5\t3\n4,5\t5\n".encode("utf-16")))
    check(read(path).X, {"a": ("f", [1.5, 2.5, 4.5]), "b": ("f", [NAN, 3.0, 5.0])})


# -- the record of how a table was read -----------------------------------------------------------------------------


def test_a_record_is_plain_values_and_comes_back(tmp_path):
    path = write(tmp_path, "id;v;day;zip\n1;1,5;31.12.2003;01234\n2;2,5;01.02.2003;12345\n")
    kept = read(path, reading=Reading(drop=("id",))).reading.kept()
    assert json.loads(json.dumps(kept)) == kept
    expected = {"decimal": ",", "dates": {"day": "%d.%m.%Y"}, "units": {"v": "none"}, "text": ["zip"], "drop": ["id"]}
    assert kept == expected
    assert Reading.of(kept).kept() == kept


def test_a_later_file_is_read_like_an_earlier_one(tmp_path):
    before = Reading(decimal=",", dates={"day": "%d/%m/%Y"}, drop=("id",), missing=("none so far",))
    path = write(tmp_path, "id\tv\tday\n7\t1,234\t01/02/2003\n8\tnone so far\t03/02/2003\n")
    frame = read(path, reading=Reading(before=before)).X
    check(frame, {"v": ("f", [1.234, NAN]), "day": ("d", stamps("2003-02-01", "2003-02-03"))})
    assert list(frame.columns) == ["v", "day"]
    check(read(write(tmp_path, "v;day\n0.5;2003-02-01\n"), reading=Reading(before=before)).X, {"v": ("f", [0.5])})


def test_a_column_that_must_hold_numbers_does(tmp_path):
    path = write(tmp_path, column("a", ["x", "y", "1"]))
    with pytest.raises(InputError, match="line 2, column 'a': 'x' is no number, in a column that a model knows"):
        read(path, reading=Reading(numbers=("a",)))
    check(read(write(tmp_path, column("a", ["-"])), reading=Reading(numbers=("a",))).X, {"a": ("f", [NAN])})


def test_columns_that_are_carried_along_are_not_converted(tmp_path):
    path = write(tmp_path, "day,v\n01/02/2003,1\n03/02/2003,2\n")
    check(read(path, reading=Reading(unchanged=("day",))).X, {"day": ("t", ["01/02/2003", "03/02/2003"])})
    assert read(path, label="day", reading=Reading(only=("v",))).y.tolist() == ["01/02/2003", "03/02/2003"]


@pytest.mark.parametrize("at_once", [0, 2**22])
def test_codes_whose_zeros_come_late(tmp_path, at_once, monkeypatch):
    monkeypatch.setattr(tabular, "AT_ONCE", at_once)
    zips, late = [str(10_000 + i) for i in range(1_500)], ["01500", "01501"]
    loaded = read(write(tmp_path, column("zip", zips + late)))
    check(loaded.X, {"zip": ("t", zips + late)})
    assert "such as '01500', are read as text" in loaded.notes[0] and loaded.reading.text == ("zip",)
    check(read(write(tmp_path, column("a", [*zips, "1500", "-"]))).X, {"a": ("f", [*map(float, zips), 1500.0, NAN])})
    monkeypatch.setattr(csv_stream, "PIECE_ROWS", 1_200)
    for cells in (zips + late, [*zips, "-", *late]):
        with pytest.raises(InputError, match=r"line 150[23], column 'zip': '01500' has a zero in front.*--text zip"):
            read(write(tmp_path, column("zip", cells)))
    check(read(write(tmp_path, column("a", [*zips, "1500", "7"]))).X, {"a": ("i", [*map(int, zips), 1500, 7])})
    forced = Reading(numbers=("zip",))
    check(read(write(tmp_path, column("zip", zips + late)), reading=forced).X, {"zip": ("i", [*map(int, zips + late)])})


def test_codes_in_quotes_stay_text(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps([{"a": "00001", "b": "1"}, {"a": "12345", "b": "20"}]))
    check(read(tmp_path / "t.json").X, {"a": ("t", ["00001", "12345"]), "b": ("i", [1, 20])})
    check(read(write(tmp_path, column("a", ["00001", "-", "12345"]))).X, {"a": ("t", ["00001", "-", "12345"])})


CARRIED = {
    "zeros in front": (["000001", "000002"], [], "O"),
    "zeros and an E": (["0E0", "1E5"], [], "O"),
    "a marker": (["NA", "x"], [], "O"),
    "a marker among whole numbers": (["NA", "1"], [], "O"),
    "a gap among whole numbers": (["1", "2"], [""], "O"),
    "whole numbers": (["0", "1", "-20"], ["7"], "i"),
    "fractions": (["0.5", "1.25"], ["", "3.0"], "f"),
    "zeros behind": (["0.50", "1.25"], [], "O"),
    "more digits than a float has": (["0.5", "0.12345678901234567"], [], "O"),
    "late zeros in front": (["1", "20"], ["007"], "O"),
    "a late text": (["1", "20"], ["x"], "O"),
    "spaces behind": (["1 ", "20"], [], "O"),
    "truth values": (["True", "False"], [], "b"),
    "truth values among others": (["True", "False"], ["perhaps"], "O"),
    "nothing": ([""], [], "f"),
}


@pytest.mark.parametrize("cells", [["true", "false"], ["TRUE", "FALSE"], ["True", "false"]])
def test_truth_values_that_are_carried_along_are_these(tmp_path, cells):
    assert read(write(tmp_path, column("a", cells)), label="a").y.tolist() == [True, False]


@pytest.mark.parametrize("at_once", [0, 2**22])
@pytest.mark.parametrize("what", CARRIED)
def test_cells_that_are_carried_along_come_back_exactly(tmp_path, what, at_once, monkeypatch):
    monkeypatch.setattr(tabular, "AT_ONCE", at_once)
    monkeypatch.setattr(csv_stream, "PIECE_ROWS", 40)
    first, late, kind = CARRIED[what]
    cells = [first[i % len(first)] for i in range(60)] + late
    path = write(tmp_path, "id,v\n" + "".join(f"{cell},{i}.5\n" for i, cell in enumerate(cells)))
    got = read(path, reading=Reading(unchanged=("id",))).X["id"]
    assert got.dtype.kind == kind and got.fillna("").astype(str).tolist() == cells
    assert read(path, label="id").y.dtype.kind == kind
    pieces = [piece["id"] for piece in CSVStream(path, Reading(unchanged=("id",))).chunks()]
    assert len(pieces) == 2 and {piece.dtype for piece in pieces} == {got.dtype}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decimal": ";"}, "a decimal mark is"),
        ({"encoding": "utf-88"}, "encoding='utf-88' is not known"),
        ({"skip_rows": -1}, "is negative"),
        ({"drop": ("a",), "only": ("b",)}, "give one of them"),
    ],
)
def test_options_that_mean_nothing(options, message):
    with pytest.raises(InputError, match=message):
        Reading(**options)


KEPT = {
    "no mapping": ([], r"reading=\[\]"),
    "missing": ({"missing": 5}, r"reading\['missing'\]=5, which is not a list"),
    "a text for a list": ({"missing": "abc"}, r"reading\['missing'\]='abc'"),
    "numbers in a list": ({"only": [1]}, r"reading\['only'\]=\[1\]"),
    "dates": ({"dates": "x"}, r"reading\['dates'\]='x', which is not a mapping"),
    "a format": ({"dates": {"a": 1}}, r"reading\['dates'\]"),
    "decimal": ({"decimal": ";"}, r"reading\['decimal'\]=';', which is not '.' or ','"),
    "both": ({"drop": ["a"], "only": ["b"]}, r"reading\['drop'\]=\['a'\] and reading\['only'\]=\['b'\]"),
}


@pytest.mark.parametrize("case", KEPT)
def test_a_reading_in_a_model_file_is_checked(case):
    kept, words = KEPT[case]
    with pytest.raises(FileFormatError, match=words):
        Reading.of(kept)


def test_a_reading_and_the_one_before_become_one():
    before = Reading(decimal=",", dates={"d": "%d/%m/%Y"}, missing=("-",), text=("zip",), only=("a", "b", "d"))
    now = Reading(dates={"e": "%Y"}, missing=("x",), drop=("b",), before=before)
    expected = {"decimal": ",", "dates": {"d": "%d/%m/%Y", "e": "%Y"}, "missing": ["-", "x"], "text": ["zip"]}
    assert now.merged().kept() == {**expected, "only": ["a", "d"]}
    assert Reading.of(now.merged().kept()).kept() == now.merged().kept()
    assert now.chosen(["a", "b", "c", "d", "e"], "t.csv") == ["a", "d"]
    other = Reading(drop=("b",), before=Reading(drop=("c",)))
    assert other.merged().kept() == {"drop": ["c", "b"]} and other.chosen("abc", "t.csv") == ["a"]


@pytest.mark.parametrize("at_once", [0, 2**60])
@pytest.mark.parametrize("rows", [40, 10_000])
@pytest.mark.parametrize(("first", "late", "said"), [("", "Z", "has an offset"), ("+01:00", "", "has no offset")])
def test_dates_with_and_without_an_offset_are_not_mixed(tmp_path, monkeypatch, at_once, rows, first, late, said):
    monkeypatch.setattr(tabular, "AT_ONCE", at_once)
    monkeypatch.setattr(csv_stream, "PIECE_ROWS", rows)
    times = [f"2024-01-01T10:{k % 60:02}:00{first if k < 90 else late}" for k in range(100)]
    (tmp_path / "t.csv").write_text("t,x\n" + "".join(f"{time},{k}\n" for k, time in enumerate(times)))
    with pytest.raises(InputError, match=f"line 92, column 't': .*{said}"):
        read(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("t,x\n" + "".join(f"{time},{k}\n" for k, time in enumerate(times[:90])))
    assert (read(tmp_path / "t.csv").X["t"].dt.tz is None) == (not first)


def test_gaps_are_said_once_where_they_come_late(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("a\n" + "1.5\n" * 60 + "-\n" * 40)
    monkeypatch.setattr(tabular, "AT_ONCE", 0)
    monkeypatch.setattr(csv_stream, "PIECE_ROWS", 30)
    [note] = [note for note in read(tmp_path / "t.csv").notes if "gaps" in note]
    assert note == "column 'a': cells '-': taken as gaps"


@pytest.mark.parametrize("at_once", [0, 2**60])
def test_lines_may_end_with_carriage_returns_alone(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(tabular, "AT_ONCE", at_once)
    (tmp_path / "t.csv").write_bytes(b"a,b\r1,2.5\r3,4\r")
    assert read(tmp_path / "t.csv").X.to_dict("list") == {"a": [1, 3], "b": [2.5, 4.0]}
    (tmp_path / "t.csv").write_bytes(b"a,b\r1,2\r3\r")
    with pytest.raises(InputError, match="line 3 has 1 cell, but line 1 names 2 columns"):
        read(tmp_path / "t.csv")
