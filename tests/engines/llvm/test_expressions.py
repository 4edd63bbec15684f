"""Each elementwise op on vectors against what its `forward` says in NumPy, dtype by dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from guarded import run, same, targets
from nest_model import single
from numpy.typing import NDArray

from syn0.engines.llvm.compiling.target import host
from syn0.engines.llvm.kernels.expressions import known_ops
from syn0.engines.llvm.kernels.nest import Nest, nest_kernel
from syn0.graph import registry
from syn0.ops import elementwise, logic

pytestmark = pytest.mark.skipif(host() is None, reason="needs a machine with vectors")

FLOATS = ("float32", "float64")
SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
NUMBERS = (*FLOATS, *SIGNED, *UNSIGNED)
COMPARISONS = "less less_equal greater greater_equal equal not_equal".split()
# In ULP, of functions against NumPy's in float64.
INEXACT = {
    "exp": 2, "expm1": 3, "log": 2, "log1p": 3, "logaddexp": 3, "sin": 3, "cos": 3, "tanh": 3,
    "sigmoid": 4, "erf": 4, "pow": 4, "sigmoid_cross_entropy": 4,
}  # fmt: skip


def found(nest: Nest, *inputs: NDArray[Any], dtype: str) -> NDArray[Any]:
    """Return what a nest of one op gives; the same on all targets, at all lengths of the tail."""
    results = []
    for target in targets():
        result = np.empty(inputs[0].size, dtype)
        whole = [np.ascontiguousarray(x).ravel() for x in inputs]
        assert run(nest_kernel(nest), target, [*whole, result], 0, result.size) == 0
        results.append(result)
    assert all(same(r, results[0]) for r in results)
    return results[0]


def apply(op: str, *inputs: NDArray[Any], dtype: str, known: Any = None) -> NDArray[Any]:
    constants = tuple(None for _ in inputs) if known is None else known
    kinds = tuple(str(x.dtype) for x in inputs)
    return found(single(op, dtype, kinds, constants), *inputs, dtype=dtype)


def forward(op: str, *inputs: Any, **attributes: Any) -> Any:
    with np.errstate(all="ignore"):
        return registry()[op].forward(np, *inputs, **attributes)


def numbers(rng: np.random.Generator, dtype: str, size: int = 400) -> NDArray[Any]:
    """Return random numbers of a dtype, the special and the extreme ones among them."""
    if dtype == "bool":
        return rng.random(size) < 0.5
    if dtype in FLOATS:
        info = np.finfo(dtype)
        special = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, info.max, info.min, info.tiny]
        x = rng.standard_normal(size) * 10.0 ** rng.integers(-8, 5, size)
        return np.concatenate([x, rng.choice(special, size // 2)]).astype(dtype)
    info_ = np.iinfo(dtype)
    x = rng.integers(info_.min, info_.max, size, dtype, endpoint=True)
    small = rng.integers(0, 5, size // 2).astype(dtype)
    return np.concatenate([x, small, np.array([info_.min, info_.max], dtype)])


def two(rng: np.random.Generator, dtype: str) -> tuple[NDArray[Any], NDArray[Any]]:
    x, y = numbers(rng, dtype), numbers(rng, dtype)
    y[: len(y) // 4] = x[: len(y) // 4]
    return x, rng.permutation(y) if rng.random() < 0.3 else y


def agree(x: NDArray[Any], y: NDArray[Any], *, zeros: bool = True) -> None:
    """Assert equal bits, but for what a NaN holds; `zeros`: with the signs of zeros."""
    assert x.dtype == y.dtype
    if not zeros and x.dtype.kind == "f":
        x, y = x + x.dtype.type(0), y + y.dtype.type(0)
    wrong = np.flatnonzero(~((x == y) | ((x != x) & (y != y))))
    assert wrong.size == 0, (x[wrong][:5], y[wrong][:5])
    assert same(x, y)


def test_every_elementwise_op_is_known() -> None:
    rooms = (elementwise.__name__, logic.__name__)
    names = {name for name, op in registry().items() if op.forward.__module__ in rooms}
    assert names == known_ops()


@pytest.mark.sampled(20)
@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("op", ["add", "subtract", "multiply", "maximum", "minimum"])
def test_arithmetic_is_exact_and_integers_wrap(
    op: str, dtype: str, rng: np.random.Generator
) -> None:
    x, y = two(rng, dtype)
    zeros = op not in ("maximum", "minimum")
    agree(apply(op, x, y, dtype=dtype), forward(op, x, y), zeros=zeros)


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("op", ["negative", "abs", "sign", "square", "relu"])
def test_of_one_number_is_exact(op: str, dtype: str, rng: np.random.Generator) -> None:
    x = numbers(rng, dtype)
    agree(apply(op, x, dtype=dtype), forward(op, x), zeros=op != "relu")


@pytest.mark.parametrize("dtype", FLOATS)
def test_division_and_square_root_are_rounded_once(dtype: str, rng: np.random.Generator) -> None:
    x, y = two(rng, dtype)
    agree(apply("divide", x, y, dtype=dtype), forward("divide", x, y))
    agree(apply("sqrt", x, dtype=dtype), forward("sqrt", x))


@pytest.mark.sampled(25)
@pytest.mark.parametrize("dtype", [*NUMBERS, "bool"])
@pytest.mark.parametrize("op", COMPARISONS)
def test_comparisons(op: str, dtype: str, rng: np.random.Generator) -> None:
    x, y = two(rng, dtype)
    agree(apply(op, x, y, dtype="bool"), forward(op, x, y))


@pytest.mark.parametrize("dtype", NUMBERS)
def test_truth_values_go_along_with_numbers(dtype: str, rng: np.random.Generator) -> None:
    x = numbers(rng, dtype)
    truth = rng.random(x.size) < 0.5
    for op in ("multiply", "add", "maximum"):
        agree(apply(op, x, truth, dtype=dtype), forward(op, x, truth), zeros=op != "maximum")
    agree(apply("less", truth, x, dtype="bool"), forward("less", truth, x))
    agree(apply("where", truth, truth, x, dtype=dtype), forward("where", truth, truth, x))


@pytest.mark.parametrize("dtype", [*NUMBERS, "bool"])
def test_where(dtype: str, rng: np.random.Generator) -> None:
    x, y = two(rng, dtype)
    truth = rng.random(x.size) < 0.5
    agree(apply("where", truth, x, y, dtype=dtype), forward("where", truth, x, y))


def test_logic(rng: np.random.Generator) -> None:
    x, y = two(rng, "bool")
    for op in ("logical_and", "logical_or", "add", "multiply", "maximum", "minimum"):
        agree(apply(op, x, y, dtype="bool"), forward(op, x, y))
    agree(apply("logical_not", x, dtype="bool"), ~x)


@pytest.mark.parametrize("dtype", [*NUMBERS, "bool"])
def test_isfinite(dtype: str, rng: np.random.Generator) -> None:
    x = numbers(rng, dtype)
    agree(apply("isfinite", x, dtype="bool"), np.isfinite(x))


# ----- astype -------------------------------------------------------------


@pytest.mark.sampled(40)
@pytest.mark.parametrize("source", [*NUMBERS, "bool"])
@pytest.mark.parametrize("target", [*NUMBERS, "bool"])
def test_conversions(source: str, target: str, rng: np.random.Generator) -> None:
    x = numbers(rng, source)
    if source in FLOATS and target in (*SIGNED, *UNSIGNED):
        low, high = np.iinfo(target).min, np.iinfo(target).max
        x = x[(x > low - 1.0) & (x < high)]  # the rest has no meaning in NumPy
    if source == target:
        return
    with np.errstate(all="ignore"):
        agree(apply("astype", x, dtype=target), x.astype(target))


@pytest.mark.parametrize("source", FLOATS)
def test_conversions_out_of_range_are_the_same_everywhere(source: str) -> None:
    x = np.array([np.nan, np.inf, -np.inf, 1e20, -1e20, 300.5, -1.5], source)
    expected: dict[str, list[int]] = {
        "int8": [0, 0, 0, 0, 0, 44, -1],
        "uint8": [0, 0, 0, 0, 0, 44, 255],
        "int32": [-(2**31)] * 5 + [300, -1],
        "int64": [-(2**63)] * 5 + [300, -1],
        "uint32": [0] * 5 + [300, 2**32 - 1],
        "uint64": [2**63, 0, 2**63, 0, 2**63, 300, 2**64 - 1],
    }
    for target, values in expected.items():
        assert apply("astype", x, dtype=target).tolist() == values


# ----- functions ----------------------------------------------------------


def far(found: NDArray[Any], exact: NDArray[Any], inputs: Any, terms: Any = 0.0) -> float:
    """Return the largest distance from values in float64, in ULP of them or larger terms."""
    exact = exact.astype(np.float64)
    with np.errstate(all="ignore"):
        expected = exact.astype(found.dtype)
        distances = np.abs(found.astype(np.float64) - exact)
        largest = np.fmax(np.abs(expected), terms).astype(found.dtype)
        unit = np.maximum(np.spacing(largest), np.finfo(found.dtype).tiny)
    same_kind = (found == expected) | ((found != found) & (expected != expected))
    normal = np.isfinite(found) & np.isfinite(expected)
    assert (same_kind | normal).all(), [(x[~(same_kind | normal)][:4]) for x in inputs]
    return float((distances[normal] / unit[normal]).max())


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", INEXACT)
def test_functions(op: str, dtype: str, rng: np.random.Generator) -> None:
    count = 2 if op in ("logaddexp", "pow", "sigmoid_cross_entropy") else 1
    inputs = [(rng.standard_normal(3000) * 3).astype(dtype) for _ in range(count)]
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 50.0], dtype)
    if op in ("sin", "cos"):
        special = special[3:]
    grid = np.meshgrid(*[special] * count)
    inputs = [np.concatenate([x, g.ravel()]) for x, g in zip(inputs, grid, strict=True)]
    result = apply(op, *inputs, dtype=dtype)
    # NumPy's own float64 is some ULP off too; only its erf knows nothing longer.
    longest = np.float64 if op == "erf" else np.longdouble
    wide = forward(op, *(x.astype(longest) for x in inputs)).astype(np.float64)
    terms = np.zeros(1)
    if op in ("logaddexp", "sigmoid_cross_entropy"):  # what they add may cancel
        with np.errstate(all="ignore"):
            terms = np.max([*np.abs(inputs), np.abs(inputs[0] * inputs[1])], axis=0)
        terms[~np.isfinite(terms)] = 0
    assert far(result, wide, inputs, terms) <= INEXACT[op]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4, -1, 0.5, -2, 1.5, 7])
def test_powers_known_beforehand(dtype: str, exponent: float, rng: np.random.Generator) -> None:
    x = numbers(rng, dtype)
    x = x[(np.abs(x) > 1e-4) & (np.abs(x) < 1e4)]
    y = np.full_like(x, exponent)
    result = apply("pow", x, y, dtype=dtype, known=(None, (exponent,)))
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64) ** exponent
    assert far(result, wide, [x]) <= 4


@pytest.mark.parametrize("dtype", FLOATS)
def test_whole_exponents_of_fractions(dtype: str, rng: np.random.Generator) -> None:
    x = np.full(1000, 0.999, dtype)
    steps = rng.integers(0, 5000, x.size)
    assert far(apply("pow", x, steps, dtype=dtype), x.astype(np.float64) ** steps, [x]) <= 4


@pytest.mark.parametrize("dtype", [*SIGNED, *UNSIGNED])
def test_powers_of_integers_wrap(dtype: str, rng: np.random.Generator) -> None:
    x = numbers(rng, dtype)
    y = rng.integers(0, 127, x.size).astype(dtype)
    agree(apply("pow", x, y, dtype=dtype), forward("pow", x, y))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", ["maximum", "minimum"])
@pytest.mark.parametrize("number", [0.5, 0.0, -np.inf, np.nan])
def test_clipping_at_a_number_keeps_nan(
    op: str, dtype: str, number: float, rng: np.random.Generator
) -> None:
    x = numbers(rng, dtype)
    y = np.full_like(x, number)
    expected = forward(op, x, y)
    agree(apply(op, x, y, dtype=dtype, known=(None, (number,))), expected, zeros=False)
    agree(apply(op, y, x, dtype=dtype, known=((number,), None)), expected, zeros=False)
