"""What single values mean: numbers, dates, truth and what is missing, told from text.

A column is stored as `Table` says. Text is read as numbers only where every value is one,
so that a column never changes its kind in the middle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import DataError, DTypeError

Array = NDArray[Any]

# Words for "not known", besides nothing at all, as spreadsheets, R, SQL and UCI write them.
MISSING = frozenset(
    "NA N/A n/a #N/A <NA> NaN nan -nan -NaN NULL Null null None none NONE nil ? NaT".split()
) | {"", "#N/A N/A"}
_EXACT = 2**53  # whole numbers below this are exact in float64

# Words of truth, in pairs: a column must keep to one pair.
TRUTH = (("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"))

# How dates are written besides ISO 8601. Where day and month can be told by no row, the
# earlier format holds.
DATE_FORMATS = (
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d",
    "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d-%b-%Y", "%d.%m.%y",
    "%d/%m/%y", "%m/%d/%y",
)  # fmt: skip
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p")
FORMATS = ("ISO 8601", *(day + time for day in DATE_FORMATS for time in _TIMES))
COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")  # a decimal comma


def is_missing(column: Array) -> NDArray[np.bool_]:
    """Return where a column of a table has no value."""
    if column.dtype == object:
        return np.equal(column, None).astype(bool)  # type: ignore[call-overload]
    if column.dtype.kind == "f":
        return np.isnan(column)
    return np.isnat(column) if column.dtype.kind == "M" else np.zeros(len(column), bool)


# ----- columns of any origin ----------------------------------------------


def as_column(values: Any, name: str) -> Array:
    """Return a column in one of the kinds of `Table`.

    Raises
    ------
    DataError, DTypeError
        If it is not one value a row, or holds what no column can hold.

    Examples
    --------
    >>> as_column([True, False], "smokes"), as_column([1, None], "age")
    (array([ True, False]), array([ 1., nan]))
    """
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
        raise DataError(
            f"the column {name!r} is {values!r}, a single value.",
            expected="a list or an array, one value a row",
        )
    if isinstance(values, np.ma.MaskedArray):
        values = values.tolist()  # None where it is masked
    array = values if isinstance(values, np.ndarray) else _objects(values)
    if array.ndim != 1:
        raise DataError(
            f"the column {name!r} has the shape {array.shape}.", expected="one value a row"
        )
    kind = array.dtype.kind
    if kind == "f":
        return array.astype(np.float64, copy=False)
    if kind in "iu":
        whole = array.dtype != np.uint64 or not array.size or array.max() < 2**63
        return array.astype(np.int64 if whole else np.float64, copy=False)
    if kind == "M":
        return array.astype("datetime64[us]", copy=False)
    if kind == "m":
        return np.where(np.isnat(array), np.nan, array / np.timedelta64(1, "s"))
    if kind == "b":
        return array
    if kind in "UO":
        return _from_objects(array.astype(object, copy=False), name)
    what = {"c": "complex numbers", "S": "bytes"}.get(kind, str(array.dtype))
    raise DTypeError(
        f"the column {name!r} holds {what}.", expected="numbers, text, truth values or dates"
    )


def _objects(values: Any) -> Array:
    array = np.empty(len(values), object)
    array[:] = list(values)
    return array


def _from_objects(array: Array, name: str) -> Array:
    kinds = {type(value) for value in array}
    if kinds <= {str, type(None)}:
        return array
    missing = np.array([_is_nothing(value) for value in array], bool)
    present = array[~missing]
    if all(isinstance(value, (bool, np.bool_)) for value in present):
        if not missing.any() and len(present):
            return array.astype(bool)
        return _filled(array, missing, None, lambda v: "true" if v else "false")
    if all(isinstance(value, (Real, Decimal)) for value in present):
        if not missing.any() and all(isinstance(value, Integral) for value in present):
            return array.astype(np.int64) if max(map(abs, present)) < 2**63 else array.astype(float)
        found = np.full(len(array), np.nan)
        found[~missing] = present.astype(np.float64)
        return found
    if all(isinstance(value, (date, np.datetime64)) for value in present):
        found = np.full(len(array), np.datetime64("NaT"), "datetime64[us]")
        found[~missing] = [_moment(value) for value in present]
        return found
    if all(isinstance(value, (timedelta, np.timedelta64)) for value in present):
        found = np.full(len(array), np.nan)
        found[~missing] = [value / np.timedelta64(1, "s") for value in present]
        return found
    for row, value in enumerate(array):
        if not missing[row] and not isinstance(value, (str, Real, date)):
            raise DTypeError(
                f"{value!r} is of type {type(value).__name__}, which no column holds.",
                where=f"row {row}, column {name!r}",
                expected="numbers, text, truth values or dates",
                mend=f"leave it out: table.drop({name!r})",
            )
    return _filled(array, missing, None, str)


def _filled(array: Array, missing: Array, nothing: Any, text: Any) -> Array:
    found = np.empty(len(array), object)
    found[:] = [nothing if gone else text(v) for v, gone in zip(array, missing, strict=True)]
    return found


def _is_nothing(value: Any) -> bool:
    """Tell whether a value is None, NaN, NaT or a data frame's word for these."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return bool(isinstance(value, (float, np.floating, np.datetime64)) and value != value)


def _moment(value: Any) -> np.datetime64:
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(value, "us")


# ----- text ---------------------------------------------------------------


def from_text(texts: Sequence[str], also: frozenset[str] = frozenset()) -> Array:
    """Return a column of text as `Table` stores it: numbers where all of it is numbers.

    Parameters
    ----------
    texts : sequence of str
        The fields as they are written.
    also : frozenset of str
        More words for missing.

    Examples
    --------
    >>> from_text(["1", " 2.5", "?"]), from_text(["a", " b ", "NA"])
    (array([1. , 2.5, nan]), array(['a', 'b', None], dtype=object))
    """
    plain = None if also else _read_all(texts)  # the short way, for columns without gaps
    if plain is not None:
        return plain
    words = MISSING | also
    column = np.empty(len(texts), object)
    column[:] = [None if (t := text.strip()) in words else t for text in texts]
    numbers = read_numbers(column)
    return column if numbers is None else numbers


def read_numbers(column: Array) -> Array | None:
    """Return text as numbers if all of it is numbers; None if any is something else.

    Numbers are written with a decimal point, maybe with an exponent. A code such as ``007``
    is no number, nor is a whole number too large to be exact.

    Examples
    --------
    >>> read_numbers(np.array(["1", "2.5", None], object))
    array([1. , 2.5, nan])
    >>> read_numbers(np.array(["1", "x"], object)) is None
    True
    """
    missing = is_missing(column)
    found = _read_all(column[~missing])
    if found is None or not missing.any():
        return found
    every = np.full(len(column), np.nan)
    every[~missing] = found
    return every


def _read_all(texts: Sequence[str] | Array) -> Array | None:
    found = parse_numbers(texts)
    if found is None or not len(found):
        return None
    if not (found == np.floor(found)).all():
        return found
    if np.abs(found).max() >= _EXACT or any(map(_is_code, texts)):
        return None
    written = "".join(texts)
    return found if any(mark in written for mark in ".eE") else found.astype(np.int64)


def parse_numbers(texts: Sequence[str] | Array) -> Array | None:
    """Return all of these texts as finite numbers, None if one is none."""
    try:
        found = np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        return None
    # Python reads 1_000 and inf, which no table means.
    return found if np.isfinite(found).all() and "_" not in "".join(texts) else None


def parse_number(text: str) -> float | None:
    """Return a text as a number, None if it is none.

    Examples
    --------
    >>> parse_number("1e3"), parse_number("1_000")
    (1000.0, None)
    """
    found = parse_numbers([text])
    return None if found is None else float(found[0])


def _is_code(text: str) -> bool:
    digits = text.strip().lstrip("+-")
    return len(digits) > 1 and digits[0] == "0" and digits.isdigit()


def read_truth(column: Array) -> Array | None:
    """Return text as 0.0, 1.0 and NaN if it keeps to one pair of words of truth.

    Examples
    --------
    >>> read_truth(np.array(["yes", "No", None], object))
    array([ 1.,  0., nan])
    """
    missing = is_missing(column)
    words = {text.lower() for text in set(column[~missing])}
    for pair in TRUTH:
        if words and words <= set(pair):
            found = np.full(len(column), np.nan)
            found[~missing] = [float(text.lower() == pair[1]) for text in column[~missing]]
            return found
    return None


def date_format(column: Array) -> str | None:
    """Return how the dates of a column of text are written, None if it holds others.

    Examples
    --------
    >>> date_format(np.array(["2026-01-31", None], object))
    'ISO 8601'
    >>> date_format(np.array(["1/2/2026", "1/31/2026"], object))
    '%m/%d/%Y'
    """
    present = list(dict.fromkeys(column[~is_missing(column)]))
    if not present:
        return None
    for form in FORMATS:
        if all(parse_date(text, form) is not None for text in present):
            return form
    return None


def parse_date(text: str, form: str) -> np.datetime64 | None:
    """Return the date that a text stands for, None if it is written otherwise.

    Examples
    --------
    >>> parse_date("31.1.2026", "%d.%m.%Y")
    np.datetime64('2026-01-31T00:00:00.000000')
    """
    try:
        if form == "ISO 8601":
            if text.isdigit():  # 20260131 is a number
                return None
            return _moment(datetime.fromisoformat(text))
        return np.datetime64(datetime.strptime(text, form), "us")
    except ValueError:
        return None


def read_dates(column: Array, form: str) -> tuple[Array, int | None]:
    """Return text as dates, and the first row that is none."""
    found = np.full(len(column), np.datetime64("NaT"), "datetime64[us]")
    for row in np.flatnonzero(~is_missing(column)):
        moment = parse_date(column[row], form)
        if moment is None:
            return found, int(row)
        found[row] = moment
    return found, None
