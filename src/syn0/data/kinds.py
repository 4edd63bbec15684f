"""Tell what a column is from its values, and which columns say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.data.categorical import texts_in
from syn0.data.columns import Boolean, Categorical, Column, Date, Numeric
from syn0.data.table import Table
from syn0.data.values import (
    COMMA_NUMBER,
    date_format,
    is_missing,
    parse_number,
    read_numbers,
    read_truth,
)
from syn0.errors import DataError

Array = NDArray[Any]

MOST_CATEGORIES = 100  # values of a column that are told apart
FEWEST_ROWS = 2  # rows of a value that is told apart, in small tables; 1 in 200, at most 20
MOST_CODES = 6  # whole numbers of at most so many values, and at least three, are codes
_MOSTLY = 0.9  # a share of numbers above this makes other text a mistake


@dataclass(frozen=True)
class LeftOut:
    """A column that is not read, and why: "it ..."."""

    name: str
    reason: str


def learn_column(table: Table, name: str, kind: str | None = None) -> Column | LeftOut:
    """Return what the training rows tell of a column.

    Parameters
    ----------
    table : Table
        The training rows.
    name : str
        The column.
    kind : {"numeric", "boolean", "categorical", "date"}, optional
        What it is; told from its values by default.

    Notes
    -----
    The first that holds, of the values that are not missing:

    1. There is none, or all are the same and none is missing: left out.
    2. Truth values, or text of one pair of words (yes and no, true and false): boolean.
    3. Dates, or text of which every value is a date in one format: date. Where no row tells
       which comes first, it is the day.
    4. Numbers, or text of which every value is a number: numeric. But whole numbers of three
       to six values, each in ten rows on average, are codes: categorical. And whole numbers
       that number the rows, all different and close to each other, are left out.
    5. Text of which nearly every value is a number: an error naming the others.
    6. Text: categorical. Values in few rows share a slot; where nearly every row has a value
       of its own, the column is left out.
    """
    column = table[name]
    missing = is_missing(column)
    present = column[~missing]
    different = set(present.tolist())
    if not different:
        return LeftOut(name, "has no value in any row")
    if len(different) == 1 and not missing.any():
        return LeftOut(name, "has the same value in every row")
    if kind is None:
        kind = _kind(table, name)
    if kind == "boolean":
        return Boolean.learn(table, name)
    if kind == "date":
        return Date.learn(table, name, _form(table, name))
    if kind == "numeric":
        if _numbers_rows(column, len(different)):
            return LeftOut(name, "numbers the rows")
        return Numeric.learn(table, name)
    fewest = max(FEWEST_ROWS, min(20, len(column) // 200))
    found = Categorical.learn(table, name, fewest, MOST_CATEGORIES)
    told = sum(found.shares[: len(found.categories)])
    if told < 0.1 or (len(different) > 0.5 * len(present) and len(present) > 10):
        return LeftOut(name, f"has {len(different):,} different values in {len(present):,} rows")
    return found


def _kind(table: Table, name: str) -> str:
    column = table[name]
    if column.dtype == bool:
        return "boolean"
    if column.dtype.kind == "M":
        return "date"
    numbers = read_numbers(column) if column.dtype == object else column
    if numbers is not None:
        return "categorical" if _are_codes(numbers) else "numeric"
    if read_truth(column) is not None:
        return "boolean"
    if date_format(column) is not None:
        return "date"
    _check_text(table, name)
    return "categorical"


def _are_codes(numbers: Array) -> bool:
    """Tell whether whole numbers are few enough to stand for kinds: of pain, of rooms."""
    present = numbers[~is_missing(numbers)]
    values = np.unique(present)
    few = 3 <= len(values) <= MOST_CODES and len(present) >= 10 * len(values)
    return few and bool((values == np.floor(values)).all())


def _form(table: Table, name: str) -> str:
    column = table[name]
    form = date_format(column) if column.dtype == object else None
    if column.dtype == object and form is None:
        row = int(np.flatnonzero(~is_missing(column))[0])
        raise DataError(
            "the dates of the column are not written in one known format.",
            where=table.place(row, name),
            expected="2026-01-31, 31.01.2026, 01/31/2026 or the like, the same in every row",
        )
    return form or "ISO 8601"


def _check_text(table: Table, name: str) -> None:
    """Refuse text among numbers: a slip of the pen, or another word for missing."""
    column = table[name]
    rows = np.flatnonzero(~is_missing(column))
    commas = [row for row in rows if COMMA_NUMBER.fullmatch(column[row])]
    if len(commas) > _MOSTLY / 2 * len(rows):
        raise DataError(
            f"{column[commas[0]]!r} is no number: its decimals stand after a comma.",
            where=table.place(int(commas[0]), name),
            expected="a decimal point",
            mend=f"read_table(..., decimal=','); or kinds={{{name!r}: 'categorical'}}",
        )
    numbers = [parse_number(text) for text in column[rows]]
    told = {number for number in numbers if number is not None}
    odd = [row for row, number in zip(rows, numbers, strict=True) if number is None]
    if not odd or len(told) < 10 or len(odd) > (1 - _MOSTLY) * len(rows):
        return
    raise DataError(
        f"{column[odd[0]]!r} is no number, and all but {len(odd)} of the column's "
        f"{len(rows)} values are.",
        where=table.place(int(odd[0]), name),
        expected="numbers, or nothing where one is not known",
        mend=f"correct it; read_table(..., missing=[{column[odd[0]]!r}]) if it stands for "
        f"missing; kinds={{{name!r}: 'categorical'}} if the numbers are names",
    )


def _numbers_rows(column: Array, different: int) -> bool:
    """Tell whether whole numbers are all different and too close together to be measured.

    Of numbers that are drawn at random from thrice as many, thirty are all different in one
    case of hundred, more in fewer.
    """
    numbers = read_numbers(column) if column.dtype == object else column
    if numbers is None or len(numbers) < 30 or different < len(numbers):
        return False
    whole = bool((numbers == np.floor(numbers)).all())
    return whole and numbers.max() - numbers.min() < 3 * len(numbers)


def copies(table: Table, names: Sequence[str]) -> dict[str, str]:
    """Return the columns that hold the same as an earlier one, and which that is.

    Examples
    --------
    >>> copies(Table({"a": [1, 2], "b": [2, 1], "c": ["1", "2"]}), ["a", "b", "c"])
    {'c': 'a'}
    """
    found: dict[str, str] = {}
    alike: dict[tuple[str | None, ...], list[str]] = {}  # by a few of their values
    step = max(1, table.rows // 16)
    for name in names:
        others = alike.setdefault(tuple(texts_in(table[name][::step])), [])
        twin = next((other for other in others if _equal(table[name], table[other])), None)
        if twin is None:
            others.append(name)
        else:
            found[name] = twin
    return found


def _equal(a: Array, b: Array) -> bool:
    if a.dtype == b.dtype and a.dtype != object:
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return texts_in(a) == texts_in(b)
