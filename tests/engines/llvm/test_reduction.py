"""Reductions over leading axes: each column is one chain, whatever the layout and the range."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from guarded import guarded, same
from guarded import run as run_kernel
from numpy.typing import NDArray

from syn0.engines.llvm.compiling.jit import outside_calls
from syn0.engines.llvm.compiling.target import Target, named, usable
from syn0.engines.llvm.kernels.reduction import (
    LARGE,
    Reduction,
    place_of_resuming,
    place_of_rows,
    reduction_kernel,
)

on_each_target = pytest.mark.parametrize("target", usable(), ids=lambda t: t.name)
DTYPES = ("float32", "float64", "int64", "int32", "uint8")


@dataclass(frozen=True)
class Case:
    """A reduction, and the memory of its source."""

    reduction: Reduction
    memory: NDArray[Any]

    @property
    def source(self) -> NDArray[Any]:
        """The source as one row for each number of a chain, and a column for each chain."""
        r = self.reduction
        strides = [s * self.memory.itemsize for s in (*r.reduced_strides, *r.kept_strides)]
        view = np.lib.stride_tricks.as_strided(self.memory, (*r.reduced, *r.kept), strides)
        return view.reshape(math.prod(r.reduced), math.prod(r.kept))

    def expected(self) -> NDArray[Any]:
        rows = self.source
        total = rows[0].copy()
        for row in rows[1:]:
            if self.reduction.op == "sum":
                total = total + row
            else:
                total = np.where((row > total) | (row != row), row, total)
        return total


def numbers(rng: np.random.Generator, dtype: str, count: int) -> NDArray[Any]:
    """Draw numbers whose sum depends on their order, or wraps."""
    if dtype.startswith("float"):
        return (rng.standard_normal(count) * 10.0 ** rng.integers(-3, 4, count)).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, count, dtype=dtype, endpoint=True)


def rows_of_columns(rng: np.random.Generator, op: str, dtype: str, rows: int, columns: int) -> Case:
    reduction = Reduction(op, dtype, (columns,), (rows,), (1,), (columns,))
    return Case(reduction, numbers(rng, dtype, rows * columns))


def drawn(rng: np.random.Generator) -> Case:
    """Draw a layout: axes of either kind in any order, some of them repeated."""
    kept, reduced = (int(n) for n in rng.integers(1, 4, 2))
    sizes = [int(n) for n in rng.choice([1, 2, 3, 4, 5, 7, 17, 33], kept + reduced)]
    while math.prod(sizes) > 20_000:
        sizes[int(rng.integers(len(sizes)))] = 2
    strides, step = [0] * len(sizes), 1
    for axis in rng.permutation(len(sizes)) if rng.random() < 0.5 else range(len(sizes))[::-1]:
        if rng.random() < 0.9:
            strides[axis] = step
            step *= sizes[axis] + int(rng.random() < 0.1)  # sometimes with a gap
    op, dtype = str(rng.choice(["sum", "max"])), str(rng.choice(DTYPES))
    reduction = Reduction(
        op, dtype,
        tuple(sizes[reduced:]), tuple(sizes[:reduced]),
        tuple(strides[reduced:]), tuple(strides[:reduced]),
    )  # fmt: skip
    used = 1 + sum((n - 1) * s for n, s in zip(sizes, strides, strict=True))
    return Case(reduction, numbers(rng, dtype, used))


def run(
    reduction: Reduction, target: Target, arrays: Sequence[NDArray[Any]], begin: int, end: int
) -> int:
    """Call a reduction's kernel with its numbers."""
    kernel, numbers = reduction_kernel(reduction)
    return run_kernel(kernel, target, arrays, *numbers, begin, end)


def run_whole(case: Case, target: Target, side: str = "end") -> NDArray[Any]:
    r = case.reduction
    found = guarded(np.full(math.prod(r.kept), 77, r.dtype), side)
    code = run(r, target, [guarded(case.memory, side), found], 0, r.kept[0])
    assert code == 0
    return found


@on_each_target
@pytest.mark.parametrize("side", ["begin", "end"])
def test_any_layout_is_summed_in_row_order(
    target: Target, side: str, rng: np.random.Generator
) -> None:
    for _ in range(25):
        case = drawn(rng)
        assert same(run_whole(case, target, side), case.expected()), case.reduction


@on_each_target
@pytest.mark.parametrize("op", ["sum", "max"])
@pytest.mark.parametrize("columns", [1, 2, 10, 16, 31, 64, 127, 129, 300])
def test_any_number_of_columns(
    target: Target, op: str, columns: int, rng: np.random.Generator
) -> None:
    for dtype in ("float32", "float64"):
        case = rows_of_columns(rng, op, dtype, 21, columns)
        for side in ("begin", "end"):
            assert same(run_whole(case, target, side), case.expected())


@on_each_target
@pytest.mark.parametrize("op", ["sum", "max"])
@pytest.mark.parametrize("rows", [64, 65, 71])
def test_large_arrays_have_the_same_chains(
    target: Target, op: str, rows: int, rng: np.random.Generator
) -> None:
    case = rows_of_columns(rng, op, "float32", rows, 1100 + rows)
    assert case.memory.nbytes >= LARGE
    assert same(run_whole(case, target), case.expected())
    shuffled = Case(case.reduction, case.memory.reshape(rows, -1)[::-1].ravel())
    assert op == "max" or not same(shuffled.expected(), case.expected())


@on_each_target
@pytest.mark.parametrize("columns", [100, 2000])
def test_parts_are_the_whole(target: Target, columns: int, rng: np.random.Generator) -> None:
    case = rows_of_columns(rng, "sum", "float32", 50, columns)
    cuts = [0, *sorted(int(c) for c in rng.integers(0, columns + 1, 5)), columns]
    found, source = np.full(columns, 77, "float32"), guarded(case.memory)
    for begin, end in itertools.pairwise(cuts):
        run(case.reduction, target, [source, found], begin, end)
        assert same(found[end:], np.full(columns - end, 77, "float32"))
    assert same(found, case.expected())


@on_each_target
@pytest.mark.parametrize("columns", [7, 100, 2000])
def test_rows_may_come_piece_by_piece(
    target: Target, columns: int, rng: np.random.Generator
) -> None:
    case = rows_of_columns(rng, "sum", "float32", 150, columns)
    kernel, numbers = reduction_kernel(case.reduction)
    rows, resumes = place_of_rows(case.reduction), place_of_resuming(case.reduction)
    assert rows is not None and resumes is not None
    cuts = [0, *sorted({int(c) for c in rng.integers(1, 150, 5)}), 150]
    found = guarded(np.full(columns, np.nan, "float32"))
    for begin, end in itertools.pairwise(cuts):
        given = list(numbers)
        given[rows], given[resumes] = end - begin, int(begin > 0)
        piece = guarded(case.memory[begin * columns : end * columns])
        run_kernel(kernel, target, [piece, found], *given, 0, columns)
    assert same(found, case.expected())


@on_each_target
def test_parts_of_many_axes_are_the_whole(target: Target, rng: np.random.Generator) -> None:
    for _ in range(10):
        case = drawn(rng)
        kept = case.reduction.kept
        found = np.full(math.prod(kept), 77, case.reduction.dtype)
        for begin in rng.permutation(kept[0]):
            arrays = [guarded(case.memory), found]
            run(case.reduction, target, arrays, int(begin), int(begin) + 1)
        assert same(found, case.expected()), case.reduction


@on_each_target
@pytest.mark.parametrize(("rows", "columns"), [(5, 37), (80, 1200)])
def test_the_result_tells_of_what_is_not_finite(target: Target, rows: int, columns: int) -> None:
    memory = np.ones((rows, columns), "float32")
    reduction = Reduction("sum", "float32", (columns,), (rows,), (1,), (columns,), checked=True)

    def code(begin: int = 0, end: int = columns, checked: bool = True) -> int:
        arrays = [memory, np.empty(columns, "float32")]
        return run(replace(reduction, checked=checked), target, arrays, begin, end)

    assert code() == 0
    for row, column, value in [(0, 0, np.nan), (rows - 1, columns - 1, np.inf), (2, 20, -np.inf)]:
        memory[row, column] = value
        assert code() == 1
        assert code(begin=column, end=column + 1) == 1
        assert code(begin=column + 1) == code(end=column) == 0
        assert code(checked=False) == 0
        memory[row, column] = 1
    memory[1:3, 7] = np.finfo("float32").max
    assert code() == 1, "a sum that overflows"


@on_each_target
def test_only_the_end_of_a_chain_is_checked(target: Target) -> None:
    memory = np.full((80, 1200), -np.inf, "float32")
    memory[-1] = 1
    reduction = Reduction("max", "float32", (1200,), (80,), (1,), (1200,), checked=True)
    found = np.zeros(1200, "float32")
    assert run(reduction, target, [memory, found], 0, 1200) == 0
    assert (found == 1).all()


@on_each_target
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_maximum_keeps_nan(target: Target, dtype: str, rng: np.random.Generator) -> None:
    for columns in (3, 40, 1200):
        case = rows_of_columns(rng, "max", dtype, 70, columns)
        rows = case.memory.reshape(70, columns)
        rows[rng.integers(70, size=columns), range(columns)] = np.nan
        rows[:, 1] = -np.inf
        found = run_whole(case, target)
        assert np.isnan(np.delete(found, 1)).all()
        assert found[1] == -np.inf


@on_each_target
def test_zeros_keep_their_sign_and_nothing_sums_to_zero(target: Target) -> None:
    minus = Case(Reduction("sum", "float32", (20,), (3,), (1,), (20,)), -np.zeros(60, "float32"))
    assert np.signbit(run_whole(minus, target)).all()
    for dtype in DTYPES:
        empty = Case(Reduction("sum", dtype, (20,), (0, 3), (1,), (60, 20)), np.zeros(0, dtype))
        assert same(run_whole(empty, target), np.zeros(20, dtype))


@on_each_target
@pytest.mark.parametrize("op", ["sum", "max"])
def test_one_kernel_serves_all_batches_and_widths(
    target: Target, op: str, rng: np.random.Generator
) -> None:
    sizes = [(1, 1), (1, 20), (5, 37), (8, 64), (32, 128), (64, 1100), (71, 2000)]
    cases = [rows_of_columns(rng, op, "float32", rows, columns) for rows, columns in sizes]
    for batch, steps, width in [(1, 3, 5), (4, 1, 16), (6, 70, 1100)]:  # a sum over the steps
        reduction = Reduction(
            op, "float32", (batch, width), (steps,), (steps * width + 3, 1), (width,)
        )
        cases.append(Case(reduction, numbers(rng, "float32", batch * (steps * width + 3))))
    for case in cases:
        assert same(run_whole(case, target), case.expected()), case.reduction
    symbols = [reduction_kernel(case.reduction)[0].symbol for case in cases]
    assert len(set(symbols[: len(sizes)])) == len(set(symbols[len(sizes) :])) == 1


def test_what_walks_otherwise_has_another_kernel() -> None:
    plain = Reduction("sum", "float32", (20,), (9,), (1,), (20,))
    others = [
        replace(plain, op="max"),
        replace(plain, dtype="float64"),
        replace(plain, checked=True),
        replace(plain, kept_strides=(9,), reduced_strides=(1,)),
        replace(plain, kept=(4, 20), kept_strides=(400, 1)),
        replace(plain, reduced=(9, 2), reduced_strides=(20, 400)),
    ]
    symbols = {reduction_kernel(reduction)[0].symbol for reduction in (plain, *others)}
    assert len(symbols) == 1 + len(others)


def test_nothing_has_no_maximum() -> None:
    with pytest.raises(ValueError, match="nothing"):
        reduction_kernel(Reduction("max", "float32", (20,), (0,), (1,), (20,)))


@pytest.mark.parametrize("machine", ["avx512", "avx2", "neon"])
def test_kernels_call_nothing(machine: str) -> None:
    pytest.importorskip("llvmlite")
    for op in ("sum", "max"):
        for dtype in DTYPES:
            reduction = Reduction(op, dtype, (33,), (20,), (1,), (33,), checked=True)
            assert outside_calls(reduction_kernel(reduction)[0], named(machine)) == set()
