"""The table of tolerances, and the ruler that reads it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tolerances import EXACT, TABLE, Tolerance, distance

from syn0.graph import registry

ANY = Tolerance(1, 1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_step_of_the_dtype_is_one_ulp(dtype: str) -> None:
    x = np.array([3.0, -1.0, 1e-20], dtype)
    assert distance(np.nextafter(x, np.array(9, dtype)), x, EXACT) == 1
    assert distance(x, x, EXACT) == 0


def test_sums_are_measured_against_their_terms() -> None:
    x = np.array([1.0, -1.0])
    found, expected = np.float64(2.0**-52), np.float64(2.0**-60)
    assert distance(found, expected, ANY) > 1e12
    assert distance(found, expected, Tolerance(1, 1, "largest"), [x]) < 1.01


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([np.nan], [1.0]), ([1.0], [np.nan]), ([np.inf], [-np.inf]), ([np.inf], [1e308]),
        ([1.0, 1.0], [1.0]), ([True], [False]),
    ],
)  # fmt: skip
def test_other_kinds_of_number_are_infinitely_far(found: list, expected: list) -> None:
    assert distance(np.array(found), np.array(expected), ANY) == math.inf


def test_nan_and_infinity_equal_themselves() -> None:
    x = np.array([np.nan, np.inf, -np.inf])
    assert distance(x, x.copy(), EXACT) == 0


def test_only_what_is_inexact_may_flush_to_zero() -> None:
    assert distance(np.array([0.0]), np.array([5e-324]), EXACT) == 1
    assert distance(np.array([0.0]), np.array([1e-310]), ANY) < 1


@pytest.mark.parametrize("key", TABLE, ids=":".join)
def test_each_exception_is_of_an_op_small_and_with_a_reason(key: tuple[str, str]) -> None:
    allowed = TABLE[key]
    assert key[1] in registry()
    assert 0 < max(allowed.float32, allowed.float64) <= 10
    assert len(allowed.reason.split()) > 4
