"""Panels and transposes: the same numbers in another order, and nothing else touched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from guarded import guarded, run
from numpy.typing import NDArray

from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.target import Target, named, usable
from syn0.engines.llvm.kernels.gemm import panel_width
from syn0.engines.llvm.kernels.packing import pack_kernel, transpose_kernel

TARGETS = [pytest.param(target, id=target.name) for target in usable()]
pytestmark = pytest.mark.skipif(not TARGETS, reason="no machine that kernels are compiled for")
CANARY = 77


def numbers(rng: np.random.Generator, dtype: str, *shape: int) -> NDArray[Any]:
    """Return any bits that the dtype may hold, signalling NaN among them."""
    if dtype == "bool":
        return rng.random(shape) < 0.5
    size = np.dtype(dtype).itemsize * int(np.prod(shape))
    return np.frombuffer(rng.bytes(size), dtype).reshape(shape)


def with_gaps(matrix: NDArray[Any], gap: int) -> NDArray[Any]:
    """Return the rows one after the other, so many numbers apart."""
    filled = np.full((matrix.shape[0], matrix.shape[1] + gap), CANARY, matrix.dtype)
    filled[:, : matrix.shape[1]] = matrix
    return filled.ravel()[: max(0, filled.size - gap)]


def bits(array: NDArray[Any]) -> NDArray[Any]:
    return array.view(f"u{array.dtype.itemsize}")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("target", TARGETS)
def test_panels_hold_the_columns(
    target: Target, transposed: bool, dtype: str, rng: np.random.Generator
) -> None:
    width, kernel = panel_width(dtype, target), pack_kernel(dtype, transposed, target)
    for n in (1, 3, width - 1, width, width + 1, 3 * width + width // 2):
        for k in (0, 1, 3, 4, int(rng.integers(5, 40))):
            B, gap, count = numbers(rng, dtype, k, n), int(rng.integers(4)), -(-n // width)
            source = with_gaps(B.T if transposed else B, gap)
            stride = (k if transposed else n) + gap
            for side in ("begin", "end"):
                packed = guarded(np.full(count * k * width, CANARY, dtype), side)
                arrays = (guarded(source, side), packed)
                middle = int(rng.integers(count + 1))
                for begin, end in ((middle, count), (0, middle)):
                    assert run(kernel, target, arrays, stride, k, n, begin, end) == 0
                    assert np.all(packed[: 0 if begin == 0 else begin * k * width] == CANARY)
                columns = (
                    packed.reshape(count, k, width).transpose(1, 0, 2).reshape(k, count * width)
                )
                np.testing.assert_array_equal(bits(columns[:, :n]), bits(B))
                assert np.all((columns[:, n:] == 0) | (columns[:, n:] == CANARY))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int16", "uint8", "bool"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_transpose_is_one(target: Target, dtype: str, rng: np.random.Generator) -> None:
    kernel = transpose_kernel(dtype)
    for rows in (0, 1, 7, 16, 33, 80):
        for cols in (1, 2, 15, 16, 21):
            matrix = numbers(rng, dtype, rows, cols)
            gaps = [int(gap) for gap in rng.integers(0, 4, 2)]
            strides = (cols + gaps[0], rows + gaps[1])
            canary = np.array(CANARY).astype(dtype)
            for side in ("begin", "end"):
                source = guarded(with_gaps(matrix, gaps[0]), side)
                target_array = guarded(with_gaps(np.full((cols, rows), canary), gaps[1]), side)
                arrays, middle = (source, target_array), int(rng.integers(cols + 1))
                assert run(kernel, target, arrays, rows, cols, *strides, middle, cols) == 0
                assert np.all(target_array[: middle * strides[1]] == canary)
                assert run(kernel, target, arrays, rows, cols, *strides, 0, middle) == 0
                found = np.append(target_array, np.full(gaps[1], canary)).reshape(cols, strides[1])
                np.testing.assert_array_equal(bits(found[:, :rows]), bits(matrix.T.copy()))
                assert np.all(found[:, rows:] == canary)


@pytest.mark.parametrize("name", ["avx512", "avx2", "neon"])
def test_vectors_are_interleaved_in_registers(name: str) -> None:
    target = named(name)
    interleave = "zip1" if name == "neon" else "unpcklp|punpckl"
    assembly = jit.emit_assembly(pack_kernel("float32", True, target), target)
    lines = [
        line for line in assembly.splitlines() if any(w in line for w in interleave.split("|"))
    ]
    assert lines
    assert not any("%rsp" in line or "[sp" in line for line in lines)
