"""Backpropagation, and the checker that watches over it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from syn0 import graph, ops
from syn0.errors import GradientError, ShapeError, Syn0Error
from syn0.gradient import backpropagate, check_derivatives
from syn0.graph import (
    NoDerivative,
    Op,
    Tensor,
    evaluate,
    input_tensor,
    registry,
    topological_order,
)


def vector(name: str = "x", size: int = 3, dtype: str = "float64") -> Tensor:
    return input_tensor(name, (size,), dtype)


def gradient_at(loss: Tensor, wrt: list[Tensor], **values: Any) -> list[np.ndarray]:
    arrays = {name: np.asarray(v, "float64") for name, v in values.items()}
    return evaluate(backpropagate(loss, wrt), arrays)


# ----- backpropagate ------------------------------------------------------


def test_worked_by_hand() -> None:
    # loss = (tanh(w x) - y)**2, so d loss / dw = 2 (tanh(w x) - y) (1 - tanh(w x)**2) x
    w, x, y = (input_tensor(n, (), "float64") for n in "wxy")
    (dw,) = gradient_at(ops.square(ops.tanh(w * x) - y), [w], w=0.5, x=2.0, y=0.25)
    t = np.tanh(1.0)
    assert dw == pytest.approx(2 * (t - 0.25) * (1 - t**2) * 2, rel=1e-15)


def test_a_tensor_used_in_several_places_gets_the_sum() -> None:
    x = vector()
    shared = ops.exp(x)
    loss = (shared * x + shared + 3 * x).sum()
    (dx,) = gradient_at(loss, [x], x=[0.0, 1.0, -1.0])
    point = np.array([0.0, 1.0, -1.0])
    np.testing.assert_allclose(dx, np.exp(point) * (point + 2) + 3, rtol=1e-15)


def test_a_tensor_given_twice_to_one_op_gets_both_parts() -> None:
    x = vector()
    (dx,) = gradient_at((x * x).sum(), [x], x=[1.0, 2.0, 3.0])
    np.testing.assert_array_equal(dx, [2.0, 4.0, 6.0])


def test_a_fan_of_uses_is_walked_once() -> None:
    # Doubling 60 times over: a walk along every path would not end.
    x = y = input_tensor("x", (), "float64")
    for _ in range(60):
        y = y + y
    (dx,) = backpropagate(y, [x])
    assert len(topological_order([dx])) < 200
    assert evaluate([dx], {"x": np.float64(1)})[0] == 2.0**60


def test_twenty_thousand_layers_without_recursion() -> None:
    x = y = vector()
    depth = 20_000
    assert depth > 10 * sys.getrecursionlimit() or depth > sys.getrecursionlimit()
    for _ in range(depth):
        y = y * 0.9999
    (dx,) = gradient_at(y.sum(), [x], x=np.ones(3))
    np.testing.assert_allclose(dx, 0.9999**depth, rtol=1e-9)


def test_what_no_parameter_needs_is_pruned() -> None:
    x, w = vector("x"), vector("w")
    features = ops.tanh(ops.exp(x))
    (dw,) = backpropagate((features * w).sum(), [w])
    reached = {t.op.name for t in topological_order([dw])}
    assert reached <= {"input", "exp", "tanh", "multiply", "broadcast_to", "constant"}
    # The derivative of tanh would need a square.
    assert "square" not in reached


def test_zeros_where_the_loss_does_not_depend_on_a_parameter() -> None:
    x, other = vector("x"), input_tensor("other", (graph.batch, 2), "float32")
    dx, nothing = backpropagate(ops.square(x).sum(), [x, other])
    assert dx.shape == (3,)
    assert (nothing.shape, nothing.dtype) == (other.shape, other.dtype)
    (zeros,) = evaluate([nothing], {}, {"batch": 4})
    np.testing.assert_array_equal(zeros, np.zeros((4, 2)))
    assert zeros.dtype == np.float32


def test_no_parameters_no_gradients() -> None:
    assert backpropagate(vector().sum(), []) == []


def test_the_loss_itself_as_parameter() -> None:
    loss = vector().sum()
    assert evaluate(backpropagate(loss, [loss]), {"x": np.ones(3)}) == [1]


def test_gradient_with_respect_to_a_value_half_way() -> None:
    x = vector()
    hidden = ops.tanh(x)
    (d_hidden,) = gradient_at((hidden**2).sum(), [hidden], x=[0.1, 0.2, 0.3])
    np.testing.assert_allclose(d_hidden, 2 * np.tanh([0.1, 0.2, 0.3]), rtol=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_keep_shape_and_dtype(dtype: str) -> None:
    x = input_tensor("x", (graph.batch, 3), dtype)
    W, b = input_tensor("W", (3, 4), dtype), input_tensor("b", (4,), dtype)
    loss = ops.mean(ops.softmax_cross_entropy(x @ W + b, ops.one_hot(ops.argmax(x), 4, dtype)))
    for parameter, found in zip([W, b, x], backpropagate(loss, [W, b, x]), strict=True):
        assert (found.shape, found.dtype) == (parameter.shape, dtype)


def test_broadcast_inputs_get_gradients_of_their_own_shape() -> None:
    x, row, number = (
        vector(),
        input_tensor("row", (1, 3), "float64"),
        input_tensor("number", (), "float64"),
    )
    loss = ((x * row + number) * np.ones((2, 3))).sum()
    values = {"x": [1.0, 2.0, 3.0], "row": [[4.0, 5.0, 6.0]], "number": 1.0}
    dx, d_row, d_number = gradient_at(loss, [x, row, number], **values)
    np.testing.assert_array_equal(dx, [8.0, 10.0, 12.0])
    np.testing.assert_array_equal(d_row, [[2.0, 4.0, 6.0]])
    assert d_number == 6


def test_a_loss_must_be_one_number() -> None:
    with pytest.raises(ShapeError, match=r"\(3,\)[\s\S]*single number[\s\S]*mean"):
        backpropagate(vector() * 2, [vector()])


def test_a_loss_that_only_counts_is_an_error_that_names_the_op() -> None:
    W = input_tensor("W", (3, 4), "float64")
    right = ops.argmax(input_tensor("x", (5, 3), "float64") @ W) == np.arange(5) % 4
    accuracy = ops.mean(ops.astype(right, "float64"))
    with pytest.raises(GradientError, match=r"'W' only through argmax[\s\S]*stop_gradient"):
        backpropagate(accuracy, [W])
    (flat,) = backpropagate(accuracy, [W], steps_are_flat=True)
    assert flat.shape == W.shape


def test_stop_gradient_makes_a_value_data() -> None:
    x = vector()
    (dx,) = gradient_at((ops.stop_gradient(x) * x).sum(), [x], x=[1.0, 2.0, 3.0])
    np.testing.assert_array_equal(dx, [1.0, 2.0, 3.0])
    (nothing,) = gradient_at(ops.stop_gradient(x * x).sum(), [x], x=[1.0, 2.0, 3.0])
    np.testing.assert_array_equal(nothing, [0.0, 0.0, 0.0])


def test_second_order() -> None:
    x = input_tensor("x", (), "float64")
    (first,) = backpropagate(ops.sin(x) * x**3, [x])
    (second,) = backpropagate(first, [x])
    (third,) = backpropagate(second, [x])
    at = 0.7
    s, c = np.sin(at), np.cos(at)
    found = evaluate([first, second, third], {"x": np.float64(at)})
    expected = [
        c * at**3 + 3 * s * at**2,
        -s * at**3 + 6 * c * at**2 + 6 * s * at,
        -c * at**3 - 9 * s * at**2 + 18 * c * at + 6 * s,
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_gradients_go_by_the_names_of_their_values() -> None:
    x = vector()
    with graph.scope("hidden"):
        hidden = ops.tanh(x.named("z") * 2).named("out")
    gradients = backpropagate((hidden * hidden).sum(), [x])
    names = {t.name for t in topological_order(gradients)}
    assert {"d_out_hidden", "out_hidden"} <= names
    scopes = {t.scope for t in topological_order(gradients)}
    assert "d_hidden" in scopes


def test_the_given_graph_is_not_changed() -> None:
    x = vector()
    loss = ops.square(ops.tanh(x)).sum()
    before = [(id(t), t.name, t.inputs) for t in topological_order([loss])]
    backpropagate(loss, [x])
    assert [(id(t), t.name, t.inputs) for t in topological_order([loss])] == before


# ----- the checker --------------------------------------------------------


@pytest.fixture
def cube() -> Any:
    """An op x**3 whose derivative a test chooses; it does not stay in the registry."""
    made: list[str] = []

    def make(derivative: Callable[..., Any] | NoDerivative) -> Op:
        op = Op("cube_for_test", lambda x: (x.shape, x.dtype), _cube, derivative, graph.no_samples)
        made.append(op.name)
        return op

    yield make
    for name in made:
        graph._registry.pop(name)
    assert "cube_for_test" not in registry()


def _cube(xp: Any, x: Any) -> Any:
    """Return x * x * x."""
    return x * x * x


POINT = np.array([0.4, -1.1, 0.8])


def test_a_right_rule_passes(cube: Any) -> None:
    op = cube(lambda dy, y, x: dy * 3 * x**2)
    assert check_derivatives(op, [POINT]) < 1e-6


@pytest.mark.parametrize("factor", [1.001, 0.999, -1.0, 0.0, np.nan])
def test_a_rule_wrong_by_a_thousandth_or_more_is_caught(cube: Any, factor: float) -> None:
    op = cube(lambda dy, y, x: dy * (3 * factor) * x**2)
    with pytest.raises(GradientError, match="order 1 for input 0 is wrong"):
        check_derivatives(op, [POINT])


def test_a_rule_wrong_in_one_element_of_a_hundred_is_caught(cube: Any) -> None:
    factor = np.ones(100)
    factor[17] = 2.0
    op = cube(lambda dy, y, x: dy * 3 * x**2 * factor)
    with pytest.raises(GradientError):
        check_derivatives(op, [np.linspace(0.5, 1.5, 100)])


def test_a_rule_that_is_right_only_to_first_order_is_caught(cube: Any) -> None:
    op = cube(lambda dy, y, x: dy * 3 * ops.stop_gradient(x) ** 2)
    assert check_derivatives(op, [POINT], order=1) < 1e-6
    with pytest.raises(GradientError, match="order 2"):
        check_derivatives(op, [POINT], order=2)


def test_a_rule_of_the_wrong_shape_is_caught(cube: Any) -> None:
    op = cube(lambda dy, y, x: (dy * 3 * x**2)[:2])
    with pytest.raises(Syn0Error):
        check_derivatives(op, [POINT])
    summed = cube_again(lambda dy, y, x: (dy * 3 * x**2).sum())
    with pytest.raises(Syn0Error):
        check_derivatives(summed, [POINT])


def cube_again(derivative: Callable[..., Any]) -> Op:
    graph._registry.pop("cube_for_test")
    return Op("cube_for_test", lambda x: (x.shape, x.dtype), _cube, derivative, graph.no_samples)


def test_an_op_that_hides_its_gradient_is_caught(cube: Any) -> None:
    op = cube(NoDerivative("nobody has worked it out"))
    with pytest.raises(GradientError, match="nobody has worked it out"):
        check_derivatives(op, [POINT])


def test_the_error_names_the_input_both_numbers_and_the_mend() -> None:
    def wrong_for_b(a: Any, b: Any) -> Any:
        return a * b + ops.stop_gradient(b)

    with pytest.raises(GradientError) as caught:
        check_derivatives(wrong_for_b, [POINT, POINT], names=["a", "b"])
    text = str(caught.value)
    assert "for b is wrong" in text
    assert "backpropagation says" in text
    assert "differences say" in text
    assert "expected:" in text
    assert "mend:" in text


def test_whole_numbers_and_data_are_not_varied() -> None:
    def pick(x: Any, rows: Any, targets: Any) -> Any:
        return ops.softmax_cross_entropy(ops.take(x, rows), targets)

    x, rows = np.arange(12.0).reshape(4, 3) / 7, np.array([3, 0, 3])
    targets = np.eye(3)
    assert check_derivatives(pick, [x, rows, targets], data=(2,)) < 1e-6
    # The rule takes the targets as data: varying them shows a derivative that is not there.
    with pytest.raises(GradientError, match="input 2"):
        check_derivatives(pick, [x, rows, targets])


def test_float32_inputs_are_checked_in_float64() -> None:
    assert check_derivatives(ops.tanh, [POINT.astype("float32")]) < 1e-6


def test_the_checker_uses_the_engine_it_is_given() -> None:
    calls = []

    def run(outputs: Any, values: Any) -> Any:
        calls.append(len(outputs))
        return evaluate(outputs, values)

    check_derivatives(ops.tanh, [POINT], run=run)
    assert len(calls) == 6  # two orders: ahead, behind and ours


def test_nothing_to_vary_is_no_error() -> None:
    assert check_derivatives(lambda x: ops.astype(x, "float64"), [np.arange(3)]) == 0.0


@pytest.mark.parametrize(
    ("exponent", "slope"), [(0.0, 0.0), (1.0, 1.0), (2.0, 0.0), (0, 0), (1, 1)]
)
def test_powers_at_zero_have_a_slope(exponent: float, slope: float) -> None:
    x = vector(size=1)
    assert gradient_at(ops.sum(x**exponent), [x], x=np.zeros(1))[0].tolist() == [slope]


def test_powers_at_zero_of_exponents_not_known_have_a_slope() -> None:
    x, y = vector(), vector("y")
    given = {"x": np.zeros(3), "y": np.array([0.0, 1.0, 2.0])}
    dx, dy = gradient_at(ops.sum(x**y), [x, y], **given)
    assert dx.tolist() == [0, 1, 0]
    assert dy.tolist() == [0, 0, 0]
    fixed = gradient_at(ops.sum(x ** given["y"]), [x], x=given["x"])
    assert fixed[0].tolist() == [0, 1, 0]
