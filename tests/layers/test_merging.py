"""Add and Concatenate: values, derivatives, shapes that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench import check, run

from syn0.errors import ArgumentError, GraphError, ShapeError, UnknownNameError
from syn0.layers import Add, Concatenate

A, B, C = np.random.default_rng(0).normal(size=(3, 2, 4, 3))


def test_add() -> None:
    y, _ = run(Add(), A, B, C)
    np.testing.assert_allclose(y, A + B + C)
    check(Add(), A, B)


@pytest.mark.parametrize("axis", [1, 2, -1, -2])
def test_concatenate(axis: int) -> None:
    y, _ = run(Concatenate(axis), A, B, C)
    np.testing.assert_array_equal(y, np.concatenate([A, B, C], axis=axis))
    check(Concatenate(axis), A, B)


def test_widths_may_differ_along_the_axis() -> None:
    y, _ = run(Concatenate(), A, B[..., :1])
    assert y.shape == (2, 4, 4)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: run(Add(), A), ShapeError, r"syn0.Add\(\)\(a, b\)"),
        (lambda: run(Add(), A, B[..., :1]), ShapeError, r"\(4, 3\) and \(4, 1\) a sample"),
        (lambda: run(Concatenate(), A, B[:, :1]), ShapeError, "only axis 2 may differ"),
        (lambda: run(Concatenate(3), A, B), ShapeError, "an axis from 1 to 2"),
        (lambda: run(Concatenate(-3), A, B), ShapeError, "an axis from 1 to 2"),
        (lambda: Concatenate(0), ArgumentError, "within a sample"),
        (lambda: Concatenate(dim=1), UnknownNameError, "write axis="),
        (lambda: Add()(A, B), GraphError, "cannot be called on ndarray"),
    ],
)
def test_wrong_uses_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
