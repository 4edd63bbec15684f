"""Matrix products: every element is one ascending chain, whatever tile computes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from guarded import guarded, run
from numpy.typing import NDArray

from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.target import Target, named, usable
from syn0.engines.llvm.kernels.bands import BLOCK, FAR, HIGHEST, OFTEN
from syn0.engines.llvm.kernels.gemm import (
    CHAINS,
    ROWS,
    gemm_kernel,
    panel_width,
)

Matrix = NDArray[Any]
TARGETS = [pytest.param(target, id=target.name) for target in usable()]
pytestmark = pytest.mark.skipif(not TARGETS, reason="no machine that kernels are compiled for")
DTYPES = ("float32", "float64")
MOST_COLUMNS = 300
NO_EPILOGUE = 0  # the address of its words

# ----- the definition -------------------------------------------------------


def fma32(a: Matrix, b: Matrix, c: Matrix) -> Matrix:
    """Return a * b + c in float32, rounded once.

    The product is exact in float64. Its sum is rounded to odd, after which rounding to half
    as many digits is what rounding the exact sum would have been.
    """
    product, c = a.astype(np.float64) * b.astype(np.float64), c.astype(np.float64)
    total = product + c
    part = total - product
    error = (product - (total - part)) + (c - part)
    even = total.view(np.int64) % 2 == 0
    odd = np.nextafter(total, np.where(error > 0, np.inf, -np.inf))
    return np.where((error != 0) & even, odd, total).astype(np.float32)


@np.vectorize(otypes=[np.float64])
def fma64(a: float, b: float, c: float) -> float:
    """Return a * b + c, rounded once."""
    return float(Fraction(a) * Fraction(b) + Fraction(c))


def chains(A: Matrix, B: Matrix) -> Matrix:
    """Return A @ B, each element summed from k = 0 upwards."""
    C = np.zeros((A.shape[0], B.shape[1]), A.dtype)
    for k in range(A.shape[1] if C.size else 0):
        a, b = A[:, k, None], B[None, k, :]
        C = fma32(a, b, C) if A.dtype == np.float32 else fma64(a, b, C)
    return C


# ----- calls ----------------------------------------------------------------


def panels(B: Matrix, width: int) -> Matrix:
    """Return B as panels; what no kernel may use is NaN."""
    k, n = B.shape
    packed = np.full((-(-n // width), k, width), np.nan, B.dtype)
    for j in range(n):
        packed[j // width, :, j % width] = B[:, j]
    return packed


def multiply(
    target: Target,
    A: Matrix,
    B: Matrix,
    *,
    transposed: bool = False,
    packed: bool = False,
    extra: tuple[int, int, int] = (0, 0, 0),
    splits: tuple[int, ...] = (),
    place: Callable[[Matrix], Matrix] = np.copy,
) -> Matrix:
    """Return the kernel's A @ B, and see that it writes nothing else.

    `extra` numbers lie between the rows of A, B and C; `splits` are the ends of ranges of rows.
    """
    (m, k), n = A.shape, B.shape[1]
    width = panel_width(A.dtype.name, target)
    stored_A = with_gaps(A.T if transposed else A, extra[0])
    a_m, a_k = (1, m + extra[0]) if transposed else (k + extra[0], 1)
    if packed:
        stored_B, b_k, panel_stride = panels(B, width), width, k * width
    else:
        stored_B, b_k, panel_stride = with_gaps(B, extra[1]), n + extra[1], width
    canary = A.dtype.type(123.25)
    C = place(with_gaps(np.full((m, n), canary), extra[2], canary))
    arrays = (place(stored_A), place(stored_B), C)
    kernel = gemm_kernel(A.dtype.name, n, target)
    c_m, begin = n + extra[2], 0
    for end in (*splits, m):
        strides = (a_m, a_k, b_k, panel_stride, c_m)
        assert run(kernel, target, arrays, NO_EPILOGUE, *strides, k, n, begin, end) == 0
        assert np.all(C.ravel()[end * c_m :] == canary)  # rows below are not touched
        begin = end
    rows = np.append(C.ravel(), np.full(extra[2] if m else 0, canary)).reshape(m, c_m)
    assert np.all(rows[:, n:] == canary)
    return rows[:, :n]


def with_gaps(matrix: Matrix, gap: int, filler: float = np.nan) -> Matrix:
    """Return the rows of a matrix one after the other, so many numbers apart."""
    filled = np.full((matrix.shape[0], matrix.shape[1] + gap), filler, matrix.dtype)
    filled[:, : matrix.shape[1]] = matrix
    return filled.ravel()[: filled.size - gap if filled.size else 0]


def draw(rng: np.random.Generator, dtype: str, *shape: int) -> Matrix:
    return rng.standard_normal(shape).astype(dtype)


def assert_same_bits(found: Matrix, expected: Matrix) -> None:
    assert found.dtype == expected.dtype
    assert found.tobytes() == expected.tobytes()


# ----- what the numbers are -------------------------------------------------


def test_the_definition_rounds_once() -> None:
    one, tiny = np.float32(1), np.float32(2.0**-24)
    a = np.array([one + 2 * tiny, one, tiny])
    b = np.array([one - 2 * tiny, tiny, tiny])
    c = np.array([-one, one, one])
    expected = [
        Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z)) for x, y, z in zip(a, b, c)
    ]
    assert fma32(a, b, c).tolist() == [float(expected[0]), 1.0, 1.0]
    assert fma32(a[1:2], b[1:2] * np.float32(1 + 2.0**-20), c[1:2]) > 1  # just above the tie


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("target", TARGETS)
def test_any_remainder_of_columns_is_one_chain(
    target: Target, dtype: str, rng: np.random.Generator
) -> None:
    width = panel_width(dtype, target)
    sizes = {1, 2, 3, width // 2 - 1, width // 2 + 1, width - 1, width, width + 1, 4 * width + 5}
    for n in sorted(sizes):
        for k in (0, 1, 2, int(rng.integers(3, 9))):
            for m in (1, int(rng.integers(2, 14 if dtype == "float32" else 5))):
                A, B = draw(rng, dtype, m, k), draw(rng, dtype, k, n)
                assert_same_bits(multiply(target, A, B), chains(A, B))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("vectors", [1, 2, 3, 4])
@pytest.mark.parametrize("target", TARGETS)
def test_any_number_of_rows_is_one_chain(
    target: Target, vectors: int, dtype: str, rng: np.random.Generator
) -> None:
    n = vectors * target.vector_bytes // np.dtype(dtype).itemsize
    A, B = draw(rng, dtype, 40, 3), draw(rng, dtype, 3, n)
    expected = chains(A, B)
    for m in range(41):
        assert_same_bits(multiply(target, A[:m], B), expected[:m])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("target", TARGETS)
def test_strides_panels_and_ranges_change_no_bit(
    target: Target, dtype: str, rng: np.random.Generator
) -> None:
    width = panel_width(dtype, target)
    m, k, n = 23, 6, 2 * width + 3
    A, B = draw(rng, dtype, m, k), draw(rng, dtype, k, n)
    expected = multiply(target, A, B)
    for transposed in (False, True):
        for packed in (False, True):
            extra = tuple(int(x) for x in rng.integers(0, 9, 3))
            splits = tuple(int(x) for x in np.sort(rng.integers(0, m + 1, 3)))
            found = multiply(
                target, A, B, transposed=transposed, packed=packed, extra=extra, splits=splits
            )
            assert_same_bits(found, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("target", TARGETS)
def test_a_long_inner_axis_continues_the_chain(
    target: Target, dtype: str, rng: np.random.Generator
) -> None:
    width = panel_width(dtype, target)
    rows, n = (9, width + 6) if dtype == "float32" else (2, 3)
    for k in (BLOCK - 1, BLOCK, 2 * BLOCK + 1):
        A, B = draw(rng, dtype, rows, k), draw(rng, dtype, k, n)
        assert_same_bits(multiply(target, A, B, packed=True), chains(A, B))


@pytest.mark.parametrize("target", TARGETS)
def test_many_rows_are_computed_in_blocks(target: Target, rng: np.random.Generator) -> None:
    m, k, n = 2 * ROWS + 1, BLOCK + 1, panel_width("float32", target) + 1
    A, B = draw(rng, "float32", m, k), draw(rng, "float32", k, n)
    found = multiply(target, A, B, transposed=True)
    some = np.append(rng.choice(m - 1, 9, replace=False), m - 1)
    assert_same_bits(found[some], chains(A[some], B))


@pytest.mark.parametrize("target", TARGETS)
def test_a_copied_panel_changes_no_bit(target: Target, rng: np.random.Generator) -> None:
    width = panel_width("float32", target)
    k, n = BLOCK + 3, 2 * width
    A, B = draw(rng, "float32", OFTEN, k), draw(rng, "float32", k, n)
    near = multiply(target, A, B, packed=True)
    assert_same_bits(multiply(target, A, B, extra=(0, FAR // 4, 0)), near)
    assert_same_bits(near[:7], chains(A[:7], B))


@pytest.mark.skipif(len(TARGETS) < 2, reason="one kind of vectors only")
@pytest.mark.parametrize("dtype", DTYPES)
def test_all_vectors_give_the_same_bits(dtype: str, rng: np.random.Generator) -> None:
    for m, k, n in ((1, 70, 150), (33, 600, 50), (5, 3, 10), (64, 17, 1)):
        A, B = draw(rng, dtype, m, k), draw(rng, dtype, k, n)
        first, *others = (multiply(target, A, B) for target in usable())
        for other in others:
            assert_same_bits(other, first)


@pytest.mark.parametrize("target", TARGETS)
def test_nan_and_infinity_are_carried(target: Target, rng: np.random.Generator) -> None:
    A, B = draw(rng, "float32", 9, 12), draw(rng, "float32", 12, 21)
    A[2, 3], A[4, 5], A[4, 6], B[7, 8], B[1, 20] = np.nan, np.inf, -np.inf, np.inf, np.nan
    A[6, 7] = 0  # times infinity
    with np.errstate(invalid="ignore"):
        expected = A.astype(np.float64) @ B.astype(np.float64)
    found = multiply(target, A, B)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_array_equal(found[np.isinf(expected)], expected[np.isinf(expected)])
    assert np.isnan(found[6, 8])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("target", TARGETS)
def test_nothing_outside_is_touched(
    target: Target, side: str, dtype: str, rng: np.random.Generator
) -> None:
    width = panel_width(dtype, target)
    for n in (1, 3, width - 1, width, 4 * width + 1):
        for m in (1, 2, 13):
            A, B = draw(rng, dtype, m, 5), draw(rng, dtype, 5, n)
            expected = multiply(target, A, B)
            for transposed in (False, True):
                found = multiply(
                    target, A, B, transposed=transposed, place=lambda x: guarded(x, side)
                )
                assert_same_bits(found, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("target", TARGETS)
def test_any_number_of_columns_is_counted(
    target: Target, side: str, dtype: str, rng: np.random.Generator
) -> None:
    A, B = draw(rng, dtype, 13, 3), draw(rng, dtype, 3, MOST_COLUMNS)
    expected = chains(A, B)
    for n in range(1, MOST_COLUMNS + 1):
        m = int(rng.integers(1, 14))
        found = multiply(target, A[:m], B[:, :n], place=lambda x: guarded(x, side))
        assert_same_bits(found, expected[:m, :n])


# ----- the code -------------------------------------------------------------

REGISTERS = {"avx512": 32, "avx2": 16, "neon": 32}


def inner_loops(assembly: str) -> Iterator[list[str]]:
    """Yield the blocks that jump back to their own begin and multiply."""
    label, lines = "", list[str]()
    for line in (*assembly.splitlines(), "end:"):
        begin = re.match(r"(\.?\w+):", line)
        if begin:
            returns = any(re.search(rf"\b(j|b)\S*\s+{re.escape(label)}$", x) for x in lines)
            if returns and any(multiplies(x) for x in lines):
                yield lines
            label, lines = begin[1], []
        elif re.match(r"\t[a-z]", line):
            lines.append(line.split("#")[0].rstrip())


def multiplies(line: str) -> bool:
    return "fmadd" in line or "fmla" in line


def spills(line: str) -> bool:
    """Whether a vector goes to the stack or comes from there."""
    return bool(re.search(r"%[xyz]mm", line) and "%rsp" in line) or bool(
        re.search(r"\t(ld|st)\w+\s+\{?\s*[vqds]\d.*\[sp", line)
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "vectors"),
    [(name, vectors) for name, registers in REGISTERS.items() for vectors in HIGHEST[registers]],
)
def test_tiles_stay_in_registers(name: str, vectors: int, dtype: str) -> None:
    target = named(name)
    lanes = target.vector_bytes // np.dtype(dtype).itemsize
    most = HIGHEST[REGISTERS[name]]
    for masked in (False, True) if vectors * lanes > 2 else (False,):  # one lane needs no mask
        rows = most[vectors] - (masked and name != "avx512")
        # With AVX-512 a rest of as many vectors is a panel, if not a whole one.
        wide = [CHAINS] * (vectors == max(most) and (name == "avx512" or not masked))
        loops = loops_of(dtype, vectors * lanes - masked, target)
        assert products(loops) == sorted([vectors * row for row in range(1, rows + 1)] + wide)
        for loop in loops:
            assert not any(map(spills, loop)), "\n".join(loop)


def loops_of(dtype: str, n: int, target: Target) -> list[list[str]]:
    return list(inner_loops(jit.emit_assembly(gemm_kernel(dtype, n, target), target)))


def products(loops: list[list[str]]) -> list[int]:
    """Return how many multiplications there are in each loop, in order."""
    return sorted(sum(map(multiplies, loop)) for loop in loops)


@pytest.mark.parametrize("dtype", DTYPES)
def test_few_columns_are_half_a_vector(dtype: str) -> None:
    target = named("avx512")
    half = target.vector_bytes // np.dtype(dtype).itemsize // 2
    for n in (2, half):
        loops = loops_of(dtype, n, target)
        assert products(loops) == list(range(1, HIGHEST[32][1] + 1))
        assert not any("%zmm" in line for loop in loops for line in loop)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "mask"), [("avx512", r"\{%k\d\}"), ("avx2", "vmaskmovp")])
def test_a_mask_is_made_before_the_loop(name: str, mask: str, dtype: str) -> None:
    target = named(name)
    lanes = target.vector_bytes // np.dtype(dtype).itemsize
    usual = r"\t(vmovup|vmaskmovp|vbroadcasts|vfmadd|prefetch|add|inc|lea|mov|cmp|j)"
    for loop in loops_of(dtype, lanes + 2, target):
        assert sum(bool(re.search(mask, line)) for line in loop) == 1
        assert all(re.match(usual, line) for line in loop), "\n".join(loop)


@pytest.mark.parametrize("name", REGISTERS)
def test_a_single_row_has_chains_enough(name: str) -> None:
    target = named(name)
    loops = loops_of("float32", CHAINS * target.vector_bytes // 4, target)
    assert CHAINS in [sum(map(multiplies, loop)) for loop in loops if sum(map(reads_A, loop)) == 1]


def reads_A(line: str) -> bool:
    """Whether a line loads one number."""
    return bool(re.search(r"broadcast|ld1r|ldr\s+s\d", line))


def test_a_kernel_is_named_by_what_it_does() -> None:
    kernels = [
        gemm_kernel(dtype, n, named(name))
        for dtype in DTYPES
        for n in (1, 64)
        for name in REGISTERS
    ]
    assert len({kernel.symbol for kernel in kernels}) == len(kernels)
    assert gemm_kernel("float32", 64, named("avx512")) == kernels[3]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "most"),
    [
        # 1 column, half a vector, 1 to 3, alone or beside panels; panels, the last not whole
        ("avx512", {"float32": 11, "float64": 11}),
        # float32: 1 to 4, 8, 9, some of 1 vector, of 2, alone or beside panels; panels
        ("avx2", {"float32": 17, "float64": 13}),
        # any rest, alone or beside panels; panels
        ("neon", {"float32": 31, "float64": 15}),
    ],
)
def test_few_kernels_serve_all_widths(name: str, most: dict[str, int], dtype: str) -> None:
    widths = range(1, MOST_COLUMNS + 1)
    assert len({gemm_kernel(dtype, n, named(name)).symbol for n in widths}) == most[dtype]
