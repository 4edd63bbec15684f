"""The vector functions: their errors in ULP, their special values, and what they call."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from syn0.engines.llvm.compiling import jit, rounding
from syn0.engines.llvm.compiling.target import Target, named, usable
from syn0.engines.llvm.ir import I64, PTR, SCALARS, Function, Module, Type, Value
from syn0.engines.llvm.kernel import Kernel, symbol_of
from syn0.engines.llvm.kernels import vector_math
from syn0.engines.llvm.kernels.vector_math import BOUNDS

Numbers = NDArray[Any]
TARGETS = [pytest.param(target, id=target.name) for target in usable()]
DTYPES = ("float32", "float64")
OF_TWO = ("logaddexp", "pow")
POINTS = 1 << 16  # in each range, each run
on_this_machine = pytest.mark.skipif(not TARGETS, reason="no machine that kernels compile for")
extended = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="no numbers with more digits to compare with"
)

# ----- calls ----------------------------------------------------------------


def kernel(write: Callable[..., Value], name: str, dtype: str, lanes: int) -> Kernel:
    """Return target[i] = f(x[i], y[i]) for whole vectors of this many lanes."""
    symbol = symbol_of("function", (name, dtype, lanes))
    return Kernel(symbol, partial(text, write, symbol, Type(SCALARS[dtype], lanes), name in OF_TWO))


def text(write: Callable[..., Value], symbol: str, kind: Type, of_two: bool) -> str:
    module = Module()
    f = module.function(symbol, [(PTR, "x"), (PTR, "y"), (PTR, "target"), (I64, "count")])
    assert kind.lanes is not None
    with f.loop(0, f.argument("count"), kind.lanes) as loop:
        places = [f.offset(f.argument(p), loop.index, kind.scalar) for p in ("x", "y", "target")]
        inputs = [f.load(place, kind) for place in places[: 1 + of_two]]
        f.store(write(f, *inputs), places[2])
    return module.text()


def flushing(inner: Kernel, target: Target) -> tuple[str, str]:
    """Return a function that calls a kernel with subnormal numbers flushed to zero."""
    symbol, module = f"flushing_{inner.symbol}", Module()
    parameters = [(PTR, "x"), (PTR, "y"), (PTR, "target"), (I64, "count")]
    f = module.function(symbol, parameters)
    saved = rounding.set_rounding(f, target)
    f.run(inner.symbol, [f.argument(p) for _, p in parameters])
    rounding.restore_rounding(f, saved)
    return module.text(), symbol


@cache
def address(name: str, dtype: str, target: Target, lanes: int, flush: bool) -> int:
    inner = kernel(getattr(vector_math, name), name, dtype, lanes)
    found = jit.addresses([inner], target)
    if not flush:
        return found[inner.symbol]
    code, symbol = flushing(inner, target)
    return jit.link_program(code, symbol, found, target)


def call(
    name: str, target: Target, *inputs: Numbers, lanes: int = 16, flush: bool = False
) -> Numbers:
    """Return what the compiled function gives."""
    dtype, count = inputs[0].dtype, len(inputs[0])
    whole = -(-count // lanes) * lanes
    x, y = (np.resize(v, whole) for v in (inputs[0], inputs[-1]))
    result = np.empty(whole, dtype)
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, ctypes.c_int64)(
        address(name, str(dtype), target, lanes, flush)
    )
    function(x.ctypes.data, y.ctypes.data, result.ctypes.data, whole)
    return result[:count]


# ----- what is right --------------------------------------------------------


def erf(x: Numbers) -> Numbers:
    """Return erf by the series whose terms are all positive (Abramowitz and Stegun, 7.1.6)."""
    a = np.minimum(abs(x), 6.5)  # where it is 1 in 64 digits
    total = term = a
    for n in range(1, 140):
        term = term * (2 * a * a) / (2 * n + 1)
        total = total + term
    return np.copysign(2 / np.sqrt(np.longdouble(np.pi)) * np.exp(-a * a) * total, x)


def logaddexp(x: Numbers, y: Numbers) -> Numbers:
    return np.where(x == y, x + np.log(x.dtype.type(2)), np.logaddexp(x, y))


RIGHT: dict[str, Callable[..., Numbers]] = {
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "tanh": np.tanh,
    "sin": np.sin, "cos": np.cos, "pow": np.power, "erf": erf, "logaddexp": logaddexp,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}  # fmt: skip


def right(name: str, *inputs: Numbers) -> Numbers:
    """Return the function in 64 digits."""
    with np.errstate(all="ignore"):
        return np.asarray(RIGHT[name](*(v.astype(np.longdouble) for v in inputs)))


def error(name: str, result: Numbers, *inputs: Numbers) -> Numbers:
    """Return the distance from what is right, in ULP."""
    exact = right(name, *inputs)
    info = np.finfo(result.dtype)
    size = np.maximum(abs(exact), info.tiny)
    if name == "logaddexp":  # a sum: what cancels is not its own
        size = np.max([size, *(np.where(np.isfinite(v), abs(v), 0) for v in inputs)], axis=0)
    with np.errstate(all="ignore"):
        distance = abs(result - exact) / np.spacing(size.astype(result.dtype))
    unmeasured = abs(exact) > info.max  # so is zero for what would be subnormal
    if name == "sigmoid":
        unmeasured |= (result == 0) & (exact < info.tiny)
    return np.where(unmeasured, 0, distance)


# ----- points ---------------------------------------------------------------

RANGES: dict[str, tuple[tuple[float, float], ...]] = {
    "exp": ((-1, 1), (-80, 80)), "expm1": ((-1.5, 1.5), (-40, 80)), "log": ((0.5, 2), (0, 1e38)),
    "log1p": ((-0.9, 2), (-1, 1e38)), "tanh": ((-1, 1), (-25, 25)), "erf": ((-1.5, 1.5), (-7, 7)),
    "sigmoid": ((-10, 10), (-80, 80)), "sin": ((-7, 7), (-1e4, 1e4), (-9.9e5, 9.9e5)),
    "cos": ((-7, 7), (-1e4, 1e4), (-9.9e5, 9.9e5)),
}  # fmt: skip
FARTHER = {
    ("exp", "float32"): (-87.3, 88.7), ("exp", "float64"): (-708, 709.7),
    ("expm1", "float64"): (-40, 709.7), ("sigmoid", "float64"): (-700, 745),
    ("log", "float64"): (0, 1e308), ("sin", "float64"): (-1e9, 1e9),
}  # fmt: skip


def points(rng: np.random.Generator, name: str, dtype: str) -> Iterator[tuple[Numbers, ...]]:
    """Yield inputs: evenly spread, and of every magnitude."""
    if name in OF_TWO:
        yield from (tuple(v.astype(dtype) for v in pair) for pair in pairs(rng, name))
        return
    further = FARTHER.get((name, dtype))
    for low, high in (*RANGES[name], *([further] if further else [])):
        even = rng.uniform(low, high, POINTS)
        sizes = np.exp(rng.uniform(np.log(1e-37), np.log(high), POINTS))
        signed = np.copysign(sizes, rng.uniform(low, high, POINTS))
        x = np.concatenate([even, signed[signed > low]]).astype(dtype)
        if name in ("sin", "cos"):  # nearly 0 or 1: what is left of x must have all its digits
            x[::2] = np.rint(x[::2] / (np.pi / 2)) * np.longdouble(np.pi / 2)
        yield (x,)


def pairs(rng: np.random.Generator, name: str) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield pairs of numbers."""
    if name == "logaddexp":
        x = rng.normal(0, 30, POINTS)
        yield x, x + rng.normal(0, 5, POINTS)
        yield x, np.zeros(POINTS)
        return
    yield rng.uniform(0.9, 1, POINTS), rng.integers(0, 1000, POINTS).astype(float)
    yield 1 - np.exp(rng.uniform(-16, -2, POINTS)), rng.uniform(0, 80, POINTS)
    yield 1 + rng.normal(0, 1e-4, POINTS), rng.normal(0, 1e5, POINTS)
    yield np.exp(rng.uniform(-5, 5, POINTS)), rng.normal(0, 4, POINTS)
    yield -np.exp(rng.uniform(-5, 5, POINTS)), rng.integers(-9, 10, POINTS).astype(float)


@pytest.mark.sampled(15)
@on_this_machine
@extended
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_the_error_stays_within_its_bound(
    name: str, dtype: str, target: Target, rng: np.random.Generator
) -> None:
    bound = BOUNDS[name][DTYPES.index(dtype)]
    for inputs in points(rng, name, dtype):
        distance = error(name, call(name, target, *inputs), *inputs)
        worst = int(np.argmax(distance))  # NaN is the largest
        assert distance[worst] <= bound, [v[worst] for v in inputs]


@on_this_machine
@extended
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_softplus_is_good_where_it_is_small(
    dtype: str, target: Target, rng: np.random.Generator
) -> None:
    x = rng.normal(0, 3, POINTS).astype(dtype)
    result, exact = call("logaddexp", target, x, 0 * x), right("logaddexp", x, 0 * x)
    assert (abs(result - exact) / np.spacing(exact.astype(dtype))).max() <= 2.2


@on_this_machine
@extended
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_angles_of_a_few_thousand_turns(
    name: str, dtype: str, target: Target, rng: np.random.Generator
) -> None:
    x = rng.uniform(-1e4, 1e4, POINTS).astype(dtype)
    assert error(name, call(name, target, x), x).max() <= 1.6


@on_this_machine
@extended
@pytest.mark.parametrize("target", TARGETS)
def test_a_decay_to_the_power_of_a_million_steps(target: Target, rng: np.random.Generator) -> None:
    decay = 1 - np.exp(rng.uniform(np.log(1e-7), np.log(6e-4), POINTS))
    steps = rng.integers(0, 10**6, POINTS).astype(float)
    assert error("pow", call("pow", target, decay, steps), decay, steps).max() <= 2


# ----- special values -------------------------------------------------------


def special(dtype: str) -> Numbers:
    """Return numbers at which functions break."""
    info = np.finfo(dtype)
    sizes = [
        0, info.smallest_subnormal, info.tiny / 3, info.tiny, 1e-30, info.eps, 0.5, 1 - info.eps,
        1, 1 + info.eps, 2, 2.5, 3, 17, 87, 88.7, 89, 103, 104, 709.7, 710, 745, 746, 2.0**24 - 1,
        2.0**53 - 1, info.max, np.inf, np.nan,
    ]  # fmt: skip
    return np.array([sign * size for size in sizes for sign in (1, -1)], dtype)


@on_this_machine
@extended
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_special_values_are_those_of_numpy(name: str, dtype: str, target: Target) -> None:
    x = special(dtype)
    if name in ("sin", "cos"):
        x = x[~(abs(x) > 1e6) | np.isinf(x)]
    inputs = (x,)
    if name in OF_TWO:
        inputs = tuple(np.array(v) for v in zip(*product(x, x)))
    result, exact = call(name, target, *inputs), right(name, *inputs)
    with np.errstate(over="ignore", under="ignore"):
        expected = exact.astype(dtype)
    np.testing.assert_array_equal(np.isnan(result), np.isnan(expected))
    np.testing.assert_array_equal(np.isinf(result), np.isinf(expected))
    if name != "logaddexp":  # whose sign, where it cancels, is that of the error
        signed = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(result[signed]), np.signbit(expected[signed]))
    assert (error(name, result, *inputs)[np.isfinite(expected)] <= 4).all()


@on_this_machine
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_angles_too_large_have_no_sine(name: str, dtype: str, target: Target) -> None:
    limit = {"float32": 1e6, "float64": 1e15}[dtype]
    x = np.array([limit, -limit, np.finfo(dtype).max], dtype)
    assert np.isnan(call(name, target, x)).all()
    assert not np.isnan(call(name, target, np.nextafter(x[:2], x.dtype.type(0)))).any()


# ----- the same everywhere --------------------------------------------------


def samples(rng: np.random.Generator, name: str, dtype: str) -> tuple[Numbers, ...]:
    """Return points and special values together."""
    x, y = np.array(list(product(special(dtype), special(dtype))), dtype).T
    if name not in OF_TWO:
        x, y = np.concatenate([*(p for (p,) in points(rng, name, dtype)), x]), x
        return (x,)
    given = list(points(rng, name, dtype))
    return tuple(np.concatenate([*(p[i] for p in given), v]) for i, v in enumerate((x, y)))


@on_this_machine
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_the_bits_are_the_same_on_every_machine_and_width(
    name: str, dtype: str, rng: np.random.Generator
) -> None:
    inputs = samples(rng, name, dtype)
    first = call(name, usable()[0], *inputs)
    for target, lanes in product(usable(), (4, 8, 16)):
        other = call(name, target, *inputs, lanes=lanes)
        numbers = ~np.isnan(first)
        np.testing.assert_array_equal(np.isnan(other), ~numbers)
        assert other[numbers].tobytes() == first[numbers].tobytes(), (target.name, lanes)


@on_this_machine
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_flushing_subnormals_changes_only_subnormals(
    name: str, dtype: str, target: Target, rng: np.random.Generator
) -> None:
    info = np.finfo(dtype)
    inputs = samples(rng, name, dtype)
    plain, flushed = (call(name, target, *inputs, flush=flush) for flush in (False, True))
    # A sum may hold a subnormal number next to a normal one that is not much larger.
    least = info.tiny / info.eps if name == "logaddexp" else info.tiny
    normal = np.logical_and.reduce([(v == 0) | ~(abs(v) < info.tiny) for v in inputs])
    same = normal & ((plain == 0) | (abs(plain) >= least))
    assert same.sum() > len(same) / 2
    assert flushed[same].tobytes() == plain[same].tobytes()


@on_this_machine
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_test_above_flushes(dtype: str, target: Target) -> None:
    x = np.array([{"float32": -90.0, "float64": -720.0}[dtype]], dtype)
    assert call("exp", target, x) > 0
    assert (call("exp", target, x, flush=True) == 0) == target.is_x86


# ----- code -----------------------------------------------------------------


@pytest.mark.parametrize("machine", ["avx512", "avx2", "neon"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_nothing_is_called(name: str, dtype: str, machine: str) -> None:
    function = kernel(getattr(vector_math, name), name, dtype, 16)
    assert jit.outside_calls(function, named(machine)) == set()


@pytest.mark.parametrize("machine", ["avx512", "avx2", "neon"])
def test_a_call_of_the_c_library_would_be_seen(machine: str) -> None:
    def library_exp(f: Function, x: Value) -> Value:
        return f.intrinsic("exp", x)

    function = kernel(library_exp, "library_exp", "float32", 16)
    assert jit.outside_calls(function, named(machine)) == {"expf"}
