"""What single values mean: numbers, truth and dates, told from text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from syn0.data.values import (
    DATE_FORMATS,
    MISSING,
    as_column,
    date_format,
    from_text,
    is_missing,
    parse_date,
    parse_number,
    read_dates,
    read_truth,
)


def texts(*values: str | None) -> np.ndarray:
    return np.array([*values, None], object)[:-1]


# ----- numbers ------------------------------------------------------------


def test_numbers_in_text_are_read_exactly(rng: np.random.Generator) -> None:
    numbers = np.concatenate([rng.normal(size=200), 10.0 ** rng.integers(-300, 300, 50)])
    np.testing.assert_array_equal(from_text([repr(float(x)) for x in numbers]), numbers)
    whole = rng.integers(-(2**52), 2**52, 200)
    found = from_text(list(map(str, whole)))
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, whole)


@pytest.mark.parametrize("word", sorted(MISSING))
def test_words_for_missing_are_gaps(word: str) -> None:
    np.testing.assert_array_equal(from_text(["1.5", word, "2"]), [1.5, np.nan, 2])
    assert from_text(["a", f" {word} "]).tolist() == ["a", None]


@pytest.mark.parametrize(
    "odd", ["007", "1_000", "inf", "0x10", "12345678901234567890", "1,5", "one", "1 000", "--1"]
)
def test_what_only_looks_like_a_number_stays_text(odd: str) -> None:
    assert from_text(["1", odd]).tolist() == ["1", odd]


def test_zeros_in_front_of_a_decimal_point_are_no_code() -> None:
    np.testing.assert_array_equal(from_text(["0", "0.5", "-0.25", "+1"]), [0, 0.5, -0.25, 1])


def test_own_words_for_missing() -> None:
    np.testing.assert_array_equal(from_text(["1", "-999"], frozenset(["-999"])), [1, np.nan])
    assert parse_number("-999") == -999


# ----- truth --------------------------------------------------------------


@pytest.mark.parametrize("pair", [("False", "True"), ("no", "YES"), ("f", "t"), ("N", "y")])
def test_pairs_of_words_are_truth(pair: tuple[str, str]) -> None:
    np.testing.assert_array_equal(read_truth(texts(*pair, None)), [0, 1, np.nan])


@pytest.mark.parametrize("words", [("yes", "false"), ("yes", "maybe"), ("f", "m"), ()])
def test_other_words_are_not(words: tuple[str, ...]) -> None:
    assert read_truth(texts(*words)) is None


# ----- dates --------------------------------------------------------------


@pytest.mark.parametrize("form", ["ISO 8601", *DATE_FORMATS])
def test_dates_are_read_in_each_format(form: str, rng: np.random.Generator) -> None:
    days = [date(1970, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 20_000, 100)]
    days += [date(1999, 12, 31), date(2024, 2, 29)]
    written = texts(*[d.isoformat() if form == "ISO 8601" else d.strftime(form) for d in days])
    found = date_format(written)
    assert found == form
    moments, wrong = read_dates(written, found)
    assert wrong is None
    np.testing.assert_array_equal(moments, np.array(days, "datetime64[us]"))


def test_the_first_row_that_is_no_date_is_named() -> None:
    assert read_dates(texts("2026-01-31", None, "31st of May"), "ISO 8601")[1] == 2
    assert date_format(texts("2026-01-31", "soon")) is None
    assert date_format(texts(None)) is None
    assert parse_date("20260131", "ISO 8601") is None


def test_a_moment_with_a_zone_is_told_in_utc() -> None:
    zone = timezone(timedelta(hours=2))
    column = as_column([datetime(2026, 1, 31, 1, tzinfo=zone), None], "seen")
    assert column[0] == np.datetime64("2026-01-30T23:00")
    assert np.isnat(column[1])
    assert parse_date("2026-01-31T01:00:00+02:00", "ISO 8601") == column[0]
    assert as_column([datetime(2026, 1, 31, tzinfo=UTC)], "seen")[0] == np.datetime64("2026-01-31")


# ----- columns of any origin ----------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, 2, 3], "i", [1, 2, 3]),
        ([1, None, 3], "f", [1, np.nan, 3]),
        ([1.5, float("nan")], "f", [1.5, np.nan]),
        ([Decimal("0.5"), None], "f", [0.5, np.nan]),
        ([True, False], "b", [True, False]),
        ([True, None], "O", ["true", None]),
        (["a", None], "O", ["a", None]),
        (["a", 1, 2.5, None], "O", ["a", "1", "2.5", None]),
        ([2**70, 1], "f", [2.0**70, 1]),
        ([timedelta(minutes=1), None], "f", [60, np.nan]),
        (np.array([1, 2], np.uint8), "i", [1, 2]),
        (np.array([1, 2**63], np.uint64), "f", [1, 2.0**63]),
        (np.array([1, 2], np.float16), "f", [1, 2]),
        (np.array(["a", "b"]), "O", ["a", "b"]),
        (np.ma.array([1, 2], mask=[True, False]), "f", [np.nan, 2]),
        (np.array([60, "NaT"], "timedelta64[s]"), "f", [60, np.nan]),
        ([None, None], "O", [None, None]),
        ([], "O", []),
    ],
)
def test_columns_come_in_five_kinds(values: Any, kind: str, expected: list[Any]) -> None:
    column = as_column(values, "x")
    assert column.dtype.kind == kind
    if kind in "O":
        assert column.tolist() == expected
    else:
        np.testing.assert_array_equal(column, expected)


def test_missing_is_found_in_each_kind() -> None:
    for values in ([1.0, None], ["a", None], [date(2026, 1, 31), None]):
        assert is_missing(as_column(values, "x")).tolist() == [False, True]
    for values in ([1, 2], [True, False]):
        assert not is_missing(as_column(values, "x")).any()
