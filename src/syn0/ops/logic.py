"""Ops whose results are true or false, for each element."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from syn0.graph import NoDerivative, Op, Sample
from syn0.ops.elementwise import bool_shape, pairs, reals

# ----- comparisons and logic ----------------------------------------------

_STEPS = NoDerivative("a truth value is constant in steps")


def _less(xp: Any, x: Any, y: Any) -> Any:
    """Return x < y."""
    return x < y


def _less_equal(xp: Any, x: Any, y: Any) -> Any:
    """Return x <= y."""
    return x <= y


def _greater(xp: Any, x: Any, y: Any) -> Any:
    """Return x > y."""
    return x > y


def _greater_equal(xp: Any, x: Any, y: Any) -> Any:
    """Return x >= y."""
    return x >= y


def _equal(xp: Any, x: Any, y: Any) -> Any:
    """Return x == y."""
    return x == y


def _not_equal(xp: Any, x: Any, y: Any) -> Any:
    """Return x != y."""
    return x != y


less = Op("less", bool_shape("less"), _less, _STEPS, pairs)
less_equal = Op("less_equal", bool_shape("less_equal"), _less_equal, _STEPS, pairs)
greater = Op("greater", bool_shape("greater"), _greater, _STEPS, pairs)
greater_equal = Op("greater_equal", bool_shape("greater_equal"), _greater_equal, _STEPS, pairs)
equal = Op("equal", bool_shape("equal"), _equal, _STEPS, pairs)
not_equal = Op("not_equal", bool_shape("not_equal"), _not_equal, _STEPS, pairs)


def _logical_and(xp: Any, x: Any, y: Any) -> Any:
    """Return whether both hold."""
    return xp.logical_and(x, y)


def _logical_or(xp: Any, x: Any, y: Any) -> Any:
    """Return whether at least one holds."""
    return xp.logical_or(x, y)


def _logical_not(xp: Any, x: Any) -> Any:
    """Return whether it does not hold."""
    return xp.logical_not(x)


def _truths(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample([True, True, False, False], [True, False, True, False])


def _truth(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample([True, False])


logical_and = Op("logical_and", bool_shape("logical_and"), _logical_and, _STEPS, _truths)
logical_or = Op("logical_or", bool_shape("logical_or"), _logical_or, _STEPS, _truths)
logical_not = Op("logical_not", bool_shape("logical_not"), _logical_not, _STEPS, _truth)


def _isfinite(xp: Any, x: Any) -> Any:
    """Return whether x is neither NaN nor infinite."""
    return xp.isfinite(x)


isfinite = Op("isfinite", bool_shape("isfinite"), _isfinite, _STEPS, reals)
