"""Rows by index: as NumPy takes and adds them, with nothing touched but what is named."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from guarded import guarded, run, same
from numpy.typing import NDArray

from syn0.engines.llvm.compiling.jit import outside_calls
from syn0.engines.llvm.compiling.target import Target, named, usable
from syn0.engines.llvm.kernels.indexing import OUT_OF_RANGE, gather_kernel, scatter_add_kernel

on_each_target = pytest.mark.parametrize("target", usable(), ids=lambda t: t.name)
SOURCES = ("float32", "float64", "uint8", "int64", "int32", "int8", "bool")
TARGETS = ("float32", "float64", "int64", "bool", "uint8")
INDICES = ("int64", "int32", "int16", "int8", "uint8", "uint64")
WIDTHS = (1, 2, 3, 7, 8, 15, 16, 17, 31, 63, 64, 100, 127, 129, 300)


def rows(rng: np.random.Generator, dtype: str, count: int, width: int) -> NDArray[Any]:
    """Draw rows whose numbers every dtype holds, negative ones where the dtype has them."""
    lowest = 0 if dtype in ("uint8", "bool") else -100
    values = rng.integers(lowest, 101, (count, width))
    return values % 2 == 1 if dtype == "bool" else values.astype(dtype)


def as_stored(x: NDArray[Any], target_dtype: str) -> NDArray[Any]:
    # A negative float as uint8 is left open by C, so NumPy goes by way of the widest integer.
    return (
        x.astype("int64").astype(target_dtype)
        if target_dtype == "uint8"
        else x.astype(target_dtype)
    )


def gather(
    source: NDArray[Any], indices: NDArray[Any], dtype: str, target: Target, side: str = "end"
) -> tuple[int, NDArray[Any]]:
    count, width = len(indices), source.shape[1]
    kernel = gather_kernel(source.dtype.name, dtype, indices.dtype.name, width)
    found = guarded(np.ones(count * width, dtype), side)
    arrays = [guarded(source, side), guarded(indices, side), found]
    code = run(kernel, target, arrays, len(source), 0, count)
    return code, found.reshape(count, width)


# ----- gather -------------------------------------------------------------


@on_each_target
@pytest.mark.parametrize("source", ["float32", "float64", "uint8", "int64"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_batches_are_read_and_converted(
    target: Target, source: str, dtype: str, rng: np.random.Generator
) -> None:
    for width in (1, 64, int(rng.choice(WIDTHS))):
        x, indices = rows(rng, source, 20, width), rng.integers(0, 20, 33)
        for side in ("begin", "end"):
            code, found = gather(x, indices, dtype, target, side)
            assert code == 0
            assert same(found, x[indices].astype(dtype)), width


@on_each_target
@pytest.mark.parametrize("width", WIDTHS)
def test_any_dtypes_and_widths(target: Target, width: int, rng: np.random.Generator) -> None:
    for side in ("begin", "end"):
        source, dtype, index = (str(rng.choice(kinds)) for kinds in (SOURCES, TARGETS, INDICES))
        x = rows(rng, source, 20, width)
        indices = rng.integers(0 if index[0] == "u" else -20, 20, 13).astype(index)
        code, found = gather(x, indices, dtype, target, side)
        assert code == 0
        assert same(found, as_stored(x[indices], dtype)), (source, dtype, index)


@on_each_target
@pytest.mark.parametrize("width", [1, 5, 70])
def test_an_index_out_of_range_reads_nothing(target: Target, width: int) -> None:
    x = np.arange(1.0, 4 * width + 1, dtype="float32").reshape(4, width)
    for bad in (4, -5, 2**31, 2**62, -(2**63), 2**63 - 1):
        indices = np.array([3, bad, -4])
        code, found = gather(x, indices, "float32", target)
        assert code == OUT_OF_RANGE
        assert same(found, np.stack([x[3], np.ones(width, "float32"), x[0]]))


@on_each_target
def test_unsigned_indices_do_not_count_from_the_end(target: Target) -> None:
    x = np.arange(8.0).reshape(4, 2)
    for bad in (2**64 - 1, 2**63):
        assert gather(x, np.array([bad], "uint64"), "float64", target)[0] == OUT_OF_RANGE
    assert gather(x, np.array([255], "uint8"), "float64", target)[0] == OUT_OF_RANGE


@on_each_target
def test_indices_are_checked_where_rows_are_empty(target: Target) -> None:
    assert gather(np.zeros((3, 0), "float32"), np.array([2, -3]), "float32", target)[0] == 0
    assert gather(np.zeros((3, 0), "float32"), np.array([3]), "float32", target)[0] == OUT_OF_RANGE
    assert gather(np.zeros((0, 4), "float32"), np.array([0]), "float32", target)[0] == OUT_OF_RANGE
    assert gather(np.zeros((0, 4), "float32"), np.zeros(0, "int64"), "float32", target)[0] == 0


@on_each_target
def test_parts_of_a_gather_are_the_whole(target: Target, rng: np.random.Generator) -> None:
    x, indices = rows(rng, "float32", 50, 19), rng.integers(-50, 50, 40)
    kernel, found = gather_kernel("float32", "float32", "int64", 19), np.full((40, 19), 7.0, "f4")
    cuts = [0, *sorted(int(c) for c in rng.integers(0, 41, 4)), 40]
    for begin, end in itertools.pairwise(cuts):
        # Places before and after the range are out of reach.
        part = guarded(indices[:end])
        assert run(kernel, target, [x, part, found], 50, begin, end) == 0
        assert (found[end:] == 7).all()
    assert same(found, x[indices])


@on_each_target
def test_a_bad_index_counts_in_its_range_only(target: Target) -> None:
    x, indices = np.ones((5, 3), "float32"), np.array([0, 9, 1, 2])
    kernel, found = gather_kernel("float32", "float32", "int64", 3), np.zeros((4, 3), "float32")
    codes = [run(kernel, target, [x, indices, found], 5, i, i + 1) for i in range(4)]
    assert codes == [0, OUT_OF_RANGE, 0, 0]
    assert run(kernel, target, [x, indices, found], 5, 0, 4) == OUT_OF_RANGE


# ----- scatter_add --------------------------------------------------------


def added(values: NDArray[Any], indices: NDArray[Any], count: int) -> NDArray[Any]:
    total = np.zeros((count, values.shape[1]), values.dtype)
    for value, index in zip(values, indices, strict=True):
        total[index] = total[index] + value
    return total


@on_each_target
@pytest.mark.parametrize("width", WIDTHS)
def test_rows_are_added_in_order(target: Target, width: int, rng: np.random.Generator) -> None:
    for dtype, index, side in [
        ("float32", "int64", "begin"),
        ("float64", "int32", "end"),
        (str(rng.choice(["int64", "int32", "uint8"])), "int8", "end"),
    ]:
        values = (rng.standard_normal((60, width)) * 30).astype("int8").astype(dtype)
        if dtype.startswith("float"):
            values = (values * rng.standard_normal((60, width))).astype(dtype)
        indices = rng.integers(-7, 7, 60).astype(index)
        found = guarded(np.full(7 * width, 9, dtype), side)
        arrays = [guarded(values, side), guarded(indices, side), found]
        assert run(scatter_add_kernel(dtype, index, width), target, arrays, 60, 7, 0, width) == 0
        expected = added(values, indices, 7)
        assert same(found.reshape(7, width), expected), dtype
        if dtype.startswith("float") and width > 2:
            assert not same(added(values[::-1], indices[::-1], 7), expected)


@on_each_target
@pytest.mark.parametrize("width", [1, 10, 50, 200])
def test_ranges_of_columns_are_the_whole(
    target: Target, width: int, rng: np.random.Generator
) -> None:
    values, indices = rng.standard_normal((40, width)), rng.integers(-6, 6, 40)
    kernel, found = scatter_add_kernel("float64", "int64", width), np.full((6, width), 9.0)
    cuts = [0, *sorted(int(c) for c in rng.integers(0, width + 1, 4)), width]
    for begin, end in itertools.pairwise(cuts):
        assert run(kernel, target, [values, indices, found], 40, 6, begin, end) == 0
        assert (found[:, end:] == 9).all()
    assert same(found, added(values, indices, 6))


@on_each_target
def test_nothing_is_added_out_of_range(target: Target) -> None:
    values, indices = np.ones((4, 5), "float32"), np.array([2, 3, -4, -3])
    found = guarded(np.full(15, 9, "float32"))
    kernel = scatter_add_kernel("float32", "int64", 5)
    assert run(kernel, target, [values, indices, found], 4, 3, 0, 5) == OUT_OF_RANGE
    assert same(found.reshape(3, 5), np.float32([[1], [0], [1]]) * np.ones(5, "float32"))


@on_each_target
def test_no_rows_leave_zeros(target: Target) -> None:
    values, indices = np.zeros((0, 5), "float32"), np.zeros(0, "int64")
    found = guarded(np.full(15, 9, "float32"))
    kernel = scatter_add_kernel("float32", "int64", 5)
    assert run(kernel, target, [guarded(values), guarded(indices), found], 0, 3, 0, 5) == 0
    assert (found == 0).all()


# ----- both ---------------------------------------------------------------


@pytest.mark.parametrize("machine", ["avx512", "avx2", "neon"])
def test_kernels_call_nothing(machine: str) -> None:
    pytest.importorskip("llvmlite")
    kernels = [
        *(gather_kernel(s, t, "int64", 37) for s in SOURCES for t in ("float32", "int64")),
        *(scatter_add_kernel(d, "int64", 37) for d in ("float32", "float64", "int64")),
    ]
    for kernel in kernels:
        assert outside_calls(kernel, named(machine)) == set()
