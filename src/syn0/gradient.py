"""Backpropagation, from graph to graph, and the check that a derivative is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import GradientError, ShapeError
from syn0.graph import (
    NoDerivative,
    Tensor,
    apply,
    constant,
    evaluate,
    format_shape,
    get_op,
    input_tensor,
    scope,
    topological_order,
)


def backpropagate(
    loss: Tensor, parameters: Sequence[Tensor], *, steps_are_flat: bool = False
) -> list[Tensor]:
    r"""Return the gradient of a scalar `loss` with respect to each of `parameters`.

    The graph is walked once, from the loss back. A tensor that is used in several places
    gets the sum of what each place sends back:

    .. math:: \bar x = \sum_k \bar y_k \, \partial y_k / \partial x

    Parameters
    ----------
    loss : Tensor
        A single number of the graph.
    parameters : sequence of Tensor
        Tensors that the loss depends on.
    steps_are_flat : bool
        Give zeros, instead of an error, where only ops without a derivative lead from a
        parameter to the loss.

    Returns
    -------
    list of Tensor
        One gradient for each parameter, of its shape; zeros where the loss does not
        depend on it.

    Raises
    ------
    ShapeError
        If the loss is not a single number.
    GradientError
        If a parameter can only be reached through an op without a derivative.

    References
    ----------
    Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating
    errors.

    Examples
    --------
    >>> from syn0 import graph, gradient
    >>> x = graph.input_tensor("x", (3,))
    >>> (dx,) = gradient.backpropagate((x * x).sum(), [x])
    >>> graph.evaluate([dx], {"x": [1.0, 2.0, 3.0]})[0]
    array([2., 4., 6.])
    """
    if loss.shape != ():
        raise ShapeError(
            f"the loss has the shape {format_shape(loss.shape)}.",
            expected="a single number",
            mend="average it: syn0.ops.mean(loss)",
        )
    order = topological_order([loss])
    wanted = {id(p) for p in parameters}
    depends = _dependents(order, wanted)
    received: dict[int, Tensor] = {id(loss): constant(1, loss.dtype)}
    add = get_op("add")
    # Reversed topological order: all that a tensor receives is there before it sends.
    for tensor in reversed(order):
        if id(tensor) not in depends or id(tensor) not in received:
            continue
        dy = received[id(tensor)]
        if tensor.name and dy.name is None and dy.op.name != "constant":
            dy = replace(dy, name=f"d_{tensor.name}")
            received[id(tensor)] = dy
        if not any(id(t) in depends for t in tensor.inputs):
            continue
        with scope(f"d_{tensor.scope}" if tensor.scope else ""):
            for source, dx in zip(tensor.inputs, _derivatives(tensor, dy), strict=True):
                if dx is None or id(source) not in depends:
                    continue
                known = received.get(id(source))
                received[id(source)] = dx if known is None else apply(add, known, dx)
    return [_gradient_of(p, received, [] if steps_are_flat else order) for p in parameters]


def _dependents(order: Sequence[Tensor], wanted: set[int]) -> set[int]:
    """Return the tensors through which a change of a wanted tensor reaches the loss."""
    depends: set[int] = set()
    for tensor in order:
        if id(tensor) in wanted or any(id(t) in depends for t in tensor.inputs):
            if isinstance(tensor.op.derivative, NoDerivative) and id(tensor) not in wanted:
                continue
            depends.add(id(tensor))
    return depends


def _derivatives(tensor: Tensor, dy: Tensor) -> tuple[Tensor | None, ...]:
    rule = tensor.op.derivative
    assert not isinstance(rule, NoDerivative)
    result = rule(dy, tensor, *tensor.inputs, **tensor.attributes)
    return result if isinstance(result, tuple) else (result,)


def _gradient_of(
    parameter: Tensor, received: Mapping[int, Tensor], order: Sequence[Tensor]
) -> Tensor:
    if id(parameter) in received:
        found = received[id(parameter)]
        if found.shape != parameter.shape:
            found = apply(get_op("broadcast_to"), found, shape=parameter.shape)
        return found
    blocked = [
        t for t in order
        if isinstance(t.op.derivative, NoDerivative)
        and t.op.name != "stop_gradient"
        and t.inputs
        and any(p is parameter for p in topological_order(t.inputs))
    ]  # fmt: skip
    if blocked:
        reason = blocked[0].op.derivative
        assert isinstance(reason, NoDerivative)
        raise GradientError(
            f"the loss depends on {parameter.name!r} only through {blocked[0].op.name}, "
            f"which has no derivative: {reason.reason}.",
            mend="use an op with a derivative, or syn0.ops.stop_gradient to say it is meant",
        )
    zero = constant(0, parameter.dtype)
    zeros: Tensor = apply(get_op("broadcast_to"), zero, shape=parameter.shape)
    return zeros


# ----- checking -----------------------------------------------------------

Evaluator = Callable[[Sequence[Tensor], Mapping[str, Any]], list[Any]]


def check_derivatives(
    function: Callable[..., Tensor],
    inputs: Sequence[NDArray[Any]],
    *,
    data: Sequence[int] = (),
    order: int = 2,
    tolerance: float = 1e-4,
    run: Evaluator = evaluate,
    rng: np.random.Generator | None = None,
    names: Sequence[str] | None = None,
) -> float:
    r"""Compare backpropagation with central differences along random directions.

    .. math:: \nabla f(x) \cdot v \approx \frac{f(x + hv) - f(x - hv)}{2h}

    Parameters
    ----------
    function : callable
        Takes a tensor for each input, returns a tensor of any shape, which is weighted
        with random numbers into a single one.
    inputs : sequence of array
        The point; float arrays are varied, in float64, others are data.
    data : sequence of int
        Positions of float arrays that are data too.
    order : int
        How many derivatives of derivatives to check.
    tolerance : float
        Largest relative difference; 1e-4 finds a rule that is wrong by a thousandth.
    run : callable
        What computes the tensors: an engine, or the plain evaluator.
    rng : numpy.random.Generator, optional
        Draws the directions.
    names : sequence of str, optional
        Names of the inputs, for the error.

    Returns
    -------
    float
        The largest relative difference seen.

    Raises
    ------
    GradientError
        If a derivative differs; the error names the input and both numbers.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> check_derivatives(syn0.ops.tanh, [np.array([0.3, -1.0])]) < 1e-6
    True
    """
    rng = rng or np.random.default_rng(0)
    points = [np.asarray(x, "float64") if np.asarray(x).dtype.kind == "f" else np.asarray(x)
              for x in inputs]  # fmt: skip
    names = list(names or (f"input {i}" for i in range(len(points))))
    tensors = [input_tensor(f"x{i}", p.shape, str(p.dtype)) for i, p in enumerate(points)]
    values = {f"x{i}": p for i, p in enumerate(points)}
    varied = [i for i, p in enumerate(points) if p.dtype.kind == "f" and i not in data]
    result = function(*tensors)
    weights = rng.standard_normal(tuple(d for d in result.shape if isinstance(d, int)))
    scalar = apply(get_op("sum"), result * weights, axis=None, keepdims=False)
    worst = 0.0
    for level in range(1, order + 1):
        gradients = backpropagate(scalar, [tensors[i] for i in varied], steps_are_flat=level > 1)
        directions = {i: rng.standard_normal(points[i].shape) for i in varied}
        along = [_along(g, directions[i]) for i, g in zip(varied, gradients, strict=True)]
        for i, slope in zip(varied, along, strict=True):
            difference = _central_difference(run, scalar, values, f"x{i}", directions[i])
            (ours,) = run([slope], values)
            error = abs(float(ours) - difference) / max(abs(float(ours)), abs(difference), 1e-2)
            if not error <= tolerance:
                raise GradientError(
                    f"the derivative of order {level} for {names[i]} is wrong: "
                    f"backpropagation says {float(ours):.9g}, differences say {difference:.9g}.",
                    expected=f"a relative difference below {tolerance:g}, not {error:.2g}",
                    mend="compare the rule with the function by hand at one point",
                )
            worst = max(worst, error)
        if not along:
            break
        scalar = along[0]
        for slope in along[1:]:
            scalar = scalar + slope
    return worst


def _along(gradient: Tensor, direction: NDArray[Any]) -> Any:
    return apply(get_op("sum"), gradient * direction, axis=None, keepdims=False)


def _central_difference(
    run: Evaluator,
    scalar: Tensor,
    values: Mapping[str, NDArray[Any]],
    name: str,
    direction: NDArray[Any],
    h: float = 1e-5,
) -> float:
    ahead = run([scalar], {**values, name: values[name] + h * direction})[0]
    behind = run([scalar], {**values, name: values[name] - h * direction})[0]
    return (float(ahead) - float(behind)) / (2 * h)
