"""Nests: random ones against their model, the order of sums, edges of memory, what is refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from conftest import seeded
from guarded import guarded, run, same, targets
from nest_model import WIDTHS, Draw, Model, in_row_order, lanes_of, view, with_values

from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.target import Target, host, named
from syn0.engines.llvm.kernels.nest import (
    Nest,
    Operand,
    Statement,
    Store,
    nest_kernel,
    written_out_nest,
)
from syn0.engines.llvm.kernels.nest_axes import merged
from syn0.engines.llvm.kernels.nest_form import Form

pytestmark = pytest.mark.skipif(host() is None, reason="needs a machine with vectors")

DTYPES = (
    ("float32",),
    ("float32", "bool"),
    ("float64",),
    ("float32", "uint8", "int64", "bool"),
    ("float32", "float64", "int32"),
)


def drawn(rng: np.random.Generator, reductions: float) -> Nest:
    draw = Draw(rng, int(rng.choice(WIDTHS)), DTYPES[rng.integers(len(DTYPES))])
    for _ in range(rng.integers(1, 14)):
        draw.grow(reductions)
    return draw.nest()


def way(nest: Nest) -> str:
    form = Form(*merged(nest))
    if form.flat:
        return "flat"
    if form.in_registers:
        return "registers"
    return "kept" if form.kept else f"{form.passes} passes"


@pytest.mark.sampled(1)
@pytest.mark.parametrize("reductions", [0.0, 0.1, 0.3])
def test_random_nests_do_what_their_statements_do_one_by_one(reductions: float) -> None:
    ways: Counter[str] = Counter()
    for number in range(60):
        rng = seeded("random nests", reductions, number)
        nest = drawn(rng, reductions)
        arrays = with_values(nest, rng)
        expected = [x.copy() for x in arrays]
        code = Model(nest, targets()[0]).run(expected)
        kernels = [(nest_kernel(nest), (0, nest.domain[0])), (written_out_nest(nest), ())]
        for target, (kernel, numbers) in product(targets(), kernels):
            if kernel is None:
                continue
            found = [guarded(x, str(rng.choice(["begin", "end"]))) for x in arrays]
            assert run(kernel, target, found, *numbers) == code
            for x, y in zip(found, expected, strict=True):
                assert same(x, y), (number, target.name, nest)
            ways["written out"] += not numbers
        ways[way(nest)] += 1
    assert ways["written out"] > 5, ways
    assert ways["registers"] > 5, ways
    assert ways["1 passes"] > 2, ways


def test_any_split_of_the_range_gives_the_same_bits(rng: np.random.Generator) -> None:
    for _ in range(12):
        nest = drawn(rng, 0.2)
        arrays = with_values(nest, rng)
        whole, split = ([guarded(x) for x in arrays] for _ in range(2))
        kernel, target = nest_kernel(nest), targets()[0]
        code = run(kernel, target, whole, 0, nest.domain[0])
        ends = [0, *sorted(rng.integers(0, nest.domain[0] + 1, 2)), nest.domain[0]]
        codes = [run(kernel, target, split, int(a), int(b)) for a, b in pairwise(ends)]
        if any(s.strides[0] == 0 for s in (nest.operands[k.operand] for k in nest.stores)):
            continue  # one place for all rows: the last range wins
        assert max(codes) == code
        assert all(same(x, y) for x, y in zip(whole, split, strict=True))


# ----- rows ---------------------------------------------------------------

FLOAT = "float32"


def element(op: str, *inputs: int, dtype: str = FLOAT, attribute: Any = None) -> Statement:
    return Statement(op, inputs, dtype, "element", attribute)


def row(op: str, *inputs: int, dtype: str = FLOAT, attribute: Any = None) -> Statement:
    return Statement(op, inputs, dtype, "row", attribute)


def load(operand: int, dtype: str = FLOAT) -> Statement:
    return element("load", dtype=dtype, attribute=operand)


def straight(*domain: int, dtype: str = FLOAT) -> Operand:
    return Operand(dtype, tuple(int(np.prod(domain[a + 1 :])) for a in range(len(domain))))


def one_each(rows: int, dtype: str = FLOAT) -> Operand:
    return Operand(dtype, (1, 0))


def call(nest: Nest, *arrays: Any, target: Target | None = None) -> int:
    return run(nest_kernel(nest), target or targets()[0], arrays, 0, nest.domain[0])


def softmax(rows: int, width: int) -> Nest:
    x = straight(rows, width)
    statements = (
        load(0), row("max", 0), element("subtract", 0, 1), element("exp", 2),
        row("sum", 3), element("divide", 3, 4),
    )  # fmt: skip
    return Nest((rows, width), (x, x), statements, (Store(1, 5, checked=True),))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("width", [1, 5, 8, 10, 16, 47, 64, 65, 128, 200, 1000, 1003])
def test_sums_are_added_in_the_documented_order(
    width: int, dtype: str, rng: np.random.Generator
) -> None:
    x = (rng.standard_normal((7, width)) * 10.0 ** rng.integers(-3, 4, (7, width))).astype(dtype)
    x[0] = -0.0
    # The second form has so much to do for each element that it takes a loop.
    long = [element("multiply", 0, 0, dtype=dtype)] * 70
    sources = {"short": [], "long": [*long, row("sum", 70, dtype=dtype)]}
    for more in sources.values():
        statements = (load(0, dtype), *more, row("sum", 0, dtype=dtype))
        operands = (straight(7, width, dtype=dtype), one_each(7, dtype), one_each(7, dtype))
        stores = [Store(1, len(statements) - 1)]
        if more:
            stores.append(Store(2, len(statements) - 2))
        nest = Nest((7, width), operands, statements, tuple(stores))
        expected = in_row_order(x, lanes_of(nest), -0.0, np.add)[:, 0]
        for target in targets():
            found, other = np.empty(7, dtype), np.empty(7, dtype)
            call(nest, x, found, other, target=target)
            assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("width", [10, 100, 333])
def test_argmax_is_the_first_of_equals_and_the_first_nan(
    width: int, rng: np.random.Generator
) -> None:
    x = rng.integers(0, 4, (50, width)).astype(FLOAT)
    x[20:40][rng.random((20, width)) < 0.02] = np.nan
    x[40] = -np.inf
    operands = (straight(50, width), one_each(50, "int64"), one_each(50))
    statements = (load(0), row("argmax", 0, dtype="int64"), row("max", 0))
    nest = Nest((50, width), operands, statements, (Store(1, 1), Store(2, 2)))
    for target in targets():
        places, largest = np.empty(50, np.int64), np.empty(50, FLOAT)
        call(nest, x, places, largest, target=target)
        assert places.tolist() == np.argmax(x, axis=1).tolist()
        assert np.array_equal(largest, x.max(axis=1), equal_nan=True)


@pytest.mark.parametrize("width", [3, 10, 64, 150, 1111, 9001])
def test_softmax_of_short_long_and_very_long_rows(width: int, rng: np.random.Generator) -> None:
    x = (rng.standard_normal((9, width)) * 5).astype(FLOAT)
    nest = softmax(9, width)
    found = np.empty_like(x)
    assert call(nest, x, found) == 0
    wide = x.astype(np.float64)
    expected = np.exp(wide - wide.max(axis=1, keepdims=True))
    expected /= expected.sum(axis=1, keepdims=True)
    assert np.abs(found / expected - 1).max() < 5e-6
    other = np.empty_like(x)
    call(nest, x, other, target=targets()[-1])
    assert same(found, other)


def test_what_is_dear_is_kept_while_it_fits() -> None:
    assert way(softmax(4, 1000)) == "kept"
    form = Form(*merged(softmax(4, 1000)))
    assert [3 in numbers for numbers in form.evaluated] == [False, True, False]
    assert way(softmax(4, 9001)) == "3 passes"  # 36 kB: exp is computed again
    assert way(softmax(4, 100)) == "registers"


@pytest.mark.parametrize("width", [10, 640])
def test_a_result_may_lie_over_its_source(width: int, rng: np.random.Generator) -> None:
    nest = softmax(6, width)
    x = rng.standard_normal((6, width)).astype(FLOAT)
    apart = np.empty_like(x)
    call(nest, x, apart)
    call(nest, x, x)
    assert same(x, apart)


def test_empty_rows_sum_to_zero() -> None:
    nest = Nest((4, 0), (straight(4, 0), one_each(4)), (load(0), row("sum", 0)), (Store(1, 1),))
    found = np.ones(4, FLOAT)
    call(nest, np.empty(0, FLOAT), found)
    assert found.tobytes() == np.zeros(4, FLOAT).tobytes()


# ----- checks, ranges -----------------------------------------------------


@pytest.mark.parametrize("shape", [(5, 1), (3, 10), (4, 100), (2, 1000)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_bad_number_anywhere_is_reported(
    shape: tuple[int, int], dtype: str, rng: np.random.Generator
) -> None:
    x = straight(*shape, dtype=dtype)
    # What lies beyond the row in its last vector is 1, and may come out as anything.
    statements = (
        load(0, dtype), row("constant", dtype=dtype, attribute=1.0),
        element("subtract", 0, 1, dtype=dtype), element("divide", 1, 2, dtype=dtype),
    )  # fmt: skip
    plain = Nest(shape, (x, x), statements, (Store(1, 3),))
    checked = replace(plain, stores=(Store(1, 3, checked=True),))
    for target in targets():
        for bad in (1.0, np.nan):
            values = rng.uniform(2, 3, shape).astype(dtype)
            found = np.empty_like(values)
            assert call(checked, values, found, target=target) == 0
            values.flat[rng.integers(values.size)] = bad
            assert call(checked, values, found, target=target) == 1
            assert call(plain, values, found, target=target) == 0


def test_a_bad_number_of_a_row_is_reported(rng: np.random.Generator) -> None:
    operands = (straight(20, 33), one_each(20))
    nest = Nest((20, 33), operands, (load(0), row("sum", 0)), (Store(1, 1, checked=True),))
    x, found = rng.standard_normal((20, 33)).astype(FLOAT), np.empty(20, FLOAT)
    assert call(nest, x, found) == 0
    x[13, 32] = np.inf
    assert call(nest, x, found) == 1


def test_an_empty_range_touches_nothing() -> None:
    number, bias = Operand(FLOAT, (0, 0)), Operand(FLOAT, (0, 1))
    statements = (row("load", attribute=0), load(1), element("add", 0, 1))
    nest = Nest((4, 10), (number, bias, Operand(FLOAT, (11, 1))), statements, (Store(2, 2),))
    nowhere = guarded(np.empty(0, FLOAT))
    assert run(nest_kernel(nest), targets()[0], [nowhere] * 3, 2, 2) == 0


@pytest.mark.parametrize("width", [9, 100])
def test_lanes_beyond_the_row_are_not_checked(width: int, rng: np.random.Generator) -> None:
    # LLVM 22 drops a mask with zeros if it knows its lanes to be 0, and takes 0 / 0 for 0.
    scattered = Operand("float64", (1, 2))
    statements = (load(0, "float64"), element("divide", 0, 0, dtype="float64"))
    stored = (Store(1, 1, checked=True),)
    nest = Nest((2, width), (scattered, straight(2, width, dtype="float64")), statements, stored)
    x, found = rng.uniform(1, 2, 2 * width), np.empty((2, width))
    for target in targets():
        assert call(nest, x, found, target=target) == 0
        assert (found == 1).all()


# ----- axes ---------------------------------------------------------------


def relu(domain: tuple[int, ...], operand: Operand) -> Nest:
    return Nest(domain, (operand, operand), (load(0), element("relu", 0)), (Store(1, 1),))


@pytest.mark.parametrize(
    ("domain", "operand", "joined"),
    [
        ((4, 5, 6), straight(4, 5, 6), (120,)),
        ((4, 1), straight(4, 1), (4,)),
        ((4, 5, 6), Operand(FLOAT, (60, 6, 1)), (4, 30)),
        ((4, 5, 6), Operand(FLOAT, (35, 7, 1)), (20, 6)),
        ((4, 5, 6), Operand(FLOAT, (1, 4, 20)), (4, 5, 6)),
        ((4, 1, 6), Operand(FLOAT, (6, 99, 1)), (24,)),
    ],
)  # fmt: skip
def test_axes_are_joined_where_that_changes_nothing(
    domain: tuple[int, ...], operand: Operand, joined: tuple[int, ...], rng: np.random.Generator
) -> None:
    nest = relu(domain, operand)
    assert merged(nest)[0].domain == joined
    size = 1 + sum((d - 1) * s for d, s in zip(domain, operand.strides, strict=True))
    x = rng.standard_normal(size).astype(FLOAT)
    found = np.full_like(x, 7)
    call(nest, x, found)
    assert np.array_equal(view(found, nest, 1), np.maximum(view(x, nest, 0), 0))


@pytest.mark.parametrize(("width", "expected"), [(30, "registers"), (450, "1 passes")])
def test_a_flat_loop_gives_the_bits_of_rows(
    width: int, expected: str, rng: np.random.Generator
) -> None:
    x = rng.standard_normal((37, width)).astype(FLOAT)
    near = straight(37, width)
    flat = Nest((37, width), (near, near), (load(0), element("tanh", 0)), (Store(1, 1),))
    rows = replace(flat, operands=(near, Operand(FLOAT, (width + 1, 1))))
    assert [way(flat), way(rows)] == ["flat", expected]
    one, other = np.empty((37, width), FLOAT), np.empty((37, width + 1), FLOAT)
    call(flat, x, one)
    call(rows, x, other)
    assert one.tobytes() == other[:, :width].tobytes()


def test_one_number_for_all_is_computed_once() -> None:
    number = Operand(FLOAT, (0, 0))
    statements = (
        row("load", attribute=0), row("log", 0), load(1), element("multiply", 2, 1),
    )  # fmt: skip
    nest = Nest((8, 100), (number, straight(8, 100), straight(8, 100)), statements, (Store(2, 3),))
    text = nest_kernel(nest).make()
    loops = text[text.index("head") :]
    assert "fma.v4f32" in text
    assert "fma.v4f32" not in loops


# ----- code ---------------------------------------------------------------


def test_the_loop_over_neighbours_has_nothing_to_spare() -> None:
    bias = Operand(FLOAT, (0, 1))
    statements = (load(0), load(1), element("add", 0, 1), element("relu", 2))
    x = straight(64, 1024)
    nest = Nest((64, 1024), (x, bias, x), statements, (Store(2, 3),))
    code = jit.emit_assembly(nest_kernel(nest), named("avx512")).splitlines()
    vectors = [line.split()[0] for line in code if "zmm" in line]
    assert Counter(vectors) == {"vmovups": 8, "vaddps": 4, "vmaxps": 4}
    assert not any("rsp" in line for line in code)


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)
def test_a_byte_left_of_a_row_is_a_byte(target: Target) -> None:
    cast = Statement("astype", (0,), "uint8", "element")
    written = Operand("uint8", (17, 1))
    nest = Nest((2, 17), (Operand(FLOAT, (40, 1)), written), (load(0), cast), (Store(1, 1),))
    x, y = np.arange(80, dtype=np.float32), np.full(34, 255, np.uint8)
    run(nest_kernel(nest), target, [x, y], 0, 1)
    assert y.tolist() == [*range(17), *[255] * 17]


@pytest.mark.parametrize("machine", ["avx512", "avx2", "neon"])
def test_no_kernel_calls_anything(machine: str) -> None:
    for number in range(15):
        rng = seeded("calls", number)
        assert jit.outside_calls(nest_kernel(drawn(rng, 0.2)), named(machine)) == set()


# ----- what is refused ----------------------------------------------------

GOOD = relu((4, 6), straight(4, 6))


@pytest.mark.parametrize(
    ("nest", "problem"),
    [
        (replace(GOOD, domain=(4,)), "not two axes"),
        (replace(GOOD, operands=(Operand(FLOAT, (1,)), straight(4, 6))), "1 strides"),
        (replace(GOOD, statements=(load(0), element("relu", 1))), "come before"),
        (replace(GOOD, statements=(load(0, "float64"), element("relu", 0))), "loads float32"),
        (replace(GOOD, statements=(load(0), row("relu", 0))), "takes elements"),
        (replace(GOOD, statements=(load(0), element("sum", 0))), "more than one number"),
        (replace(GOOD, statements=(row("load", attribute=0),) * 2), "goes along the row"),
        (replace(GOOD, operands=(straight(4, 6), Operand(FLOAT, (1, 0)))), "to one place"),
        (replace(GOOD, operands=(straight(4, 6), straight(4, 6, dtype="int8"))), "as int8"),
    ],
)
def test_a_nest_that_contradicts_itself_is_refused(nest: Nest, problem: str) -> None:
    assert nest_kernel(GOOD).symbol
    with pytest.raises(ValueError, match=problem):
        nest_kernel(nest)
