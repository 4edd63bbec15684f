"""Tensors, named dimensions, operators, and the errors at the place of the mistake."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syn0 import graph, ops
from syn0.errors import DTypeError, GraphError, ShapeError, Syn0Error, UnknownNameError
from syn0.gradient import backpropagate
from syn0.graph import (
    Dimension,
    Op,
    Tensor,
    batch,
    constant,
    evaluate,
    input_tensor,
    registry,
    state_tensor,
    time,
    topological_order,
)

SMALL = st.integers(-4, 9)


def tensor(*shape: Any, name: str = "x", dtype: str = "float64") -> Tensor:
    return input_tensor(name, shape, dtype)


# ----- named dimensions ---------------------------------------------------


@given(SMALL, st.integers(0, 4), SMALL, st.integers(1, 4), st.integers(1, 3), st.integers(0, 99))
def test_dimensions_calculate_as_their_numbers_do(
    a: int, b: int, c: int, d: int, e: int, size: int
) -> None:
    dimension = ((a + batch) * b - c) // d // e + a
    assert dimension.bind({"batch": size}) == ((a + size) * b - c) // d // e + a


def test_dimensions_are_equal_when_they_mean_the_same() -> None:
    assert batch + 1 - 1 == batch
    assert batch == Dimension("batch")
    assert batch != time
    assert batch + 1 != batch
    assert 3 * batch == batch * 3
    assert len({batch, Dimension("batch"), time}) == 2


def test_a_dimension_cannot_be_multiplied_after_a_division() -> None:
    with pytest.raises(ShapeError, match=r"time // 2 cannot be multiplied by 2"):
        time // 2 * 2


@pytest.mark.parametrize(
    ("dimension", "text"),
    [
        (batch, "batch"), (batch + 1, "batch + 1"), (batch - 1, "batch - 1"),
        (2 * time, "2 * time"), (time // 2, "time // 2"), ((time - 1) // 2, "(time - 1) // 2"),
    ],
)  # fmt: skip
def test_dimensions_read_as_python(dimension: Dimension, text: str) -> None:
    assert str(dimension) == repr(dimension) == text
    assert eval(text, {"batch": 9, "time": 9}) == dimension.bind(  # noqa: S307
        {"batch": 9, "time": 9}
    )


def test_shapes_are_bound_and_written_as_tuples() -> None:
    assert graph.bind_shape((batch, 3, time // 2), {"batch": 5, "time": 7}) == (5, 3, 3)
    assert graph.format_shape((batch,)) == "(batch,)"
    assert graph.format_shape((batch, 3)) == "(batch, 3)"
    assert graph.format_shape(()) == "()"


def test_attributes_are_bound_inside_tuples() -> None:
    found = graph.bind({"shape": (batch, (time + 1,)), "axis": 0}, {"batch": 2, "time": 3})
    assert found == {"shape": (2, (4,)), "axis": 0}


# ----- broadcasting and dtypes --------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        ((3,), (3,), (3,)), ((2, 1), (3,), (2, 3)), ((), (2, 3), (2, 3)), ((1,), (0,), (0,)),
        ((batch, 3), (3,), (batch, 3)), ((batch, 1), (batch, 4), (batch, 4)),
        ((batch, 1, 2), (time, 1), (batch, time, 2)),
    ],
)  # fmt: skip
def test_shapes_broadcast_as_in_numpy(left: Any, right: Any, result: Any) -> None:
    assert (tensor(*left) + tensor(*right)).shape == result
    assert (tensor(*right) + tensor(*left)).shape == result


@pytest.mark.parametrize(
    ("left", "right"),
    [((3,), (4,)), ((2, 3), (2,)), ((batch, 3), (batch,)), ((batch,), (time,)), ((batch,), (5,)),
     ((batch,), (batch + 1,)), ((0,), (2,))],
)  # fmt: skip
def test_shapes_that_do_not_broadcast_name_op_shapes_and_tensors(left: Any, right: Any) -> None:
    with pytest.raises(ShapeError) as caught, graph.scope("hidden"):
        tensor(*left, name="left") * tensor(*right, name="right")
    text = str(caught.value)
    assert "multiply cannot combine" in text
    assert graph.format_shape(left) in text
    assert graph.format_shape(right) in text
    assert "layer 'hidden', tensors 'left', 'right'" in text
    assert "expected:" in text


def test_nothing_is_converted_silently() -> None:
    with pytest.raises(DTypeError, match=r"float32 and float64[\s\S]*astype"):
        tensor(3, dtype="float32") + tensor(3, dtype="float64")
    with pytest.raises(DTypeError):
        tensor(3, dtype="int64") + tensor(3, dtype="float32")
    with pytest.raises(DTypeError, match="exp needs floating-point numbers, not int64"):
        ops.exp(tensor(3, dtype="int64"))


def test_python_numbers_and_arrays_take_the_dtype_of_the_tensor() -> None:
    x = tensor(3, dtype="float32")
    for other in (2, 2.5, np.float64(2), np.ones(3), np.arange(3), True):
        assert (x * other).dtype == "float32"
        assert (other * x).dtype == "float32"
    whole = tensor(3, dtype="int64")
    assert (whole + 1).dtype == "int64"
    with pytest.raises(DTypeError):
        whole + 0.5


def test_truth_values_go_with_any_number() -> None:
    x = tensor(3, dtype="float32")
    assert ((x > 0) * x).dtype == "float32"
    assert ((x > 0) & (x < 1)).dtype == "bool"


def test_a_whole_exponent_goes_with_any_base() -> None:
    base, step = tensor(dtype="float32", name="base"), tensor(dtype="int64", name="step")
    power = base**step
    assert power.dtype == "float32"
    (found,) = evaluate([power], {"base": np.float32(0.9), "step": np.array(3)})
    assert np.asarray(found).dtype == np.float32
    with pytest.raises(DTypeError):
        tensor(3, dtype="float32") ** tensor(3, dtype="int64")


@pytest.mark.parametrize("value", ["word", None, object(), np.array(["a"])])
def test_what_is_not_a_number_cannot_be_a_constant(value: Any) -> None:
    with pytest.raises(DTypeError, match="cannot be part of a network"):
        constant(value)


# ----- operators and NumPy functions --------------------------------------

X, Y = np.array([[0.5, -1.5], [2.0, 0.25]]), np.array([[1.5, 2.0], [0.5, 0.25]])
BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.matmul, operator.lt,
    operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
]  # fmt: skip


@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.__name__)
def test_operators_mean_what_they_mean_for_arrays(function: Callable[..., Any]) -> None:
    x, y = tensor(2, 2, name="x"), tensor(2, 2, name="y")
    values = {"x": X, "y": Y}
    for left, right in ((x, y), (x, Y), (X, y)):
        (found,) = evaluate([function(left, right)], values)
        np.testing.assert_array_equal(found, function(X, Y))
    if function is not operator.matmul:
        (found,) = evaluate([function(x, 0.5)], values)
        np.testing.assert_array_equal(found, function(X, 0.5))
        (found,) = evaluate([function(0.5, x)], values)
        np.testing.assert_array_equal(found, function(0.5, X))


def test_powers() -> None:
    x = tensor(2, 2)
    for found, expected in (
        (x**2, X**2), (x**3.0, X**3.0), (2**x, 2**X), (abs(x) ** abs(x), abs(X) ** abs(X)),
    ):  # fmt: skip
        np.testing.assert_array_equal(evaluate([found], {"x": X})[0], expected)


@pytest.mark.parametrize("function", [operator.neg, operator.pos, abs], ids=lambda f: f.__name__)
def test_unary_operators(function: Callable[..., Any]) -> None:
    np.testing.assert_array_equal(evaluate([function(tensor(2, 2))], {"x": X})[0], function(X))


def test_logic() -> None:
    a, b = tensor(4, name="a", dtype="bool"), tensor(4, name="b", dtype="bool")
    values = {"a": np.array([True, True, False, False]), "b": np.array([True, False] * 2)}
    for ours, theirs in (
        (a & b, values["a"] & values["b"]),
        (a | b, values["a"] | values["b"]),
        (~a, ~values["a"]),
    ):
        np.testing.assert_array_equal(evaluate([ours], values)[0], theirs)


def test_methods_are_the_functions() -> None:
    x = tensor(2, 2)
    for ours, theirs in (
        (x.T, X.T), (x.mT, X.mT), (x.sum(), X.sum()), (x.sum(axis=0), X.sum(axis=0)),
        (x.mean(axis=1, keepdims=True), X.mean(axis=1, keepdims=True)), (x.max(), X.max()),
        (x.reshape(4), X.reshape(4)), (x.reshape((1, -1)), X.reshape(1, -1)),
        (x.astype("float32"), X.astype("float32")), (x.sum(axis=-1), X.sum(axis=-1)),
    ):  # fmt: skip
        (found,) = evaluate([ours], {"x": X})
        np.testing.assert_array_equal(found, theirs)
        assert np.asarray(found).dtype == theirs.dtype


NUMPY_CALLS: list[Callable[..., Any]] = [
    np.exp, np.log1p, np.tanh, np.sqrt, np.square, np.abs, np.sign, np.negative, np.sin,
    np.isfinite, np.sum, np.mean, np.max, np.transpose, np.var, np.min, np.argmax,
    lambda x: np.maximum(x, 0.5), lambda x: np.maximum(0.5, x), lambda x: np.where(x > 0, x, 0),
    lambda x: np.sum(x, axis=0, keepdims=True), lambda x: np.add(X, x), lambda x: np.matmul(x, x),
    lambda x: np.concatenate([x, x], axis=1), lambda x: np.stack([x, x]), lambda x: np.power(x, 2),
    lambda x: np.expand_dims(x, 0), lambda x: np.reshape(x, (4,)), lambda x: np.logaddexp(x, 1),
    lambda x: np.broadcast_to(x, (3, 2, 2)), lambda x: np.take(x, [1, 0], axis=0),
    lambda x: np.argmax(x, axis=0), lambda x: np.argmax(x, axis=-1), np.matrix_transpose,
    lambda x: np.clip(x, -1, 1), lambda x: np.full(np.shape(x), np.ndim(x)),
]  # fmt: skip


@pytest.mark.parametrize("call", NUMPY_CALLS, ids=lambda f: f.__name__)
def test_numpy_functions_that_are_ops_draw_the_graph(call: Callable[..., Any]) -> None:
    positive = np.abs(X)
    result = call(tensor(2, 2))
    (found,) = evaluate([result], {"x": positive}) if isinstance(result, Tensor) else (result,)
    np.testing.assert_array_equal(found, call(positive))


@pytest.mark.parametrize(
    "call",
    [
        np.sort, np.linalg.inv, np.fft.fft, np.median, np.cumsum, np.floor,
        np.add.reduce, lambda x: np.add(x, 1, where=True), lambda x: np.exp(x, dtype="float32"),
        lambda x: np.arctan2(x, x), lambda x: np.sum(x, initial=1), lambda x: np.where(x > 0),
        lambda x: np.mean(x, dtype="float32"), lambda x: np.tensordot(x, x, axes=1),
    ],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_other_numpy_functions_say_so_and_name_the_nearest(call: Callable[..., Any]) -> None:
    with pytest.raises(GraphError) as caught:
        call(tensor(2, 2))
    text = str(caught.value)
    assert "is not an op of syn0" in text or "of a tensor:" in text
    assert "expected:" in text


def test_rows_only_are_taken() -> None:
    with pytest.raises(ShapeError, match="rows only"):
        np.take(tensor(2, 2), [1])
    with pytest.raises(ShapeError, match="taken by integers, not by bool"):
        tensor(2, 2)[[True, False]]


def test_the_nearest_op_is_named() -> None:
    with pytest.raises(GraphError, match="did you mean 'exp'"):
        np.exp2(tensor(2))


def test_ops_on_plain_arrays_compute_at_once() -> None:
    np.testing.assert_array_equal(ops.tanh(X), np.tanh(X))
    np.testing.assert_array_equal(ops.sum(X, axis=-1), X.sum(axis=-1))
    np.testing.assert_array_equal(ops.clip(X, -1, 1), X.clip(-1, 1))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: ops.maximum(x, 0), lambda x: ops.maximum(0.5, x), lambda x: ops.pow(x, 2),
        lambda x: ops.where(x > 0, x, 0), lambda x: ops.clip(x, -1, 1), ops.sigmoid, ops.erf,
        ops.softmax, lambda x: ops.logsumexp(x), lambda x: ops.logaddexp(x, 0.0),
    ],
)  # fmt: skip
def test_a_python_number_does_not_widen_an_array(call: Callable[..., Any]) -> None:
    assert call(X.astype("float32")).dtype == np.float32


# ----- a tensor is not a number -------------------------------------------


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (bool, "truth value"), (lambda x: 1 if x > 0 else 0, "where(condition, a, b)"),
        (lambda x: x and x, "truth value"), (float, "is not a number"), (list, "looped over"),
        (np.asarray, "holds no numbers yet"), (lambda x: x in [tensor(2)], "truth value"),
        (np.array, "holds no numbers yet"),
    ],
)  # fmt: skip
def test_a_tensor_used_as_if_it_were_numbers(use: Callable[..., Any], words: str) -> None:
    with pytest.raises(GraphError) as caught:
        use(tensor(2))
    assert words in str(caught.value)


def test_a_length_is_known_only_where_it_is_a_number() -> None:
    assert len(tensor(3, 2)) == 3
    for unknown in (tensor(batch, 2), tensor()):
        with pytest.raises(GraphError, match="length"):
            len(unknown)


def test_tensors_are_records() -> None:
    x = tensor(2)
    with pytest.raises(AttributeError):
        x.name = "other"  # type: ignore[misc]
    assert {x: 1}[x] == 1
    total = tensor(batch, 3).sum(axis=1).named("total")
    assert repr(total) == "<Tensor 'total' sum (batch,) float64>"


# ----- names --------------------------------------------------------------


def test_a_layers_name_is_added_to_its_tensors() -> None:
    with graph.scope("hidden"):
        assert graph.current_scope() == "hidden"
        z = (tensor(3) * 2).named("z")
        with graph.scope("inner"):
            assert (z + 1).scope == "inner"
    assert (z.name, z.scope) == ("z_hidden", "hidden")
    assert graph.current_scope() == ""
    with graph.scope("hidden"):
        assert (tensor(3) * 2).named("loss", scoped=False).name == "loss"


def test_a_scope_ends_with_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), graph.scope("hidden"):
        raise ZeroDivisionError
    assert graph.current_scope() == ""


def test_inputs_and_state_keep_their_own_names() -> None:
    for leaf in (tensor(3), state_tensor("W", (3,))):
        assert leaf.named("other") is leaf


# ----- indexing and reshaping ---------------------------------------------

CUBE = np.arange(24.0).reshape(2, 3, 4)
KEYS = [
    0, -1, slice(1, None), (0, 1), (0, -1, 2), (slice(None), 1), (..., 0), (..., None), None,
    (None, 0, None), (slice(None, None, 2),), (slice(None), slice(-2, None)), (1, ..., slice(1, 3)),
    (slice(None), None, 0), ..., [1, 0, 1], np.array([[0, 1]]), (slice(0, 0),), (slice(None),),
    np.int64(1), (..., slice(None, -1)), (0, None, slice(None), None, 1),
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_indexing_as_in_numpy(key: Any) -> None:
    result = tensor(2, 3, 4)[key]
    assert result.shape == CUBE[key].shape
    np.testing.assert_array_equal(evaluate([result], {"x": CUBE})[0], CUBE[key])


@pytest.mark.parametrize(
    "key",
    [slice(1, None), slice(None, -1), slice(2, -1), slice(None, None, 2), slice(1, None, 3),
     slice(1, -2, 2), slice(-1, None), -1, slice(None), slice(None, None, -1)],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("size", [4, 5, 9])
def test_indexing_a_named_dimension(key: Any, size: int) -> None:
    result = tensor(time, 2)[key]
    values = np.arange(2.0 * size).reshape(size, 2)
    (found,) = evaluate([result], {"x": values})
    np.testing.assert_array_equal(found, values[key])
    assert graph.bind_shape(result.shape, {"time": size}) == values[key].shape


@pytest.mark.parametrize("key", [slice(None, 3), slice(-3, -1), slice(None, None, -2)])
def test_what_depends_on_the_size_is_refused(key: Any) -> None:
    with pytest.raises(ShapeError, match="named dimension time cannot be sliced"):
        tensor(time, 2)[key]


@pytest.mark.parametrize("index", [0, 1, -1, -2])
def test_one_step_of_a_named_axis(index: int) -> None:
    x = tensor(batch, time, 2)
    values = np.arange(12.0).reshape(2, 3, 2)
    step = x[:, index]
    (dx,) = backpropagate(ops.sum(step), [x])
    assert step.shape == (batch, 2)
    found, slope = graph.evaluate([step, dx], {"x": values})
    np.testing.assert_array_equal(found, values[:, index])
    expected = np.zeros_like(values)
    expected[:, index] = 1
    np.testing.assert_array_equal(slope, expected)


def test_one_sample_of_a_batch_is_refused() -> None:
    with pytest.raises(ShapeError, match="named dimension batch cannot be sliced"):
        tensor(batch, 2)[0]


@pytest.mark.parametrize("key", [2, -3, (0, 5), (0, 0, 0, 0), "a", (slice(None),) * 4])
def test_an_index_outside_is_an_error(key: Any) -> None:
    with pytest.raises(Syn0Error):
        tensor(2, 3, 4)[key]


@pytest.mark.parametrize(
    ("shape", "target", "result"),
    [
        ((batch, 4, 4), (batch, -1), (batch, 16)), ((batch, 4, 4), (-1, 16), (batch, 16)),
        ((batch, 6), (batch, 2, -1), (batch, 2, 3)), ((time, batch), (batch, -1), (batch, time)),
        ((2, 6), (-1,), (12,)), ((0, 3), (3, -1), (3, 0)), ((), (1, -1), (1, 1)),
    ],
)  # fmt: skip
def test_one_size_may_be_left_to_compute(shape: Any, target: Any, result: Any) -> None:
    assert ops.reshape(tensor(*shape), target).shape == result


@pytest.mark.parametrize(
    ("shape", "target"),
    [((2, 3), (4,)), ((2, 3), (-1, 4)), ((batch, 3), (batch, 4)), ((batch, 3), (3,)),
     ((batch, 3), (-1, 2)), ((batch, 4), (batch, batch)), ((2, 3), (-1, -1)), ((0, 3), (0, -1))],
)  # fmt: skip
def test_a_reshape_that_loses_or_invents_values_is_refused(shape: Any, target: Any) -> None:
    with pytest.raises(ShapeError, match="reshape of"):
        ops.reshape(tensor(*shape), target)


@pytest.mark.parametrize("axis", [2, -3, (0, 2)])
def test_axes_that_do_not_exist(axis: Any) -> None:
    with pytest.raises(ShapeError, match="does not exist in the shape"):
        tensor(batch, 3).sum(axis=axis)


def test_a_size_of_the_batch_is_a_number_of_the_graph() -> None:
    x = tensor(batch, 3)
    count = graph.size(x.shape, "float64")
    assert count.shape == ()
    assert evaluate([count * 2, x], {"x": np.zeros((5, 3))})[0] == 30
    assert evaluate([graph.size((2, 3), "int64")], {}) == [6]
    assert evaluate([graph.size((batch,), "int64")], {}, {"batch": 7}) == [7]


# ----- ops and order ------------------------------------------------------


def test_names_of_ops_are_unique_and_known() -> None:
    op = registry()["tanh"]
    with pytest.raises(UnknownNameError, match="exists already"):
        Op("tanh", op.shape, op.forward, op.derivative, op.samples)
    assert registry()["tanh"] is op
    with pytest.raises(UnknownNameError, match="did you mean 'tanh'"):
        graph.get_op("tahn")
    with pytest.raises(TypeError):
        registry()["tanh"] = op  # type: ignore[index]


def test_order_puts_inputs_first_each_once() -> None:
    x = tensor(2)
    a = ops.exp(x)
    b = a * x
    c = a + b
    order = topological_order([c, a, b])
    assert len(order) == len({id(t) for t in order}) == 4
    place = {id(t): i for i, t in enumerate(order)}
    for t in order:
        assert all(place[id(source)] < place[id(t)] for source in t.inputs)


def test_order_of_a_deep_graph_needs_no_recursion() -> None:
    y = tensor(1)
    depth = max(20_000, sys.getrecursionlimit() * 2)
    for _ in range(depth):
        y = y + 1
    assert len(topological_order([y])) == 2 * depth + 1
    assert evaluate([y], {"x": np.zeros(1)})[0] == depth


def test_evaluate_wants_the_declared_rank() -> None:
    with pytest.raises(ValueError, match="zip"):
        evaluate([tensor(batch, 3) + 1], {"x": np.zeros(3)})
