"""Tests that the registry writes itself: every op, every sample of it, no op forgotten."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import pytest
from conftest import seeded
from tolerances import distance, tolerance

from syn0 import ops
from syn0.engines import choose
from syn0.engines.numpy import NumpyEngine
from syn0.errors import GradientError, GraphError
from syn0.gradient import backpropagate, check_derivatives
from syn0.graph import (
    NoDerivative,
    Op,
    Sample,
    apply,
    evaluate,
    input_tensor,
    registry,
    size_op,
)
from syn0.program import Program

LEAVES = ("input", "state", "constant", "size")
OPS = {name: op for name, op in registry().items() if name not in LEAVES}
ENGINES: dict[str, Callable[[], Any]] = {
    "numpy": NumpyEngine,
    "llvm": lambda: choose("llvm")[0],
}


@dataclass(frozen=True)
class Case:
    """One sample of one op in one dtype."""

    op: Op
    number: int
    dtype: str

    def __repr__(self) -> str:
        return f"{self.op.name}-{self.number}-{self.dtype}"

    def sample(self) -> Sample:
        return _samples(self.op)[self.number]

    def arrays(self) -> list[np.ndarray]:
        return [x.astype(self.dtype) if x.dtype.kind == "f" else x for x in self.sample().inputs]

    def attributes(self) -> dict[str, Any]:
        found = dict(self.sample().attributes)
        if found.get("dtype") == "float64":
            found["dtype"] = self.dtype
        return found

    def varied(self) -> list[int]:
        """Return the positions of the inputs that have a derivative."""
        sample = self.sample()
        return [
            i for i, x in enumerate(sample.inputs)
            if x.dtype.kind == "f" and i not in sample.data
        ]  # fmt: skip


def _samples(op: Op) -> list[Sample]:
    return list(op.samples(seeded(op.name)))


def _cases(dtypes: tuple[str, ...] = ("float64", "float32")) -> list[Case]:
    return [
        Case(op, number, dtype)
        for op in OPS.values()
        for number in range(len(_samples(op)))
        for dtype in dtypes
    ]


ALL = _cases()
SMOOTH = [
    case for case in _cases(("float64",))
    if case.sample().smooth and not isinstance(case.op.derivative, NoDerivative)
    and case.varied()
]  # fmt: skip


def _tensors(arrays: list[np.ndarray]) -> list[Any]:
    return [input_tensor(f"x{i}", x.shape, str(x.dtype)) for i, x in enumerate(arrays)]


def _forward(case: Case, arrays: list[np.ndarray]) -> Any:
    # Single whole numbers go in as Python's, as in every engine.
    given = [x.item() if x.ndim == 0 and x.dtype.kind in "iu" else x for x in arrays]
    with np.errstate(all="ignore"):
        return case.op.forward(np, *given, **case.attributes())


# ----- completeness -------------------------------------------------------


@pytest.mark.parametrize("op", OPS.values(), ids=list(OPS))
def test_every_op_has_samples_text_and_a_derivative_or_a_reason(op: Op) -> None:
    assert _samples(op), "an op without samples is not tested"
    assert inspect.getdoc(op.forward), "forward says in one line what it returns"
    if isinstance(op.derivative, NoDerivative):
        assert len(op.derivative.reason.split()) > 2
    elif op.name != "custom_derivative":
        assert any(case.op is op for case in SMOOTH), "no smooth sample tests the derivative"


@pytest.mark.parametrize("name", LEAVES)
def test_leaves_have_no_derivative_and_say_why(name: str) -> None:
    assert isinstance(registry()[name].derivative, NoDerivative)
    assert list(registry()[name].samples(seeded(name))) == []


def test_inputs_and_state_are_given_and_never_computed() -> None:
    for name in ("input", "state"):
        with pytest.raises(GraphError, match="given to a program"):
            registry()[name].forward(np, shape=(), dtype="float32")
    assert size_op.forward(np, of=(3, 4), dtype="float32", shape=()) == 12


# ----- values -------------------------------------------------------------


@pytest.mark.parametrize("case", ALL, ids=repr)
def test_shape_rule_agrees_with_forward(case: Case) -> None:
    arrays = case.arrays()
    shape, dtype = case.op.shape(*_tensors(arrays), **case.attributes())
    result = _forward(case, arrays)
    assert np.shape(result) == tuple(shape)
    assert str(np.asarray(result).dtype) == dtype


@pytest.mark.parametrize("case", ALL, ids=repr)
def test_forward_leaves_its_inputs_alone(case: Case) -> None:
    arrays = case.arrays()
    before = [x.copy() for x in arrays]
    for x in arrays:
        x.flags.writeable = False
    _forward(case, arrays)
    for x, kept in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(x, kept)


@pytest.mark.sampled(150)
@pytest.mark.parametrize("case", ALL, ids=repr)
@pytest.mark.parametrize("engine", ENGINES)
def test_engine_agrees_with_the_plain_values(engine: str, case: Case) -> None:
    arrays = case.arrays()
    values = {f"x{i}": x for i, x in enumerate(arrays)}
    result = apply(case.op, *_tensors(arrays), **case.attributes())
    with np.errstate(all="ignore"):
        (expected,) = evaluate([result], values)
    outputs, updates = ENGINES[engine]().compile(Program("one", {"y": result})).run({}, values)
    assert updates == {}
    if result.shape:
        assert outputs["y"].dtype == np.asarray(expected).dtype
    allowed = tolerance(engine, case.op.name)
    found = np.asarray(outputs["y"], dtype=result.dtype)
    assert distance(found, expected, allowed, arrays) <= allowed.ulp(case.dtype)


@pytest.mark.parametrize("case", ALL, ids=repr)
def test_nan_is_carried(case: Case) -> None:
    (shape, dtype) = case.op.shape(*_tensors(case.arrays()), **case.attributes())
    positions = (0,) if case.op.name == "custom_derivative" else case.varied()
    if dtype not in ("float32", "float64") or 0 in shape:
        return
    for position in positions:
        arrays = case.arrays()
        if not arrays[position].size:
            continue
        arrays[position] = np.full_like(arrays[position], np.nan)
        assert np.isnan(_forward(case, arrays)).any(), f"input {position} lost its NaN"


# ----- JAX, an outside oracle ---------------------------------------------


def _jax_unslice(x: Any, *, key: Any, shape: Any) -> Any:
    return jax.numpy.zeros(shape, x.dtype).at[key].set(x)


def _jax_scatter_add(values: Any, indices: Any, *, shape: Any) -> Any:
    return jax.numpy.zeros(shape, values.dtype).at[indices].add(values)


# Ops whose forward writes into an array, which JAX's cannot be.
OVERRIDES: dict[str, Callable[..., Any]] = {
    "unslice": _jax_unslice,
    "scatter_add": _jax_scatter_add,
}


def _in_jax(case: Case, *arrays: Any) -> Any:
    attributes = case.attributes()
    if case.op.name in OVERRIDES:
        return OVERRIDES[case.op.name](*arrays, **attributes)
    return case.op.forward(jax.numpy, *arrays, **attributes)


@pytest.fixture
def x64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@pytest.mark.sampled(140)
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("case", ALL, ids=repr)
def test_jax_agrees_with_numpy(case: Case) -> None:
    arrays = case.arrays()
    expected = _forward(case, arrays)
    found = np.asarray(jax.jit(lambda *a: _in_jax(case, *a))(*arrays))
    assert found.dtype == np.asarray(expected).dtype
    allowed = tolerance("jax", case.op.name)
    assert distance(found, expected, allowed, arrays) <= allowed.ulp(case.dtype)


@pytest.mark.sampled(45)
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("case", SMOOTH, ids=repr)
def test_derivative_agrees_with_jax(case: Case) -> None:
    arrays, varied = case.arrays(), case.varied()

    def forward(*some: Any) -> Any:
        given = list(arrays)
        for position, value in zip(varied, some, strict=True):
            given[position] = value
        return _in_jax(case, *map(jax.numpy.asarray, given))

    dy = seeded(repr(case)).standard_normal(np.shape(_forward(case, arrays)))
    pull = jax.jit(lambda *some: jax.vjp(forward, *some)[1](jax.numpy.asarray(dy)))
    expected = pull(*(arrays[i] for i in varied))
    tensors = _tensors(arrays)
    loss = (apply(case.op, *tensors, **case.attributes()) * dy).sum()
    gradients = backpropagate(loss, [tensors[i] for i in varied])
    found = evaluate(gradients, {f"x{i}": x for i, x in enumerate(arrays)})
    for ours, theirs in zip(found, expected, strict=True):
        assert np.shape(ours) == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


# ----- derivatives --------------------------------------------------------


def _custom(op: Op) -> Callable[..., Any]:
    """Return a function whose derivative is the student's own, given through `op`."""

    def function(x: Any) -> Any:
        y = ops.tanh(x)
        return apply(op, y, x, 1 - y * y)

    return function


def _function(case: Case, op: Op | None = None) -> Callable[..., Any]:
    return lambda *tensors: apply(op or case.op, *tensors, **case.attributes())


@pytest.mark.parametrize("case", SMOOTH, ids=repr)
def test_derivative_agrees_with_differences_to_second_order(case: Case) -> None:
    check_derivatives(
        _function(case), case.arrays(), data=case.sample().data, order=2, rng=seeded(repr(case))
    )


def test_custom_derivative_is_the_one_given() -> None:
    points = [seeded("custom").standard_normal(5)]
    check_derivatives(_custom(registry()["custom_derivative"]), points, order=2)


def _mutant(op: Op, position: int, factor: float = 1.001) -> Op:
    """Return a copy of `op`, outside the registry, whose derivative for one input is wrong."""
    rule = op.derivative
    assert not isinstance(rule, NoDerivative)

    def wrong(*arguments: Any, **attributes: Any) -> Any:
        result = rule(*arguments, **attributes)
        parts = list(result) if isinstance(result, tuple) else [result]
        if parts[position] is not None:
            parts[position] = parts[position] * factor
        return tuple(parts)

    twin = copy.copy(op)
    object.__setattr__(twin, "derivative", wrong)
    return twin


MUTANTS = sorted({(case.op.name, position) for case in SMOOTH for position in case.varied()})


def _is_caught(case: Case, position: int, turn: int) -> bool:
    try:
        check_derivatives(
            _function(case, _mutant(case.op, position)), case.arrays(),
            data=case.sample().data, order=1, rng=seeded(repr(case), position, turn),
        )  # fmt: skip
    except GradientError:
        return True
    return False


@pytest.mark.parametrize(("name", "position"), MUTANTS)
def test_a_derivative_wrong_by_a_thousandth_is_caught(name: str, position: int) -> None:
    before = registry()[name]
    rule = before.derivative
    cases = [c for c in SMOOTH if c.op.name == name and position in c.varied()]
    # Of few elements the direction that is drawn may hardly meet the gradient: draw again.
    assert any(_is_caught(case, position, turn) for turn in range(4) for case in cases)
    assert registry()[name] is before
    assert before.derivative is rule


def test_a_wrong_custom_derivative_is_caught() -> None:
    wrong = _mutant(registry()["custom_derivative"], 1)
    with pytest.raises(GradientError, match="derivative of order 1"):
        check_derivatives(_custom(wrong), [np.array([0.3, -0.7, 1.1])])


def test_every_derivative_has_a_mutant() -> None:
    with_derivative = {n for n, op in OPS.items() if not isinstance(op.derivative, NoDerivative)}
    assert {name for name, _ in MUTANTS} == with_derivative - {"custom_derivative"}
