"""The checks of the arrays that people give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from syn0 import arrays
from syn0.errors import DataError, DTypeError, ShapeError
from syn0.graph import time


@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        ([[1, 2], [3, 4]], "int64"),
        ([[1.5]], "float64"),
        (np.ones(2, "float32"), "float32"),
        ([True, False], "bool"),
        (np.array([1, 2.5], dtype=object), "float64"),
        (range(3), "int64"),
    ],
)
def test_numbers_keep_their_dtype(given: Any, dtype: str) -> None:
    assert arrays.to_array(given, "X").dtype == dtype


def test_arrays_are_not_copied() -> None:
    given = np.ones(3)
    assert arrays.to_array(given, "X") is given


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        (None, DataError, "X is None"),
        ([[1, 2], [3]], DataError, "row 0 has 2 values, row 1 has 1"),
        (np.array([[1, 2], [3]], dtype=object), DataError, "the rows of X differ in length"),
        (np.array([["1", 2]], dtype=object), DTypeError, "X holds '1' at row 0, column 0"),
        (np.array([[1, None]], dtype=object), DTypeError, "X holds None at row 0, column 1"),
        (np.array([1, "a"], dtype=object), DTypeError, "X holds 'a' at sample 1"),
        (np.array([[[object()]]], dtype=object), DTypeError, r"at position \(0, 0, 0\)"),
        ([1j], DTypeError, "complex"),
        (["a", "b"], DTypeError, "X holds text"),
        ([b"a"], DTypeError, "X holds bytes"),
        (np.array(["2020-01-01"], "datetime64[D]"), DTypeError, "X holds dates"),
        (np.array([3], "timedelta64[s]"), DTypeError, "X holds time spans"),
    ],
)
def test_what_is_not_numbers_is_named(given: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        arrays.to_array(given, "X")


def test_a_sparse_matrix_is_answered_with_toarray() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(DataError, match=r"X\.toarray\(\)"):
        arrays.to_array(sparse.eye(3), "X")


def test_the_first_value_that_is_not_finite_is_named() -> None:
    X = np.zeros((5, 3))
    arrays.check_finite(X, "X")
    arrays.check_finite(np.full((3, 2), 1e308), "X")  # a sum that overflows is no error
    X[2, 1] = np.nan
    with pytest.raises(DataError, match=r"X holds nan at row 2, column 1\."):
        arrays.check_finite(X, "X")
    X[4, 0] = np.inf
    with pytest.raises(DataError, match="and 1 more such values"):
        arrays.check_finite(X, "X")


@pytest.mark.parametrize(
    ("given", "shape", "text"),
    [
        ((3,), (3,), r"net\.predict_one\(x\)"),
        ((4,), (3,), r"X\.reshape\(-1, 1\)"),
        ((0, 3), (3,), "X is empty"),
        ((2, 4), (3,), r"expected: +\(samples, 3\)"),
        ((2, 3, 8, 8), (8, 8, 3), r"X\.transpose\(0, 2, 3, 1\)"),
        ((2, 3, 5), (5, 3), r"X\.transpose\(0, 2, 1\)"),
        ((2, 3, 5), (time, 3), r"X\.transpose\(0, 2, 1\)"),
        ((2, 3, 4, 5), (4, 5, 6), "features that the network was built for"),
        ((2, 8, 8), (8, 8, 3), r"expected: +\(samples, 8, 8, 3\)"),
    ],
)
def test_rows_of_another_shape(given: Any, shape: Any, text: str) -> None:
    with pytest.raises((ShapeError, DataError), match=text):
        arrays.check_rows(np.zeros(given), shape, "X")


def test_rows_that_fit() -> None:
    assert arrays.check_rows(np.zeros((2, 7, 3)), (time, 3), "X").shape == (2, 7, 3)
    assert arrays.check_rows(np.zeros((2, 8, 8)), (8, 8, 1), "X").shape == (2, 8, 8, 1)


def test_whole_numbers() -> None:
    assert arrays.check_integers(np.array([1.0, 2.0]), "y").dtype == "int64"
    with pytest.raises(DTypeError, match="not whole"):
        arrays.check_integers(np.array([1.5]), "y")


def test_lengths_must_agree() -> None:
    assert arrays.check_same_length({"x": np.zeros(3), "y": np.zeros((3, 2))}) == 3
    with pytest.raises(DataError, match="x has 3 and y has 2"):
        arrays.check_same_length({"x": np.zeros(3), "y": np.zeros(2)})


@pytest.mark.parametrize(
    ("y", "shape", "kind", "found"),
    [
        ([0, 2, 1], (3,), "classes", (3,)),
        ([0.0, 2.0], (3,), "classes", (2,)),
        ([[0], [2]], (3,), "classes", (2,)),
        ([[0.25, 0.75]], (2,), "classes", (1, 2)),
        ([[0, 1], [1, 0]], (2, 3), "classes", (2, 2)),
        ([0, 1], (1,), "classes", (2, 1)),
        ([[True, True]], (2,), "questions", (1, 2)),
        ([1.5, 2.5], (1,), "values", (2, 1)),
        ([1.5, 2.5], (), "values", (2,)),
    ],
)
def test_targets_that_fit(y: Any, shape: Any, kind: str, found: Any) -> None:
    assert arrays.check_targets(y, shape, kind).shape == found


@pytest.mark.parametrize(
    ("y", "shape", "kind", "text"),
    [
        ([], (1,), "values", "y is empty"),
        (3, (1,), "values", "single number"),
        ([[1, 2], [3]], (2,), "values", "the rows of y differ"),
        (["cat", "dog"], (2,), "classes", r"text such as 'cat'"),
        (np.array(["cat", "dog"], dtype=object), (2,), "classes", "np.unique"),
        ([0, 5], (3,), "classes", "y has 2 classes, numbered 0 to 5, the last layer 3 units"),
        ([0, -1], (3,), "classes", "np.unique"),
        ([[1, 1, 0]], (3,), "classes", "one sums to 2"),
        ([[2, -1, 0]], (3,), "classes", "one is below 0"),
        ([[0, 1]], (3,), "classes", r"expected: +\(samples, 3\), or class numbers \(samples,\)"),
        ([[0, 2]], (2,), "questions", "0 or 1 for each output unit"),
        ([0, 2], (1,), "classes", "activation='softmax'"),
        ([1.0, 2.0], (2,), "values", "never broadcast"),
    ],
)
def test_targets_that_do_not_fit(y: Any, shape: Any, kind: str, text: str) -> None:
    with pytest.raises((DataError, ShapeError, DTypeError), match=text):
        arrays.check_targets(y, shape, kind)


def test_a_masked_array_is_refused() -> None:
    masked = np.ma.masked_invalid([[1.0, np.nan]])
    for check in (arrays.to_array, arrays.to_text_checked):
        with pytest.raises(DataError, match=r"(?s)masked array.*X\.filled\("):
            check(masked, "X")


def test_numbers_beyond_the_dtype_of_the_network_are_named() -> None:
    wide = np.array([[0.0, 1.0], [-1e300, 0.0]])
    with pytest.raises(DataError, match=r"X holds -1e\+300 at row 1, column 0, .* in float32"):
        arrays.check_range(wide, "X", "float32")
    arrays.check_range(wide, "X", "float64")
    arrays.check_range(np.array([3e38]), "X", "float32")
    arrays.check_range(np.array([2**62]), "X", "float32")
    with pytest.raises(DataError, match="y holds 1e"):
        arrays.check_targets([1e300], (1,), "values", dtype="float32")
