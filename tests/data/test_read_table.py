"""Tables from files of text, from Parquet, and from data frames."""

from __future__ import annotations

import csv
import io
import string
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syn0.data import Table, read_table
from syn0.data.reading import is_table


def write(folder: Path, content: str | bytes, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def plain(table: Table) -> dict[str, list[Any]]:
    return {name: column.tolist() for name, column in table.columns.items()}


# ----- delimited text -----------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_delimiters_line_ends_and_marks_are_told_apart(
    delimiter: str, end: str, mark: bytes, tmp_path: Path
) -> None:
    text = end.join(delimiter.join(row) for row in (["age", "city"], ["61", "Köln"], ["4.5", ""]))
    table = read_table(write(tmp_path, mark + text.encode()))
    assert plain(table) == {"age": [61.0, 4.5], "city": ["Köln", None]}
    assert table.source == "people.csv"


def test_a_delimiter_within_other_text_is_none(tmp_path: Path) -> None:
    text = "name;note\nAnn;one, two, three\nBob;four, five\n"
    assert plain(read_table(write(tmp_path, text)))["note"] == ["one, two, three", "four, five"]
    alone = read_table(write(tmp_path, "note\nyes, indeed\n", "one.csv"), delimiter=";")
    assert plain(alone) == {"note": ["yes, indeed"]}


def test_one_column_is_a_table(tmp_path: Path) -> None:
    assert plain(read_table(write(tmp_path, "x\n1\n2\n"))) == {"x": [1, 2]}


def test_quoted_fields_may_hold_anything(tmp_path: Path) -> None:
    text = 'name,note\n"Smith, Ann","said ""no""\nand left"\nBob,  "spaces before"\n'
    table = read_table(write(tmp_path, text))
    assert plain(table) == {
        "name": ["Smith, Ann", "Bob"],
        "note": ['said "no"\nand left', "spaces before"],
    }
    assert table.lines is not None
    assert table.lines.tolist() == [2, 4]  # the first row has two lines


def test_empty_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "\nage,sex\n\n61,f\n\n\n47,m\n\n"))
    assert plain(table) == {"age": [61, 47], "sex": ["f", "m"]}
    assert table.lines is not None
    assert table.lines.tolist() == [4, 7]


def test_any_table_written_as_csv_comes_back(tmp_path: Path, rng: np.random.Generator) -> None:
    letters = np.array(list(string.ascii_letters + 'äß€"\n ,;|\t'))
    rows = int(rng.integers(1, 60))

    def text() -> str:
        found = "".join(rng.choice(letters, int(rng.integers(1, 12)))).strip()
        return f"x{found}y"

    columns: dict[str, list[Any]] = {
        "number": rng.normal(size=rows).tolist(),
        "whole": rng.integers(-(10**9), 10**9, rows).tolist(),
        **{text(): [text() for _ in range(rows)] for _ in range(3)},
    }
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    assert plain(read_table(write(tmp_path, file.getvalue()), delimiter=",")) == columns


def test_options_of_reading(tmp_path: Path) -> None:
    path = write(tmp_path, "1;2,5\n-9;1,25\n")
    table = read_table(path, header=False, decimal=",", missing="-9")
    np.testing.assert_array_equal(table["column_1"], [1, np.nan])
    np.testing.assert_array_equal(table["column_2"], [2.5, 1.25])
    latin = write(tmp_path, "city,x\nKöln,1\n".encode("cp1252"), "latin.csv")
    assert plain(read_table(latin, encoding="cp1252"))["city"] == ["Köln"]
    wide = write(tmp_path, "city,x\nKöln,1\n".encode("utf-16"), "wide.csv")
    assert plain(read_table(wide, encoding="utf-16"))["city"] == ["Köln"]


def test_a_column_without_a_name_gets_one(tmp_path: Path) -> None:
    assert read_table(write(tmp_path, ",age\n0,61\n1,47\n")).names == ["column_1", "age"]


def test_a_field_may_be_long(tmp_path: Path) -> None:
    long = "x" * 131_000
    before = csv.field_size_limit()
    assert plain(read_table(write(tmp_path, f"a,b\n{long},1\n")))["a"] == [long]
    assert csv.field_size_limit() == before


def test_a_hundred_thousand_categories_are_read(tmp_path: Path) -> None:
    names = [f"name {i}" for i in range(100_000)]
    table = read_table(write(tmp_path, "name,x\n" + "".join(f"{n},1\n" for n in names)))
    assert table["name"].tolist() == names


# ----- data frames --------------------------------------------------------

COLUMNS: dict[str, list[Any]] = {
    "age": [61, 47, 52],
    "weight": [70.5, None, 58.0],
    "children": [2, None, 0],
    "sex": ["f", None, "m"],
    "smokes": [True, False, True],
    "drinks": [True, None, False],
    "seen": [date(2026, 1, 31), None, date(2026, 2, 1)],
    "born": [datetime(1961, 5, 1, 12), datetime(1979, 5, 1), None],
}


def frames() -> dict[str, Any]:
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    plain_pandas = pandas.DataFrame(COLUMNS).assign(sex=lambda f: f["sex"].astype("category"))
    return {
        "dict": COLUMNS,
        "polars": polars.DataFrame(COLUMNS),
        "polars, lazy": polars.LazyFrame(COLUMNS),
        "polars, categories": polars.DataFrame(COLUMNS).with_columns(
            polars.col("sex").cast(polars.Categorical)
        ),
        "pyarrow": pyarrow.table(COLUMNS),
        "pandas": plain_pandas,
        "pandas, nullable": plain_pandas.convert_dtypes(),
        "pandas, another index": plain_pandas.set_index(np.array([5, 5, 1])),
    }


@pytest.mark.parametrize("library", list(frames()))
def test_every_library_gives_the_same_table(library: str) -> None:
    table, expected = read_table(frames()[library]), Table(COLUMNS)
    assert table.names == expected.names
    for name in table.names:
        assert table[name].dtype.kind == expected[name].dtype.kind, name
        np.testing.assert_array_equal(table[name], expected[name], err_msg=name)


def test_parquet_comes_back(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table(COLUMNS), tmp_path / "people.parquet")
    table, expected = read_table(tmp_path / "people.parquet"), Table(COLUMNS)
    assert table.source == "people.parquet"
    for name in expected.names:
        np.testing.assert_array_equal(table[name], expected[name], err_msg=name)


def test_a_table_is_told_from_an_array() -> None:
    for value in frames().values():
        assert is_table(value)
    for other in (np.eye(2), [[1.0]], ((1.0,), (2.0,)), None, "x", 3):
        assert not is_table(other)
