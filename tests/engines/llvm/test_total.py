"""The total of a vector of any length: the order that a row of a nest has, and no byte beyond."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from guarded import guarded, run, same
from numpy.typing import NDArray

from syn0.engines.llvm.compiling.target import Target, host, usable
from syn0.engines.llvm.kernels.nest import Nest, Operand, Statement, Store, nest_kernel
from syn0.engines.llvm.kernels.total import total_kernel

pytestmark = pytest.mark.skipif(host() is None, reason="the compiler does not know this processor")
on_each_target = pytest.mark.parametrize("target", usable(), ids=lambda t: t.name)
LENGTHS = [0, 1, 2, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 500, 1000]


def total(op: str, x: NDArray[Any], target: Target, side: str = "end") -> tuple[Any, int]:
    goal = guarded(np.full(1, 77, x.dtype), side)
    kernel = total_kernel(op, str(x.dtype), checked=True)
    code = run(kernel, target, [guarded(x, side), goal], x.size, 0, 1)
    return goal.copy(), code


def row(op: str, x: NDArray[Any], target: Target) -> NDArray[Any]:
    """Return what a nest makes of one row of these numbers."""
    dtype = str(x.dtype)
    load = Statement("load", (), dtype, "element", 0)
    reduced = Statement(op, (0,), dtype, "row")
    operands = Operand(dtype, (0, 1)), Operand(dtype, (0, 0))
    nest = Nest((1, x.size), operands, (load, reduced), (Store(1, 1),))
    goal = np.empty(1, x.dtype)
    run(nest_kernel(nest), target, [guarded(x), goal], 0, 1)
    return goal


@pytest.mark.sampled(6)
@on_each_target
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32"])
@pytest.mark.parametrize("op", ["sum", "max"])
def test_a_total_is_that_of_a_row(
    op: str, dtype: str, target: Target, rng: np.random.Generator
) -> None:
    for length in [*LENGTHS[op == "max" :], *rng.integers(1, 2000, 5)]:
        scales = 10.0 ** rng.integers(-4, 5, length)
        x = (rng.standard_normal(length) * scales * 100).astype(dtype)
        for side in ("begin", "end"):
            found, code = total(op, x, target, side)
            assert code == 0
            assert same(found, row(op, x, target) if length else np.zeros(1, dtype)), length
        exact = x.sum(dtype="float64") if op == "sum" else x.max()
        np.testing.assert_allclose(found[0], exact, rtol=1e-4, atol=1e-3 * scales.max(initial=1))


@on_each_target
def test_what_is_not_finite_is_told(target: Target, rng: np.random.Generator) -> None:
    for length in LENGTHS[1:]:
        x = rng.standard_normal(length).astype("float32")
        x[rng.integers(length)] = rng.choice([np.nan, np.inf])
        assert total("sum", x, target)[1] == 1


@on_each_target
def test_minus_zeros_add_up_to_minus_zero(target: Target) -> None:
    for length in (1, 16, 70):
        found, _ = total("sum", np.full(length, -0.0, "float32"), target)
        assert np.signbit(found[0])
