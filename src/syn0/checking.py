"""The check of a whole network's gradients, layer by layer where one is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from syn0.errors import GradientError
from syn0.gradient import check_derivatives
from syn0.graph import Tensor, bind, constant, topological_order
from syn0.steps import judge
from syn0.trainer import Trainer


def check_function(
    function: Callable[..., Tensor], arguments: Sequence[Any], *, tolerance: float
) -> float:
    """Check a function of tensors for each of its arguments."""
    points = [np.asarray(a, dtype="float64") for a in arguments]
    return check_derivatives(function, points, tolerance=tolerance, order=1)


def check_network(trainer: Trainer, X: Any, y: Any, *, tolerance: float, loss: Any = None) -> float:
    """Check the loss of a network for each of its parameters, in float64.

    Random layers draw the same numbers each time, so dropout does not disturb the check.
    """
    model = trainer.model
    task, samples = trainer.given(X, y, None, loss=loss)
    trace = model.trace(training=True)
    judged = judge(task, trace)
    names = [name for name in model.trainable() if name in trace.reads]
    data = samples.all()
    values: dict[str, Any] = {}
    for tensor in topological_order([judged.loss]):
        if tensor.op.name == "input":
            given = data[tensor.name or ""]
            values[tensor.name or ""] = _in_float64(given, tensor)
        elif tensor.op.name == "state" and tensor.name not in names:
            values[tensor.name or ""] = _in_float64(model.numbers[tensor.name or ""], tensor)
    wide = _Wide(judged.loss, values)
    worst = 0.0
    # From the last layer on: the first that is wrong stands nearest to the wrong derivative.
    for name in reversed(names):
        rest = {n: model.numbers[n].astype("float64") for n in names if n != name}
        point = model.numbers[name].astype("float64")
        try:
            found = check_derivatives(
                wide.function_of(name, rest), [point], tolerance=tolerance, order=1, names=[name]
            )
        except GradientError as error:
            layer = model.layer_of(name)
            raise GradientError(
                str(error).splitlines()[0], where=f"layer {layer!r} or one after it ({name})",
                mend="check the derivative of that layer's activation, and of those after it",
            ) from None  # fmt: skip
        worst = max(worst, found)
    return worst


def _in_float64(value: Any, tensor: Tensor) -> Any:
    array = np.asarray(value)
    return array.astype("float64") if tensor.dtype in ("float32", "float64") else array


class _Wide:
    """The loss of a network as a function of one parameter, drawn anew in float64."""

    def __init__(self, loss: Tensor, values: dict[str, Any]) -> None:
        self.order = topological_order([loss])
        self.values = values

    def function_of(self, name: str, rest: dict[str, Any]) -> Callable[..., Tensor]:
        known = {**self.values, **rest}
        sizes = _sizes(self.order, known)

        def function(parameter: Tensor) -> Tensor:
            new: dict[int, Tensor] = {}
            for tensor in self.order:
                attributes = bind(tensor.attributes, sizes)
                if attributes.get("dtype") == "float32":
                    attributes["dtype"] = "float64"
                if tensor.op.name in ("input", "state"):
                    own = tensor.name or ""
                    new[id(tensor)] = parameter if own == name else constant(known[own])
                elif tensor.op.name == "constant":
                    wide = tensor.dtype in ("float32", "float64")
                    kind = "float64" if wide else tensor.dtype
                    new[id(tensor)] = constant(tensor.attributes["value"], kind)
                elif tensor.op.name == "size":
                    new[id(tensor)] = constant(float(np.prod(attributes["of"])))
                else:
                    sources = [new[id(x)] for x in tensor.inputs]
                    new[id(tensor)] = tensor.op(*sources, **attributes)
            return new[id(self.order[-1])]

        return function


def _sizes(order: Sequence[Tensor], values: dict[str, Any]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for tensor in order:
        if tensor.op.name == "input":
            for dim, number in zip(tensor.shape, np.shape(values[tensor.name or ""]), strict=True):
                if not isinstance(dim, int):
                    sizes.setdefault(dim.name, number)
    return sizes
