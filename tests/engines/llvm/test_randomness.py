"""Random numbers on vectors: the reference's own, wherever a range begins and ends."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from guarded import guarded, same
from numpy.typing import NDArray
from plans import plan_of

from syn0.engines.llvm.compiling.jit import addresses, outside_calls
from syn0.engines.llvm.compiling.target import Target, named, usable
from syn0.engines.llvm.kernels.randomness import BLOCK, random_kernel
from syn0.graph import batch, input_tensor, state_tensor
from syn0.ops import random_uniform
from syn0.ops.random import philox
from syn0.program import Program

on_each_target = pytest.mark.parametrize("target", usable(), ids=lambda t: t.name)
in_each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def draw(
    target: Target, kind: str, dtype: str, key: tuple[int, int, int], begin: int, end: int,
    side: str = "end",
) -> NDArray[Any]:  # fmt: skip
    """Return a range of the numbers for (seed, stream, step), with no memory around it."""
    seed, stream, step = key
    found = guarded(np.full(end - begin, 77, dtype), side)
    kernel = random_kernel(kind, dtype)
    kinds = [ctypes.c_void_p] * 3 + [ctypes.c_int64] * 3
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)(addresses([kernel], target)[kernel.symbol])
    state = guarded(np.array([seed], "uint32"), side), guarded(np.array([step], "int64"), side)
    element_0 = found.ctypes.data - begin * found.itemsize
    assert function(*(s.ctypes.data for s in state), element_0, stream, begin, end) == 0
    return found


def key_of(rng: np.random.Generator) -> tuple[int, int, int]:
    seed, stream = (int(n) for n in rng.integers(0, 2**32, 2))
    return seed, int(rng.choice([0, 1, stream])), int(rng.choice([0, 1, 2**40 + 5]))


def uniforms(key: tuple[int, int, int], dtype: str, count: int) -> NDArray[Any]:
    seed, stream, step = key
    forward: Any = random_uniform.forward
    found: NDArray[Any] = forward(
        np, np.uint32(seed), np.int64(step), stream=stream, shape=(count,), dtype=dtype
    )
    return found


# ----- uniform ------------------------------------------------------------


@on_each_target
@in_each_dtype
def test_uniforms_are_those_of_the_reference(
    target: Target, dtype: str, rng: np.random.Generator
) -> None:
    for count in (0, 1, 3, 4, BLOCK - 1, BLOCK, BLOCK + 1, 1000):
        key = key_of(rng)
        for side in ("begin", "end"):
            found = draw(target, "uniform", dtype, key, 0, count, side)
            assert same(found, uniforms(key, dtype, count)), (key, count)


@on_each_target
@pytest.mark.parametrize("seed", [0, 2**31, 2**32 - 1])
@pytest.mark.parametrize("step", [0, 2**31, 2**32 - 1, 2**32 + 7, -1])
def test_all_bits_of_the_seed_and_the_low_ones_of_the_step_count(
    target: Target, seed: int, step: int
) -> None:
    found = draw(target, "uniform", "float64", (seed, 3, step), 0, 100)
    words = philox(np, np.uint32(seed), 3, np.uint32(step % 2**32), 100)
    assert same(found * 2**24, (words >> 8).astype("float64"))


@on_each_target
@in_each_dtype
@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_an_element_has_the_same_number_in_every_range(
    target: Target, dtype: str, kind: str, rng: np.random.Generator
) -> None:
    key = key_of(rng)
    whole = draw(target, kind, dtype, key, 0, 50_000)
    for _ in range(100):
        begin = int(rng.integers(0, 50_000))
        end = min(50_000, begin + int(rng.choice([0, 1, 2, 31, 32, 33, 64, 100, 200])))
        for side in ("begin", "end"):
            assert same(draw(target, kind, dtype, key, begin, end, side), whole[begin:end])


# ----- normal -------------------------------------------------------------


def normals(key: tuple[int, int, int], dtype: str, count: int) -> NDArray[Any]:
    """Return the reference's normals, with its roundings of 1 - u and of the angle alone."""
    u = uniforms(key, dtype, count)
    angle = np.asarray(2 * np.pi, dtype) * u[1::2]
    wide = np.float64 if dtype == "float32" else np.longdouble
    radius = np.sqrt(-2 * np.log((1 - u[0::2]).astype(wide)))
    angle = angle.astype(wide)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)


@on_each_target
@in_each_dtype
def test_normals_are_those_of_the_reference(
    target: Target, dtype: str, rng: np.random.Generator
) -> None:
    key = key_of(rng)
    found, exact = draw(target, "normal", dtype, key, 0, 200_000), normals(key, dtype, 200_000)
    assert found.dtype == dtype
    error = np.abs(found - exact) / np.spacing(np.abs(exact).astype(dtype))
    assert error.max() < 5


@pytest.mark.skipif(len(usable()) < 2, reason="this machine has vectors of one width")
@in_each_dtype
def test_every_target_draws_the_same_bits(dtype: str, rng: np.random.Generator) -> None:
    key = key_of(rng)
    first, *others = (draw(target, "normal", dtype, key, 5, 100_000) for target in usable())
    assert all(first.tobytes() == other.tobytes() for other in others)


@pytest.mark.parametrize("machine", ["avx512", "avx2", "neon"])
def test_kernels_call_nothing(machine: str) -> None:
    pytest.importorskip("llvmlite")
    for kind in ("uniform", "normal"):
        for dtype in ("float32", "float64"):
            assert outside_calls(random_kernel(kind, dtype), named(machine)) == set()


def test_no_number_is_drawn_where_there_is_no_room_for_one() -> None:
    seed, step = state_tensor("seed", (), "uint32"), state_tensor("step", (), "int64")
    x = input_tensor("x", (batch, 0))
    drawn = random_uniform(seed, step, stream=0, shape=(batch, 0), dtype="float32")
    plan = plan_of(Program("draw", {"y": x * drawn}), 5)
    assert plan is not None
    (call,) = [call for call in plan.calls if call.kernel.symbol.startswith("random")]
    assert call.rows.count * call.scale == 0
